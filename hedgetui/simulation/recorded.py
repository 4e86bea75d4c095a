"""Markets that replay data: the index from recorded bars, the options from recorded chains.

What is recorded is taken as it is, what is missing is filled by one plain rule each, stated here so
that nobody mistakes a replay for the tape. Simulated time is recorded time. Within a bar the level
runs open, the extreme nearer to it, the other extreme, close; between bars it stands still. Between
two daily chains the index runs straight from one level to the next, and every strike keeps the
volatility of the newest chain at or before the moment. Widths of quotes are the simulator's own.
After the last record the venue is halted with that reason.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import lru_cache

import numpy as np

from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import XSP, OptionRoot, Right, option
from hedgetui.domain.pricing.implied import implied_vol
from hedgetui.domain.quotes import ChainSnapshot, ExpiryQuotes
from hedgetui.domain.units import Timestamp
from hedgetui.simulation.bars_csv import Bars
from hedgetui.simulation.market import Market, MarketTerms
from hedgetui.simulation.price_path import PathEnded, PathPoint, PricePath
from hedgetui.simulation.smile import YEAR_S, Listing, Smile, SurfaceSmile
from hedgetui.simulation.volatility import IV30_YEARS, Floats

ENDED = "the recording has ended"

_VOL_RESPONSE = 4.0
"""Rise of ln volatility per fall of ln level: recorded bars carry no volatility of their own."""
_LEAST_STRIKES = 5
_DEFAULT_VOL = 0.15


class BarsPath:
    """The index as recorded bars have it."""

    def __init__(self, bars: Bars, start: Timestamp, spot_vol: float = _DEFAULT_VOL) -> None:
        """Play from `start` on, which lies within the bars."""
        self._at: list[float] = bars.at.tolist()
        self._prices = np.stack([bars.open, bars.high, bars.low, bars.close], axis=1).tolist()
        gaps = np.diff(bars.at)
        self._length = float(gaps.min()) if gaps.size else 60.0
        self._start = start
        self._first = PathPoint(self._level(start), spot_vol)

    @property
    def first(self) -> PathPoint:
        """Where the path starts."""
        return self._first

    def after(self, point: PathPoint, tick: int, tick_s: float, day_share: float) -> PathPoint:  # noqa: ARG002 - a recording knows
        """Return the next point; volatility leans against the level.

        Raises:
            PathEnded: the last bar is over.
        """
        now = self._start + tick * tick_s
        if now > self._at[-1] + self._length:
            raise PathEnded(ENDED)
        level = self._level(now)
        fall = math.log(self._first.level / level)
        return PathPoint(level, self._first.spot_vol * math.exp(_VOL_RESPONSE * fall))

    def _level(self, now: float) -> float:
        row = max(0, bisect_right(self._at, now) - 1)
        opened, high, low, close = self._prices[row]
        turns = (low, high) if opened - low < high - opened else (high, low)
        knots = (opened, *turns, close)
        place = min(3.0, max(0.0, 3.0 * (now - self._at[row]) / self._length))
        left = min(2, int(place))
        share = place - left
        return float(knots[left] * (1.0 - share) + knots[left + 1] * share)


class SnapshotPath:
    """The index as daily chains have it, straight between them."""

    def __init__(self, snapshots: Sequence[ChainSnapshot], start: Timestamp, vol: float) -> None:
        """Play from `start` on; `vol` is shown where a single figure is wanted."""
        self._at = np.array([one.at for one in snapshots])
        ratio = snapshots[0].root.index_ratio
        self._log_level = np.log([one.spot / ratio for one in snapshots])
        self._start = start
        self._vol = vol

    @property
    def first(self) -> PathPoint:
        """Where the path starts."""
        return self._point(self._start)

    def after(self, point: PathPoint, tick: int, tick_s: float, day_share: float) -> PathPoint:  # noqa: ARG002 - a recording knows
        """Return the next point.

        Raises:
            PathEnded: the last chain is past.
        """
        now = self._start + tick * tick_s
        if now > self._at[-1]:
            raise PathEnded(ENDED)
        return self._point(now)

    def _point(self, now: float) -> PathPoint:
        return PathPoint(math.exp(np.interp(now, self._at, self._log_level)), self._vol)


class RecordedSmile:
    """Volatility by strike from recorded chains; a strike keeps it until the next chain."""

    def __init__(self, snapshots: Sequence[ChainSnapshot], terms: MarketTerms) -> None:
        """Take the volatilities from the mids of out-of-the-money options.

        Raises:
            DataError: the first chain has no expiry with enough quotes.
        """
        self._at = [float(one.at) for one in snapshots]
        self._snapshots = tuple(snapshots)
        self._terms = terms
        self._curves = lru_cache(maxsize=8)(self._calibrate)
        if not self._curves(0):
            raise DataError("the recorded chain has no expiry with enough quotes to price from")

    def sigma(self, point: PathPoint, at: Timestamp, strikes: Floats, expires_at: Floats) -> Floats:  # noqa: ARG002 - a strike keeps its volatility
        """Return the volatility of each (strike in S&P 500 points, expiry in epoch seconds)."""
        curves = self._curves(self._row(at))
        ends = np.array([end for _, end, _, _ in curves])
        result = np.empty(len(strikes))
        for moment in np.unique(expires_at):
            _, _, known, vols = curves[int(np.abs(ends - moment).argmin())]
            rows = expires_at == moment
            result[rows] = np.interp(strikes[rows], known, vols)
        return result

    def iv30(self, point: PathPoint, at: Timestamp) -> float:
        """Return the at-the-money volatility of the expiry nearest to 30 days."""
        end = np.array([at + IV30_YEARS * YEAR_S])
        return float(self.sigma(point, at, np.array([point.level]), end)[0])

    def listing(self, at: Timestamp) -> Listing | None:
        """Return the recorded expiries and the strikes that had quotes."""
        ratio = self._snapshots[0].root.index_ratio
        return tuple(
            (expiry, np.round(strikes * ratio, 3))
            for expiry, _, strikes, _ in self._curves(self._row(at))
        )

    def _row(self, at: float) -> int:
        return max(0, bisect_right(self._at, at) - 1)

    def _calibrate(self, row: int) -> list[tuple[date, float, Floats, Floats]]:
        """Return (expiry, its end, strikes in S&P 500 points, volatilities) of one chain."""
        snapshot = self._snapshots[row]
        curves = []
        for quotes in snapshot.expiries:
            end = _end(snapshot.root, quotes.expiry)
            years = (end - snapshot.at) / YEAR_S
            if years <= 0:
                continue
            vols = _out_of_the_money_vols(snapshot.spot, quotes, years, self._terms)
            usable = np.isfinite(vols)
            if usable.sum() >= _LEAST_STRIKES:
                strikes = quotes.strikes[usable] / snapshot.root.index_ratio
                curves.append((quotes.expiry, end, strikes, vols[usable]))
        return curves or (self._curves(row - 1) if row else [])


def recorded_market(
    *,
    bars: Bars | None = None,
    snapshots: Sequence[ChainSnapshot] = (),
    start: Timestamp | None = None,
    tick_s: float = 1.0,
    terms: MarketTerms | None = None,
) -> Market:
    """Return a market that replays bars, chains, or both.

    Without bars the index follows the chains; without chains the options are synthetic. A `start`
    outside the recording means its beginning. The carry of a recorded chain replaces that of
    `terms`, so that its puts and calls agree.

    Raises:
        DataError: there is nothing to replay, or bars and chains do not overlap in time.
    """
    first, last = _range(bars, snapshots)
    begin = start if start is not None and first <= start < last else Timestamp(first)
    conditions = terms or MarketTerms()
    if snapshots:
        conditions = _with_carry_of(snapshots[0], conditions)
    carry = conditions.rate - conditions.dividend_yield
    smile: Smile = SurfaceSmile(_DEFAULT_VOL, carry)
    root = XSP
    if snapshots:
        smile, root = RecordedSmile(snapshots, conditions), snapshots[0].root
    path: PricePath = (
        BarsPath(bars, begin) if bars is not None else SnapshotPath(snapshots, begin, _DEFAULT_VOL)
    )
    return Market(path, smile, start=begin, tick_s=tick_s, terms=conditions, root=root)


def _range(bars: Bars | None, snapshots: Sequence[ChainSnapshot]) -> tuple[float, float]:
    spans = []
    if bars is not None and len(bars):
        spans.append((float(bars.at[0]), float(bars.at[-1])))
    if snapshots:
        spans.append((float(snapshots[0].at), float(snapshots[-1].at)))
    if not spans:
        raise DataError("there is neither a bar nor a chain to replay")
    first, last = max(one for one, _ in spans), min(two for _, two in spans)
    if len(spans) > 1 and first >= last:
        raise DataError("bars and chains do not overlap in time, they cannot be replayed together")
    return first, last


def _end(root: OptionRoot, expiry: date) -> float:
    return float(option(root, expiry, Decimal(1), Right.CALL).expires_at)


def _out_of_the_money_vols(
    spot: float, quotes: ExpiryQuotes, years: float, terms: MarketTerms
) -> Floats:
    forward = spot * math.exp((terms.rate - terms.dividend_yield) * years)
    is_call = quotes.strikes >= forward
    put_mid = (quotes.put_bid + quotes.put_ask) / 2
    mids = np.where(is_call, (quotes.call_bid + quotes.call_ask) / 2, put_mid)
    discount = math.exp(-terms.rate * years)
    sign = np.where(is_call, 1.0, -1.0)
    return implied_vol(mids, forward, quotes.strikes, years, sign, discount)


def _with_carry_of(snapshot: ChainSnapshot, terms: MarketTerms) -> MarketTerms:
    """Return terms whose carry is what put-call parity shows near the money, median of expiries."""
    carries = []
    for quotes in snapshot.expiries:
        years = (_end(snapshot.root, quotes.expiry) - snapshot.at) / YEAR_S
        near = np.abs(quotes.strikes / snapshot.spot - 1.0) < 0.03
        call = (quotes.call_bid + quotes.call_ask)[near] / 2
        put = (quotes.put_bid + quotes.put_ask)[near] / 2
        forwards = quotes.strikes[near] + (call - put) * math.exp(terms.rate * max(years, 0.0))
        known = forwards[np.isfinite(forwards)]
        if years > 0 and known.size:
            carries.append(math.log(float(np.median(known)) / snapshot.spot) / years)
    carry = float(np.median(carries)) if carries else 0.0
    return replace(terms, dividend_yield=terms.rate - carry)
