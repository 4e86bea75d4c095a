"""The tails' own gate numbers, and the second opinion on an order, case by case."""

from __future__ import annotations

import pytest

from hedgetui.domain.tails.exposure import TailExposure, objection
from hedgetui.domain.tails.model import Mode, Policy
from hedgetui.domain.tails.rules import propose

SIZE = 5_000


@pytest.mark.parametrize(
    ("effective", "signed", "words"),
    [
        (16_000, -3, ""),
        (16_000, -2, ""),
        (16_000, -4, "larger than the tail"),
        (16_000, 1, "wrong direction"),
        (0, -1, "wrong direction"),
        (2_549, -1, "larger than the tail"),
        (-16_000, 3, ""),
        (-16_000, -3, "wrong direction"),
    ],
)
def test_every_contract_of_an_order_must_find_a_tail(effective, signed, words):
    found = objection(TailExposure(effective, SIZE, 51), signed)
    assert found.startswith(words)
    assert bool(found) == bool(words)


def test_an_unknown_balance_is_refused():
    assert objection(None, -1)


def test_what_the_rule_proposes_passes_and_one_contract_more_never_does():
    for pct in (1, 30, 51, 75, 100):
        for mode in (Mode.SELL, Mode.BUY):
            for effective in range(-23_000, 23_001, 50):
                proposal = propose(effective, SIZE, Policy(mode, pct))
                if proposal is None:
                    continue
                tail = TailExposure(effective, SIZE, pct)
                signed = proposal.side.sign * proposal.lots
                assert objection(tail, signed) == ""
                assert objection(tail, signed + proposal.side.sign)


@pytest.mark.parametrize(("moves", "signed", "fine"), [(3, 3, True), (3, 4, False), (3, -3, False)])
def test_a_leg_of_a_roll_trades_what_is_to_move_and_no_more(moves, signed, fine):
    assert (objection(TailExposure(0, SIZE, 51, rolled=moves), signed) == "") is fine
