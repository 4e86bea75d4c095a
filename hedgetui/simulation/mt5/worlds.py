"""Named worlds of the simulated MT5 broker.

`demo` is what a new user meets: four trades that a person opened before, in a lively market.
`dtms-day` is scripted: its moves drive one trade through every state and back, and another into the
flat timer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from hedgetui.domain.dtms.bars import Bars
from hedgetui.domain.errors import DataError, UsageError
from hedgetui.domain.mt5.records import MarginMode
from hedgetui.domain.orders import Side
from hedgetui.domain.units import Timestamp, iso_utc
from hedgetui.simulation.mt5.path import Push
from hedgetui.simulation.mt5.venue import Venue
from hedgetui.simulation.mt5.world import Hand, HandTrade, Mt5World

_HOUR_S = 3_600.0

_DEMO_HANDS = (
    HandTrade(0.0, Hand.OPEN, "gold", "XAUUSD", Side.BUY, "0.40", stop=14.0),
    HandTrade(0.0, Hand.OPEN, "euro", "EURUSD", Side.SELL, "1.00", stop=0.0032),
    HandTrade(0.0, Hand.OPEN, "bitcoin", "BTCUSD", Side.BUY, "0.05", stop=1_150.0),
    HandTrade(0.0, Hand.OPEN, "index", "US500", Side.BUY, "0.30", stop=32.0),
)

_MARCH = ((2_700.0, 0.0035), (2_700.0, -0.0022)) * 5 + ((2_700.0, 0.0035),)
"""A day's climb in waves, up to the start: the trend that later breaks."""


def _legs(
    symbol: str, own: float, legs: Iterable[tuple[float, float]], *, begin: float = 0.0
) -> Iterator[Push]:
    """Yield legs of (seconds, log return), one after the other."""
    for seconds, log_return in legs:
        yield Push(symbol, begin, seconds, log_return, own)
        begin += seconds


def _climb(symbol: str, scale: float, own: float) -> Iterator[Push]:
    legs = [(seconds, scale * part) for seconds, part in _MARCH]
    return _legs(symbol, own, legs, begin=-sum(seconds for seconds, _ in legs))


_THERE_AND_BACK = (
    *_climb("XAUUSD", 1.0, 0.4),
    *_legs("XAUUSD", 0.12, (
        (900.0, 0.0), (2_700.0, -0.006), (1_500.0, 0.0015), (4_500.0, -0.010), (300.0, 0.0),
        (1_200.0, 0.020), (5_400.0, 0.002),
    )),
)  # fmt: skip
"""Down in two legs (WARNING_L1, WARNING_L2, HEDGED), then up through the hedge's stop."""

_DOWN_AND_STILL = (
    *_climb("BTCUSD", 2.3, 0.2),
    *_legs("BTCUSD", 0.15, ((900.0, 0.0), (2_700.0, -0.020), (1_500.0, 0.002), (3_900.0, -0.020))),
    *_legs("BTCUSD", 0.02, ((3_600.0, 0.004), (7_200.0, 0.0)), begin=9_000.0),
)
"""Down and then nothing: neither a further break nor a recovery ends the hedge, its timer does."""

_DAY_HANDS = (
    HandTrade(0.0, Hand.OPEN, "there-and-back", "XAUUSD", Side.BUY, "0.40", stop=65.0),
    HandTrade(0.0, Hand.OPEN, "down-and-still", "BTCUSD", Side.BUY, "0.05", stop=6_000.0),
    HandTrade(1_800.0, Hand.OPEN, "by-hand", "EURUSD", Side.SELL, "0.50", stop=0.0060),
    HandTrade(4_200.0, Hand.STOP, "by-hand", "EURUSD", Side.SELL, stop=0.0045),
    HandTrade(14_400.0, Hand.CLOSE, "by-hand", "EURUSD", Side.SELL),
)

_WORLDS = (
    Mt5World("quiet", "An account without positions"),
    Mt5World(
        "demo",
        "Four open trades in a lively market",
        hands=_DEMO_HANDS,
        pushes=(
            Push("XAUUSD", 1_200.0, 1_500.0, -0.0022),
            Push("XAUUSD", 3_900.0, 2_400.0, -0.0030),
            Push("EURUSD", 900.0, 3_600.0, 0.0016),
            Push("US500", 600.0, 2 * _HOUR_S, 0.0035),
        ),
        liveliness={"BTCUSD": 1.2, "XAUUSD": 1.2},
    ),
    Mt5World(
        "dtms-day",
        "One trade through every state and back, one into the flat timer, one closed by hand",
        hands=_DAY_HANDS,
        pushes=(*_THERE_AND_BACK, *_DOWN_AND_STILL),
    ),
)

WORLDS = {world.name: world for world in _WORLDS}
"""Every built-in world by name."""


def world(name: str) -> Mt5World:
    """Return a built-in world.

    Raises:
        UsageError: there is none of that name; the hint names the nearest.
    """
    if name in WORLDS:
        return WORLDS[name]
    near = get_close_matches(name, WORLDS, n=3, cutoff=0.4) or sorted(WORLDS)
    raise UsageError(f"unknown MT5 world {name!r}", hint=f"did you mean {', '.join(near)}?")


def venue_of(
    built: Mt5World,
    *,
    seed: int,
    start: Timestamp,
    mode: MarginMode = MarginMode.HEDGING,
    recording: tuple[str, Bars] | None = None,
    state_path: Path | None = None,
) -> Venue:
    """Return the venue of a world, on an account of that mode.

    `recording` is a symbol and the bars that replace its seeded prices; simulated time is recorded
    time.

    Raises:
        DataError: the symbol is not listed, `start` lies outside of its bars, or the state file
            holds something else.
        StoreError: the state file cannot be read or belongs to another world.
    """
    world = replace(built, account=replace(built.account, mode=mode))
    if recording is not None:
        symbol, bars = recording
        if symbol not in world.symbols:
            listed = ", ".join(sorted(world.symbols))
            raise DataError(f"the simulated MT5 broker lists no {symbol!r}", hint=listed)
        first, last = Timestamp(float(bars.at[0])), Timestamp(float(bars.at[-1]))
        if not first <= start <= last:
            raise DataError(
                f"the bars of {symbol} do not cover {iso_utc(start)}",
                hint=f"begin between {iso_utc(first)} and {iso_utc(last)}",
            )
        world = replace(world, recordings={symbol: bars})
    return Venue(world, seed=seed, start=start, state_path=state_path)
