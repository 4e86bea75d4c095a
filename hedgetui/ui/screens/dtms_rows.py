"""Defended trades and unwatched positions as table rows, and a trade in full as a card.

Pure functions from views to what widgets take. The worst state stands first. Which columns give way
on a narrow terminal is decided here: ticket, symbol, state and score never do.
"""

from __future__ import annotations

from hedgetui.domain.text import safe
from hedgetui.ports.dtms import ActionView, DefenceRow, DefenceView, HedgeView, UnwatchedRow
from hedgetui.ui import format as fmt
from hedgetui.ui.glyphs import IconSet
from hedgetui.ui.screens.dtms_lane import lane, sign_of
from hedgetui.ui.screens.dtms_text import NONE, countdown, deadline_of, is_stale
from hedgetui.ui.screens.spans import text_of
from hedgetui.ui.widgets.grid_columns import Cell, Column
from hedgetui.ui.widgets.grid_model import GridRow

SCORE_MOST = 12.0
BAR_SIDE = 4
_LARGE = 99_999.5
LANE_CELLS = 24
COMPONENTS: tuple[tuple[str, str], ...] = (
    ("structure", "structure"), ("VWAP, volume", "vwap_volume"), ("momentum", "momentum"),
    ("EMA", "ema"), ("conviction", "conviction"), ("delta", "delta"),
)  # fmt: skip
"""Words and field of each component of the score, in the order they are added up."""


def _right(key: str, title: str, width: int, priority: int) -> Column:
    return Column(key, title, width, "right", priority)


TRADE_COLUMNS: tuple[Column, ...] = (
    Column("ticket", "Ticket", 10),
    Column("symbol", "Symbol", 7),
    Column("side", "Side", 4, priority=3),
    _right("volume", "Vol", 5, 4),
    _right("entry", "Entry", 9, 10),
    _right("price", "Price", 9, 5),
    _right("pnl", "P&L", 8, 1),
    _right("u", "u R", 5, 1),
    _right("score", "Score", 5, 0),
    Column("bar", "Score bar", 2 * BAR_SIDE + 1, priority=9),
    Column("state", "State", 13),
    _right("left", "Left", 5, 2),
    Column("automation", "Auto", 5, priority=6),
    Column("hedge", "Hedge", 16, priority=7),
    Column("why", "Why", 16, priority=8, flex=True),
    Column("degraded", "Degraded", 16, priority=11),
    Column("lane", "24 h", LANE_CELLS, priority=12),
)

UNWATCHED_COLUMNS: tuple[Column, ...] = (
    Column("ticket", "Ticket", 10),
    Column("symbol", "Symbol", 7),
    Column("side", "Side", 4, priority=2),
    _right("volume", "Vol", 5, 3),
    _right("pnl", "P&L", 8, 1),
    Column("why", "Not watched because", 24, flex=True),
)


def ordered(view: DefenceView) -> list[DefenceRow]:
    """Return the trades, worst state first, then those closed within the day; each one once."""
    open_rows = sorted(view.rows, key=lambda row: -sign_of(row.state).gravity)
    found: dict[str, DefenceRow] = {}
    for row in (*open_rows, *view.closed):
        found.setdefault(row_key(row), row)
    return list(found.values())


def row_key(row: DefenceRow | UnwatchedRow) -> str:
    """Return the key of a row: the position's identifier, which a terminal never uses again."""
    return str(row.identifier)


def price_text(price: float | None, digits: int) -> str:
    """Return a price with its symbol's digits, or `?`."""
    return f"{price:.{max(0, digits)}f}" if price is not None and fmt.known(price) else fmt.UNKNOWN


def volume_text(volume: float) -> str:
    """Return lots with two digits, more where the volume has more."""
    return f"{volume:.2f}" if abs(volume - round(volume, 2)) < 1e-9 else f"{volume:g}"


