"""The elevator: a month of history with the two textbook cases, and farmers through a day."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from hedgetui.domain import events as ev
from hedgetui.domain.instruments import parse_key
from hedgetui.domain.orders import Side
from hedgetui.domain.tails.checks import objection
from hedgetui.domain.tails.facts import CashEntered, CashFilled, HedgeEntered, HedgeFilled
from hedgetui.domain.tails.ledger import Ledger
from hedgetui.domain.tails.model import Key, Origin
from hedgetui.domain.units import SECONDS_PER_DAY, Timestamp, parse_utc
from hedgetui.simulation.elevator import EVERY_S, arrivals, front_contract, history
from hedgetui.simulation.grains import GrainMarket, grain_session
from hedgetui.simulation.scenarios import SCENARIOS

NOW = parse_utc("2025-11-19T14:31:00Z")
CORN = Key("PSHAOTCHMS", "ZC 202603")
MOMENTS = [NOW + n * 13.37 * SECONDS_PER_DAY for n in range(28)]


def ledger_of(facts: tuple[object, ...], at: float = NOW) -> Ledger:
    ledger = Ledger()
    for number, event in enumerate(facts, start=1):
        assert objection(ledger, event) == ""
        ledger.take(ev.Fact(number, Timestamp(at), event))
    return ledger


def test_the_worked_example_is_in_the_history_to_the_unit() -> None:
    told = history(7, NOW)
    ledger = ledger_of(told)
    links = [(one.cash, one.hedge, one.units) for one in ledger.links(CORN)]
    assert links == [
        ("PSHA-C1", "PSHA-H1", 5_000), ("PSHA-C2", "PSHA-H2", 5_000),
        ("PSHA-C3", "PSHA-H3", 10_000), ("PSHA-C4", "PSHA-H4", 2_000),
        ("PSHA-C1", "PSHA-H4", 1_000),
    ]  # fmt: skip
    assert ledger.tail(CORN) == ledger.balance(CORN) == -2_000
    made = {one.cash: one.at for one in told if isinstance(one, CashEntered)}
    days = (made["PSHA-C4"] - made["PSHA-C1"]) / SECONDS_PER_DAY
    assert 12 < days < 14
    before = tuple(one for one in told if _at(one) < made["PSHA-C4"])
    assert ledger_of(before).tail(CORN) == 1_000


def test_sixteen_thousand_bushels_leave_a_thousand_for_the_next_buy() -> None:
    told = history(7, NOW)
    ledger, key = ledger_of(told), Key("PRAIRIEHMS", "ZC 202603")
    assert [(one.cash, one.units) for one in ledger.links(key)] == [("PRAI-C1", 15_000)]
    assert ledger.tail(key) == 1_000
    (hedge,) = [one for one in told if isinstance(one, HedgeEntered) and one.key == key]
    assert (hedge.lots, hedge.side, hedge.covers) == (3, Side.SELL, "PRAI-C1")


@pytest.mark.parametrize("now", MOMENTS)
def test_any_month_of_history_is_legal_in_order_and_leaves_nothing_due(now) -> None:
    told = history(7, Timestamp(now))
    moments = [_at(one) for one in told]
    assert moments == sorted(moments)
    assert now - 31 * SECONDS_PER_DAY < moments[0]
    assert moments[-1] < now
    for moment in moments:
        assert grain_session(moment).open
    ledger = ledger_of(told, now)
    assert len(ledger.keys) == 9
    assert all(abs(ledger.balance(key)) < 2_550 for key in ledger.keys)
    least = datetime.fromtimestamp(now, UTC).date().toordinal() + 29
    assert all(parse_key(key.contract).expiry.toordinal() >= least for key in ledger.keys)


def test_history_is_a_function_of_its_seed() -> None:
    assert history(7, NOW) == history(7, NOW)
    assert history(7, NOW) != history(8, NOW)


def test_history_has_farmers_of_all_crops_outside_hedges_and_market_prices() -> None:
    told, market = history(7, NOW), GrainMarket(7)
    cash = [one for one in told if isinstance(one, CashEntered)]
    hedges = {one.hedge: one for one in told if isinstance(one, HedgeEntered)}
    assert {one.key.contract[:2] for one in cash} == {"ZC", "ZW", "ZS"}
    assert {one.side for one in cash} == set(Side)
    assert all(500 <= one.units <= 20_000 for one in cash)
    assert {one.origin for one in hedges.values()} == {Origin.HM, Origin.OUTSIDE}
    for one in told:
        if isinstance(one, HedgeFilled):
            contract = parse_key(hedges[one.hedge].key.contract)
            assert abs(float(one.price) - market.price(contract, one.at)) <= 0.25
            assert one.price % contract.tick == 0


def test_cash_arrives_while_grains_trade_mostly_by_day() -> None:
    day = arrivals(7, NOW, SECONDS_PER_DAY)
    assert [one[0] for one in day] == sorted(one[0] for one in day)
    hours = Counter(datetime.fromtimestamp(NOW + one[0], UTC).hour for one in day)
    assert all(grain_session(Timestamp(NOW + one[0])).open for one in day)
    assert sum(hours[hour] for hour in range(14, 20)) > 4 * sum(
        hours[hour] for hour in range(1, 13)
    )
    by_day = [one for one in day if one[0] < 4 * 3_600]
    assert len(by_day) == pytest.approx(4 * 3_600 / EVERY_S, rel=0.1)
    weekend = arrivals(7, parse_utc("2025-11-21T19:20:00Z"), 2 * SECONDS_PER_DAY)
    assert weekend == ()


def test_an_arrival_is_a_purchase_done_at_its_moment_and_no_textbook_key() -> None:
    for seconds, entered, filled in arrivals(7, NOW, 3 * 3_600.0):
        assert isinstance(filled, CashFilled)
        assert entered.at == filled.at == NOW + seconds
        assert (entered.cash, entered.units, entered.price) == (
            filled.cash, filled.units, filled.price,
        )  # fmt: skip
        assert entered.key not in {CORN, Key("PRAIRIEHMS", "ZC 202603")}


def test_a_restart_goes_on_with_the_same_farmers_and_repeats_none_with_other_words() -> None:
    whole = arrivals(7, NOW, 4 * 3_600.0)
    later = arrivals(7, Timestamp(NOW + 1_234.5), 3_600.0)
    moved = [(seconds + 1_234.5, *facts) for seconds, *facts in later]
    assert moved == [one for one in whole if 1_234.5 <= one[0] < 1_234.5 + 3_600.0]
    assert len({one[1].cash for one in whole}) == len(whole)
    ledger_of((*history(7, NOW), *(fact for _, *pair in whole for fact in pair)))


def test_the_demo_has_an_elevator_less_busy_than_the_scenario_of_that_name() -> None:
    busy, thin = SCENARIOS["elevator"].cash_every_s, SCENARIOS["demo"].cash_every_s
    assert busy is not None
    assert thin is not None
    assert busy * 3 < thin
    assert len(arrivals(7, NOW, 3_600, thin)) < len(arrivals(7, NOW, 3_600, busy)) / 3
    assert SCENARIOS["calm"].cash_every_s is None


def test_the_front_contract_lives_another_month() -> None:
    assert front_contract("ZC", datetime(2025, 11, 12, tzinfo=UTC).date()) == "ZC 202512"
    assert front_contract("ZC", datetime(2025, 11, 13, tzinfo=UTC).date()) == "ZC 202603"
    assert front_contract("ZS", datetime(2025, 11, 13, tzinfo=UTC).date()) == "ZS 202601"


def _at(event: object) -> Timestamp:
    return event.at  # type: ignore[attr-defined]
