"""What stops opening: losses, stops in a row, news and the spread. Closing is never stopped.

Each rail is a sentence or nothing. What a rail needs and is not known counts as a reason to wait.
"""

from __future__ import annotations

from collections.abc import Sequence

from hedgetui.domain.dtms.calendar import NewsEvent, currencies_of, news_at
from hedgetui.domain.dtms.model import Rules
from hedgetui.domain.mt5.identity import is_ours
from hedgetui.domain.mt5.records import Account, Deal, DealEntry, DealReason, PositionId
from hedgetui.domain.units import SECONDS_PER_DAY, Seconds, Timestamp, iso_utc

_HOUR = 3_600.0
_CLOSING = frozenset({DealEntry.OUT, DealEntry.OUT_BY, DealEntry.INOUT})
_STOPS = frozenset({DealReason.STOP_LOSS, DealReason.STOP_OUT})


def day_start(now: Timestamp, server_offset: Seconds = Seconds(0.0)) -> Timestamp:
    """Return when the broker's present day began, UTC; `server_offset` is what its clock is ahead.

    Deals since then are what the rails need.
    """
    local = now + server_offset
    return Timestamp(local - local % SECONDS_PER_DAY - server_offset)


def money_rails(
    account: Account, deals: Sequence[Deal], now: Timestamp, rules: Rules
) -> tuple[str, ...]:
    """Return which losses of the day, the hour or in a row stop opening.

    The day's loss is what was booked plus what runs, the hour's is what was booked; both are shares
    of the balance with which the day began.

    Args:
        account: as it is now.
        deals: every deal of the account since the day began, oldest first.
        now: the moment.
        rules: the limits.
    """
    booked = sum(map(_result, deals))
    opening = account.balance - booked
    if opening <= 0:
        return ("the day's opening balance is not known",)
    words = []
    # Profits that only run do not make up for losses that are booked, and equity includes credit.
    day = booked + min(account.equity - account.balance, account.profit, 0.0)
    if day <= -rules.daily_loss * opening:
        words.append(_lost("today", day, opening, rules.daily_loss, account.currency))
    hour = sum(_result(deal) for deal in deals if deal.at > now - _HOUR)
    if hour <= -rules.hourly_loss * opening:
        words.append(_lost("in an hour", hour, opening, rules.hourly_loss, account.currency))
    stops = stops_in_a_row(deals)
    if stops >= rules.stops_in_a_row:
        words.append(f"{stops} stops in a row today")
    return tuple(words)


def stops_in_a_row(deals: Sequence[Deal]) -> int:
    """Return how many of the newest closed positions ended at a losing stop, one after the other.

    A hedge of ours is no trade of its own: that its stop is hit is good news for the trade.
    """
    results: dict[PositionId, float] = {}
    last: dict[PositionId, Deal] = {}
    hedges = {deal.position_id for deal in deals if _is_hedge(deal)}
    for deal in deals:
        if deal.position_id in hedges or not deal.position_id:
            continue
        results[deal.position_id] = results.get(deal.position_id, 0.0) + _result(deal)
        if deal.entry in _CLOSING:
            last[deal.position_id] = deal
    count = 0
    for deal in sorted(last.values(), key=lambda deal: (deal.at, deal.ticket), reverse=True):
        if deal.reason not in _STOPS or results[deal.position_id] >= 0:
            break
        count += 1
    return count


def news_rail(
    events: Sequence[NewsEvent],
    symbol: str,
    currency_profit: str,
    now: Timestamp,
    rules: Rules,
) -> str:
    """Return which release stops opening in a symbol; empty when none does."""
    event = news_at(events, currencies_of(symbol, currency_profit), now, rules)
    if event is None:
        return ""
    until = iso_utc(Timestamp(event.at + rules.news_after))[11:16]
    return f"news {event.currency or 'all'} {event.title}: nothing opens until {until} UTC"


def spread_rail(ratio: float | None, rules: Rules) -> str:
    """Return how the spread stops opening; `ratio` is to its median, None while not known."""
    if ratio is None:
        return "spread not known"
    if ratio <= rules.spread_limit:
        return ""
    return f"spread {ratio:.1f}× its median, limit {rules.spread_limit:.1f}×"


def _is_hedge(deal: Deal) -> bool:
    return deal.entry is DealEntry.IN and is_ours(deal.magic)


def _result(deal: Deal) -> float:
    return deal.profit + deal.commission + deal.swap


def _lost(when: str, amount: float, opening: float, limit: float, currency: str) -> str:
    return (
        f"lost {-amount:,.0f} {currency} {when}, {-amount / opening:.1%} of {opening:,.0f}, "
        f"limit {limit:.1%}"
    )