def trade_row(row: DefenceRow, view: DefenceView, now: float, icons: IconSet) -> GridRow:
    """Return one line of the trades table."""
    sign = sign_of(row.state)
    closed = row.state == "CLOSED"
    stale = is_stale(view) and not closed
    timer = deadline_of(row)
    left = countdown(timer[1] if timer else None, now)
    mark = icons.warn if row.degraded or "UNKNOWN" in row.pending else ""
    price = price_text(row.price, row.digits)
    old = "stale" if stale else ""
    why = row.degraded or row.pending or row.why
    cells = (
        Cell(str(row.ticket), "", row.ticket),
        Cell(row.symbol),
        Cell(row.side),
        Cell(volume_text(row.volume), "", row.volume),
        Cell(price_text(row.entry, row.digits), "", row.entry),
        Cell(_aged(price, stale=stale), old, row.price),
        Cell(_aged(pnl_text(row.pnl, icons), stale=stale), old or fmt.tone(row.pnl), row.pnl),
        Cell(_u(row.u), old or fmt.tone(row.u, 2), row.u),
        Cell(fmt.signed(row.score), old or ("" if closed else "strong"), row.score),
        Cell(score_bar(row.score, icons), fmt.tone(row.score, 1), row.score),
        Cell(f"{sign.of(icons)} {sign.word}{mark}", sign.tone, sign.gravity),
        Cell(left, "alarm" if left == "due" else "", timer[1] if timer else None),
        Cell(
            NONE if closed else row.automation, "" if row.automation == "auto" or closed else "warn"
        ),
        Cell(hedge_cell(row.hedge, row.digits), _hedge_tone(row.hedge)),
        Cell(why, "warn" if row.degraded or row.pending else ""),
        Cell(row.degraded, "warn"),
        Cell(text_of(lane(row.lane, now, LANE_CELLS, icons)), "", sign.gravity),
    )
    return GridRow(row_key(row), cells, meaning="muted" if closed else "")


def _aged(text: str, *, stale: bool) -> str:
    """Mark a figure that is of the past."""
    return f"{text}~" if stale and text != fmt.UNKNOWN else text


def pnl_text(value: float | None, icons: IconSet) -> str:
    """Return a result of at most eight cells: from a hundred thousand on in thousands."""
    if value is None or not fmt.known(value) or abs(value) < _LARGE:
        return fmt.pnl(value, icons)
    return f"{fmt.pnl(value / 1_000, icons)}k"


def _u(value: float | None) -> str:
    return fmt.signed(value, 2 if value is None or abs(value) < 9.995 else 1)


def hedge_cell(hedge: HedgeView | None, digits: int) -> str:
    """Return volume and stop of a hedge: `0.20 SL 2648.12`, `0.20 SOFT SL`, `0.20 NO SL`."""
    if hedge is None:
        return NONE
    volume = volume_text(hedge.volume)
    if hedge.virtual:
        return f"{volume} virtual"
    if hedge.soft_sl:
        return f"{volume} SOFT SL"
    return f"{volume} NO SL" if hedge.sl is None else f"{volume} SL {price_text(hedge.sl, digits)}"


def _hedge_tone(hedge: HedgeView | None) -> str:
    if hedge is None:
        return "muted"
    bare = hedge.sl is None and not hedge.virtual
    return "alarm" if hedge.soft_sl or bare else ""


def score_bar(score: float | None, icons: IconSet) -> str:
    """Return a bar from the middle: to the left against the trade, to the right for it."""
    if score is None or not fmt.known(score):
        return ""
    cells = min(BAR_SIDE, max(1, round(abs(score) / SCORE_MOST * BAR_SIDE))) if score else 0
    full, axis = icons.plain("▇"), icons.separator
    if score < 0:
        return f"{full * cells:>{BAR_SIDE}}{axis}{' ' * BAR_SIDE}"
    return f"{' ' * BAR_SIDE}{axis}{full * cells:<{BAR_SIDE}}"


def unwatched_row(row: UnwatchedRow, icons: IconSet) -> GridRow:
    """Return one line of the positions nobody defends."""
    return GridRow(
        row_key(row),
        (
            Cell(str(row.ticket), "", row.ticket),
            Cell(row.symbol),
            Cell(row.side),
            Cell(volume_text(row.volume), "", row.volume),
            Cell(pnl_text(row.profit, icons), fmt.tone(row.profit), row.profit),
            Cell(row.why, "muted"),
        ),
    )


