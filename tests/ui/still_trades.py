"""Four defended trades that stand still: one in each state that matters, one of them hedged."""

from __future__ import annotations

from dataclasses import replace

from hedgetui.domain.units import Timestamp
from hedgetui.ports.desk import Check, Preview
from hedgetui.ports.dtms import (
    ActionView,
    ComponentsView,
    DefenceRow,
    DefenceView,
    GuardView,
    HedgeView,
    LaneStep,
    Mt5View,
    UnwatchedRow,
)
from tests.ui.still_desk import FULL, NOW


def step(ago_min: float, state: str, rule: str, why: str) -> LaneStep:
    """Return a state come into some minutes ago."""
    return LaneStep(Timestamp(NOW - 60 * ago_min), state, rule, why)


GOLD = DefenceRow(
    ticket=4417201, identifier=4417201, symbol="XAUUSD", side="BUY", volume=0.40,
    initial_volume=0.80, entry=2651.20, price=2644.10, digits=2, sl=2639.70, tp=2671.0, u=-0.62,
    pnl=-284.0, state="HEDGED", since=Timestamp(NOW - 766), score=-7.2,
    components=ComponentsView(-3.0, -2.0, -1.1, -0.8, -0.3, 0.0), flags=("delta n/a",),
    regime="London · vol high · trend", flat_at=Timestamp(NOW - 766 + 4_500), recover_by=None,
    hedge=HedgeView(ticket=88121, side="SELL", volume=0.20, price=2646.02, sl=2648.12,
                    soft_sl=False, virtual=False, profit=38.4, at=Timestamp(NOW - 766)),
    automation="auto", degraded="", pending="", why="score -7.2 ≤ -6.0",
    guards=(
        GuardView("T6 HEDGED→CLOSED", "flat deadline in 62:14", ok=False),
        GuardView("T7 HEDGED→CLOSED", "BOS against, on an M15 after the hedge", ok=False),
        GuardView("T8 HEDGED→RECOVERING", "score -7.2 ≥ -1.0", ok=False),
        GuardView("T8 HEDGED→RECOVERING", "before -7.5 ≥ -2.0", ok=False),
    ),
    lane=(
        step(900, "HEALTHY", "adopted", "opened at 2651.20"),
        step(480, "WARNING_L1", "T1", "score -2.4 ≤ -2.0 twice"),
        step(410, "HEALTHY", "T2", "score +0.3 ≥ 0.0 twice"),
        step(61, "WARNING_L1", "T1", "score -2.2 ≤ -2.0 twice"),
        step(44, "WARNING_L2", "T3", "score -4.1 ≤ -4.0 twice, u -0.31 ≤ -0.10"),
        step(766 / 60, "HEDGED", "T5", "score -7.0 ≤ -6.0, u -0.55 ≤ -0.25"),
    ),
    hedges=1, breakeven_armed=True, adopted_at=Timestamp(NOW - 54_000),
)  # fmt: skip

EURO = replace(
    GOLD, ticket=4417233, identifier=4417233, symbol="EURUSD", side="SELL", volume=1.0,
    initial_volume=2.0, entry=1.08420, price=1.08511, digits=5, sl=1.08700, tp=None, u=-0.33,
    pnl=-91.0, state="WARNING_L2", since=Timestamp(NOW - 192), score=-5.2,
    components=ComponentsView(-2.0, -1.6, -0.9, -0.7, 0.0, 0.0), regime="London · vol normal",
    flat_at=None, hedge=None, why="VWAP flip against, volume not yet",
    guards=(
        GuardView("T5 WARNING_L2→HEDGED", "score -5.2 ≤ -6.0", ok=False),
        GuardView("T5 WARNING_L2→HEDGED", "10 min in L2 (3:12)", ok=False),
        GuardView("T5 WARNING_L2→HEDGED", "u -0.33 ≤ -0.25", ok=True),
        GuardView("T5 WARNING_L2→HEDGED", "spread 1.1 ≤ 2.0 median", ok=True),
        GuardView("T4 WARNING_L2→WARNING_L1", "score -5.2 ≥ -2.0", ok=False),
    ),
    lane=(step(300, "HEALTHY", "adopted", "opened at 1.08420"),
          step(30, "WARNING_L1", "T1", "score -2.1 ≤ -2.0 twice"),
          step(3.2, "WARNING_L2", "T3", "score -4.4 ≤ -4.0 twice")),
    hedges=0, adopted_at=Timestamp(NOW - 18_000),
)  # fmt: skip

BITCOIN = replace(
    EURO, ticket=4417240, identifier=4417240, symbol="BTCUSD", side="BUY", volume=0.05,
    initial_volume=0.05, entry=97120.0, price=97480.0, digits=2, sl=96200.0, u=0.39, pnl=18.0,
    state="WARNING_L1", since=Timestamp(NOW - 1_500), score=-1.2,
    components=ComponentsView(0.5, -1.0, -0.6, 0.2, -0.3, 0.0), regime="vol low · range",
    automation="alert", why="score -1.2, waits for 0.0", guards=(),
    lane=(step(120, "HEALTHY", "adopted", "opened at 97120.00"),
          step(25, "WARNING_L1", "T1", "score -2.3 ≤ -2.0 twice")),
    breakeven_armed=False,
)  # fmt: skip

