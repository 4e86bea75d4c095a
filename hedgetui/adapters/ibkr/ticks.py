"""Market data messages, and what a line knows after them: pure.

Read from the wire because the library drops a tick that repeats what it has, so that a living line
looks dead, keeps the prices of a subscription that ended, and spells "no quote" differently in its
two versions. -1, 0, NaN and the unset double are missing values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from hedgetui.adapters.ibkr.parse import real, whole
from hedgetui.domain.instruments import Right, parse_key
from hedgetui.domain.quotes import DataType, Greeks, price_number
from hedgetui.domain.units import Timestamp


class Field(Enum):
    """What a tick is about."""

    BID = auto()
    ASK = auto()
    LAST = auto()
    MODEL = auto()
    DATA_TYPE = auto()
    HALTED = auto()
    IV30 = auto()
    SIZE = auto()
    VOLUME = auto()
    OPEN_CALLS = auto()
    OPEN_PUTS = auto()
    OTHER = auto()
    """Nothing but a sign of life."""


@dataclass(frozen=True, slots=True)
class Model:
    """The broker's model of an option; None where it lacks a number."""

    iv: float | None
    delta: float | None
    gamma: float | None
    vega: float | None
    theta: float | None
    underlying: float | None

    def greeks(self, key: str, at: Timestamp) -> Greeks | None:
        """Return greeks if every number can be one, and the delta is of the instrument's right."""
        iv, delta, gamma, vega, theta = self.iv, self.delta, self.gamma, self.vega, self.theta
        if iv is None or delta is None or gamma is None or vega is None or theta is None:
            return None
        wrong = delta > 0 if parse_key(key).right is Right.PUT else delta < 0
        greeks = Greeks(key, at, delta, gamma, vega, theta, iv)
        return greeks if greeks.usable and not wrong else None


@dataclass(frozen=True, slots=True)
class Tick:
    """One market data message."""

    request: int
    field: Field
    value: float | None = None
    model: Model | None = None
    delayed: bool = False
    """Whether its own number says that it is delayed, whatever was announced for its line."""


_PRICES: Final = {
    1: Field.BID, 66: Field.BID, 2: Field.ASK, 67: Field.ASK, 4: Field.LAST, 68: Field.LAST,
}  # fmt: skip
_GENERICS: Final = {24: Field.IV30, 49: Field.HALTED}
_COUNTS: Final = {
    8: Field.VOLUME, 74: Field.VOLUME, 27: Field.OPEN_CALLS, 28: Field.OPEN_PUTS,
}  # fmt: skip
_MODELS: Final = frozenset({13, 83})
_DELAYED: Final = frozenset({66, 67, 68, 83})
_NONE_YET: Final = -2.0
"""What the broker sends for a greek it has not computed."""

_REQUEST_AT: Final = {1: 2, 2: 2, 21: 1, 45: 2, 46: 2, 57: 2, 58: 2, 81: 1}
"""Message number to the place of the request id."""

_TYPES: Final = {1: DataType.LIVE, 2: DataType.FROZEN, 3: DataType.DELAYED, 4: DataType.DELAYED}


def read(number: int, fields: list[str]) -> Tick | None:
    """Read a market data message; None when it is another one, or cannot be read."""
    place = _REQUEST_AT.get(number)
    if place is None or len(fields) <= place:
        return None
    request = whole(fields[place])
    if request is None:
        return None
    if number == 21:
        return _computation(request, fields)
    if number == 58 and len(fields) > 3:
        return Tick(request, Field.DATA_TYPE, real(fields[3]))
    if number in {1, 45} and len(fields) > 4:
        kinds, what = _PRICES if number == 1 else _GENERICS, whole(fields[3]) or 0
        kind = kinds.get(what, Field.OTHER)
        return Tick(request, kind, real(fields[4]), delayed=number == 1 and what in _DELAYED)
    if number == 2 and len(fields) > 4:
        kind = _COUNTS.get(whole(fields[3]) or 0, Field.SIZE)
        return Tick(request, kind, real(fields[4]))
    return Tick(request, Field.SIZE if number == 2 else Field.OTHER)


