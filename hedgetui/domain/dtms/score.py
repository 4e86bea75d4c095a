"""The score of a symbol: six views of the market, each weighed once, positive for a long.

Only closed bars count. An M15 bar is closed when its slot is over at the close of the M5 bar, not
when it is the last of an array, so the score of a prefix is the score at that place of the whole.
Distances are in ATR, never in percent: a currency pair and a coin are read alike.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import IntFlag, auto

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.dtms.bars import Bars, Floats, Timeframe, Times
from hedgetui.domain.dtms.indicators import atr, centred_rsi, ema, lagged, macd_histogram
from hedgetui.domain.dtms.reading import Components, Reading
from hedgetui.domain.dtms.regime import UNKNOWN, regime_of, structure_codes, volatility_codes
from hedgetui.domain.dtms.resample import resampled
from hedgetui.domain.dtms.structure import find_structure
from hedgetui.domain.dtms.vwap import Anchor, Flow, Vwap, delta_value, session_vwap, volume_push
from hedgetui.domain.errors import DataError
from hedgetui.domain.units import Timestamp

Ints = NDArray[np.int64]

WEIGHTS = Components(
    structure=3.0, vwap_volume=2.0, momentum=2.0, ema=1.5, conviction=1.0, delta=1.0
)
"""A conviction bar through VWAP counts twice; nothing else exceeds its weight."""
WARM_UP_BARS = 211
"""Closed M15 bars before the slope of EMA200 means something."""
STALE_SLOTS = 2
"""Slots of the bars (10 min of M5) after which the newest closed one is too old."""
_RSI_FULL, _RSI_BACK = 20.0, 3
_MACD_FULL = 0.25
_SLOPE_BARS = 10
_DEAD_50, _DEAD_200 = 0.15, 0.05
_BODY, _RANGE = 0.65, 0.8
_FADES = ((1, 2.0 / 3.0), (2, 1.0 / 3.0))


class Missing(IntFlag):
    """What a reading lacks."""

    WARMING_UP = auto()
    LATE_M15 = auto()
    NO_STRUCTURE = auto()
    NO_VWAP = auto()
    YOUNG_SESSION = auto()
    NO_VOLUME = auto()
    NO_MOMENTUM = auto()
    NO_EMA = auto()
    NO_CONVICTION = auto()
    NO_DELTA = auto()


_BLOCKING = Missing.WARMING_UP | Missing.LATE_M15 | Missing.NO_STRUCTURE | Missing.NO_VWAP
_WORDS = {
    Missing.WARMING_UP: f"warming up: fewer than {WARM_UP_BARS} closed M15 bars",
    Missing.LATE_M15: "no structure: M15 bars are behind M5",
    Missing.NO_STRUCTURE: "no structure: ATR of M15 not known",
    Missing.NO_VWAP: "no VWAP: nothing traded since the session began",
    Missing.YOUNG_SESSION: "no VWAP: session began",
    Missing.NO_VOLUME: "volume n/a",
    Missing.NO_MOMENTUM: "momentum n/a",
    Missing.NO_EMA: "ema n/a",
    Missing.NO_CONVICTION: "conviction n/a",
    Missing.NO_DELTA: "delta n/a",
}
_PART_NAMES = tuple(item.name for item in fields(Components))


@dataclass(frozen=True, slots=True)
class Readings:
    """The score at the close of every bar, for a long; arrays of the length n of the bars."""

    closed_at: Times
    """When the bar closed, UTC seconds."""
    score: Floats
    """NaN where there is none."""
    parts: Floats
    """The components, shape (6, n), in the order of `Components`, each times its weight."""
    vwap_flip: Ints
    volume_flip: Ints
    structure_event: Ints
    """Of the newest closed M15 bar: ±2 BOS, ±1 CHOCH, 0 none."""
    structure_at: Times
    """When that M15 bar closed; −1 before the first."""
    atr5: Floats
    atr15: Floats
    close: Floats
    missing: Ints
    """Bits of `Missing`."""
    volatility: Ints
    """Codes of `regime.volatility_codes`."""
    bollinger: Ints
    """Codes of `regime.structure_codes`."""

    def __len__(self) -> int:
        return len(self.closed_at)

    def part(self, name: str) -> Floats:
        """Return one component by its name in `Components`."""
        return np.asarray(self.parts[_PART_NAMES.index(name)], np.float64)

    def at(self, place: int) -> Reading:
        """Return the reading of one bar; a negative place counts from the end.

        Raises:
            IndexError: there is no such bar.
        """
        moment = float(self.closed_at[place])
        score = float(self.score[place])
        broken_at = int(self.structure_at[place])
        missing = int(self.missing[place])
        return Reading(
            at=Timestamp(moment),
            score=None if np.isnan(score) else score,
            components=Components(*self.parts[:, place].tolist()),
            flags=tuple(word for bit, word in _WORDS.items() if missing & bit),
            vwap_flip=int(self.vwap_flip[place]),
            volume_flip=int(self.volume_flip[place]),
            structure_event=int(self.structure_event[place]),
            structure_at=None if broken_at < 0 else Timestamp(float(broken_at)),
            atr5=float(self.atr5[place]),
            atr15=float(self.atr15[place]),
            close=float(self.close[place]),
            regime=regime_of(moment, int(self.volatility[place]), int(self.bollinger[place])),
        )


def read_all(
    m5: Bars, *, m15: Bars | None = None, anchor: Anchor, flow: Flow | None = None
) -> Readings:
    """Score every bar of `m5`, all of which are closed.

    Args:
        m5: M5 bars; M15 bars are scored as well, bar by bar, with every count in M15 bars.
        m15: the broker's own M15 bars; without them they are made of `m5`.
        anchor: when a session begins.
        flow: real order flow of each bar of `m5`; without it the delta is not available.

    Raises:
        DataError: the bars are of other timeframes, or `flow` has another length.
    """
    _check(m5, m15, flow)
    built = m5 if m5.timeframe is Timeframe.M15 else resampled(m5, Timeframe.M15)
    slow = built if m15 is None else m15
    closed_at = m5.at + m5.timeframe.seconds
    places = _newest_closed(slow, closed_at)
    with np.errstate(divide="ignore", invalid="ignore"):
        late = _newest_start(slow, places) < _newest_start(built, _newest_closed(built, closed_at))
        return _assemble(m5, _read_m15(slow), places, late, anchor, flow)


def latest(
    m5: Bars,
    m15: Bars | None = None,
    *,
    now: float,
    anchor: Anchor,
    flow: Flow | None = None,
) -> Reading:
    """Return the reading of the newest bar closed at `now` (UTC seconds).

    The score is None where structure or VWAP is missing or that bar is older than two slots; the
    flags say which.

    Raises:
        DataError: as `read_all`.
    """
    closed = m5.closed(now)
    if not len(closed):
        return _nothing(now)
    if flow is not None:
        flow = Flow(flow.buy[: len(closed)], flow.sell[: len(closed)])
    slow = None if m15 is None else m15.closed(now)
    reading = read_all(closed, m15=slow, anchor=anchor, flow=flow).at(-1)
    age = now - reading.at
    if age <= STALE_SLOTS * m5.timeframe.seconds:
        return reading
    return replace(reading, score=None, flags=(f"bars {age / 60:.0f} min old", *reading.flags))


def _check(m5: Bars, m15: Bars | None, flow: Flow | None) -> None:
    if m5.timeframe not in {Timeframe.M5, Timeframe.M15}:
        raise DataError(f"{m5.timeframe.name} bars cannot be scored", hint="give M5 or M15 bars")
    if m15 is not None and m15.timeframe is not Timeframe.M15:
        raise DataError(f"{m15.timeframe.name} bars given where M15 bars are needed")
    if flow is not None and not len(flow.buy) == len(flow.sell) == len(m5):
        raise DataError(f"order flow of {len(flow.buy)} bars given for {len(m5)}")


def _newest_closed(slow: Bars, closed_at: Times) -> Ints:
    """Return the place of the newest M15 bar closed at each moment, −1 before the first."""
    ends = slow.at + slow.timeframe.seconds
    return np.searchsorted(ends, closed_at, side="right").astype(np.int64) - 1


def _newest_start(slow: Bars, places: Ints) -> Times:
    return np.append(slow.at, -1)[places]


@dataclass(frozen=True, slots=True)
class _M15:
    """What M15 bars say, with one unknown bar at the end: place −1 is before the first."""

    closed_at: Times
    atr: Floats
    structure: Floats
    event: Ints
    momentum: Floats
    ema: Floats
    volatility: Ints
    bollinger: Ints


def _read_m15(bars: Bars) -> _M15:
    range_ = atr(bars)
    unit = np.where(range_ > 0, range_, np.nan)
    found = find_structure(bars, unit)
    return _M15(
        np.append(bars.at + bars.timeframe.seconds, -1),
        np.append(unit, np.nan),
        np.append(found.value, np.nan),
        np.append(found.event, 0),
        np.append(_momentum(bars.close, unit), np.nan),
        np.append(_trend(bars.close, unit), np.nan),
        np.append(volatility_codes(unit), UNKNOWN),
        np.append(structure_codes(bars), UNKNOWN),
    )


def _momentum(close: Floats, unit: Floats) -> Floats:
    """Return −1 … +1 from RSI14 and the MACD histogram, each halved while it moves back."""
    strength = centred_rsi(close)
    histogram = macd_histogram(close)
    terms = (
        (np.clip(strength / _RSI_FULL, -1.0, 1.0), strength - lagged(strength, _RSI_BACK)),
        (np.clip(histogram / (_MACD_FULL * unit), -1.0, 1.0), histogram - lagged(histogram, 1)),
    )
    halves = [
        0.5 * np.where(np.sign(term) == np.sign(move), term, 0.5 * term) for term, move in terms
    ]
    return halves[0] + halves[1]


def _trend(close: Floats, unit: Floats) -> Floats:
    """Return −1 … +1 from the slopes of EMA50 and EMA200 over ten bars."""
    signs = []
    for length, dead in ((50, _DEAD_50), (200, _DEAD_200)):
        average = ema(close, length)
        slope = (average - lagged(average, _SLOPE_BARS)) / unit
        signs.append(np.where(np.abs(slope) < dead, 0.0, np.sign(slope)))
    short, long = signs
    agree = (short == long) & (short != 0)
    return np.where(agree, short, 0.5 * short + 0.17 * long)


def _conviction(m5: Bars, unit: Floats, vwap: Vwap) -> Floats:
    """Return −2 … +2: the strongest of the last three conviction bars, the older the weaker."""
    body, span = np.abs(m5.close - m5.open), m5.high - m5.low
    full = (span > 0) & (body >= _BODY * span) & (span >= _RANGE * unit)
    through = ~vwap.muted & (np.sign(m5.close - vwap.level) == -np.sign(m5.open - vwap.level))
    value = np.where(full, np.sign(m5.close - m5.open), 0.0) * np.where(through, 2.0, 1.0)
    strongest = value
    for back, fade in _FADES:
        older = np.nan_to_num(lagged(value, back)) * fade
        strongest = np.where(np.abs(older) > np.abs(strongest), older, strongest)
    return np.where(np.isfinite(unit), strongest, np.nan)


def _assemble(
    m5: Bars, slow: _M15, places: Ints, late: NDArray[np.bool_], anchor: Anchor, flow: Flow | None
) -> Readings:
    unit = slow.atr[places]
    range_ = atr(m5)
    vwap = session_vwap(m5, unit, anchor)
    push = volume_push(m5, flow)
    around = np.where(vwap.muted, 0.0, 0.35 * vwap.side + 0.15 * vwap.slope + 0.20 * vwap.flip)
    known_vwap = np.isfinite(vwap.level) & np.isfinite(unit)
    parts = np.stack(
        (
            WEIGHTS.structure * np.where(np.isfinite(unit), slow.structure[places], np.nan),
            WEIGHTS.vwap_volume * np.where(known_vwap, around + 0.30 * push.flip, np.nan),
            WEIGHTS.momentum * slow.momentum[places],
            WEIGHTS.ema * slow.ema[places],
            WEIGHTS.conviction * _conviction(m5, range_, vwap),
            WEIGHTS.delta * (np.full(len(m5), np.nan) if flow is None else delta_value(flow, m5)),
        )
    )
    missing = _missing(parts, places, late, vwap, push.known)
    parts = np.where(np.isfinite(parts), parts, 0.0)
    blocked = (missing & _BLOCKING) != 0
    return Readings(
        closed_at=m5.at + m5.timeframe.seconds,
        score=np.where(blocked, np.nan, _total(parts)),
        parts=parts,
        vwap_flip=vwap.flip,
        volume_flip=push.flip,
        structure_event=slow.event[places],
        structure_at=slow.closed_at[places],
        atr5=range_,
        atr15=unit,
        close=m5.close,
        missing=missing,
        volatility=slow.volatility[places],
        bollinger=slow.bollinger[places],
    )


def _total(parts: Floats) -> Floats:
    """Return the sums in the order of `Components.total`, to the last bit."""
    total = np.zeros(parts.shape[1])
    for part in parts:
        total = total + part
    return total


def _missing(
    parts: Floats,
    places: Ints,
    late: NDArray[np.bool_],
    vwap: Vwap,
    known_volume: NDArray[np.bool_],
) -> Ints:
    """Return the bits of what each bar lacks."""
    unknown = ~np.isfinite(parts)
    conditions = (
        (Missing.WARMING_UP, places < WARM_UP_BARS - 1),
        (Missing.LATE_M15, late),
        (Missing.NO_STRUCTURE, unknown[0]),
        (Missing.NO_VWAP, unknown[1]),
        (Missing.YOUNG_SESSION, vwap.muted),
        (Missing.NO_VOLUME, ~known_volume),
        (Missing.NO_MOMENTUM, unknown[2]),
        (Missing.NO_EMA, unknown[3]),
        (Missing.NO_CONVICTION, unknown[4]),
        (Missing.NO_DELTA, unknown[5]),
    )
    bits = np.zeros(len(places), np.int64)
    for bit, holds in conditions:
        bits |= np.where(holds, int(bit), 0)
    return bits


def _nothing(now: float) -> Reading:
    """Return the reading of a symbol without one closed bar."""
    nan = float("nan")
    return Reading(
        Timestamp(now), None, Components(), ("no bars", _WORDS[Missing.NO_DELTA]),
        0, 0, 0, None, nan, nan, nan,
    )  # fmt: skip
