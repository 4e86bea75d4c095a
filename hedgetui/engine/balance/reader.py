"""Reading the portfolio: every source, the prices beside it, and all of it joined.

A source that did not answer whole is shown as it was, with the reason; it is never shown as empty.
Before the account has been read once nothing is known, and nothing is advised.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from hedgetui.domain.balance.counts import Bias
from hedgetui.domain.balance.market import Market, with_book_prices
from hedgetui.domain.balance.positions import Book, Kind, Position, Unparsed
from hedgetui.domain.balance.symbols import FUTURES
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.events import Fact, FillBooked, LinkChanged, LinkState
from hedgetui.domain.instruments import FUTURES as WATCHED
from hedgetui.domain.instruments import STOCK_MARK, VIX
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp, utc_date
from hedgetui.engine.balance.betas import Betas
from hedgetui.engine.balance.parts import BalanceParts
from hedgetui.engine.balance.reading import Reading
from hedgetui.engine.balance.terminal import TerminalBook, read_terminal
from hedgetui.engine.balance.usable import classed, usable
from hedgetui.engine.balance.weighing import weigh
from hedgetui.ports.balance import SourceView
from hedgetui.ports.broker import Incomplete
from hedgetui.ports.portfolio import Holding, Holdings, Level

_AFTER_FILL_S = 1.0
"""A broker's own books follow an execution a little later; many of them make one reading."""
_AFTER_READY_S = 2.0
"""A session that stands this long is asked again: one that comes and goes has enough to answer."""


_LEVEL_KEPT_S = 900.0
"""How long a level stands that the broker does not say any more; then it is not known."""


