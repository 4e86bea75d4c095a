"""The words of the status row, the banner and the want-have line, from one snapshot.

These lines answer the questions a hedger asks first: which world is this, how far is the book from
neutral, what would be sent, may it be sent, and is what I see fresh. Everything foreign passes
`safe`; what is unknown reads `?`.
"""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.domain.text import safe
from hedgetui.ports.desk import BookView, DeskSnapshot, StatusView
from hedgetui.ui import format as fmt
from hedgetui.ui.glyphs import IconSet
from hedgetui.ui.screens.accounts_text import tails_cautions
from hedgetui.ui.screens.dtms_text import defence_alarms, defence_cautions, has_mt5
from hedgetui.ui.screens.spans import Line, fit, join
from hedgetui.ui.widgets.meanings import Fragment

STALE_GREEKS_S = 15.0
STALE_QUOTE_S = 5.0
ARROW = "→"
DEGRADED = "degraded"
PASSING = frozenset({"connecting", "syncing"})
"""States of the link that end by themselves."""

_BETWEEN = " · "
_WORTH_CUTTING = 20
"""Fewer characters of a note than this say nothing."""


@dataclass(frozen=True, slots=True)
class Look:
    """What words depend on besides the snapshot."""

    icons: IconSet
    zone: str

    def badge(self, mode: str) -> str:
        """Return a mode's shape and word; a mode without one keeps its word."""
        badges = {
            "SIM": self.icons.badge_sim,
            "PAPER": self.icons.badge_paper,
            "LIVE": self.icons.badge_live,
        }
        return badges.get(mode) or safe(mode, 8)

    def check(self, *, ok: bool) -> str:
        """Return the sign of a check."""
        return self.icons.tick if ok else self.icons.cross


LEVEL_TONES: dict[str, str] = {"green": "pos", "yellow": "warn", "red": "alarm", "unknown": "stale"}


def status_line(snapshot: DeskSnapshot, look: Look, width: int, *, clock: bool = True) -> Line:
    """Return the status row, as rich as `width` allows; mode, Δ and AUTO stay longest."""
    status, book = snapshot.status, snapshot.book
    mode = _mode(status, look)
    account: Line = ((f" {fmt.account(safe(status.account, 20))}", "strong"),)
    time = f"{fmt.clock(status.now, look.zone)} " if clock else ""
    zone = fmt.zone_label(status.now, look.zone) if clock else ""
    long_clock: Line = ((f"{safe(status.session, 8)} {time}{zone}".rstrip(), ""),)
    short_clock: Line = ((time.strip() or safe(status.session, 8), ""),)
    profit, short_profit = _profit(status, look, "$"), _profit(status, look, "")
    switches, tiny_switches = _switches(status), _switches(status, short=True)
    links = [link_chips(snapshot, look, detail) for detail in (2, 1, 0)]
    delta = [net_delta(book, look, detail) for detail in (2, 1, 0)]
    rows = [
        ((*mode, *account), links[0], delta[0], profit, switches, long_clock),
        ((*mode, *account), links[1], delta[1], short_profit, switches, long_clock),
        (mode, links[1], delta[1], short_profit, switches, short_clock),
        (mode, links[2], delta[1], short_profit, switches, short_clock),
        (mode, links[2], delta[1], short_profit, tiny_switches, short_clock),
        (mode, links[2], delta[1], tiny_switches, short_clock),
        (mode, links[2], delta[1], tiny_switches),
        (mode, delta[1], tiny_switches),
        (mode, delta[0]),
        (mode, delta[2]),
    ]
    return fit([((" ", ""), *join(row, look.icons.separator)) for row in rows], width)


def _mode(status: StatusView, look: Look) -> Line:
    return ((look.badge(status.mode), status.mode.lower()),)


def net_delta(book: BookView, look: Look, detail: int) -> Line:
    """Return `Δ -11.0 (±10) ▲ HEDGE BUY 2 MES`; the order only where the band is broken."""
    tone = LEVEL_TONES.get(book.level, "stale")
    text = fmt.estimated(fmt.signed(book.net_delta), look.icons, is_estimate=book.estimated)
    if greeks_stale(book):
        text += "~"
    parts: list[Fragment] = [(f"Δ {text}", tone)]
    if detail >= 1:
        parts.append((f" (±{book.band:g})", ""))
    if book.order and book.level == "red":
        verb = " HEDGE" if detail >= 2 else ""
        order = safe(book.order, 24)
        parts.append((f" {look.icons.up}{verb} {order}", tone))
    return tuple(parts)


