"""Stress tests of the portfolio: one at a time, worked out elsewhere, watched and stopped here.

The figures of the newest finished test stay on the screen while the next one runs, and after it
failed. They say so when the portfolio has changed since; the passing of prices alone does not age
them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from hedgetui.domain import commands as cm
from hedgetui.domain.balance.facts import StressRan
from hedgetui.domain.balance.positions import Book, Position
from hedgetui.domain.commands import Command
from hedgetui.domain.errors import HedgetuiError
from hedgetui.domain.stress.book import StressBook
from hedgetui.domain.stress.from_positions import Priced, price_book
from hedgetui.domain.stress.paths import StressSettings
from hedgetui.domain.stress.regimes import regime_named
from hedgetui.domain.stress.revalue import Revaluation
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp
from hedgetui.engine.balance.reading import Reading
from hedgetui.engine.balance.settings import BalanceSettings
from hedgetui.engine.parts import Parts
from hedgetui.engine.switches import done, refused
from hedgetui.ports.balance import StressAsked, StressView
from hedgetui.ports.clock import outside_work
from hedgetui.ports.desk import Outcome
from hedgetui.ports.stress import StressAnswer, StressRunner

_MONTHS = 12
_NAV_UNKNOWN = "an account does not say its net value: the value of the lines stands for it"

_Lines = tuple[tuple[object, ...], ...]
"""What is held, without its prices."""


@dataclass(frozen=True, slots=True)
class _Test:
    """A stress test with everything it follows from."""

    asked: StressAsked
    priced: Priced
    settings: StressSettings
    held: _Lines
    basket: tuple[Position, ...]
    began: Timestamp

    @property
    def title(self) -> str:
        """Name it in a log line."""
        basket = " with the basket" if self.asked.basket else ""
        return f"Stress {self.asked.regime} {self.asked.months:g}M{basket}"


class Stressing:
    """The stress test under way, and the figures of the one before."""

    def __init__(
        self,
        desk: Parts,
        runner: StressRunner | None,
        settings: BalanceSettings,
        reading: Callable[[], Reading | None],
        basket: Callable[[], tuple[Position, ...]],
    ) -> None:
        """Wire it; `reading` gives the newest reading, `basket` the trades thought of."""
        self._desk, self._runner = desk, runner
        self._reading, self._basket = reading, basket
        first = StressAsked(
            settings.stress_regime, settings.stress_paths, settings.stress_months,
            settings.stress_seed,
        )  # fmt: skip
        self._view = StressView(on=runner is not None, asked=first)
        self._shown: _Test | None = None
        """Of the figures that are shown."""
        self._task: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    def owns(self, command: Command) -> bool:
        """Whether a command is about stress tests."""
        return isinstance(command, cm.RunStress | cm.StopStress)

    async def dispatch(self, command: Command, by: str) -> Outcome:
        """Start a stress test, or stop the one that runs; returns at once."""
        async with self._turn:
            if isinstance(command, cm.RunStress):
                return await self._start(command)
            if not await self._cancelled(f"by {safe(by, 40)}"):
                return done("no stress test runs")
            return done("the stress test is stopped")

    def view(self) -> StressView:
        """Return the newest figures and the test under way."""
        shown = self._shown
        if shown is None or self._view.stale or shown.basket == self._trades(shown.asked):
            return self._view
        return replace(self._view, stale=True)

    def on_reading(self) -> None:
        """Notice whether the portfolio still is what the figures are about."""
        reading = self._reading()
        if self._shown is None or reading is None:
            return
        stale = _held(reading.book) != self._shown.held
        if stale != self._view.stale:
            self._view = replace(self._view, stale=stale)

    async def stop(self) -> None:
        """Stop what runs and end the worker; safe to call twice."""
        async with self._turn:
            await self._cancelled("the desk stops")
        if self._runner is not None:
            await self._runner.close()

    # --- starting and stopping ---------------------------------------------------------------

    async def _start(self, command: cm.RunStress) -> Outcome:
        if self._runner is None:
            return refused("no-stress", "this desk runs no stress tests")
        reading = self._reading()
        if reading is None:
            hint = "it is read as soon as the broker answers"
            return refused("not-read", "the portfolio has not been read yet", hint)
        try:
            test = await self._prepared(command, reading)
        except HedgetuiError as error:
            return refused(error.code, error.message, error.hint)
        if not test.priced.book.holdings:
            return refused("nothing-priced", *_why_nothing(test.priced))
        await self._cancelled("another one was asked for")
        self._view = replace(self._view, state="running", asked=test.asked, done=0, problem="")
        self._task = asyncio.create_task(self._run(self._runner, test), name="stress")
        self._task.add_done_callback(self._fell)
        return done(f"{test.title}: {test.asked.paths:,} paths started")

    async def _prepared(self, command: cm.RunStress, reading: Reading) -> _Test:
        """Return the test a command asks for; a book is made ready away from the event loop.

        Raises:
            UsageError: there is no such regime, or a number is out of range.
            DataError: what is held cannot be priced at all.
        """
        regime, market = regime_named(command.regime), reading.market
        settings = StressSettings(
            regime,
            paths=command.paths,
            horizon=command.months / _MONTHS,
            seed=command.seed,
            iv_now=None if market.vix is None else market.vix / 100,
            rate=market.rate,
        )
        asked = StressAsked(
            regime.name, command.paths, command.months, command.seed, command.basket
        )
        trades = self._trades(asked)
        book = Book(reading.book.positions + trades, reading.book.unparsed)
        with outside_work():
            priced = await asyncio.to_thread(
                lambda: _at_net_value(
                    price_book(book, market, regime.iv_level), settings, reading.nav
                )
            )
        now = self._desk.clock.now()
        return _Test(asked, priced, settings, _held(reading.book), trades, now)

    def _trades(self, asked: StressAsked) -> tuple[Position, ...]:
        return self._basket() if asked.basket else ()

    async def _cancelled(self, why: str) -> bool:
        """Stop the test that runs, if any; whether there was one."""
        task = self._task
        if task is None or task.done():
            return False
        task.cancel(why)
        await asyncio.wait({task})
        return True

    # --- running -----------------------------------------------------------------------------

    async def _run(self, runner: StressRunner, test: _Test) -> None:
        def progress(finished: int, _: int) -> None:
            self._view = replace(self._view, done=finished)

        try:
            answer = await runner.run(test.priced.book, test.settings, progress)
            await self._desk.recorder.record(_fact(test, answer))
        except asyncio.CancelledError as error:
            self._ended("stopped", "")
            why = f": {error.args[0]}" if error.args else ""
            self._desk.recorder.say("info", f"🎯 {test.title} stopped{why}")
            raise
        except HedgetuiError as error:
            self._failed(test.title, error.message)
        else:
            self._finished(test, answer)

    def _finished(self, test: _Test, answer: StressAnswer) -> None:
        now, priced = self._desk.clock.now(), test.priced
        result, grid = answer.result, answer.grid
        self._shown = test
        self._view = StressView(
            on=True,
            state="done",
            asked=test.asked,
            done=test.asked.paths,
            finished_at=now,
            took_s=now - test.began,
            positions=len(priced.book.holdings),
            figures=result.figures,
            risk=result.risk,
            blame=result.blame,
            scenarios=result.scenarios,
            edges=answer.edges,
            bins=answer.bins,
            prices=grid.prices,
            ivs=grid.ivs,
            days=grid.days,
            grid=tuple(tuple(map(tuple, plane)) for plane in grid.profits.tolist()),
            left_out=tuple(f"{one.text}: {one.why}" for one in priced.left_out),
            notes=priced.notes,
        )
        self.on_reading()  # the portfolio may have changed meanwhile
        self._desk.recorder.say("ok", _line(test, answer), _why(test))

    def _ended(self, state: str, problem: str) -> None:
        """End without figures: those of the test before are shown with their own question."""
        asked = self._view.asked if self._shown is None else self._shown.asked
        self._view = replace(self._view, state=state, problem=problem, asked=asked, done=0)

    def _failed(self, title: str, problem: str) -> None:
        self._ended("failed", safe(problem))
        self._desk.recorder.say("warn", f"🟡 {title} failed: {safe(problem)}")

    def _fell(self, task: asyncio.Task[None]) -> None:
        """Say it when a test ended by a defect of ours."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed("The stress test", f"{type(error).__name__}: {error}")


