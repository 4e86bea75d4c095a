"""The outside checker with a configured target: what shrinks is the distance to it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.audit import Auditor, BrokerHistory
from hedgetui.domain.units import Contracts, Timestamp

T = Timestamp(0.0)


@pytest.mark.parametrize(
    ("inputs", "invariants"),
    [
        ({"net": "+12.0"}, []),
        ({"net": "+2.0", "target": "-10.0"}, []),
        ({"net": "+12.0", "target": "+20.0"}, [21]),
        ({"net": "+12.0", "target": "nonsense"}, [14]),
    ],
)
def test_a_hedge_is_judged_by_its_distance_to_the_target(inputs, invariants) -> None:
    draft = od.OrderDraft(
        od.Purpose.HEDGE, "MES 202512", od.Side.SELL, Contracts(2), od.OrderType.MARKET
    )
    intent = od.Intent("I1", "HT1.I1", 1, "DU1", "vega", draft, T, 1, 1, 0)
    calculated = ev.HedgeCalculated(od.Side.SELL, Contracts(2), "monitor", inputs)
    auditor = Auditor()
    auditor.take(ev.Fact(1, T, calculated))
    auditor.take(ev.Fact(2, T, ev.IntentRecorded(intent, 1.0)))
    assert [one.invariant for one in auditor.violations] == invariants


def test_a_position_that_a_person_accepted_is_no_violation_and_its_change_is_one() -> None:
    def external(seq: int, exec_id: str, count: int) -> ev.Fact:
        fill = ev.FillBooked(
            exec_id, 1, "", "MES 202512", od.Side.BUY, Contracts(count), Decimal(5350), T
        )
        return ev.Fact(seq, T, fill)

    def violations(held: int) -> list[int]:
        auditor = Auditor()
        auditor.take(external(1, "E1", 1))
        accepted = (ev.Difference("MES 202512", 0, 4), ev.Difference("XYZ", 0, 100))
        auditor.take(ev.Fact(2, T, ev.DifferencesAccepted(accepted, "you", "mine")))
        auditor.take(external(3, "E2", 2))
        auditor.compare(BrokerHistory([], [], {"MES 202512": held, "XYZ": 100}))
        return [one.invariant for one in auditor.violations]

    assert violations(6) == []
    assert violations(7) == [9]