def greeks_stale(book: BookView) -> bool:
    """Tell whether the net delta rests on old greeks."""
    return book.greeks_age_s is not None and book.greeks_age_s > STALE_GREEKS_S


def link_chips(snapshot: DeskSnapshot, look: Look, detail: int) -> Line:
    """Return `link ✓ 12ms`, or `IB ✓ 12ms MT5 ✓ 31ms` where the profile has an MT5."""
    status, view = snapshot.status, snapshot.defence
    if not has_mt5(view):
        return link_chip("link", status.link, status.latency_ms, look, detail)
    first = link_chip("IB", status.link, status.latency_ms, look, detail)
    return (*first, (" ", ""), *link_chip("MT5", view.mt5.link, view.mt5.latency_ms, look, detail))


def link_chip(name: str, link: str, latency_ms: float | None, look: Look, detail: int) -> Line:
    """Return `link ✓ 12ms`, `link ⚠ DEGRADED`, `link … syncing` or `link ✗ DOWN`.

    `detail` shortens a link that is well; one that is not always says its state in a word.
    """
    if link == "ready":
        if detail == 0:
            return ((f"{name}{look.icons.tick}", "pos"),)
        late = f" {latency_ms:.0f}ms" if latency_ms is not None and fmt.known(latency_ms) else ""
        return ((f"{name} {look.icons.tick}{late}", "pos"),)
    if link in PASSING:
        return ((f"{name} {look.icons.ellipsis} {link}", "warn"),)
    if link == DEGRADED:
        return ((f"{name} {look.icons.warn} {DEGRADED.upper()}", "warn"),)
    return ((f"{name} {look.icons.cross} {safe(link, 12).upper()}", "down"),)


def _profit(status: StatusView, look: Look, sign: str) -> Line:
    text = fmt.pnl(status.net_pnl, look.icons)
    if sign and text[-1:].isdigit() and len(text) > 2 and text[1] in "+-":
        text = f"{text[:2]}{sign}{text[2:]}"
    return (("P&L ", ""), (text, fmt.tone(status.net_pnl)))


def _switches(status: StatusView, *, short: bool = False) -> Line:
    if short:
        auto, arm = ("A+" if status.auto else "A-"), ("ARMED" if status.armed else "safe")
        return ((auto, "strong" if status.auto else ""), (f" {arm}", _armed_tone(status)))
    auto = "AUTO ON" if status.auto else "AUTO off"
    arm = "ARMED" if status.armed else "ARM off"
    return ((auto, "strong" if status.auto else ""), (f" {arm}", _armed_tone(status)))


def _armed_tone(status: StatusView) -> str:
    return "warn" if status.armed else ""


def want_line(book: BookView, status: StatusView, look: Look, width: int) -> Line:
    """Return `want -6 MES, have -4 → SELL 2 MES · auto off · last 09:30:02 · MES 6031.25 0.4s`."""
    core = _want(book)
    auto: Line = (("auto ON" if status.auto else "auto off", ""),)
    blocked: Line = ((safe(book.blocked, 70), "alarm"),) if book.blocked else ()
    short: Line = ((safe(book.blocked, 34), "alarm"),) if book.blocked else ()
    last: Line = ((f"last {fmt.clock(book.last_hedge_at, look.zone)}", ""),)
    if book.last_hedge_at is None:
        last = (("no hedge yet", "muted"),)
    quote = _quote(book)
    age: Line = ((f"greeks {fmt.age(book.greeks_age_s)}", "stale" if greeks_stale(book) else ""),)
    between = " · "
    rows = [
        (core, blocked or auto, last, quote, age),
        (core, blocked or auto, quote, age),
        (core, blocked or auto, quote),
        (core, short or auto, age),
        (core, short or auto),
        (core,),
    ]
    return fit([((" ", ""), *join(row, between)) for row in rows], width)


def _want(book: BookView) -> Line:
    have = f"have {book.hedge_contracts:+d} MES" if book.hedge_contracts else "have 0 MES"
    working = f" (working {book.hedge_working:+d})" if book.hedge_working else ""
    if not book.order:
        word = "net unknown" if book.net_delta is None else "nothing to send"
        return ((f"{have}{working}", ""), (f" {ARROW} {word}", "muted"))
    order = safe(book.order, 24)
    change = _order_size(book.order)
    want = (
        "" if change is None else f"want {book.hedge_contracts + book.hedge_working + change:+d}, "
    )
    tone = LEVEL_TONES.get(book.level, "")
    return ((f"{want}{have}{working}", ""), (f" {ARROW} {order}", tone or "strong"))


