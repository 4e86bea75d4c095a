"""The positions of an MT5 account as lines of the portfolio.

A lot is `contract size` units of what the symbol names. A pair of currencies, metals or coins is
that pair, whatever a broker writes behind its name; everything else that MT5 trades is a contract
for difference and counts by its sign, as a future does: it binds no capital.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hedgetui.domain.balance.positions import Kind, Position, is_vol
from hedgetui.domain.balance.symbols import is_pair
from hedgetui.domain.units import Seconds, Timestamp
from hedgetui.ports.dtms import DefenceView, TerminalLine
from hedgetui.ports.portfolio import Holding

_PAIR = 6
_DOLLARS = frozenset({"USD", "USDT", ""})
_BUY = "BUY"
_OLD = Seconds(180.0)
"""The terminal is read every 30 seconds; a look this old was not followed by another one."""
_SUFFIX = re.compile(r"[.#_\-][A-Z0-9]{0,6}$")


@dataclass(frozen=True, slots=True)
class TerminalBook:
    """What an account at a terminal holds; `held` is none while nobody knows."""

    name: str
    held: tuple[Holding, ...] | None
    nav: float | None
    at: Timestamp | None
    problem: str = ""


def read_terminal(view: DefenceView, now: Timestamp, vol: Sequence[str]) -> TerminalBook | None:
    """Return the lines of the MT5 account, none for a desk without one."""
    if view.mt5.link == "off":
        return None
    name = f"MT5 {view.mt5.login}".strip()
    if view.held is None:
        why = view.mt5.reason or view.frozen or view.mt5.link
        return TerminalBook(name, None, None, None, f"positions are not known: {why}")
    problem = ""
    if view.held_at is not None and now - view.held_at > _OLD:
        problem = f"positions are {(now - view.held_at) / 60:.0f} min old"
    held = tuple(Holding(_position(one, name, vol)) for one in view.held)
    nav = view.mt5.equity if view.mt5.currency in _DOLLARS else None
    return TerminalBook(name, held, nav, view.held_at, problem)


def _position(one: TerminalLine, source: str, vol: Sequence[str]) -> Position:
    symbol = one.symbol.upper()
    pair = symbol[:_PAIR] if is_pair(symbol[:_PAIR]) else ""
    name = pair or _SUFFIX.sub("", symbol) or symbol
    kind = Kind.FX if pair else Kind.VOL if is_vol(name, vol) else Kind.FUTURE
    dollars = bool(pair) or one.currency in _DOLLARS
    return Position(
        symbol=symbol,
        underlying=name,
        kind=kind,
        quantity=one.volume if one.side == _BUY else -one.volume,
        multiplier=one.contract_size if dollars else None,
        price=one.price,
        spot=one.price,
        source=source,
    )
