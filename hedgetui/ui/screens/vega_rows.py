"""Strangles and candidates as table rows, charts and cards.

Pure functions from views to what widgets take, so that every figure on the Vega pane can be
tested without a screen. The order in which columns give way on a narrow terminal is decided here:
`Δ $/pt`, which sizes the hedge, never does; share delta, which must not size anything, goes
first.
"""

from __future__ import annotations

from hedgetui.ports.desk import CandidateView, OrderView, StrangleView
from hedgetui.ui import format as fmt
from hedgetui.ui.glyphs import IconSet
from hedgetui.ui.screens.status_text import STALE_GREEKS_S
from hedgetui.ui.widgets.grid_columns import Cell, Column
from hedgetui.ui.widgets.grid_model import GridRow


def _right(key: str, title: str, width: int, priority: int) -> Column:
    return Column(key, title, width, "right", priority)


STRANGLE_COLUMNS: tuple[Column, ...] = (
    Column("strangle", "Strangle", 20, flex=True),
    _right("qty", "Qty", 3, 2),
    _right("dte", "DTE", 3, 3),
    _right("cost", "Cost", 7, 4),
    _right("pnl", "P&L $", 8, 1),
    _right("share", "Δ sh", 7, 9),
    _right("delta", "Δ $/pt", 8, 0),
    _right("vega", "Vega", 6, 5),
    _right("theta", "Theta", 7, 6),
    _right("hedge", "Hedge MES", 9, 1),
    _right("net", "NetΔ", 7, 0),
    Column("note", "Note", 22, priority=8),
)

CANDIDATE_COLUMNS: tuple[Column, ...] = (
    Column("candidate", "Candidate", 20, flex=True),
    _right("dte", "DTE", 3, 1),
    _right("rank", "IV rank", 10, 0),
    _right("cost", "Cost", 7, 0),
    _right("breaks", "Break-evens", 15, 3),
    _right("vega", "Vega", 5, 2),
    _right("theta", "Theta", 6, 5),
    _right("ratio", "V/Θ", 5, 6),
    _right("delta", "Δ $/pt", 6, 4),
    _right("put", "Put IV/δ", 10, 7),
    _right("call", "Call IV/δ", 10, 7),
    _right("wide", "Width", 6, 8),
    _right("spread", "Spread", 6, 9),
)


ORDER_COLUMNS: tuple[Column, ...] = (
    Column("number", "Order", 6),
    Column("time", "Time", 8, priority=3),
    Column("text", "What", 28, flex=True),
    Column("state", "State", 10),
    _right("filled", "Filled", 7, 2),
    Column("purpose", "Purpose", 8, priority=4),
    Column("reason", "Reason", 24, priority=5),
)

ALIVE: frozenset[str] = frozenset({"SENDING", "WORKING", "PARTIAL", "CANCELLING", "UNKNOWN"})
"""States in which an order may still fill."""

_ORDER_TONES: dict[str, str] = {"UNKNOWN": "alarm", "REJECTED": "neg", "FILLED": "pos"}


def is_stale(row: StrangleView) -> bool:
    """Tell whether a strangle's greeks are too old to act on."""
    return row.greeks_age_s is None or row.greeks_age_s > STALE_GREEKS_S


def strangle_row(row: StrangleView, icons: IconSet) -> GridRow:
    """Return one line of the positions table."""
    stale = is_stale(row)
    greek_tone = "stale" if stale else ""

    def greek(value: float | None, digits: int = 1, tone: str = "") -> Cell:
        text = fmt.estimated(fmt.signed(value, digits), icons, is_estimate=row.estimated)
        if stale and text != fmt.UNKNOWN:
            text += icons.stale
        return Cell(text, tone or greek_tone, value)

    flag = f"{icons.warn} " if row.note or row.state != "OPEN" else ""
    note = " ".join(part for part in (row.state if row.state != "OPEN" else "", row.note) if part)
    return GridRow(
        row.trade_id,
        (
            Cell(f"{flag}{row.label}"),
            Cell(str(row.quantity)),
            Cell(str(row.dte)),
            Cell(fmt.dollars(row.cost), "", row.cost),
            Cell(fmt.pnl(row.pnl, icons), fmt.tone(row.pnl), row.pnl),
            greek(row.share_delta),
            greek(row.option_delta),
            greek(row.vega),
            greek(row.theta),
            Cell(fmt.contracts(row.hedge_contracts, "MES"), "", row.hedge_contracts),
            greek(row.net_delta, tone="stale" if stale else "strong"),
            Cell(note, "warn"),
        ),
    )