INDEX = replace(
    BITCOIN, ticket=4417251, identifier=4417251, symbol="US500", volume=0.30, initial_volume=0.30,
    entry=5951.1, price=5962.5, digits=1, sl=5930.0, u=0.54, pnl=34.0, state="HEALTHY",
    since=Timestamp(NOW - 7_200), score=3.4,
    components=ComponentsView(2.0, 0.8, 0.4, 0.2, 0.0, 0.0), regime="NY · vol normal",
    automation="auto", why="structure intact",
    lane=(step(120, "HEALTHY", "adopted", "opened at 5951.1"),),
)  # fmt: skip

MT5 = Mt5View(
    link="ready", backend="bridge", peer="127.0.0.1:18812", version="terminal build 4885",
    login="5001234567", server="Demo-Server", kind="demo", margin_mode="hedging", currency="USD",
    balance=10_443.5, equity=10_120.5, margin_level=843.0, latency_ms=31.0, server_offset_s=7_200.0,
    last_answer_age_s=1.1, reconnects=1,
)  # fmt: skip

OPENED = ActionView(
    action_id="a-1", at=Timestamp(NOW - 767), ticket=4417201, symbol="XAUUSD", kind="open_hedge",
    state="DONE", text="SELL 0.20 XAUUSD SL 2648.12", result="filled 0.20 @ 2646.02",
    retcode=10009, rule="T5", why="score -7.0 ≤ -6.0", by="dtms",
    sent_at=Timestamp(NOW - 767), ended_at=Timestamp(NOW - 766),
)  # fmt: skip

DEFENCE = DefenceView(
    MT5, rows=(INDEX, GOLD, EURO, BITCOIN), actions=(OPENED,), monitoring=True,
    next_check_at=Timestamp(NOW + 17), last_cycle_at=Timestamp(NOW - 13),
)  # fmt: skip
"""All well with the link; the trades are not in the order of their gravity."""

FOREIGN = UnwatchedRow(4417260, 4417260, "GBPUSD", "SELL", 0.25, -12.4,
                       "magic 77 is not in dtms.magics")  # fmt: skip

CLOSED = replace(
    GOLD, ticket=4417100, identifier=4417100, symbol="XAGUSD", state="CLOSED", pnl=-120.0,
    flat_at=None, hedge=None, why="flat timer", since=Timestamp(NOW - 9_000), u=None, price=None,
    score=None, components=None, guards=(),
    lane=(*GOLD.lane[:3], step(150, "CLOSED", "T6", "flat timer")),
)  # fmt: skip

IN_DOUBT = replace(OPENED, action_id="a-2", kind="close_all", state="UNKNOWN", rule="T6",
                   text="close 0.40 XAUUSD and its hedge", result="no answer in 15 s", retcode=None,
                   at=Timestamp(NOW - 8), sent_at=Timestamp(NOW - 8), ended_at=None)  # fmt: skip

TROUBLED = replace(
    DEFENCE,
    rows=(
        replace(GOLD, pending="close_all UNKNOWN", flat_at=Timestamp(NOW - 9),
                hedge=replace(GOLD.hedge, sl=2648.12, soft_sl=True)),
        replace(EURO, degraded="too small to hedge", components=None, score=None,
                flags=("structure missing",)),
        BITCOIN, INDEX,
    ),
    closed=(CLOSED,), unwatched=(FOREIGN,), actions=(IN_DOUBT, OPENED),
    rails=("daily loss 2.1 % ≥ 2.0 %",),
)  # fmt: skip
"""An action in doubt, a stop the broker refused, a trade too small to hedge, a rail."""

DEFENDED = replace(FULL, defence=DEFENCE)
TROUBLE = replace(FULL, defence=TROUBLED)
LOST = replace(FULL, defence=replace(
    DEFENCE, mt5=replace(MT5, link="down", reason="no answer from the bridge",
                         next_try_at=Timestamp(NOW + 8)),
    frozen="the link is down", monitoring=False,
))  # fmt: skip
"""The terminal does not answer."""

NO_TRADES = replace(FULL, defence=replace(DEFENCE, rows=(), actions=()))

HEDGE_TRADE = Preview(
    preview_id="d-1", kind="hedge", title="HEDGE EURUSD 4417233: BUY 0.50",
    lines=(("trade", "SELL 1.00 EURUSD, u -0.33 R"), ("after", "net -0.50")),
    checks=(Check("armed", ok=True, detail=""), Check("margin", ok=True, detail="612%")),
    orders=("BUY 0.50 EURUSD SL 1.08380",), sendable=True, expires_at=Timestamp(NOW + 30),
)  # fmt: skip
