"""What a look at the broker proves: every premise of absence, and every row of the table."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hedgetui.domain import orders as od
from hedgetui.domain.events import Difference
from hedgetui.domain.orders import Ended, IntentState, Listed, ProvenAbsent, WentDark
from hedgetui.domain.reconciliation import Alive, Done, Look, Verdict, differences, judge
from hedgetui.domain.units import Contracts, Seconds, Timestamp

MES, KEY = "MES 202512", "HT1.I1"
T = 1_000_000.0


def intent(**changes) -> od.Intent:
    draft = od.OrderDraft(
        od.Purpose.HEDGE, MES, od.Side.SELL, Contracts(3), od.OrderType.MARKET
    )  # fmt: skip
    base = od.Intent(
        "I1", KEY, 1, "DU1", "vega", draft, Timestamp(T), 1, 4, 0, state=IntentState.UNKNOWN
    )
    return replace(base, **changes)


def look(at: float = T + 30, **changes) -> Look:
    base = Look(5, Timestamp(at), Timestamp(T - 3600), {}, {}, {}, {MES: -2})
    return replace(base, **changes)


def verdict(one: od.Intent, now: Look, earlier: Look | None, *, own: int = -2) -> Verdict:
    return judge(one, now, earlier, own={MES: own}, gap=Seconds(10.0), epoch=1)


EARLIER = look(T + 10)


def test_with_every_premise_an_order_is_proven_absent() -> None:
    found = verdict(intent(), look(), EARLIER)
    assert isinstance(found.evidence, ProvenAbsent)
    assert od.step(intent(), found.evidence).intent.state is IntentState.ABSENT
    assert "absent in complete looks" in found.words


@pytest.mark.parametrize(
    ("now", "earlier", "own", "missing"),
    [
        (look(session=4), replace(EARLIER, session=4), -2, "a new session"),
        (look(), None, -2, "a second complete look 10 s"),
        (look(), replace(EARLIER, session=4), -2, "a second complete look 10 s"),
        (look(T + 19.9), EARLIER, -2, "a second complete look 10 s"),
        (look(executions_since=Timestamp(T + 1)), EARLIER, -2, "execution history begins"),
        (look(), replace(EARLIER, alive={KEY: Alive("9", Contracts(0))}), -2, "still knew it"),
        (look(), replace(EARLIER, done={KEY: Done(False, Contracts(0), "")}), -2, "still knew"),
        (look(), replace(EARLIER, executed={KEY: 1}), -2, "still knew it"),
        (look(), EARLIER, 0, "position -2 at the broker, +0 in the journal"),
        (look(positions={}), EARLIER, -2, "position +0 at the broker, -2 in the journal"),
    ],
)
def test_without_any_one_premise_it_stays_unknown_and_says_which(
    now, earlier, own, missing
) -> None:
    found = verdict(intent(), now, earlier, own=own)
    assert found.evidence is None
    assert missing in found.words
    sending = verdict(intent(state=IntentState.SENDING), now, earlier, own=own)
    assert isinstance(sending.evidence, WentDark)


def test_a_session_of_a_later_process_is_newer_whatever_its_number() -> None:
    now, earlier = look(session=1), replace(EARLIER, session=1)
    later = judge(intent(), now, earlier, own={MES: -2}, gap=Seconds(10.0), epoch=2)
    assert isinstance(later.evidence, ProvenAbsent)
    assert verdict(intent(), now, earlier).evidence is None


@pytest.mark.parametrize(
    ("one", "epoch", "absent"),
    [
        (intent(), 1, True),
        (intent(), 2, False),
        (intent(state=IntentState.SENDING), 2, False),
        (intent(broker_order="77"), 1, False),
    ],
)
def test_what_may_be_held_back_unlisted_is_never_absent(one, epoch, absent) -> None:
    """A dialog holds it: only the process that sent it can tell that it never arrived."""
    now = look(may_hold=True)
    found = judge(one, now, EARLIER, own={MES: -2}, gap=Seconds(10.0), epoch=epoch)
    assert isinstance(found.evidence, ProvenAbsent) is absent
    assert absent or found.words.endswith("look for a dialog there, then resolve")


@pytest.mark.parametrize("state", [IntentState.WORKING, IntentState.CANCELLING])
def test_an_order_that_was_listed_and_is_gone_is_unknown_never_absent(state) -> None:
    found = verdict(intent(state=state), look(), EARLIER)
    assert isinstance(found.evidence, WentDark)


def test_an_open_order_is_listed_whatever_else_is_missing() -> None:
    now = look(session=4, alive={KEY: Alive("77", Contracts(1))})
    assert verdict(intent(), now, None).evidence == Listed("77")


@pytest.mark.parametrize("rejected", [True, False])
def test_an_ended_order_ends_only_with_all_its_executions(rejected) -> None:
    now = look(done={KEY: Done(rejected, Contracts(2), "margin")})
    assert verdict(intent(filled=Contracts(2)), now, None).evidence == Ended(rejected, "margin")
    short = verdict(intent(filled=Contracts(1)), now, None)
    assert short.evidence is None
    assert "executions are missing" in short.words


@pytest.mark.parametrize(("filled", "executed"), [(1, {}), (0, {KEY: 1})])
def test_a_partly_executed_order_is_never_absent(filled, executed) -> None:
    now = look(executed=executed)
    found = verdict(intent(filled=Contracts(filled)), now, EARLIER)
    assert found.evidence is None
    working = verdict(intent(filled=Contracts(filled), state=IntentState.PARTIAL), now, EARLIER)
    assert isinstance(working.evidence, WentDark)


@given(
    some.dictionaries(some.sampled_from("ABC"), some.integers(-3, 3)),
    some.dictionaries(some.sampled_from("ABC"), some.integers(-3, 3)),
)
def test_differences_name_every_instrument_that_differs_once(own, broker) -> None:
    found = differences(own, broker)
    assert [one.instrument_key for one in found] == sorted(
        key for key in set(own) | set(broker) if own.get(key, 0) != broker.get(key, 0)
    )
    for one in found:
        expected = Difference(
            one.instrument_key, own.get(one.instrument_key, 0), broker.get(one.instrument_key, 0)
        )
        assert one == expected


PUT, CALL = "XSP 20251219 510 P", "XSP 20251219 560 C"


def combo_intent(**changes) -> od.Intent:
    draft = od.OrderDraft(
        od.Purpose.ENTRY, f"{PUT} + {CALL}", od.Side.BUY, Contracts(3), od.OrderType.LIMIT
    )
    return intent(draft=draft, **changes)


@pytest.mark.parametrize(
    ("held", "own", "missing"),
    [
        ({}, {}, ""),
        ({PUT: 2, CALL: 1}, {CALL: 1, PUT: 2}, ""),
        ({PUT: 3}, {}, "position +3 at the broker, +0 in the journal"),
        ({CALL: 3}, {}, "position +3 at the broker, +0 in the journal"),
        ({PUT: 1, CALL: 2}, {PUT: 1, CALL: 1}, "position +2 at the broker, +1 in the journal"),
    ],
)
def test_a_combo_is_absent_only_when_every_leg_is_where_the_journal_says(
    held, own, missing
) -> None:
    now = look(positions=held)
    found = judge(combo_intent(), now, EARLIER, own=own, gap=Seconds(10.0), epoch=1)
    assert isinstance(found.evidence, ProvenAbsent) is not bool(missing)
    assert missing in found.words


def test_a_combo_of_which_one_leg_was_booked_is_never_absent() -> None:
    now, own = look(positions={PUT: 2}), {PUT: 2}
    found = judge(combo_intent(), now, EARLIER, own=own, gap=Seconds(10.0), epoch=1, booked=2)
    assert found.evidence is None
    assert "partly executed" in found.words
