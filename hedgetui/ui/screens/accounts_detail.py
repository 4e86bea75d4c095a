"""The chosen tail in a few lines: what is uncovered, what hedge-now offers, who covers which cash.

The first lines are about the key, the others tell the story of the row under the cursor: a cash
order with every hedge that covers it, a hedge with the cash it covers. Cards tell the same in full.
"""

from __future__ import annotations

from hedgetui.domain.tails.model import Mode, Proposal
from hedgetui.domain.text import safe
from hedgetui.ports.tails import CashRow, HedgeRow, TailRow
from hedgetui.ui import format as fmt
from hedgetui.ui.dialogs.base import fold
from hedgetui.ui.glyphs import IconSet
from hedgetui.ui.screens import accounts_text as words
from hedgetui.ui.screens.accounts_rows import differs
from hedgetui.ui.screens.spans import Line, fit
from hedgetui.ui.screens.status_text import ARROW, Look

MOST_ROWS = 6
NOT_BY_HAND = (
    "This key is hedged by rule, so it is no place for manual trading: "
    "what covers nothing counts, and the rule trades it back."
)


def detail_lines(
    row: TailRow, chosen: HedgeRow | CashRow | None, look: Look, width: int, height: int,
    now: float,
) -> list[Line]:  # fmt: skip
    """Return a tail and the chosen order in at most `height` lines of about `width` cells."""
    icons = look.icons
    head = [_head(row, icons, width)]
    story = _wrapped(story_words(row, chosen, look.zone, now), width, "strong") if chosen else []
    facts = [_offer_line(row, width)]
    for text, tone in _remarks(row):
        facts += _wrapped(text, width, tone)
    if chosen is None:
        facts += [line for text in _open_words(row, now) for line in _wrapped(text, width, "")]
    first, second = (story, facts) if chosen else (facts, [])
    return [*head, *first, *second][: max(0, min(height, MOST_ROWS))]


def _wrapped(text: str, width: int, tone: str) -> list[Line]:
    return [((f" {part}", tone),) for part in fold(text, max(8, width - 2))]


def _head(row: TailRow, icons: IconSet, width: int) -> Line:
    who: Line = ((f" {words.name(row)}", "strong"),)
    tone = "warn" if words.is_over(row) else "strong"
    tail: Line = ((f"  tail {words.units(row.tail, icons)} {safe(row.unit, 6)}", tone),)
    manager: Line = ()
    if differs(row):
        gap = f"{row.hm_unhedged - row.tail:+,}"
        manager = ((f" ≠ HM {words.units(row.hm_unhedged, icons)} ({gap})", "warn"),)
    mode: Line = ((f" · {safe(row.mode_words, 60)}", words.mode_tone(row)),)
    band: Line = ((f" · threshold ±{row.threshold:,} ({row.threshold_pct}%)", ""),)
    quote: Line = ((f" · {words.price(row.bid)}/{words.price(row.ask)}", "muted"),)
    age: Line = ()
    if row.age_s is not None:
        age = ((f" · oldest {words.age_days(row.age_s)}", ""),)
    return fit(
        [(*who, *tail, *manager, *mode, *band, *age, *quote),
         (*who, *tail, *manager, *mode, *band, *age), (*who, *tail, *manager, *mode, *band),
         (*who, *tail, *manager, *mode), (*who, *tail, *manager), (*who, *tail)],
        width,
    )  # fmt: skip


def _offer_line(row: TailRow, width: int) -> Line:
    """Return what hedge-now would place and what it leads to."""
    ready = words.offered(row)
    if ready is None:
        inside = f" offer now: nothing, {_e_words(row)} is within ±{row.threshold:,}"
        return fit([((inside, "muted"),), ((" offer now: nothing", "muted"),)], width)
    order = f"{ready.side} {ready.lots} {row.contract}{words.limit_words(row, ready.side)}"
    after = f" {ARROW} {ready.balance_after:+,}" if ready.balance_after else f" {ARROW} 0"
    ticks = row.ticks_into_market
    deep = f" ({ticks} tick{'' if ticks == 1 else 's'} into the market)" if ticks else ""
    base: Line = ((" offer now: ", ""), (safe(order, 60), "strong"), (after, ""))
    tail: Line = ((f" · {_who_sends(row, ready)}", "muted"),)
    return fit([(*base, (deep, "muted"), *tail), (*base, *tail), base], width)