def candidate_row(row: CandidateView) -> GridRow:
    """Return one line of the scanner."""
    rank = fmt.percent(row.iv_rank)
    label = f" {row.iv_label}" if row.iv_label and row.iv_rank is not None else ""
    return GridRow(
        str(row.number),
        (
            Cell(row.label),
            Cell(str(row.dte)),
            Cell(f"{rank}{label}", "muted" if row.iv_rank is None else "", row.iv_rank),
            Cell(fmt.dollars(row.cost), "", row.cost),
            Cell(f"{row.break_even_low:.1f} / {row.break_even_high:.1f}", "", row.break_even_low),
            Cell(fmt.plain(row.vega, 0), "", row.vega),
            Cell(fmt.signed(row.theta), "", row.theta),
            Cell(fmt.plain(row.vega_per_theta, 2), "", row.vega_per_theta),
            Cell(fmt.signed(row.entry_delta), "", row.entry_delta),
            Cell(f"{row.put_iv * 100:.1f} {row.put_delta:+.2f}", "", row.put_iv),
            Cell(f"{row.call_iv * 100:.1f} {row.call_delta:+.2f}", "", row.call_iv),
            Cell(fmt.percent(row.width_pct, 1), "", row.width_pct),
            Cell(fmt.percent(row.spread_pct, 1), "", row.spread_pct),
        ),
    )


def order_row(row: OrderView, zone: str) -> GridRow:
    """Return one line of the orders table."""
    tone = _ORDER_TONES.get(row.state, "warn" if row.state in ALIVE else "")
    return GridRow(
        str(row.number),
        (
            Cell(f"#{row.number}", "", row.number),
            Cell(fmt.clock(row.at, zone), "", row.at),
            Cell(row.text),
            Cell(row.state, tone),
            Cell(f"{row.filled}/{row.quantity}", "", row.filled),
            Cell(row.purpose),
            Cell(row.reason),
        ),
    )


def strangle_card(row: StrangleView, icons: IconSet) -> list[tuple[str, str]]:
    """Return all numbers of a strangle, for the details card."""
    about = f" {icons.about} own model" if row.estimated else ""
    return [
        ("state", f"{row.state}  {row.note}"),
        ("quantity", f"{row.quantity}, {row.dte} days to expiry"),
        ("cost", f"{fmt.dollars(row.cost, 2)} paid, fees {fmt.dollars(row.fees, 2)}"),
        ("P&L", f"{fmt.pnl(row.pnl, icons, 2)} net of hedge share and fees"),
        ("options", fmt.pnl(row.pnl_options, icons, 2)),
        ("hedge share", fmt.pnl(row.pnl_hedge, icons, 2)),
        (
            "Δ $/pt",
            f"{fmt.signed(row.option_delta, 2)} options, {fmt.signed(row.net_delta, 2)} net",
        ),
        ("Δ shares", f"{fmt.signed(row.share_delta, 2)} (ten times Δ $/pt; never sizes a hedge)"),
        ("hedge", fmt.contracts(row.hedge_contracts, "MES")),
        ("gamma", f"{fmt.signed(row.gamma, 3)} $/pt per point"),
        ("vega", f"{fmt.signed(row.vega, 2)} $ per vol point"),
        ("theta", f"{fmt.signed(row.theta, 2)} $ per day"),
        ("IV", fmt.NOT_APPLICABLE if row.iv is None else f"{row.iv * 100:.1f}%"),
        ("greeks", f"age {fmt.age(row.greeks_age_s)}{about}"),
    ]


def candidate_card(row: CandidateView) -> list[tuple[str, str]]:
    """Return all numbers of a candidate, for the details card."""
    ratio = fmt.plain(row.vega_per_theta, 2)
    return [
        ("expiry", f"{row.expiry}, {row.dte} days"),
        ("IV rank", f"{fmt.percent(row.iv_rank)} {row.iv_label}"),
        ("put", f"{row.put_strike:g}  IV {row.put_iv * 100:.1f}%  δ {row.put_delta:+.2f}"),
        ("call", f"{row.call_strike:g}  IV {row.call_iv * 100:.1f}%  δ {row.call_delta:+.2f}"),
        ("width", fmt.percent(row.width_pct, 1)),
        ("cost", f"{fmt.dollars(row.cost, 2)} at the ask, spread {fmt.percent(row.spread_pct, 1)}"),
        ("vega", f"{fmt.signed(row.vega, 2)} $ per vol point"),
        ("theta", f"{fmt.signed(row.theta, 2)} $ per day, vega/theta {ratio}"),
        ("break-evens", f"{row.break_even_low:.2f} and {row.break_even_high:.2f}"),
        ("Δ $/pt", f"{fmt.signed(row.entry_delta, 2)} at entry, per strangle"),
    ]  # fmt: skip


def order_card(row: OrderView, zone: str) -> list[tuple[str, str]]:
    """Return all that is known of an order, for the details card."""
    return [
        ("order", row.text),
        ("time", fmt.clock(row.at, zone)),
        ("state", row.state),
        ("filled", f"{row.filled} of {row.quantity}"),
        ("purpose", row.purpose),
        ("reference", row.client_key),
        ("reason", row.reason or "none given"),
    ]
