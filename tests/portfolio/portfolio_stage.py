"""A desk whose broker says what an account holds, and the parts of the portfolio on it."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np

from hedgetui.domain import commands as cm
from hedgetui.domain.balance.closes import Closes
from hedgetui.domain.balance.positions import Position, read_positions
from hedgetui.domain.balance.quoting import instrument_of
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.instruments import Right, third_friday
from hedgetui.domain.pricing.black76 import price_one
from hedgetui.domain.recommend import ChainRow
from hedgetui.domain.stress.monte_carlo import simulate
from hedgetui.domain.units import utc_date
from hedgetui.engine.balance.door import PortfolioDoor, door
from hedgetui.engine.balance.settings import BalanceSettings
from hedgetui.engine.settings import EngineSettings
from hedgetui.ports import broker as br
from hedgetui.ports import dtms as dv
from hedgetui.ports.balance import BalanceView
from hedgetui.ports.clock import LoopClock
from hedgetui.ports.desk import Outcome
from hedgetui.ports.portfolio import ChainWindow, Holding, Holdings, Level, SecurityChain
from hedgetui.simulation.virtual_loop import run_virtual
from tests.engine.bench import Bench

GOLDEN = Path(__file__).parents[1] / "balance" / "golden"
SPOTS = {
    "SPY": 600.0, "QQQ": 530.0, "IWM": 230.0, "HYG": 80.0, "TLT": 90.0, "AAPL": 250.0,
    "MSFT": 480.0, "NVDA": 180.0, "GOOGL": 290.0, "AMZN": 230.0, "GLDM": 80.0, "TAN": 45.0,
    "VIX": 14.9, "XLE": 92.0, "XLF": 52.0, "TIP": 110.0, "IEF": 96.0, "VIXM": 16.0,
}  # fmt: skip
VOL, VIX_VOL = 0.25, 0.9
_DAYS = 252


def chain_rows(symbol: str, spot: float, today: date) -> list[ChainRow]:
    """Monthly contracts with strikes every hundredth of the spot, two per cent wide."""
    step = max(0.5, round(spot / 100 * 2) / 2)
    first = math.ceil(spot * 0.6 / step)
    months = [third_friday(today.year + (today.month + n) // 12, (today.month + n) % 12 + 1)
              for n in range(16)]  # fmt: skip
    rows = []
    for expiry in months:
        years = (expiry - today).days / 365
        growth = math.exp(0.04 * years)
        vol = VIX_VOL if symbol == "VIX" else VOL
        for n in range(first, math.ceil(spot * 1.6 / step)):
            for right in Right:
                sign = 1 if right is Right.CALL else -1
                worth = price_one(spot * growth, n * step, years, vol, sign, 1 / growth)
                bid, ask = round(worth * 0.99, 2), round(worth * 1.01 + 0.01, 2)
                rows.append(ChainRow(expiry, n * step, right, bid, ask, 500.0, 900.0))
    return rows


class ScriptedPortfolio:
    """A `PortfolioPort` that says what the test says."""

    def __init__(self, clock: LoopClock, book: str) -> None:
        self.clock = clock
        lines = (GOLDEN / f"{book}.csv").read_text(encoding="utf-8").splitlines()
        self.positions: tuple[Position, ...] = read_positions(lines).positions
        self.unparsed = read_positions(lines).unparsed
        self.spots = dict(SPOTS)
        self.betas: dict[str, float] = {}
        """Names that have a history, with the beta that it shows."""
        self.nav: Decimal | None = Decimal(250_000)
        self.unlisted: set[str] = set()
        """Names without options."""
        self.incomplete = ""
        self.delayed = False
        self.reachable = True
        self.asked: list[str] = []
        self.delay = 0.05

    async def _reach(self, question: str) -> None:
        self.asked.append(question)
        await self.clock.sleep(self.delay)
        if not self.reachable:
            raise BrokerUnreachable("the broker does not answer")

    async def holdings(self) -> Holdings | br.Incomplete:
        await self._reach("holdings")
        if self.incomplete:
            return br.Incomplete(self.incomplete)
        held = tuple(Holding(one, self._key(one)) for one in self.positions)
        return Holdings(self.clock.now(), held, self.unparsed, self.nav)

    def _key(self, one: Position) -> str:
        what = instrument_of(one)
        return "" if what is None else what.key

    async def levels(self, symbols: frozenset[str]) -> Mapping[str, Level]:
        await self._reach("levels")
        now = self.clock.now()
        known = symbols & self.spots.keys()
        return {name: Level(self.spots[name], now, self.delayed) for name in known}

    async def closes(self, symbols: frozenset[str], days: int) -> Closes:
        await self._reach(f"closes {' '.join(sorted(symbols))}")
        walk = np.random.default_rng(1).normal(0, 0.01, days)
        start = utc_date(self.clock.now()) - timedelta(days=days)
        table = {
            name: 100 * np.cumprod(1 + beta * walk)
            for name, beta in {"SPY": 1.0, **self.betas}.items()
            if name in symbols
        }
        return Closes(tuple(start + timedelta(days=n) for n in range(days)), table)

    async def security_chain(self, symbol: str, window: ChainWindow) -> SecurityChain | None:
        await self._reach(f"chain {symbol}")
        if symbol not in self.spots or symbol in self.unlisted:
            return None
        spot, today = self.spots[symbol], utc_date(self.clock.now())
        (first, last), (low, high) = window.days, window.moneyness
        rows = tuple(
            row
            for row in chain_rows(symbol, spot, today)
            if first <= (row.expiry - today).days <= last
            and low <= row.strike / spot <= high
            and row.right.value in window.rights
        )
        return SecurityChain(symbol, self.clock.now(), spot, rows, delayed=self.delayed)

    def times(self, question: str) -> int:
        return sum(one.startswith(question) for one in self.asked)


class HereRunner:
    """A `StressRunner` that works in this process."""

    def __init__(self) -> None:
        self.closed = False

    async def run(self, book, settings, progress):
        raise NotImplementedError

    async def cvars(self, books, settings):
        await asyncio.sleep(0)
        return tuple(
            simulate(book, replace(settings, paths=500)).figures.cvar95 if book.holdings else 0.0
            for book in books
        )

    async def close(self) -> None:
        self.closed = True


class Stage(Bench):
    """The bench with a portfolio beside the strategy."""

    def __init__(self, book: str, settings: BalanceSettings, facts=()) -> None:
        super().__init__(facts, EngineSettings("sim", expected_account="DU100042"), _SIM)
        self.balance = settings
        self.port = ScriptedPortfolio(self.clock, book)
        self.terminal = dv.OFF
        self.runner = HereRunner()
        self._tasks: list[asyncio.Task[None]] = []
        self.door: PortfolioDoor

    async def begin(self) -> None:
        """Start the desk, and the portfolio on it."""
        await self.ready()
        await self.open()

    async def open(self) -> None:
        parts, tickets = self.kernel.parts, self.kernel.tickets
        self.door = door(
            self.port, self.runner, self.balance, parts, tickets, lambda: self.terminal
        )
        self.door.load(tuple(self.journal.kept))
        self._tasks = [asyncio.ensure_future(worker()) for _, worker in self.door.workers()]
        await self.wait(5)

    async def shut(self) -> None:
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()  # a worker that died is a failure of the test
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(AttributeError):
            await self.door.stop()

    async def close(self) -> None:
        await self.shut()
        await super().close()

    async def ask(self, command: cm.Command) -> Outcome:
        return await self.door.dispatch(command, "test")

    @property
    def seen(self) -> BalanceView:
        return self.door.view()

    def trades(self) -> list[tuple[str, str]]:
        return [(row.action.value, row.trade) for row in self.seen.advice]


_SIM = br.Environment.SIM
Story = Callable[[Stage], Awaitable[None]]


def tell(
    story: Story,
    book: str = "net_short",
    first: Callable[[ScriptedPortfolio], None] = lambda _: None,
    **settings: object,
) -> None:
    """Tell `story` on a desk that holds a reference book; `first` changes what its broker says."""

    async def main() -> None:
        stage = Stage(book, BalanceSettings(**settings))
        first(stage.port)
        try:
            await stage.begin()
            await story(stage)
        finally:
            await stage.close()

    run_virtual(main)