def _e_words(row: TailRow) -> str:
    e = words.deciding(row)
    with_pending = f" with {row.pending:+,} pending" if row.pending else ""
    return f"{f'{e:+,}' if e else '0'}{with_pending}"


def _who_sends(row: TailRow, ready: Proposal) -> str:
    """Return whether the rule sends an offer by itself, or only a person does."""
    rule = words.due(row)
    if rule is None or rule.side is not ready.side:
        return "H previews it; the rule leaves it to you"
    waiting = words.mode_tone(row) == "warn"
    return "H previews it; the rule waits" if waiting else "the rule sends it; H previews it"


def _remarks(row: TailRow) -> list[tuple[str, str]]:
    """Return what else must be known of a key: offsets, old units, a refusal, hedges by hand."""
    found: list[tuple[str, str]] = []
    if row.note:
        found.append((safe(row.note, 200), "warn"))
    if row.offsets:
        looked = f"adjusted by {row.offsets:+,}: the rule looks at {row.hm_unhedged:+,}"
        found.append((f"{looked}, links leave {row.tail:+,}", ""))
    if row.carried_in:
        found.append((f"{row.carried_in:+,} of the tail is older than the look-back", "muted"))
    by_hand = any(hedge.open and hedge.origin != "hm" for hedge in row.hedges)
    if by_hand and row.mode != Mode.MANUAL:
        found.append((NOT_BY_HAND, "warn"))
    return found


def _open_words(row: TailRow, now: float) -> list[str]:
    """Return what a tail is made of: cash that nobody covers, and hedges that cover nothing."""
    tbd = [tbd_story(hedge, now) for hedge in row.hedges if words.is_tbd(hedge)]
    return [*tbd, *(hedge_words(hedge, row) for hedge in row.hedges if hedge.open)]


def story_words(row: TailRow, chosen: HedgeRow | CashRow | None, zone: str, now: float) -> str:
    """Return the story of one order in a sentence."""
    if isinstance(chosen, CashRow):
        return cash_words(row, chosen.cash_id, zone)
    if chosen is None:
        return ""
    return tbd_story(chosen, now) if words.is_tbd(chosen) else hedge_words(chosen, row)


def cash_words(row: TailRow, cash_id: str, zone: str) -> str:
    """Return `C1 BUY 6,000 bu @ 433'2 is covered 5,000 by H1, 1,000 by H4; nothing is open`."""
    cash, covered = words.cash_story(row, cash_id)
    if cash is None:
        return f"{safe(cash_id, 40)} is not there any more"
    made = f"{safe(cash_id, 40)} {cash.side} {words.count(cash.size, row.unit)}"
    made = f"{made} @ {words.price(cash.price)}"
    left = f"{cash.unlinked:,} open" if cash.unlinked else "nothing is open"
    parts = ", ".join(f"{size:,} by {safe(hedge, 40)}" for hedge, size in covered)
    unseen = cash.size - cash.unlinked - sum(size for _, size in covered)
    if unseen > 0:
        parts += f"{', ' if parts else ''}{unseen:,} by what is older or outright"
    at = f"{words.when(cash.at, zone)}"
    if not parts:
        return f"{made} of {at} is covered by nothing: {left}"
    return f"{made} of {at} is covered {parts}; {left}"


