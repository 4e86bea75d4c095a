"""A grain elevator that never was: farmers sell corn, wheat and soybeans to three hedge accounts.

Makes the facts of hedge accounts that a merchandiser would have on the screen: a month of history,
hedged as the rule would have done it, and a day's stream of new cash. Pure: a seed and a moment
decide. What arrives is decided by the absolute moment, so that a restarted simulator goes on with
the same farmers under the same tickets and tells none of them twice with other words.

Two keys hold the textbook cases and nothing else. In `PSHAOTCHMS` a fourth corn purchase closes the
tail of the first; in `PRAIRIEHMS` 16,000 bushels are hedged by three futures and 1,000 wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from random import Random

from hedgetui.domain.instruments import GRAINS, contract_months, last_trading_day, parse_key
from hedgetui.domain.orders import Side
from hedgetui.domain.tails.facts import (
    CashEntered,
    CashFilled,
    HedgeEntered,
    HedgeFilled,
    TailEvent,
)
from hedgetui.domain.tails.model import CashId, HedgeId, Key, Lots, Mode, Origin, Policy, Units
from hedgetui.domain.tails.rules import propose
from hedgetui.domain.units import Timestamp
from hedgetui.simulation.grains import CHICAGO, GrainMarket, grain_session
from hedgetui.simulation.streams import stream

HISTORY_DAYS = 30
EVERY_S = 90
"""About how often a farmer comes to a busy elevator, seconds."""
WORKED, SIXTEEN, BROKERED = "PSHAOTCHMS", "PRAIRIEHMS", "RIVERHMS"
"""The hedge accounts; the third one gives some hedges to a broker outside."""

_BUYER, _MANAGER, _BROKER = "scale house", "hedge manager", "floor broker"
_RULE = Policy(Mode.AUTO, 51)
_LEAST_LIFE_DAYS = 30
_SATURDAY = 5
_TUESDAY, _FRIDAY = 1, 4
_OPENS = time(8, 30)
_DAY_MINUTES = 280
"""Farmers deliver until a little before the close."""
_LOT, _MOST_LOADS = 500, 40
_SOLD_SHARE, _BROKERED_SHARE, _PARTIAL_SHARE, _NIGHT_SHARE = 0.12, 0.25, 0.3, 0.1
_BASIS = {"ZC": 25, "ZW": 35, "ZS": 45}
"""Cents a bushel that a farmer gets below the future."""
_FARMS = (
    "Miller", "Schmidt", "Olson", "Nguyen", "Garcia", "Kowalski", "Baker", "Hansen", "Reyes",
    "Dvorak", "Yoder", "Larsen",
)  # fmt: skip
_KEYS = (
    (WORKED, "ZW"), (WORKED, "ZS"), (SIXTEEN, "ZW"), (SIXTEEN, "ZS"), (BROKERED, "ZC"),
    (BROKERED, "ZW"), (BROKERED, "ZS"),
)  # fmt: skip

_WORKED_PLAN = ((0, 6_000, 1), (6, 5_000, 1), (7, 10_000, 2), (13, 2_000, 1))
"""Days after the first purchase, bushels, lots of the hedge that followed."""
_WORKED_AGE = 16
_SIXTEEN_AGE = 13

Arrival = tuple[float, CashEntered, CashFilled]
"""Seconds after the start, and the two facts of a purchase or a sale."""


@dataclass(frozen=True, slots=True)
class _Cash:
    """A cash order to come."""

    cash: CashId
    key: Key
    signed: int
    at: Timestamp
    farm: str


def history(seed: int, now: Timestamp) -> tuple[TailEvent, ...]:
    """Return the facts of the last 30 days before `now`, in order of time.

    Every key is hedged as AUTO at 51 percent would have, so that nothing is due when they are read.
    """
    market = GrainMarket(seed)
    today = datetime.fromtimestamp(now, CHICAGO).date()
    told = [*_worked(market, today), *_sixteen(market, today), *_usual(market, seed, now)]
    return tuple(event for _, event in sorted(told, key=lambda one: one[0]))


def arrivals(
    seed: int, start: Timestamp, seconds: float, every_s: int = EVERY_S
) -> tuple[Arrival, ...]:
    """Return the cash orders of a stretch of time, one about every `every_s` while grains trade.

    Any other stretch that covers a moment has the same order at it. By night one in ten comes.
    """
    market = GrainMarket(seed)
    first, last = int(start // every_s), int((start + seconds) // every_s)
    found: list[Arrival] = []
    for slot in range(first, last + 1):
        moment = slot * every_s + stream(seed, "elevator", every_s, slot).randrange(every_s)
        if not start <= moment < start + seconds:
            continue
        cash = _arrival(seed, Timestamp(float(moment)))
        if cash is not None:
            found.append((moment - start, *_told(market, cash)))
    return tuple(found)


def front_contract(symbol: str, day: date) -> str:
    """Return the key of the nearest contract month that trades for 30 more days."""
    least = day + timedelta(days=_LEAST_LIFE_DAYS)
    for month in contract_months(symbol, day, 3):
        if last_trading_day(symbol, int(month[:4]), int(month[4:])) >= least:
            return f"{symbol} {month}"
    raise AssertionError("two contract months of a grain within a month")


def _arrival(seed: int, at: Timestamp) -> _Cash | None:
    session = grain_session(at)
    random = stream(seed, "elevator", "farmer", int(at))
    local = datetime.fromtimestamp(at, CHICAGO)
    by_day = local.date() == session.day and local.time() >= _OPENS
    if not session.open or (not by_day and random.random() >= _NIGHT_SHARE):
        return None
    return _farmer(random, CashId(f"C{local:%y%m%d-%H%M%S}"), at, local.date())


def _farmer(random: Random, cash: CashId, at: Timestamp, day: date) -> _Cash:
    """Return one order of one of the keys that are not textbook cases."""
    account, symbol = random.choice(_KEYS)
    loads = 1 + min(_MOST_LOADS - 1, int(random.expovariate(1 / 9)))
    sign = -1 if random.random() < _SOLD_SHARE else 1
    key = Key(account, _front(symbol, day))
    return _Cash(cash, key, sign * loads * _LOT, at, random.choice(_FARMS))


@lru_cache(maxsize=256)
def _front(symbol: str, day: date) -> str:
    return front_contract(symbol, day)


def _told(market: GrainMarket, cash: _Cash) -> tuple[CashEntered, CashFilled]:
    """Return the facts of a cash order that is done as soon as it is made."""
    side, units = Side.of(cash.signed), Units(abs(cash.signed))
    instrument = parse_key(cash.key.contract)
    price = market.settlement(instrument, cash.at) - _BASIS[instrument.symbol]
    words = f"from {cash.farm} farm" if side is Side.BUY else "to the processor"
    return (
        CashEntered(cash.cash, cash.key, side, units, price, cash.at, _BUYER, words),
        CashFilled(cash.cash, f"{cash.cash}-1", 1, units, price, cash.at),
    )


_Dated = tuple[Timestamp, TailEvent]


def _hedge(
    market: GrainMarket, name: str, cash: _Cash, signed_lots: int, *, origin: Origin = Origin.HM,
    pieces: tuple[int, ...] = (),
) -> Iterator[_Dated]:  # fmt: skip
    """Yield the facts of a hedge made for `cash` a moment later; it fills in `pieces`."""
    hedge, side, lots = HedgeId(name), Side.of(signed_lots), abs(signed_lots)
    by_rule = origin is Origin.HM
    at = Timestamp(cash.at + 2.0)
    yield at, HedgeEntered(
        hedge, cash.key, side, Lots(lots), origin, at, _MANAGER if by_rule else _BROKER,
        covers=cash.cash if by_rule else CashId(""),
    )  # fmt: skip
    instrument = parse_key(cash.key.contract)
    for number, piece in enumerate(pieces or (lots,), start=1):
        done = Timestamp(at + 3.0 * number)
        touch = _touch(market.price(instrument, done), side, instrument.tick)
        yield done, HedgeFilled(hedge, f"{hedge}-{number}", 1, Lots(piece), touch, done)


def _touch(fair: float, side: Side, tick: Decimal) -> Decimal:
    """Return the side of a market one tick wide that trades at once."""
    bid = Decimal(int(fair / float(tick))) * tick
    return bid + tick if side is Side.BUY else bid


def _worked(market: GrainMarket, today: date) -> Iterator[_Dated]:
    """Four purchases: the hedge of the last one closes what the first had left open."""
    first = today - timedelta(days=_WORKED_AGE)
    while not _TUESDAY <= first.weekday() <= _FRIDAY:  # so that every later day is a weekday
        first -= timedelta(days=1)
    key = Key(WORKED, front_contract("ZC", today))
    for number, (days, units, lots) in enumerate(_WORKED_PLAN, start=1):
        at = _moment(first + timedelta(days=days), 60 + 5 * number)
        cash = _Cash(CashId(f"PSHA-C{number}"), key, units, at, _FARMS[number])
        yield from _dated(market, cash)
        yield from _hedge(market, f"PSHA-H{number}", cash, -lots)


def _sixteen(market: GrainMarket, today: date) -> Iterator[_Dated]:
    """One purchase of 16,000 bushels, three futures, and a thousand bushels to be determined."""
    day = today - timedelta(days=_SIXTEEN_AGE)
    while day.weekday() >= _SATURDAY:
        day -= timedelta(days=1)
    key = Key(SIXTEEN, front_contract("ZC", today))
    cash = _Cash(CashId("PRAI-C1"), key, 16_000, _moment(day, 105), "Larsen")
    yield from _dated(market, cash)
    yield from _hedge(market, "PRAI-H1", cash, -3)


def _usual(market: GrainMarket, seed: int, now: Timestamp) -> Iterator[_Dated]:
    """Everything else: a few farmers a day, hedged by the rule whenever a tail is too large."""
    balances: dict[Key, int] = {}
    for cash, random in _farmers(seed, now):
        yield from _dated(market, cash)
        size = GRAINS[cash.key.contract[:2]].contract_size
        balance = balances.get(cash.key, 0) + cash.signed
        proposal = propose(balance, size, _RULE)
        balances[cash.key] = balance if proposal is None else proposal.balance_after
        if proposal is None:
            continue
        outside = cash.key.account == BROKERED and random.random() < _BROKERED_SHARE
        pieces: tuple[int, ...] = ()
        if proposal.lots > 1 and random.random() < _PARTIAL_SHARE:
            pieces = (1, proposal.lots - 1)
        yield from _hedge(
            market, cash.cash.replace("C", "H", 1), cash, proposal.side.sign * proposal.lots,
            origin=Origin.OUTSIDE if outside else Origin.HM, pieces=pieces,
        )  # fmt: skip


def _farmers(seed: int, now: Timestamp) -> Iterator[tuple[_Cash, Random]]:
    """Yield the cash orders of 30 days in order of time; no two in one minute."""
    today = datetime.fromtimestamp(now, CHICAGO).date()
    for age in range(HISTORY_DAYS - 1, -1, -1):
        day = today - timedelta(days=age)
        if day.weekday() >= _SATURDAY:
            continue
        random = stream(seed, "elevator", "day", day.toordinal())
        for minute in sorted(random.sample(range(_DAY_MINUTES), random.randint(3, 6))):
            at = _moment(day, minute)
            local = datetime.fromtimestamp(at, CHICAGO)
            cash = _farmer(random, CashId(f"C{local:%y%m%d-%H%M}"), at, today)
            if at + 60.0 < now:
                yield cash, random


def _dated(market: GrainMarket, cash: _Cash) -> Iterator[_Dated]:
    for event in _told(market, cash):
        yield cash.at, event


def _moment(day: date, minute: int) -> Timestamp:
    """Return so many minutes after the opening of the day session."""
    opens = datetime.combine(day, _OPENS, CHICAGO).timestamp()
    return Timestamp(opens + 60.0 * minute)
