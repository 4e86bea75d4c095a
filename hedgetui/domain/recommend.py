"""Picks one contract to buy for a direction and a budget, by stated rules, and shows its work.

A contract passes when it has 30 to 120 days to live, a spread of at most 30 % of its middle, an
open interest or a volume of 100 or more, a usable quote, and at least one of it fits the budget at
the asked price. Of those that pass, the one with the least

    ||delta| - 0.30| + (theta lost a day) / price

is taken: both terms are shares of one, so a percent of decay a day weighs as a hundredth of delta.
Ties go to the earlier expiry, then the lower strike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from hedgetui.domain.errors import UsageError
from hedgetui.domain.instruments import Right
from hedgetui.domain.pricing import black76
from hedgetui.domain.pricing.implied import implied_vol_one
from hedgetui.domain.units import DAYS_PER_YEAR

LEAST_DTE, MOST_DTE = 30, 120
MOST_SPREAD: Final = 0.30
LEAST_INTEREST: Final = 100
WANTED_DELTA: Final = 0.30
MOVE: Final = 0.05
"""The move of the underlying that a pick is valued at."""


class Direction(StrEnum):
    """Where the underlying is thought to go: calls are bought for up, puts for down."""

    BULLISH = "bullish"
    BEARISH = "bearish"


@dataclass(frozen=True, slots=True)
class ChainRow:
    """One contract of a chain as quoted; NaN where a number is not known."""

    expiry: date
    strike: float
    right: Right
    bid: float
    ask: float
    volume: float = math.nan
    open_interest: float = math.nan
    iv: float = math.nan
    """As the source says it; used only where the middle of the quote implies none."""

    @property
    def mid(self) -> float:
        """Middle of the quote."""
        return (self.bid + self.ask) / 2

    @property
    def spread(self) -> float:
        """Of bid and ask, as a share of the middle; infinite without a usable quote."""
        usable = 0 < self.bid <= self.ask < math.inf
        return (self.ask - self.bid) / self.mid if usable else math.inf


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for."""

    ticker: str
    direction: Direction
    budget: float
    spot: float
    today: date
    multiplier: float = 100.0
    rate: float = 0.04
    """Yearly, continuous; forwards carry no dividend."""

    def __post_init__(self) -> None:
        if not 0 < self.budget < math.inf:
            raise UsageError(f"a budget of {self.budget:g} buys nothing")
        if not 0 < self.spot < math.inf:
            raise UsageError(f"{self.ticker} at {self.spot:g} cannot be priced")
        if not 0 < self.multiplier < math.inf:
            raise UsageError(f"a multiplier of {self.multiplier:g} is none")

    @property
    def right(self) -> Right:
        """What is bought."""
        return Right.CALL if self.direction is Direction.BULLISH else Right.PUT

    def premium(self, row: ChainRow) -> float:
        """Return the dollars that one contract asks; 1.1 times 100 is 110, as a broker books it."""
        return float(f"{row.ask * self.multiplier:.12g}")


@dataclass(frozen=True, slots=True)
class Pick:
    """The contract, greeks per unit of the underlying (theta a day), money in dollars."""

    ticker: str
    expiry: date
    dte: int
    strike: float
    right: Right
    bid: float
    ask: float
    price: float
    """What is paid for one unit: the ask."""
    premium: float
    """Of one contract."""
    delta: float
    theta: float
    iv: float
    spread: float
    quantity: int
    """Contracts within the budget."""
    cost: float
    """Of all of them; never over the budget."""
    value_after_move: float
    """Of one contract, now, with the underlying 5 % further in the wanted direction."""
    score: float

    @property
    def label(self) -> str:
        """As tickets write it: `NVDA 2026-02-20 150C`."""
        return f"{self.ticker} {self.expiry} {self.strike:g}{self.right.value}"


@dataclass(frozen=True, slots=True)
class Check:
    """One rule over a chain."""

    rule: str
    wanted: str
    passed: int
    """Contracts that keep it, whatever else they break."""
    left: int
    """Contracts that keep it and every rule above."""
    nearest: str
    """The best there is under this rule among those that kept the rules above."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The pick, or none, and what each rule left over."""

    pick: Pick | None
    checks: tuple[Check, ...]

    @property
    def reason(self) -> str:
        """The first rule that left nothing; empty when there is a pick."""
        return next((check.rule for check in self.checks if not check.left), "")