def _held(book: Book) -> _Lines:
    """Return what a book holds, whatever it is worth and in whatever order it was read."""
    lines = [
        (
            one.source, one.symbol, one.underlying, one.kind, one.expiry, one.strike, one.right,
            one.multiplier, one.quantity,
        )
        for one in book.positions
    ]  # fmt: skip
    return tuple(sorted(lines, key=str))


def _at_net_value(priced: Priced, settings: StressSettings, nav: float | None) -> Priced:
    """Return the book with the cash that makes its value that of the accounts.

    What was left out counts as cash then, as does what the basket would cost.
    """
    if not priced.book.holdings:
        return priced
    if nav is None:
        return replace(priced, notes=(*priced.notes, _NAV_UNKNOWN))
    book = priced.book
    lines = Revaluation(book, settings.horizon, settings.rate).nav
    return replace(priced, book=StressBook(book.underlyings, book.holdings, nav - lines))


def _why_nothing(priced: Priced) -> tuple[str, str]:
    """Return the message and the hint for a book of which nothing can be priced."""
    if not priced.left_out:
        return "there are no positions to stress", ""
    first = priced.left_out[0]
    count = len(priced.left_out)
    more = f" and {count - 1} more" if count > 1 else ""
    return "nothing that is held can be priced", safe(f"{first.text}: {first.why}{more}")


def _fact(test: _Test, answer: StressAnswer) -> StressRan:
    asked, found = test.asked, answer.result.figures
    return StressRan(
        asked.regime, asked.paths, asked.months, asked.seed, asked.basket,
        positions=len(test.priced.book.holdings), left_out=len(test.priced.left_out),
        nav=found.nav, var95=found.var95, var99=found.var99, cvar95=found.cvar95,
        p_gain=found.p_gain,
    )  # fmt: skip


def _line(test: _Test, answer: StressAnswer) -> str:
    found, asked = answer.result.figures, test.asked
    return (
        f"🎯 {test.title}: VaR95 {_dollars(found.var95)}, CVaR95 {_dollars(found.cvar95)} "
        f"({asked.paths:,} paths, seed {asked.seed})"
    )


def _why(test: _Test) -> str:
    """Return what the figures follow from, for who asks behind the log line."""
    priced, settings = test.priced, test.settings
    vix = "not known" if settings.iv_now is None else f"{100 * settings.iv_now:g}"
    parts = [
        f"{len(priced.book.holdings)} positions",
        f"VIX {vix}, rate {settings.rate:.2%}",
        f"cash and what is not priced {_dollars(priced.book.cash)}",
        *(f"left out {one.text}: {one.why}" for one in priced.left_out),
        *priced.notes,
    ]
    return safe("; ".join(parts), 2_000)


def _dollars(value: float) -> str:
    whole = round(value)
    return f"-${-whole:,}" if whole < 0 else f"${whole:,}"
