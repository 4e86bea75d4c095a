"""A world of the MT5 broker as data: account, symbols, what moves them, and who trades by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hedgetui.domain.dtms.bars import Bars
from hedgetui.domain.orders import Side
from hedgetui.simulation.mt5.ledger import AccountTerms
from hedgetui.simulation.mt5.path import Push
from hedgetui.simulation.mt5.symbols import SYMBOLS, SymbolTerms


class Hand(StrEnum):
    """What a person does in the terminal."""

    OPEN = "open"
    CLOSE = "close"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class HandTrade:
    """One thing a person does in the terminal (magic 0), executed when the venue gets there.

    It waits while its symbol does not trade.
    """

    at_s: float
    """Seconds after the venue's start."""
    act: Hand
    name: str
    """What the plan calls the position."""
    symbol: str
    side: Side = Side.BUY
    volume: str = "0"
    """Lots; for CLOSE 0 means all of it."""
    stop: float = 0.0
    """Distance of the stop from the price in price units; 0 for none."""
    target: float = 0.0


@dataclass(frozen=True, slots=True)
class Mt5World:
    """One world."""

    name: str
    title: str
    account: AccountTerms = field(default_factory=AccountTerms)
    symbols: Mapping[str, SymbolTerms] = field(default_factory=lambda: SYMBOLS)
    pushes: tuple[Push, ...] = ()
    liveliness: Mapping[str, float] = field(default_factory=dict)
    """What a symbol's volatility is multiplied with; absent ones by 1."""
    hands: tuple[HandTrade, ...] = ()
    """In order of time."""
    recordings: Mapping[str, Bars] = field(default_factory=dict)
    """Bars that replace a symbol's seeded path."""