@dataclass(frozen=True, slots=True)
class _Source:
    """What a source said last."""

    name: str
    held: tuple[Holding, ...] = ()
    unparsed: tuple[Unparsed, ...] = ()
    nav: float | None = None
    at: Timestamp | None = None
    problem: str = ""

    @property
    def view(self) -> SourceView:
        return SourceView(self.name, len(self.held) + len(self.unparsed), self.at, self.problem)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A level, and when it was read."""

    level: Level
    at: Timestamp


class Reader:
    """Keeps the newest reading; never more than one at a time."""

    def __init__(self, parts: BalanceParts, betas: Betas) -> None:
        self._parts = parts
        self._betas = betas
        self._broker = _Source("")
        self._terminal: _Source | None = None
        self._levels: Mapping[str, _Seen] = {}
        self._old = ""
        """Why some of them are old, if they are."""
        self._one = asyncio.Lock()
        self._due = asyncio.Event()
        self._bias: Bias | None = None
        self._failing: frozenset[str] = frozenset()
        betas.on_measured = self.rejoin
        parts.desk.recorder.listen(self._on_fact)

    async def run(self) -> None:
        """Read for ever."""
        while True:
            self._due.clear()
            await self.read()
            timer = self._parts.desk.clock.call_later(
                self._parts.settings.read_every, self._due.set
            )
            try:
                await self._due.wait()
            finally:
                timer.cancel()

    async def read(self) -> str:
        """Read everything now; returns why the account could not be read, empty when it was."""
        async with self._one:
            board = self._parts.board
            board.busy = True
            board.touch()
            try:
                await self._read_broker()
                self._read_terminal()
                self._old = await self._prices()
                await self._join()
            finally:
                board.busy = False
                board.touch()
            return self._broker.problem

    async def rejoin(self) -> None:
        """Weigh what was read last with new betas; no source is asked."""
        async with self._one:
            await self._join()

    # --- sources -----------------------------------------------------------------------------

    async def _read_broker(self) -> None:
        broker = self._parts.desk.broker
        name = f"{broker.environment.value.upper()} {safe(broker.account)}"
        answer: Holdings | Incomplete = Incomplete("the broker link is not ready")
        if self._parts.desk.state.link is LinkState.READY:
            try:
                answer = await self._parts.port.holdings()
            except BrokerUnreachable as error:
                answer = Incomplete(error.message)
        if isinstance(answer, Incomplete):
            problem = str(safe(answer.why)) or "the answer broke off"
            self._broker = replace(self._broker, name=self._broker.name or name, problem=problem)
            return
        nav = None if answer.nav is None else float(answer.nav)
        held, left_out = usable(answer.held)
        held = classed(held, self._parts.settings.vol_symbols)
        self._broker = _Source(name, held, answer.unparsed + left_out, nav, answer.at)

    def _read_terminal(self) -> None:
        vol = self._parts.settings.vol_symbols
        found = read_terminal(self._parts.defence(), self._parts.now(), vol)
        self._terminal = None if found is None else self._of(found)

    def _of(self, found: TerminalBook) -> _Source:
        if found.held is not None:
            held, left_out = usable(found.held)
            return _Source(found.name, held, left_out, found.nav, found.at, found.problem)
        kept = self._terminal or _Source(found.name)
        return replace(kept, problem=found.problem)

    async def _prices(self) -> str:
        """Read the prices that the book does not say; returns why they are old, if they are."""
        settings = self._parts.settings
        if self._broker.problem:
            return ""  # who does not say what is held has no prices either
        names = {name: name for name in (settings.index, VIX)}
        names |= {name: one for name in self._unpriced() if (one := _asked_as(name))}
        try:
            found = await self._parts.port.levels(frozenset(names.values()))
        except BrokerUnreachable as error:
            return f"prices: {safe(error.message)}"
        now = self._parts.now()
        good = {
            name: _Seen(found[one], now)
            for name, one in names.items()
            if one in found and 0 < found[one].price < math.inf
        }
        kept = {name: one for name, one in self._levels.items() if now - one.at <= _LEVEL_KEPT_S}
        self._levels = {**kept, **good}
        return _about(sorted(set(names) - set(good)), good)

    def _unpriced(self) -> set[str]:
        """Return the markets whose price no line says."""
        held = [one.position for one in self._broker.held if one.position.kind is not Kind.OTHER]
        return {one.market_name for one in held} - _priced(held)

    # --- joining -----------------------------------------------------------------------------

    async def _join(self) -> None:
        parts, board = self._parts, self._parts.board
        sources = [self._broker, *([] if self._terminal is None else [self._terminal])]
        shown = [source.view for source in sources]
        if self._old and not shown[0].problem:
            shown[0] = replace(shown[0], problem=self._old)
        board.sources = tuple(shown)
        board.betas_at = self._betas.measured_at
        if self._broker.at is None:
            self._say()
            return
        held = tuple(line for source in sources for line in source.held)
        unparsed = tuple(line for source in sources for line in source.unparsed)
        book = Book(tuple(line.position for line in held), unparsed)
        navs = [source.nav for source in sources]
        nav = None if None in navs else sum(value for value in navs if value is not None)
        market = self._market(book.positions)
        reading = Reading(parts.now(), held, book, market, nav, board.sources)
        board.weighed = await weigh(reading)
        board.reading = reading
        board.touch()
        self._say()
        for tell in parts.changed:
            tell()

    def _market(self, positions: tuple[Position, ...]) -> Market:
        """Return what is known of the market; the book's own prices are as young as the book."""
        settings, vix = self._parts.settings, self._levels.get(VIX)
        own = _priced(positions) - {settings.index}
        spots = {name: one.level.price for name, one in self._levels.items() if name not in own}
        market = Market(
            utc_date(self._parts.now()), spots, self._betas.known, settings.index,
            None, None if vix is None else vix.level.price, settings.rate,
        )  # fmt: skip
        market = with_book_prices(market, positions)
        return replace(market, index_level=market.spots.get(settings.index))

    # --- when, and what is said --------------------------------------------------------------

    def _on_fact(self, fact: Fact) -> None:
        event = fact.event
        if isinstance(event, FillBooked):
            self._parts.desk.clock.call_later(_AFTER_FILL_S, self._due.set)
        elif isinstance(event, LinkChanged) and event.state is LinkState.READY:
            wait = 0.0 if self._parts.board.reading is None else _AFTER_READY_S
            self._parts.desk.clock.call_later(wait, self._due.set)

    def _say(self) -> None:
        """Write a line when the book leans otherwise, or an answer fails or is whole again.

        That a link is down is said by those who keep it.
        """
        board = self._parts.board
        ready = self._parts.desk.state.link is LinkState.READY
        failing = frozenset(one.name for one in board.sources if one.problem and ready)
        for one in board.sources:
            if one.name in failing - self._failing:
                self._parts.say("warn", f"🟡 Portfolio {one.name}: {one.problem}")
        mended = self._failing - failing if ready else frozenset()
        self._failing = failing if ready else self._failing
        if board.weighed is None:
            return
        counts = board.weighed.counts
        if counts.bias is self._bias and not mended:
            return
        self._bias = counts.bias
        level = "ok" if counts.bias is Bias.BALANCED else "info"
        lines = sum(one.lines for one in board.sources)
        words = f"⇅ Portfolio read: {lines} lines, {counts.bias.value} {counts.net:+d}"
        self._parts.say(level, words)


def _priced(positions: Iterable[Position]) -> set[str]:
    """Return the markets whose price a line says, as `with_book_prices` reads it."""
    return {
        one.market_name
        for one in positions
        if (one.spot or (None if one.is_option else one.price) or 0.0) > 0
    }


def _asked_as(name: str) -> str | None:
    """Return what to ask the price of a market as; none where the broker would take it otherwise.

    A broker is asked for shares and indices, and for the futures that it watches.
    """
    symbol = name.removesuffix(f" {STOCK_MARK}")
    if symbol == name:
        return None if name in set(FUTURES) - set(WATCHED) else name
    return None if symbol in WATCHED else symbol


def _about(missing: Iterable[str], found: Mapping[str, _Seen]) -> str:
    """Say what a reader should know of the prices: which lack, and which are delayed."""
    lacking = ", ".join(missing)
    delayed = ", ".join(sorted(name for name, one in found.items() if one.level.delayed))
    words = (lacking and f"no new price of {lacking}", delayed and f"delayed prices of {delayed}")
    return "; ".join(filter(None, words))
