"""Trades, readings and views for tests of the machine, each with one thing changed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hedgetui.domain.dtms.machine import Counters, Verdict, View, evaluate
from hedgetui.domain.dtms.model import Automation, Hedge, Rules, RuleSet, State, Trade
from hedgetui.domain.dtms.reading import Components, Reading
from hedgetui.domain.mt5.records import Lots, PositionId, Ticket
from hedgetui.domain.orders import Side
from hedgetui.domain.units import Timestamp

NOW = Timestamp(1_750_000_000.0)
LONG_AGO = Timestamp(NOW - 7_200)
MINUTE = 60.0
GUARDED = Rules()
REFERENCE = Rules(rule_set=RuleSet.REFERENCE)


def lots(text: str) -> Lots:
    """Return a volume."""
    return Lots(Decimal(text))


def hedge(**values: object) -> Hedge:
    """Return a hedge that was opened ten minutes ago."""
    one = Hedge(
        PositionId(900), Ticket(900), Side.SELL, lots("0.25"), 2650.0, 2654.0, soft_sl=False,
        at=Timestamp(NOW - 600),
    )  # fmt: skip
    return replace(one, **values)  # type: ignore[arg-type]


def trade(state: State, **values: object) -> Trade:
    """Return a long trade that has been in its state for hours; a HEDGED one has its hedge."""
    one = Trade(
        PositionId(4417201), Ticket(4417201), "XAUUSD", Side.BUY, 2650.0, lots("1.00"),
        lots("1.00"), 10.0, 2640.0, 2665.0, LONG_AGO, LONG_AGO, state, LONG_AGO, Automation.AUTO,
    )  # fmt: skip
    if state is State.HEDGED:
        stands = hedge()
        one = replace(one, hedge=stands, hedges=1, since=stands.at, flat_at=NOW + 3_900)
    if state is State.RECOVERING:
        one = replace(one, hedges=1, recover_by=Timestamp(NOW + 900))
    return replace(one, **values)  # type: ignore[arg-type]


def reading(score: float | None, **values: object) -> Reading:
    """Return what a trade reads: a score and nothing else remarkable."""
    one = Reading(
        NOW, score, Components(structure=score or 0.0), (), 0, 0, 0, Timestamp(NOW - 30.0), 1.0,
        2.0, 2650.0,
    )  # fmt: skip
    return replace(one, **values)  # type: ignore[arg-type]


def view(score: float | None = None, *, u: float | None = -0.3, **values: object) -> View:
    """Return a deep look at a normal market; without a score, a fast one."""
    shown = None if score is None else reading(score)
    one = View(NOW, shown, score is not None, u, 1.0)
    return replace(one, **values)  # type: ignore[arg-type]


def looked(
    one: Trade, *views: View, rules: Rules = GUARDED, counters: Counters | None = None
) -> Verdict:
    """Return the last verdict of consecutive looks at a trade that stays as it is."""
    counters = counters or Counters()
    verdict = None
    for seen in views:
        verdict = evaluate(one, counters, seen, rules)
        counters = verdict.counters
    assert verdict is not None
    return verdict