def trade_card(
    row: DefenceRow, view: DefenceView, zone: str, icons: IconSet
) -> list[tuple[str, str]]:
    """Return everything that is known of a trade, for the details card."""
    sign, digits = sign_of(row.state), row.digits
    pairs = [
        ("state", f"{sign.of(icons)} {sign.word} since {fmt.clock(row.since, zone)}"),
        ("why", row.why or NONE),
        ("automation", row.automation),
        ("volume", f"{row.side} {volume_text(row.volume)} of {volume_text(row.initial_volume)}"),
        ("price", f"{price_text(row.entry, digits)} entry, {price_text(row.price, digits)} now"),
        ("stop, target", f"{_level(row.sl, digits)}, {_level(row.tp, digits)}"),
        ("P&L", f"{fmt.pnl(row.pnl, icons, 2)} hedge and swap included, u {_u(row.u)} R"),
        ("hedge", hedge_words(row, icons)),
        ("hedges so far", str(row.hedges)),
        ("break-even", "armed" if row.breakeven_armed else "not armed"),
        ("adopted", fmt.clock(row.adopted_at, zone)),
        ("regime", row.regime or NONE),
        ("flags", ", ".join(row.flags) or NONE),
        ("degraded", row.degraded or NONE),
        ("pending", row.pending or NONE),
        ("score", fmt.signed(row.score, 2)),
    ]
    for words, field in COMPONENTS:
        value = None if row.components is None else getattr(row.components, field)
        pairs.append((words, component_text(field, value, row.flags, icons, 2)))
    marks = {True: icons.tick, False: icons.cross}
    pairs += [("guard", f"{marks[one.ok]} {one.rule}: {one.words}") for one in row.guards]
    pairs += [
        (fmt.clock(step.at, zone), f"{step.state} {step.rule}: {step.why}")
        for step in reversed(row.lane)
    ]
    mine = [action for action in view.actions if action.ticket == row.ticket]
    pairs += [(fmt.clock(action.at, zone), action_words(action)) for action in mine]
    return pairs


def _level(value: float | None, digits: int) -> str:
    return "none" if value is None else price_text(value, digits)


def component_text(
    field: str, value: float | None, flags: tuple[str, ...], icons: IconSet, digits: int = 1
) -> str:
    """Return a component with its direction: `▼ -3.0`; `n/a` when it has no input."""
    missing = any(flag.startswith(field) and "n/a" in flag for flag in flags)
    if value is not None and missing:
        return fmt.NOT_APPLICABLE
    text = fmt.signed(value, digits)
    mark = {"+": icons.up, "-": icons.down}.get(text[0], " ")
    return f"{mark} {text}" if text != fmt.UNKNOWN else text


def hedge_words(row: DefenceRow, icons: IconSet) -> str:
    """Return the hedge of a trade in one line."""
    hedge = row.hedge
    if hedge is None:
        return "none"
    volume, at = volume_text(hedge.volume), price_text(hedge.price, row.digits)
    profit = fmt.pnl(hedge.profit, icons, 2)
    if hedge.virtual:
        return f"virtual: {volume} closed at {at}, no stop of its own"
    stop = "NO SL" if hedge.sl is None else f"SL {price_text(hedge.sl, row.digits)}"
    if hedge.soft_sl:
        stop = f"SOFT {stop} (watched by this desk only)"
    return f"{safe(hedge.side, 5)} {volume} @ {at} {stop} · {profit} · ticket {hedge.ticket}"


def action_words(action: ActionView) -> str:
    """Return an action in one line: what, how it stands, what the server said."""
    code = "" if action.retcode is None else f"retcode {action.retcode}"
    parts = (f"{action.kind} {action.state}", action.text, action.result, code, action.rule)
    return " · ".join(safe(part) for part in parts if part)