def hedge_words(hedge: HedgeRow, row: TailRow) -> str:
    """Return `H4 SELL 1 lot (5,000 bu) covers C4 2,000, C1 1,000; 2,000 cover nothing`."""
    made = f"{safe(hedge.hedge_id, 40)} {hedge.side} {words.lots(hedge)}"
    size = words.count(hedge.units, row.unit)
    covered = ", ".join(f"{safe(cash.cash_id, 40)} {cash.hedged:,}" for cash in hedge.cash)
    parts = [f"{made} ({size}) covers {covered or 'no cash'}"]
    if hedge.open:
        parts.append(f"{hedge.open:,} cover nothing (outright), later cash may take them")
    if hedge.working:
        parts.append(f"{hedge.working} working")
    return "; ".join(parts)


def tbd_story(hedge: HedgeRow, now: float) -> str:
    """Return `TBD · sells 1,000: C1 1,000 is covered by nobody, for 13 days`."""
    open_cash = ", ".join(f"{safe(cash.cash_id, 40)} {cash.unlinked:,}" for cash in hedge.cash)
    oldest = min((cash.at for cash in hedge.cash), default=None)
    age = "" if oldest is None else f", for {words.age_days(now - oldest)}"
    return f"{words.tbd_words(hedge)}: nobody covers {open_cash or 'it'}{age}"


def tail_card(row: TailRow, zone: str, icons: IconSet, now: float) -> list[tuple[str, str]]:
    """Return everything known of a key, for the details card."""
    ready = words.offered(row)
    offer = "nothing" if ready is None else (
        f"{ready.side} {ready.lots}{words.limit_words(row, ready.side)} {ARROW} "
        f"{ready.balance_after:+,}"
    )  # fmt: skip
    pairs = [
        ("tail", f"{words.units(row.tail, icons)} {row.unit}"),
        ("HM unhedged", f"{words.units(row.hm_unhedged, icons)}, adjusted by {row.offsets:+,}"),
        ("pending", f"{row.pending:+,}" if row.pending else words.NONE),
        ("mode", row.mode_words),
        ("threshold", f"{row.threshold:,} {row.unit}, {row.threshold_pct}% of a contract"),
        ("into market", f"{row.ticks_into_market} ticks"),
        ("oldest open", words.NONE if row.age_s is None else words.age_days(row.age_s)),
        ("$ at risk", fmt.dollars(row.at_risk) if row.tail else words.NONE),
        ("bid, ask", f"{words.price(row.bid)}, {words.price(row.ask)}"),
        ("offer now", offer),
        ("rule sends", row.proposal or "nothing"),
        ("carried in", f"{row.carried_in:+,}" if row.carried_in else words.NONE),
    ]  # fmt: skip
    pairs += [("note", text) for text, _ in _remarks(row)]
    for hedge in row.hedges:
        story = tbd_story(hedge, now) if words.is_tbd(hedge) else hedge_words(hedge, row)
        pairs.append((words.when(hedge.at, zone), story))
    return pairs


def order_card(
    row: TailRow, chosen: HedgeRow | CashRow, zone: str, now: float
) -> list[tuple[str, str]]:
    """Return everything known of one order, for the details card."""
    story = story_words(row, chosen, zone, now)
    if isinstance(chosen, CashRow):
        return [("side", chosen.side), ("size", words.count(chosen.size, row.unit)),
                ("price", words.price(chosen.price)), ("made", words.when(chosen.at, zone)),
                ("unlinked", words.count(chosen.unlinked, row.unit)), ("links", story)]  # fmt: skip
    pairs = [("side", chosen.side), ("state", chosen.state),
             ("lots", words.lots(chosen)), ("units", words.count(chosen.units, row.unit)),
             ("open", words.count(chosen.open, row.unit)), ("price", words.price(chosen.price)),
             ("origin", chosen.origin or words.NONE), ("made", words.when(chosen.at, zone)),
             ("links", story)]  # fmt: skip
    covered = [(safe(one.cash_id, 13), cash_words(row, one.cash_id, zone)) for one in chosen.cash]
    return [*pairs, *covered]
