"""News that moves a currency: nothing is opened around a release.

The calendar is a file of the trader's: `time,currency,title`, a line for each release. An empty
currency means every symbol.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from hedgetui.domain.dtms.model import Rules
from hedgetui.domain.errors import DataError
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp

_COLUMNS = ("time", "currency", "title")
_CURRENCIES = frozenset(
    {
        "AUD", "BRL", "CAD", "CHF", "CNH", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS",
        "INR", "JPY", "KRW", "MXN", "NOK", "NZD", "PLN", "RUB", "SEK", "SGD", "THB", "TRY", "TWD",
        "USD", "ZAR",
    }
)  # fmt: skip
_INDICES = {
    "US": "USD", "SPX": "USD", "NAS": "USD", "NDX": "USD", "DJ": "USD", "WS": "USD", "RUS": "USD",
    "SP": "USD", "DE": "EUR", "GER": "EUR", "DAX": "EUR", "FRA": "EUR", "FR": "EUR", "CAC": "EUR",
    "EU": "EUR", "STOXX": "EUR", "ESP": "EUR", "ES": "EUR", "IT": "EUR", "NL": "EUR", "UK": "GBP",
    "FTSE": "GBP", "JP": "JPY", "NIK": "JPY", "JPN": "JPY", "AUS": "AUD", "AU": "AUD",
    "HK": "HKD", "CH": "CHF", "SWI": "CHF", "CA": "CAD",
}  # fmt: skip
_CODE = 3


@dataclass(frozen=True, slots=True)
class NewsEvent:
    """A release that moves a currency; nothing is opened around it."""

    at: Timestamp
    currency: str
    """`USD`; empty for every symbol."""
    title: str


def read_calendar(lines: Iterable[str], name: str, zone: tzinfo = UTC) -> tuple[NewsEvent, ...]:
    """Read a calendar, oldest first; times without an offset are in `zone`.

    Args:
        lines: the file, its heading first.
        name: how messages call the file.
        zone: of times that do not say theirs.

    Raises:
        DataError: a line cannot be read; the message names it.
    """
    rows = csv.reader(lines)
    heading = [cell.strip().lower() for cell in next(rows, [])]
    missing = [column for column in _COLUMNS if column not in heading]
    if missing:
        raise DataError(
            f"{name}: line 1 lacks the column {missing[0]!r}",
            hint="the heading is time,currency,title",
        )
    places = tuple(heading.index(column) for column in _COLUMNS)
    events = [
        _event(row, places, f"{name}: line {rows.line_num}", zone) for row in rows if any(row)
    ]
    return tuple(sorted(events, key=lambda event: event.at))


def news_at(
    events: Sequence[NewsEvent], currencies: frozenset[str], now: Timestamp, rules: Rules
) -> NewsEvent | None:
    """Return the release whose blackout holds at `now`; the nearest in time if there are more."""
    near = [
        event
        for event in events
        if event.at - rules.news_before <= now <= event.at + rules.news_after
        and (not event.currency or event.currency in currencies)
    ]
    return min(near, key=lambda event: abs(event.at - now), default=None)


def currencies_of(symbol: str, currency_profit: str = "") -> frozenset[str]:
    """Return the currencies whose news moves a symbol.

    `EURUSD.m` → EUR and USD, `XAUUSD` and `BTCUSD` → USD, `US500` → USD; the symbol's currency of
    profit is always one of them.
    """
    letters = "".join(char for char in symbol.upper() if char.isalpha())
    found = {code for code in (letters[:_CODE], letters[_CODE : 2 * _CODE]) if code in _CURRENCIES}
    if not found and any(char.isdigit() for char in symbol):
        stem = symbol.upper()[: next(n for n, char in enumerate(symbol) if char.isdigit())]
        found = {money for prefix, money in _INDICES.items() if stem == prefix}
    if currency_profit.upper() in _CURRENCIES:
        found.add(currency_profit.upper())
    return frozenset(found)


def _event(row: list[str], places: tuple[int, ...], where: str, zone: tzinfo) -> NewsEvent:
    if len(row) <= max(places):
        raise DataError(f"{where} has {len(row)} cells, at least {max(places) + 1} are needed")
    time, currency, title = (row[place].strip() for place in places)
    try:
        moment = datetime.fromisoformat(time)
    except ValueError as error:
        raise DataError(
            f"{where}: {safe(time, 40)!r} is not a time", hint="write 2025-06-18T18:00"
        ) from error
    if currency and (len(currency) != _CODE or not currency.isalpha()):
        raise DataError(f"{where}: {safe(currency, 20)!r} is not a currency", hint="USD, EUR, …")
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return NewsEvent(Timestamp(aware.timestamp()), currency.upper(), safe(title))