def recommend(chain: Iterable[ChainRow], wish: Wish) -> Choice:
    """Choose a contract; the same chain in any order gives the same answer."""
    rows = sorted(chain, key=lambda row: (row.expiry, row.strike, row.right))
    left = rows
    checks = []
    for rule, wanted, keeps, distance, words in _rules(wish):
        passed = sum(map(keeps, rows))
        near = min(left, key=distance, default=None)
        left = [row for row in left if keeps(row)]
        nearest = "nothing left" if near is None else words(near)
        checks.append(Check(rule, wanted, passed, len(left), nearest))
    picks = [pick for row in left if (pick := _pick(row, wish)) is not None]
    best = min(picks, key=lambda pick: (pick.score, pick.expiry, pick.strike), default=None)
    priced = Check("volatility", "the price implies one", len(picks), len(picks), "")
    return Choice(best, tuple(checks) if best or not left else (*checks, priced))


_Rule = tuple[
    str, str, Callable[[ChainRow], bool], Callable[[ChainRow], float], Callable[[ChainRow], str]
]


def _rules(wish: Wish) -> Sequence[_Rule]:
    """Return name, words, test, distance from passing and words for the nearest, in order."""

    def dte(row: ChainRow) -> int:
        return (row.expiry - wish.today).days

    return (
        (
            "right", "calls" if wish.right is Right.CALL else "puts",
            lambda row: row.right is wish.right,
            lambda row: row.right is not wish.right,
            lambda row: "call" if row.right is Right.CALL else "put",
        ),
        (
            "days to expiry", f"{LEAST_DTE} to {MOST_DTE}",
            lambda row: LEAST_DTE <= dte(row) <= MOST_DTE,
            lambda row: max(LEAST_DTE - dte(row), dte(row) - MOST_DTE, 0),
            lambda row: f"{dte(row)} days",
        ),
        (
            "spread", f"at most {MOST_SPREAD:.0%}",
            lambda row: row.spread <= MOST_SPREAD + 1e-9,
            lambda row: row.spread,
            lambda row: f"{row.spread:.0%}" if row.spread < math.inf else "no two-sided quote",
        ),
        (
            "interest", f"open interest or volume {LEAST_INTEREST} or more",
            lambda row: _interest(row) >= LEAST_INTEREST,
            lambda row: -_interest(row),
            lambda row: f"{_interest(row):,.0f}" if _interest(row) >= 0 else "not known",
        ),
        (
            "budget", f"one contract for at most ${wish.budget:,.2f}",
            lambda row: wish.premium(row) <= wish.budget,
            lambda row: wish.premium(row) if row.ask > 0 else math.inf,
            lambda row: f"${wish.premium(row):,.2f}",
        ),
    )  # fmt: skip


def _interest(row: ChainRow) -> float:
    """Return the larger of volume and open interest, -1 where neither is known."""
    known = [value for value in (row.volume, row.open_interest) if not math.isnan(value)]
    return max(known, default=-1.0)


def _pick(row: ChainRow, wish: Wish) -> Pick | None:
    """Return a contract with its greeks; none where its price has no volatility."""
    dte = (row.expiry - wish.today).days
    years, sign = dte / DAYS_PER_YEAR, 1 if row.right is Right.CALL else -1
    growth = math.exp(wish.rate * years)
    forward, discount = wish.spot * growth, 1 / growth
    vol = implied_vol_one(row.mid, forward, row.strike, years, sign, discount)
    if not 0 < vol < math.inf:
        vol = row.iv
    if not 0 < vol < math.inf:
        return None
    greeks = black76.greeks_one(
        forward, row.strike, years, vol, sign, discount=discount, spot=wish.spot
    )
    after = black76.price_one(forward * (1 + sign * MOVE), row.strike, years, vol, sign, discount)
    premium = wish.premium(row)
    quantity = math.floor(wish.budget / premium)
    return Pick(
        ticker=wish.ticker, expiry=row.expiry, dte=dte, strike=row.strike, right=row.right,
        bid=row.bid, ask=row.ask, price=row.ask, premium=premium, delta=greeks.delta,
        theta=greeks.theta, iv=vol, spread=row.spread, quantity=quantity,
        cost=quantity * premium, value_after_move=after * wish.multiplier,
        score=abs(abs(greeks.delta) - WANTED_DELTA) - greeks.theta / row.mid,
    )  # fmt: skip
