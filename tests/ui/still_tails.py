"""Hedge accounts that stand still: the two textbook examples, an adjusted and a manual tail."""

from __future__ import annotations

from dataclasses import replace

from hedgetui.domain.units import Timestamp
from hedgetui.ports.desk import Check, DeskSnapshot, Preview
from hedgetui.ports.tails import CashRow, HedgeRow, TailRow, TailsView
from tests.ui.still_desk import FULL, NOW

DAY = 86_400.0
HOUR = 3_600.0


def cash(
    cash_id: str, size: int, hedged: int, unlinked: int, days: float, **more: object
) -> CashRow:
    """Return a purchase of some days ago."""
    row = CashRow(cash_id, "BUY", size, hedged, unlinked, 433.25, Timestamp(NOW - days * DAY))
    return replace(row, **more)  # type: ignore[arg-type]


def hedge(hedge_id: str, lots: int, days: float, *covered: CashRow, **more: object) -> HedgeRow:
    """Return a filled sale of corn futures of some days ago."""
    units = lots * 5_000
    row = HedgeRow(
        hedge_id=hedge_id, side="SELL", lots=lots, filled=lots, working=0, units=units,
        open=units - sum(one.hedged for one in covered), price=433.25, origin="hm",
        at=Timestamp(NOW - days * DAY), state="filled", cash=covered,
    )  # fmt: skip
    return replace(row, **more)  # type: ignore[arg-type]


def tbd(*waiting: CashRow, side: str = "SELL") -> HedgeRow:
    """Return the row of cash that nobody covers."""
    return HedgeRow(
        hedge_id="TBD", side=side, lots=None, filled=0, working=0,
        units=sum(one.unlinked for one in waiting), open=0, price=None, origin="",
        at=waiting[0].at, state="TBD", cash=waiting,
    )  # fmt: skip


C1 = cash("C1", 6_000, 5_000, 0, 13.1)
H1 = hedge("H1", 1, 13.09, C1)
H2 = hedge("H2", 1, 12, cash("C2", 5_000, 5_000, 0, 12), price=430.5)
H3 = hedge("H3", 2, 6, cash("C3", 10_000, 10_000, 0, 6), price=431.0)
H4 = hedge("H4", 1, 0.1, replace(C1, hedged=1_000), cash("C4", 2_000, 2_000, 0, 0.1),
           price=434.75)  # fmt: skip

CORN = TailRow(
    account="PSHAOTCHMS", contract="ZC 202512", unit="bu", contract_size=5_000, tail=-2_000,
    hm_unhedged=-2_000, pending=0, mode="auto", mode_words="Auto", threshold_pct=51,
    threshold=2_550, ticks_into_market=2, age_s=0.1 * DAY, at_risk=121.4, offsets=0, bid=433.25,
    ask=433.5, proposal="", hedges=(H4, H3, H2, H1),
)  # fmt: skip
"""The worked example after day 13: C1 stands under H1 (5,000) and H4 (1,000)."""

OPEN_C1 = replace(C1, unlinked=1_000)
CORN_BEFORE = replace(
    CORN, tail=1_000, hm_unhedged=1_000, age_s=13.1 * DAY, at_risk=60.7,
    hedges=(tbd(replace(OPEN_C1, hedged=0)), H3, H2, replace(H1, cash=(OPEN_C1,))),
)  # fmt: skip
"""The day before: C1's last 1,000 wait under TBD."""

FARM = cash("C-88034", 16_000, 15_000, 1_000, 2)
SIXTEEN = replace(
    CORN, account="NORTHGRAIN", tail=1_000, hm_unhedged=1_000, age_s=2 * DAY, at_risk=60.7,
    hedges=(tbd(replace(FARM, hedged=0)), hedge("1257044586", 3, 2, FARM, price=418.25)),
)  # fmt: skip
"""16,000 bushels bought, three futures sold, 1,000 to be hedged."""

BEANS = replace(
    CORN, contract="ZS 202601", tail=-2_300, hm_unhedged=-1_300, mode="sell", mode_words="Sell",
    threshold_pct=100, threshold=5_000, offsets=1_000, age_s=5 * HOUR, at_risk=None, bid=1030.0,
    ask=1030.25, ticks_into_market=0,
    hedges=(hedge("H-9", 1, 0.2, cash("C-9", 2_700, 2_700, 0, 0.3), price=1030.25,
                  origin="outside"),),
)  # fmt: skip
"""Adjusted by 1,000: the hedge manager's balance is another than the tail."""

WHEAT = replace(
    CORN, account="NORTHGRAIN", contract="ZW 202512", tail=16_000, hm_unhedged=16_000,
    mode="manual", mode_words="Manual", at_risk=980.0, age_s=45 * DAY, bid=560.25, ask=560.75,
    carried_in=16_000, proposal="",
    hedges=(tbd(cash("C-7", 16_000, 0, 16_000, 45, price=560.5)),),
)  # fmt: skip
"""Bought 45 days ago and open still; nobody hedges it by rule."""

WORKING = replace(
    CORN, contract="ZC 202603", tail=3_000, hm_unhedged=3_000, pending=-5_000, age_s=40.0,
    at_risk=182.1, mode_words="Auto (waiting: halted)", bid=None, ask=None,
    hedges=(
        tbd(cash("C-5", 3_000, 0, 3_000, 0.001)),
        hedge("H-5", 1, 0.0005, filled=0, working=1, units=0, open=0, state="working"),
    ),
)  # fmt: skip

TAILS = TailsView(rows=(CORN, BEANS, SIXTEEN, WHEAT), instance="online", version=7)
BEFORE = replace(TAILS, rows=(CORN_BEFORE, BEANS, SIXTEEN, WHEAT), version=6)
STOPPED = replace(
    TAILS, rows=(CORN_BEFORE, WORKING, BEANS, SIXTEEN, WHEAT), instance="suspended",
    instance_why="month end", catch_up=("SELL 1 ZC 202603", "SELL 3 ZW 202512"),
)  # fmt: skip

HEDGED = replace(FULL, tails=TAILS)
WAITING = replace(FULL, tails=BEFORE)
SUSPENDED = replace(FULL, tails=STOPPED)

HEDGE_TAIL = Preview(
    preview_id="t-1", kind="tail", title="HEDGE TAIL: SELL 3 ZW 202512 @ 560'2",
    lines=(("balance", "+16,000 bu, nothing pending"), ("after", "+1,000 bu")),
    checks=(Check("armed", ok=True, detail=""), Check("price", ok=True, detail="0.4 s")),
    orders=("SELL 3 ZW 202512 LMT 560.25",), sendable=True, expires_at=Timestamp(NOW + 30),
)  # fmt: skip


def many(keys: int = 200, hedges: int = 25, orders: int = 2) -> DeskSnapshot:
    """Return a desk with so many keys, hedges for each key and cash orders for each hedge."""
    rows = []
    for number in range(keys):
        below = tuple(
            hedge(f"H{number}-{one}", orders, one % 20,
                  *(cash(f"C{number}-{one}-{two}", 5_000, 5_000, 0, one % 20)
                    for two in range(orders)))
            for one in range(hedges)
        )  # fmt: skip
        rows.append(replace(CORN, account=f"ACC{number:03d}", hedges=below, tail=0, hm_unhedged=0))
    return replace(FULL, tails=replace(TAILS, rows=tuple(rows)))
