"""Does defending pay? Random entries walked through recorded bars by the real machine.

An entry knows nothing: any scored bar, either side. What is compared is the same trade defended and
left alone. Beside the results stand two checks of the score on the very data: mirrored bars must
score the mirror, and a bar must score the same whether or not the future is in the file.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.dtms.bars import Bars, Floats, Timeframe
from hedgetui.domain.dtms.indicators import atr, lagged, rolling_median
from hedgetui.domain.dtms.model import Rules, State
from hedgetui.domain.dtms.resample import resampled
from hedgetui.domain.dtms.score import Readings, read_all
from hedgetui.domain.dtms.study_walk import Bar, Market, Walked, walk
from hedgetui.domain.dtms.vwap import Anchor
from hedgetui.domain.errors import DataError, UsageError
from hedgetui.domain.orders import Side

LOSS_R = 0.9
"""A loss of this many R or more is what the defence is for."""
REPORTED = (State.WARNING_L1, State.WARNING_L2, State.HEDGED, State.RECOVERING)
_LIFE_SECONDS = 86_400
"""A trade is left after as many bars as a day has."""
_SPREAD_ATR = 0.06
"""Spread in A15 where the bars name none."""
_QUARTER = 900
_PREFIXES = 30
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Pair:
    """One figure for the defended trades and for the same trades left alone."""

    managed: float
    unmanaged: float


@dataclass(frozen=True, slots=True)
class StudyResult:
    """What the walks showed; results in R of the first volume."""

    entries: int
    per_1000: dict[State, float]
    """Of a thousand entries, how many were ever in a state."""
    loss_share: Pair
    """Share of entries that lost `LOSS_R` or more."""
    mean: Pair
    deviation: Pair
    rules: Counter[str]
    """How often each transition was made."""
    mirror_violations: int
    """Bars whose mirror does not score the mirror."""
    lookahead_violations: int
    """Bars that score otherwise when the file ends earlier."""
    walks: tuple[Walked, ...]

    def summary(self) -> dict[str, object]:
        """Return the figures in the shape scripts rely on."""
        return {
            "entries": self.entries,
            "per_1000": {state.value: self.per_1000[state] for state in REPORTED},
            "loss_share_0_9R": _both(self.loss_share),
            "mean_R": _both(self.mean),
            "sd_R": _both(self.deviation),
            "mirror_violations": self.mirror_violations,
            "lookahead_violations": self.lookahead_violations,
        }


def study(
    m5: Bars,
    *,
    entries: int,
    rng: np.random.Generator,
    rules: Rules,
    anchor: Anchor,
    m15: Bars | None = None,
) -> StudyResult:
    """Walk `entries` random trades over recorded bars.

    Args:
        m5: M5 bars, all closed; M15 bars are walked bar by bar, where one evaluation confirms what
            takes two of M5, since it sees as much of the market.
        entries: how many.
        rng: draws bar and side; the same state gives the same study.
        rules: of the machine.
        anchor: when a session begins.
        m15: the broker's own M15 bars, if any.

    Raises:
        UsageError: `entries` is below 1.
        DataError: the bars cannot be scored, or there are too few of them.
    """
    if entries < 1:
        raise UsageError(f"{entries} entries cannot be studied", hint="give 1 or more")
    readings = read_all(m5, m15=m15, anchor=anchor)
    life = _LIFE_SECONDS // m5.timeframe.seconds
    bars = _bars(m5, readings)
    places = np.flatnonzero(_enterable(readings, bars)[: max(0, len(m5) - life)])
    if not len(places):
        raise DataError(
            f"{len(m5)} bars hold no scored entry with a day of bars after it",
            hint="about five days of M5 bars are needed",
        )
    if m5.timeframe is Timeframe.M15:
        rules = replace(rules, confirm=1)
    market = Market(bars, readings)
    draws = zip(rng.choice(places, entries).tolist(), rng.integers(0, 2, entries), strict=True)
    walks = tuple(
        walk(market, place, Side.BUY if long else Side.SELL, life, rules) for place, long in draws
    )
    return _result(walks, mirror_violations(m5, m15, anchor), lookahead_violations(m5, m15, anchor))


def mirror_violations(m5: Bars, m15: Bars | None, anchor: Anchor) -> int:
    """Return how many bars do not score the exact opposite when the market is mirrored."""
    level = float(m5.high.max() + m5.low.min())
    here = read_all(m5, m15=m15, anchor=anchor).score
    slow = None if m15 is None else mirrored(m15, level)
    there = -read_all(mirrored(m5, level), m15=slow, anchor=anchor).score
    same = np.isclose(here, there, rtol=0.0, atol=_TOLERANCE, equal_nan=True)
    return int(np.count_nonzero(~same))


def lookahead_violations(m5: Bars, m15: Bars | None, anchor: Anchor) -> int:
    """Return how many bars of shorter files score otherwise than in the whole one.

    The files end at places spread over the data, at every phase of an M15 slot.
    """
    whole = read_all(m5, m15=m15, anchor=anchor).score
    wrong = 0
    for count in np.unique(np.linspace(1, len(m5), _PREFIXES, dtype=np.int64)).tolist():
        for ends in range(max(1, count - 2), count + 1):
            part = m5.head(ends)
            slow = None if m15 is None else m15.closed(float(part.at[-1]) + m5.timeframe.seconds)
            scores = read_all(part, m15=slow, anchor=anchor).score
            wrong += int(np.count_nonzero(~_same(scores, whole[:ends])))
    return wrong


def mirrored(bars: Bars, level: float) -> Bars:
    """Return bars that fall where these rise: every price taken from `level`."""
    return replace(
        bars, open=level - bars.open, high=level - bars.low, low=level - bars.high,
        close=level - bars.close,
    )  # fmt: skip


def _same(here: Floats, there: Floats) -> NDArray[np.bool_]:
    return np.asarray((here == there) | (np.isnan(here) & np.isnan(there)), np.bool_)


def _bars(m5: Bars, readings: Readings) -> list[Bar]:
    """Return the bars as records of plain floats."""
    unit = readings.atr15
    known = np.isfinite(m5.spread) & (m5.spread > 0)
    day = _LIFE_SECONDS // m5.timeframe.seconds
    usual = rolling_median(np.where(known, m5.spread, np.nan), day, at_least=1)
    spread = np.where(known, m5.spread, np.where(np.isfinite(usual), usual, _SPREAD_ATR * unit))
    ratio = np.where(known & (usual > 0), m5.spread / np.where(usual > 0, usual, 1.0), 1.0)
    moved = (m5.close - lagged(m5.close, _QUARTER // m5.timeframe.seconds)) / unit
    columns = (
        readings.closed_at, m5.open, m5.high, m5.low, m5.close, spread, ratio, moved, unit,
        _hedge_atr(m5, readings),
    )  # fmt: skip
    return [Bar(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _hedge_atr(m5: Bars, readings: Readings) -> Floats:
    """Return ATR14 of the newest H1 bar closed at each bar; NaN before there is one."""
    hours = resampled(m5, Timeframe.H1)
    ends = hours.at + hours.timeframe.seconds
    places = np.searchsorted(ends, readings.closed_at, side="right") - 1
    return np.append(atr(hours), np.nan)[places]


def _enterable(readings: Readings, bars: list[Bar]) -> NDArray[np.bool_]:
    hedgeable = np.isfinite([bar.hedge_atr for bar in bars])
    return np.asarray(np.isfinite(readings.score) & hedgeable & (readings.atr15 > 0), np.bool_)


def _result(walks: tuple[Walked, ...], mirror: int, lookahead: int) -> StudyResult:
    managed = np.array([one.managed for one in walks])
    alone = np.array([one.unmanaged for one in walks])
    count = len(walks)
    return StudyResult(
        entries=count,
        per_1000={
            state: round(1000.0 * sum(state in one.states for one in walks) / count, 1)
            for state in REPORTED
        },
        loss_share=Pair(*(float((each <= -LOSS_R).mean()) for each in (managed, alone))),
        mean=Pair(float(managed.mean()), float(alone.mean())),
        deviation=Pair(float(managed.std()), float(alone.std())),
        rules=sum((one.rules for one in walks), Counter()),
        mirror_violations=mirror,
        lookahead_violations=lookahead,
        walks=walks,
    )


def _both(pair: Pair) -> dict[str, float]:
    return {"managed": round(pair.managed, 4), "unmanaged": round(pair.unmanaged, 4)}
