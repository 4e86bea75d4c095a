"""Tails, hedge orders and cash orders as rows of a tree.

A cash order stands under every hedge that covers it, so a row's key is its path. What no fact has
changed is the same tuple of hedges as before, and its rows are the same objects: a fill costs the
rows of the hedges it changed, a second the ages. Columns serve three levels, since siblings are
what is compared and sorted.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from operator import attrgetter
from typing import Final

from hedgetui.domain.tails.model import Mode
from hedgetui.domain.tails.windows import look_back
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp
from hedgetui.ports.tails import CashRow, HedgeRow, TailRow, TailsView
from hedgetui.ui import format as fmt
from hedgetui.ui.glyphs import IconSet
from hedgetui.ui.screens import accounts_text as words
from hedgetui.ui.screens.accounts_text import NONE
from hedgetui.ui.widgets.grid_columns import Cell, Column
from hedgetui.ui.widgets.grid_model import GridRow

SEPARATOR: Final = "\x1f"
"""Between the parts of a path; no name that came through `safe` has it."""
CARRIED: Final = "carried in"
UNLINKED: Final = "unlinked"

Path = tuple[str, ...]


def _right(key: str, title: str, width: int, priority: int) -> Column:
    return Column(key, title, width, "right", priority)


TAIL_COLUMNS: tuple[Column, ...] = (
    Column("name", "Account / order", 22, flex=True),
    Column("side", "Side", 4, priority=3),
    _right("size", "Size", 9, 2),
    _right("tail", "Tail/Hedged", 11, 0),
    _right("hm", "HM/Open", 15, 1),
    _right("pending", "Pending", 7, 6),
    Column("mode", "Mode/Status", 14, priority=4),
    _right("price", "Thr/Price", 9, 5),
    Column("age", "Age/When", 11, priority=7),
    _right("risk", "$ at risk", 9, 8),
    _right(UNLINKED, "Unlinked", 9, 9),
)
"""The last one is hidden at first; its hedges and TBD rows add up to the tail of their key."""


_AGE: Final = next(place for place, one in enumerate(TAIL_COLUMNS) if one.key == "age")
_BLANK, _NONE = Cell(""), Cell(NONE)


@lru_cache(maxsize=4_096)
def _count(value: int, tone: str = "", unit: str = "") -> Cell:
    """Return unsigned units as a cell; equal ones are one object, as there are many of them."""
    return Cell(words.count(value, unit), tone, value)


@lru_cache(maxsize=4_096)
def _price(value: float | None) -> Cell:
    return Cell(words.price(value), "", value)


@lru_cache(maxsize=1_024)
def _signed(units: int) -> Cell:
    return Cell(f"{units:+,}" if units else "0", "", units)


@lru_cache(maxsize=64)
def _plain(text: str, tone: str = "") -> Cell:
    return Cell(safe(text, 40), tone)


def path_of(key: str) -> Path:
    """Return the parts of a row's key: account, contract, hedge, cash."""
    return tuple(key.split(SEPARATOR))


def tail_key(row: TailRow) -> str:
    """Return the key of a row of the first level."""
    return SEPARATOR.join((row.account, row.contract))


def hedge_part(row: HedgeRow) -> str:
    """Return what names a hedge within its key; TBD has two, one for each side."""
    return f"{words.TBD}:{row.side}:" if words.is_tbd(row) else row.hedge_id


@dataclass(slots=True, eq=False)
class _Branch:
    """The rows below one key, as long as they hold."""

    hedges: tuple[HedgeRow, ...]
    about: tuple[object, ...]
    rows: tuple[GridRow, ...]
    made: dict[str, tuple[HedgeRow, GridRow]]
    """By path: the hedge and its row."""


_FACE = attrgetter(*(one.name for one in fields(TailRow) if one.name not in {"age_s", "hedges"}))
"""Everything that the cells of a key are made of, but its age."""