def _computation(request: int, fields: list[str]) -> Tick:
    what = whole(fields[2]) if len(fields) >= 12 else None
    if what not in _MODELS:
        return Tick(request, Field.OTHER)
    iv, delta, _, _, gamma, vega, theta, underlying = (real(one) for one in fields[4:12])
    if delta is not None and abs(delta) > 1:
        delta = None
    model = Model(
        iv=iv if iv is not None and iv > 0 else None,
        delta=delta,
        gamma=gamma if gamma is not None and gamma >= 0 else None,
        vega=vega if vega is not None and vega >= 0 else None,
        theta=None if theta == _NONE_YET else theta,
        underlying=price_number(underlying),
    )
    return Tick(request, Field.MODEL, model=model, delayed=what in _DELAYED)


_COLLAR = 0.05
_COLLAR_S = 5.0
_WITNESSES = 2


class Collar:
    """Doubts a price far from the last good one until the next two confirm it."""

    def __init__(self) -> None:
        self.dropped = 0
        self._good: float | None = None
        self._good_at = Timestamp(-math.inf)
        self._doubted: list[float] = []

    def admits(self, price: float, now: Timestamp, reference: float | None = None) -> bool:
        """Whether to believe a price; `reference` stands in while the last good one is old."""
        near = self._good if now - self._good_at <= _COLLAR_S else reference
        if near is not None and abs(price / near - 1) > _COLLAR:
            witnesses = [one for one in self._doubted if abs(price / one - 1) <= _COLLAR]
            if len(witnesses) < _WITNESSES:
                self._doubted = [*witnesses, price]
                self.dropped += 1
                return False
        self._doubted.clear()
        self._good, self._good_at = price, now
        return True


_QUOTED: Final = frozenset({Field.BID, Field.ASK, Field.LAST, Field.SIZE, Field.VOLUME})


@dataclass(slots=True)
class Fold:
    """Everything a line knows: the last of each kind of tick since it was asked for."""

    bid: float | None = None
    ask: float | None = None
    last: float | None = None
    model: Model | None = None
    data_type: DataType = DataType.LIVE
    halted: int = 0
    """0 trading, 1 halted, 2 halted for volatility."""
    iv30: float | None = None
    volume: float | None = None
    """Units traded today."""
    open_calls: float | None = None
    """Open interest of an option that is a call; that of a put is beside it."""
    open_puts: float | None = None
    at: Timestamp | None = None
    """When the newest tick of any kind came."""
    quoted_at: Timestamp | None = None
    """When the newest price or size came: what proves that the prices still hold."""
    model_at: Timestamp | None = None
    """When the model came."""
    collars: dict[Field, Collar] | None = field(default=None)
    """Doubters for prices; None where nothing is doubted."""

    def take(self, tick: Tick, now: Timestamp, reference: float | None = None) -> None:
        """Fold one tick in."""
        if tick.field is not Field.DATA_TYPE:
            self.at = now
        if tick.field in _QUOTED:
            self.quoted_at = now
        if tick.delayed:
            self.data_type = DataType.DELAYED
        match tick.field:
            case Field.BID | Field.ASK | Field.LAST:
                self._price(tick.field, price_number(tick.value), now, reference)
            case Field.MODEL:
                self.model, self.model_at = tick.model, now
            case Field.DATA_TYPE:
                self.data_type = _TYPES.get(int(tick.value or 0), self.data_type)
            case Field.HALTED:
                self.halted = max(0, int(tick.value or 0))
            case Field.IV30:
                self.iv30 = price_number(tick.value)
            case _:
                self._count(tick.field, tick.value)

    def _count(self, kind: Field, value: float | None) -> None:
        known = value if value is not None and value >= 0 else None
        if kind is Field.VOLUME:
            self.volume = known
        elif kind is Field.OPEN_CALLS:
            self.open_calls = known
        elif kind is Field.OPEN_PUTS:
            self.open_puts = known

    def _price(
        self, kind: Field, price: float | None, now: Timestamp, reference: float | None
    ) -> None:
        if price is not None and self.collars is not None:
            collar = self.collars.setdefault(kind, Collar())
            if not collar.admits(price, now, reference):
                return
        if kind is Field.BID:
            self.bid = price
        elif kind is Field.ASK:
            self.ask = price
        else:
            self.last = price

    @property
    def sides(self) -> tuple[float | None, float | None]:
        """Bid and ask; a crossed book is no book."""
        if self.bid is not None and self.ask is not None and self.bid > self.ask:
            return None, None
        return self.bid, self.ask

    @property
    def dropped(self) -> int:
        """Prices that were not believed."""
        return sum(collar.dropped for collar in (self.collars or {}).values())