def _order_size(order: str) -> int | None:
    """Return the signed contracts of `BUY 2 MES`, or None for another wording."""
    words = order.split()
    if len(words) < 2 or words[0] not in {"BUY", "SELL"} or not words[1].isdigit():
        return None
    return int(words[1]) if words[0] == "BUY" else -int(words[1])


def _quote(book: BookView) -> Line:
    if book.hedge_bid is None or book.hedge_ask is None:
        return ((f"{safe(book.hedge_month, 12) or 'MES'} no quote", "stale"),)
    stale = book.hedge_age_s is None or book.hedge_age_s > STALE_QUOTE_S
    text = f"{safe(book.hedge_month, 12)} {book.hedge_bid:.2f}/{book.hedge_ask:.2f}"
    return (
        (f"{text} {fmt.age(book.hedge_age_s)}{'~' if stale else ''}", "stale" if stale else ""),
    )


def market_line(book: BookView, width: int) -> Line:
    """Return ` book  MES 202512 6031.25/6031.50 0.2s · vega +90.7 · theta -21.1 · gamma +0.42`."""
    vega = f" · vega {fmt.signed(book.vega)}"
    theta = f" · theta {fmt.signed(book.theta)}"
    gamma = f" · gamma {fmt.signed(book.gamma, 2)}"
    head: Line = ((" book  ", "muted"), *_quote(book))
    if book.theory_band is not None:
        head = (*head, (f" · band {book.band:.1f}, theory {book.theory_band:.1f}", ""))
    rows = [vega + theta + gamma, vega + theta, vega, ""]
    return fit([(*head, (greeks, "")) for greeks in rows], width)


def alarms(snapshot: DeskSnapshot) -> tuple[str, ...]:
    """Return what must never be out of sight, worst first."""
    status, book = snapshot.status, snapshot.book
    rows = [f"FROZEN {safe(reason, 80)} (b: release)" for reason in status.latches]
    if status.unknown_orders:
        count = status.unknown_orders
        rows.append(f"{count} ORDER{'S' if count > 1 else ''} UNKNOWN: may be filled, R reconciles")
    if status.link not in {"ready", DEGRADED, *PASSING}:
        rows.append(_link_note(snapshot))
    if status.log_failed:
        rows.append(f"LOG NOT WRITTEN: {safe(status.log_failed, 80)}")
    if status.session == "HALT":
        rows.append(f"HALT {safe(status.venue_reason, 80)}: unhedgeable")
    if book.roll_note:
        rows.append(f"ROLL {safe(book.roll_note, 80)} (M: roll)")
    return (*rows, *defence_alarms(snapshot.defence))


def cautions(snapshot: DeskSnapshot) -> tuple[str, ...]:
    """Return what holds orders back for now: a link that stands and must not be traded on."""
    link = (_link_note(snapshot),) if snapshot.status.link in {DEGRADED, *PASSING} else ()
    return (*link, *tails_cautions(snapshot.tails), *defence_cautions(snapshot.defence))


def _link_note(snapshot: DeskSnapshot) -> str:
    """Return `LINK DEGRADED: data farm usfuture is broken (7: health)`."""
    status = snapshot.status
    reasons = snapshot.health.reasons or ((status.link_reason,) if status.link_reason else ())
    why = f": {safe('; '.join(reasons), 120)}" if reasons else ""
    return f"LINK {safe(status.link, 12).upper()}{why} (7: health)"


def banner_line(notes: tuple[str, ...], width: int) -> Line:
    """Return the banner: the first note, as much of the next as fits, and how many are missing."""
    if not notes:
        return ()
    room = max(4, width - 2 - len(_more(len(notes) - 1)))
    text, shown = _cut(notes[0], room), 1
    for note in notes[1:]:
        room = width - 2 - len(text) - len(_BETWEEN) - len(_more(len(notes) - shown - 1))
        if room < min(len(note), _WORTH_CUTTING):
            break
        text, shown = f"{text}{_BETWEEN}{_cut(note, room)}", shown + 1
    return ((f" {text}{_more(len(notes) - shown)} ".ljust(width), ""),)


def _more(count: int) -> str:
    return f" (+{count})" if count else ""


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"