class TreeRows:
    """Makes the rows and keeps those that did not change."""

    def __init__(self) -> None:
        self._branches: dict[str, _Branch] = {}
        self._faces: dict[str, tuple[tuple[object, ...], tuple[Cell, ...]]] = {}

    def rows(
        self, view: TailsView, start: float | None, zone: str, icons: IconSet
    ) -> list[GridRow]:
        """Return the whole tree.

        Args:
            view: the tails.
            start: first moment of the look-back, where it is shorter than the desk's; else None.
            zone: of the times shown.
            icons: the alphabet.
        """
        found: dict[str, GridRow] = {}
        for row in view.rows:
            key = tail_key(row)
            if key not in found:  # each key once, whatever the desk says
                found[key] = GridRow(
                    key, self._cells(key, row, icons), self._below(key, row, start, zone, icons)
                )
        self._branches = {key: kept for key, kept in self._branches.items() if key in found}
        self._faces = {key: kept for key, kept in self._faces.items() if key in found}
        return list(found.values())

    def _cells(self, key: str, row: TailRow, icons: IconSet) -> tuple[Cell, ...]:
        """Return the cells of a key; when only time has passed, with another age."""
        face = (icons.name, _FACE(row))
        kept = self._faces.get(key)
        if kept is None or kept[0] != face:
            cells = tail_cells(row, icons)
            self._faces[key] = (face, cells)
            return cells
        cells = kept[1]
        return (*cells[:_AGE], _age(row), *cells[_AGE + 1 :])

    def _below(
        self, key: str, row: TailRow, start: float | None, zone: str, icons: IconSet
    ) -> tuple[GridRow, ...]:
        wording = (zone, row.contract_size, row.unit)
        about = (wording, start, icons.name, row.carried_in)
        kept = self._branches.get(key)
        if kept is not None and kept.hedges is row.hedges and kept.about == about:
            return kept.rows
        before = kept.made if kept is not None and kept.about[0] == wording else {}
        made: dict[str, tuple[HedgeRow, GridRow]] = {}
        hedges, carried = window(row, start)
        below: dict[str, GridRow] = {}
        if carried:
            path = f"{key}{SEPARATOR}{CARRIED}:"
            below[path] = GridRow(path, carried_cells(carried, icons), meaning="muted")
        for hedge in hedges:
            path = f"{key}{SEPARATOR}{hedge_part(hedge)}"
            if path not in below:
                one = before.get(path)
                if one is None or one[0] != hedge:
                    one = hedge, hedge_row(path, hedge, row, zone)
                made[path], below[path] = one, one[1]
        rows = tuple(below.values())
        self._branches[key] = _Branch(row.hedges, about, rows, made)
        return rows


def window(row: TailRow, start: float | None) -> tuple[tuple[HedgeRow, ...], int]:
    """Return the hedges that a look-back from `start` shows, and the units it carries in.

    What is open stays in sight however old it is: a look-back hides what is over, never a tail.
    """
    if start is None:
        return row.hedges, row.carried_in
    shown = tuple(hedge for hedge in row.hedges if _in_sight(hedge, start))
    carried = 0
    for hedge in row.hedges:
        if words.is_tbd(hedge):
            older = [cash for cash in hedge.cash if cash.at < start]
            carried += sum(words.sign_of(cash.side) * cash.unlinked for cash in older)
        elif hedge.at is not None and hedge.at < start:
            carried += words.sign_of(hedge.side) * hedge.open
    return shown, carried


def _in_sight(hedge: HedgeRow, start: float) -> bool:
    if hedge.open or hedge.working or hedge.at is None or hedge.at >= start:
        return True
    return any(cash.unlinked or cash.at >= start for cash in hedge.cash)


def tail_cells(row: TailRow, icons: IconSet) -> tuple[Cell, ...]:
    """Return the cells of an account and contract."""
    over = "warn" if words.is_over(row) else ""
    quiet = "" if row.tail or row.hm_unhedged else "muted"
    return (
        Cell(words.name(row), "strong" if not quiet else ""),
        _BLANK,
        Cell(words.count(row.contract_size, row.unit), "muted", row.contract_size),
        Cell(words.units(row.tail, icons), over or quiet, row.tail),
        Cell(hm_text(row, icons), "warn" if over or differs(row) else quiet, row.hm_unhedged),
        Cell(_pending(row.pending), "accent" if row.pending else "muted", row.pending),
        Cell(words.short_mode(safe(row.mode_words, 60)), words.mode_tone(row)),
        Cell(f"{row.threshold_pct}%", "muted" if row.mode == Mode.MANUAL else "",
             row.threshold_pct),
        _age(row),
        Cell(risk_text(row), "", row.at_risk),
        Cell(f"{row.tail:+,}" if row.tail else "0", "", row.tail),
    )  # fmt: skip


def _age(row: TailRow) -> Cell:
    return Cell(NONE if row.age_s is None else fmt.whole_age(row.age_s), "", row.age_s)


def differs(row: TailRow) -> bool:
    """Tell whether the hedge manager's balance is another than the tail computed here."""
    return row.hm_unhedged != row.tail


def hm_text(row: TailRow, icons: IconSet) -> str:
    """Return the balance at the hedge manager, with `≠` and the difference where there is one."""
    text = words.units(row.hm_unhedged, icons)
    return f"≠{row.hm_unhedged - row.tail:+,} {text}" if differs(row) else text


