"""The lines of the Accounts screen that are about all tails, and the words of one of them.

Units are whole and signed: plus is cash that nobody covers. A suspended instance is said on every
screen, because hedging that has stopped in silence is a risk as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain

from hedgetui.domain.errors import DataError
from hedgetui.domain.orders import Side
from hedgetui.domain.tails.contracts import GRAINS, price_words, terms
from hedgetui.domain.tails.model import Mode, Policy, Proposal
from hedgetui.domain.tails.rules import limit_price, offer, propose
from hedgetui.domain.text import safe
from hedgetui.ports.tails import CashRow, HedgeRow, TailRow, TailsView
from hedgetui.ui import format as fmt
from hedgetui.ui.dialogs.base import fold
from hedgetui.ui.glyphs import IconSet
from hedgetui.ui.screens.spans import Line, fit, join

TBD = "TBD"
NONE = "-"
"""There is none, and there need not be one."""
SUSPENDED, OFFLINE = "suspended", "offline"
_DAY_S = 86_400.0


def is_tbd(row: HedgeRow) -> bool:
    """Tell whether a row stands for a hedge that is still to be made."""
    return row.hedge_id == TBD and row.lots is None


def sign_of(side: str) -> int:
    """Return +1 for BUY, -1 for SELL."""
    return 1 if side == Side.BUY else -1


def deciding(row: TailRow) -> int:
    """Return E, the units that the rule looks at: offsets and working hedges included."""
    return row.hm_unhedged + row.pending


def is_over(row: TailRow) -> bool:
    """Tell whether a tail has reached its threshold, whoever may hedge it."""
    return row.threshold > 0 and abs(deciding(row)) >= row.threshold


def unattended(view: TailsView) -> frozenset[tuple[str, str]]:
    """Return account and contract of tails over their threshold that no rule hedges."""
    stopped = view.instance == SUSPENDED
    return frozenset(
        (row.account, row.contract)
        for row in view.rows
        if is_over(row) and (stopped or due(row) is None)
    )


def policy_of(row: TailRow, mode: str = "", pct: int | None = None) -> Policy | None:
    """Return how a tail is hedged, or would be; None where the mode is not known here."""
    try:
        chosen = Mode(mode or row.mode)
    except ValueError:
        return None
    return Policy(chosen, row.threshold_pct if pct is None else pct, row.ticks_into_market)


def due(row: TailRow, units: int = 0, mode: str = "", pct: int | None = None) -> Proposal | None:
    """Return what the rule would place after `units` more, with another mode if one is given."""
    policy = policy_of(row, mode, pct)
    if policy is None or row.contract_size <= 0:
        return None
    return propose(deciding(row) + units, row.contract_size, policy)


def offered(row: TailRow) -> Proposal | None:
    """Return what hedge-now would propose, whatever the mode."""
    policy = policy_of(row, Mode.MANUAL)
    if policy is None or row.contract_size <= 0:
        return None
    return offer(deciding(row), row.contract_size, policy)


def limit_words(row: TailRow, side: Side) -> str:
    """Return ` @ 433'2`, the limit of a hedge, or that there is no price."""
    if row.bid is None or row.ask is None or not (fmt.known(row.bid) and fmt.known(row.ask)):
        return " @ ? (no price)"
    try:
        tick = terms(row.contract).tick
    except DataError:
        return ""
    bid, ask = exact(row.bid), exact(row.ask)
    return f" @ {price(float(limit_price(side, bid, ask, tick, row.ticks_into_market)))}"


def exact(value: float) -> Decimal:
    """Return a price as it is written."""
    return Decimal(str(value))


def price(value: float | None) -> str:
    """Return a price in cents as the trade writes it, `433'2`; `?` when it is not known."""
    return price_words(value) if value is not None and fmt.known(value) else fmt.UNKNOWN


def units(value: int, icons: IconSet) -> str:
    """Return signed units with their direction: `▲+1,000`; 0 has none."""
    return fmt.pnl(float(value), icons)


def count(value: int, unit: str = "") -> str:
    """Return unsigned units: `16,000 bu`."""
    return f"{value:,} {safe(unit, 6)}".rstrip()


def lots(row: HedgeRow) -> str:
    """Return `3 lots`, or `1/3 lots` while some are not done; nothing for TBD."""
    if row.lots is None:
        return NONE
    size = f"{row.lots}" if row.filled == row.lots else f"{row.filled}/{row.lots}"
    return f"{size} lot{'' if row.lots == 1 else 's'}"


def when(at: float | None, zone: str) -> str:
    """Return `11-14 08:11` in a zone, or dashes."""
    if at is None or not fmt.known(at):
        return "--"
    where, _ = fmt.zone(zone)
    return datetime.fromtimestamp(at, where).strftime("%m-%d %H:%M")


def name(row: TailRow) -> str:
    """Return account and contract."""
    return f"{safe(row.account, 20)} {safe(row.contract, 12)}"


def tbd_words(row: HedgeRow) -> str:
    """Return `TBD · sells 1,000`."""
    return f"{TBD} · {'sells' if row.side == Side.SELL else 'buys'} {row.units:,}"


def short_mode(words: str) -> str:
    """Return a mode without the reason it waits for: `Auto (waiting)`."""
    head, colon, _ = words.partition(":")
    return f"{head})" if colon and "(" in head else head


def mode_tone(row: TailRow) -> str:
    """Return the tone of a mode: what holds hedges back stands out."""
    words = row.mode_words.casefold()
    if SUSPENDED in words or "wait" in words:
        return "warn"
    return "muted" if row.mode == Mode.MANUAL else ""


def strip_line(view: TailsView, days: int, width: int) -> Line:
    """Return look-back, counts of accounts, TBD rows and broken thresholds, and the instance."""
    accounts = len({row.account for row in view.rows})
    tbd = sum(map(is_tbd, chain.from_iterable(row.hedges for row in view.rows)))
    over = sum(map(is_over, view.rows))
    state = _instance(view)
    look: Line = ((f"Look-back {days} day{'' if days == 1 else 's'} (, .)", ""),)
    short: Line = ((f"{days} d", ""),)
    who: Line = ((f"accounts {accounts}", ""),)
    waiting: Line = ((f"TBD {tbd}", "warn" if tbd else ""),)
    broken: Line = ((f"over threshold {over}", "warn" if over else ""),)
    keys: Line = (("O adjust · H offer now", "muted"),)
    rows = [(state, look, who, waiting, broken, keys), (state, look, who, waiting, broken),
            (state, look, waiting, broken), (state, short, waiting, broken), (state, broken),
            (state,)]  # fmt: skip
    return fit([((" ", ""), *join(row, "   ")) for row in rows], width)


def _instance(view: TailsView) -> Line:
    tone = {"online": "strong", SUSPENDED: "alarm", OFFLINE: "warn"}.get(view.instance, "unknown")
    return ((safe(view.instance, 12).upper(), tone),)


def note_line(view: TailsView, chips: Sequence[str], width: int) -> Line:
    """Return why nothing can be sent, or what a resume would send; filter and order."""
    why: Line = ()
    if view.instance not in {"online", SUSPENDED} and view.instance_why:  # the banner has those
        why = ((f"{safe(view.instance, 12)}: {safe(view.instance_why, 120)}", "warn"),)
    later: Line = ()
    if view.catch_up:
        orders = "; ".join(safe(one, 60) for one in view.catch_up)
        later = ((f"V resumes and sends {orders}", "warn"),)
    many: Line = ((f"V resumes and sends {len(view.catch_up)} orders", "warn"),) if later else ()
    chosen: Line = (("  ".join(safe(chip, 40) for chip in chips), "muted"),) if chips else ()
    rows = [(why, later, chosen), (why, many, chosen), (many or why, chosen), (many or why,)]
    return fit([((" ", ""), *join(row, " · ")) for row in rows], width)


def empty_lines(view: TailsView, width: int) -> list[Line]:
    """Return why there is no tail to show and what to do about it."""
    words = "No cash order yet. C enters one; `hedgetui accounts import FILE` reads many."
    if view.instance == OFFLINE and view.instance_why:
        words = f"{words} Hedging is offline: {view.instance_why}."
    symbols = ", ".join(f"{one.symbol} ({one.name})" for one in GRAINS.values())
    names = f"Contracts are named as ZC 202512 or ZCZ25: {symbols}."
    room = max(10, width - 2)
    rows = [*fold(safe(words), room), *fold(names, room)]
    return [((f" {row}", "muted"),) for row in rows]


def cash_story(row: TailRow, cash_id: str) -> tuple[CashRow | None, list[tuple[str, int]]]:
    """Return a cash order and what covers it, oldest hedge first, as (hedge, units)."""
    found: CashRow | None = None
    covered: list[tuple[str, int, float]] = []
    for hedge in row.hedges:
        for cash in hedge.cash:
            if cash.cash_id == cash_id:
                found = found or cash
                if cash.hedged:
                    at = 0.0 if hedge.at is None else float(hedge.at)
                    covered.append((hedge.hedge_id, cash.hedged, at))
    return found, [(hedge, size) for hedge, size, _ in sorted(covered, key=lambda one: one[2])]


def age_days(seconds: float | None) -> str:
    """Return `13 days`, or hours and less of what is younger than two days."""
    if seconds is None or not fmt.known(seconds):
        return fmt.UNKNOWN
    return f"{int(seconds // _DAY_S)} days" if seconds >= 2 * _DAY_S else fmt.whole_age(seconds)


def tails_cautions(view: TailsView) -> tuple[str, ...]:
    """Return what the other screens must know of the tails: that hedging is suspended."""
    if view.instance != SUSPENDED:
        return ()
    why = f": {safe(view.instance_why, 80)}" if view.instance_why else ""
    return (f"TAILS SUSPENDED{why} (4: accounts)",)
