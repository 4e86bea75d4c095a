"""A magic number says whose order it is, whatever became of the comment."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain.dtms.model import ActionKind
from hedgetui.domain.mt5.identity import ambiguous, is_ours, label, magic_of, parse_magic
from hedgetui.domain.mt5.records import PositionId, Ticket

HEDGE = ActionKind.OPEN_HEDGE


@given(kind=st.sampled_from(ActionKind), cycle=st.integers(0, 31), main=st.integers(1, 2**39 - 1))
def test_a_magic_is_read_back(kind, cycle, main):
    magic = magic_of(kind, cycle, PositionId(main))
    mark = parse_magic(magic)
    assert (mark.kind, mark.cycle, mark.main39) == (kind, cycle, main)
    assert 0 < magic < 2**63
    assert is_ours(magic)


def test_the_layout_is_the_documented_one():
    assert (
        magic_of(HEDGE, 1, PositionId(4417201)) == (0x4854 << 48) | (1 << 44) | (1 << 39) | 4417201
    )
    kinds = (HEDGE, ActionKind.RE_ADD, ActionKind.PARTIAL_CLOSE)
    assert [magic_of(kind, 0, PositionId(0)) >> 44 & 15 for kind in kinds] == [1, 2, 3]


def test_actions_of_one_trade_differ():
    made = {magic_of(kind, cycle, PositionId(7)) for kind in ActionKind for cycle in range(32)}
    assert len(made) == len(ActionKind) * 32


def test_others_are_not_ours():
    for magic in (0, 77, 2**48, 0x4853 << 48, 0x4855 << 48 | 1 << 44):
        assert not is_ours(magic)
        assert parse_magic(magic) is None


def test_a_kind_nobody_knows_is_ours_but_says_nothing():
    strange = 0x4854 << 48 | 15 << 44 | 1
    assert is_ours(strange)
    assert parse_magic(strange) is None


def test_large_identifiers_and_cycles_wrap_and_still_match():
    main = PositionId(2**39 + 5)
    mark = parse_magic(magic_of(HEDGE, 33, main))
    assert mark.of(main)
    assert mark.of_cycle(33)
    assert not mark.of(PositionId(6))
    assert ambiguous(main)
    assert not ambiguous(PositionId(4417201))


def test_the_label_is_the_known_one():
    assert label(HEDGE, Ticket(4417201)) == "DTMS_HEDGE_4417201"