def risk_text(row: TailRow) -> str:
    """Return dollars at risk; `?` when the daily move is not known, `-` when nothing is open."""
    if not row.tail:
        return NONE
    return fmt.dollars(row.at_risk)


def _pending(units: int) -> str:
    return f"{units:+,}" if units else NONE


def carried_cells(carried: int, icons: IconSet) -> tuple[Cell, ...]:
    """Return the cells of the row that says how much of a tail is older than the look-back."""
    cells = [_BLANK] * len(TAIL_COLUMNS)
    cells[0] = Cell(CARRIED)
    cells[3] = Cell(words.units(carried, icons), "muted", carried)
    cells[6] = Cell("of the tail")
    return tuple(cells)


def hedge_row(path: str, hedge: HedgeRow, row: TailRow, zone: str) -> GridRow:
    """Return a hedge order, or TBD, with the cash below it."""
    tbd = words.is_tbd(hedge)
    below: dict[str, GridRow] = {}
    for cash in hedge.cash:
        key = f"{path}{SEPARATOR}{cash.cash_id}"
        if key not in below:
            below[key] = GridRow(key, cash_cells(cash, row, zone, tbd=tbd))
    cells = _tbd_cells(hedge, zone) if tbd else _hedge_cells(hedge, row, zone)
    meaning = "warn" if tbd else "muted" if hedge.older else ""
    return GridRow(path, cells, tuple(below.values()), meaning)


def _hedge_cells(hedge: HedgeRow, row: TailRow, zone: str) -> tuple[Cell, ...]:
    sign = words.sign_of(hedge.side)
    working = sign * hedge.working * row.contract_size
    return (
        Cell(safe(hedge.hedge_id, 40)),
        _plain(hedge.side),
        Cell(words.lots(hedge), "", hedge.lots),
        _count(hedge.units),
        _count(hedge.open, "warn" if hedge.open else "muted"),
        Cell(_pending(working), "accent", working) if working else _NONE,
        _plain(f"{hedge.state} {hedge.origin}".rstrip(), "accent" if hedge.working else ""),
        _price(hedge.price),
        Cell(words.when(hedge.at, zone), "", hedge.at),
        _BLANK,
        _signed(sign * hedge.open),
    )


def _tbd_cells(hedge: HedgeRow, zone: str) -> tuple[Cell, ...]:
    oldest = min((cash.at for cash in hedge.cash), default=hedge.at)
    return (
        Cell(words.tbd_words(hedge), "warn", words.TBD),
        _plain(hedge.side),
        _NONE,
        _NONE,
        _count(hedge.units, "warn"),
        _NONE,
        _plain("no hedge yet"),
        _NONE,
        Cell(words.when(oldest, zone), "", oldest),
        _BLANK,
        _signed(sum(words.sign_of(cash.side) * cash.unlinked for cash in hedge.cash)),
    )


def cash_cells(cash: CashRow, row: TailRow, zone: str, *, tbd: bool) -> tuple[Cell, ...]:
    """Return the cells of a cash order; what is unlinked counts under TBD only, so once."""
    return (
        Cell(safe(cash.cash_id, 40)),
        _plain(cash.side),
        _count(cash.size, "", row.unit),
        _count(cash.hedged, "" if cash.hedged else "muted"),
        _count(cash.unlinked, "warn" if cash.unlinked else "muted"),
        _BLANK,
        _plain("cash", "muted"),
        _price(cash.price),
        Cell(words.when(cash.at, zone), "", cash.at),
        _BLANK,
        _signed(words.sign_of(cash.side) * cash.unlinked) if tbd else _BLANK,
    )


def found(view: TailsView, key: str | None) -> tuple[TailRow | None, HedgeRow | CashRow | None]:
    """Return the key a row belongs to, and the hedge or cash order it shows, if any."""
    if key is None:
        return None, None
    path = path_of(key)
    account, contract = path[:2]
    row = next((one for one in view.rows if (one.account, one.contract) == (account, contract)),
               None)  # fmt: skip
    if row is None or len(path) < 3:
        return row, None
    hedge = next((one for one in row.hedges if hedge_part(one) == path[2]), None)
    if hedge is None or len(path) < 4:
        return row, hedge
    return row, next((one for one in hedge.cash if one.cash_id == path[3]), None)


def first_moment(now: float, days: int, desk_days: int, zone: str) -> float | None:
    """Return when a look-back of local days begins; None where it is the desk's own."""
    if days >= desk_days:
        return None
    where, _ = fmt.zone(zone)
    return look_back(Timestamp(now), days, where).start
