"""`hedgetui stress` without a file: the portfolio of the desk, read anew and stressed there.

The running desk does it where one runs, and its screen shows it; else one opened for a moment.
Leaving early stops the work wherever it is done.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
from collections.abc import Awaitable
from typing import Final, TypeVar

from hedgetui.console import portfolio_asking
from hedgetui.console.asking import Asker, Question
from hedgetui.console.balance_files import wants_csv
from hedgetui.console.portfolio_asking import read_portfolio
from hedgetui.console.stress import seed_of
from hedgetui.console.stress_words import Moves, Report, print_report
from hedgetui.domain import commands as cm
from hedgetui.domain.balance.positions import Unparsed
from hedgetui.domain.errors import DataError, HedgetuiError, UsageError
from hedgetui.domain.stress.regimes import regime_named
from hedgetui.ports.balance import StressAsked, StressView
from hedgetui.ports.desk import Outcome

_FIRST_LOOK_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 0.5
"""A look takes the whole state of the desk, which has other things to do."""
_DATA: Final = frozenset({"nothing-priced", "no-stress", "not-read"})
"""Refusals of what there is: another question would be answered."""
_OF_FILES: Final = {
    "day": "--day", "spot": "--spot", "beta": "--beta", "vix": "--vix", "closes": "--closes",
    "cash": "--cash", "index": "--index",
}  # fmt: skip
"""Options that say what a file does not; a desk knows better."""

_T = TypeVar("_T")


def refusal(outcome: Outcome) -> HedgetuiError:
    """Return the error, and with it the exit code, for an outcome that refused."""
    if outcome.code in _DATA:
        return DataError(outcome.message, hint=outcome.hint, code=outcome.code)
    return portfolio_asking.refusal(outcome)


async def _stress(asker: Asker, options: argparse.Namespace) -> int:
    """Read the portfolio, stress it and print what it could lose.

    Raises:
        UsageError: an option makes no sense here, or is out of range.
        HedgetuiError: the desk refuses, or the test was stopped or failed.
    """
    wants_csv(options)
    for name, word in _OF_FILES.items():
        if getattr(options, name) not in (None, []):
            hint = f"{word} goes with --positions FILE; without it the desk says it"
            raise UsageError(f"{word} is not for the portfolio of the desk", hint=hint)
    regime = regime_named(options.regime).name
    command = cm.RunStress(regime, options.paths, options.horizon, seed_of(options))
    await read_portfolio(asker)
    print_report(_report(await _finished(asker, command), grid=options.grid), options)
    return 0


async def _finished(asker: Asker, command: cm.RunStress) -> StressView:
    """Have a test done and return what it found; whoever interrupts stops it at the desk too."""
    asked = StressAsked(command.regime, command.paths, command.months, command.seed)
    show = _Meter(sys.stderr.isatty())
    pause = _FIRST_LOOK_S
    try:
        outcome = await _whole(asker.dispatch(command))
        if not outcome.ok:
            raise refusal(outcome)
        while (view := (await _whole(asker.snapshot())).stress).state == "running":
            if view.asked != asked:
                raise HedgetuiError("another stress test was started at the desk", code="replaced")
            show.progress(view.done, asked.paths)
            await show.wait(pause)
            pause = min(_LONGEST_PAUSE_S, 2 * pause)
    except asyncio.CancelledError:
        await asker.dispatch(cm.StopStress())
        raise
    finally:
        show.clear()
    if view.state == "failed":
        raise HedgetuiError(view.problem, code="stress-failed")
    if view.state != "done" or view.asked != asked or view.figures is None:
        raise HedgetuiError("the stress test was stopped at the desk", code="stopped")
    return view


async def _whole(question: Awaitable[_T]) -> _T:
    """Wait for an answer to its end even if interrupted: the next question is put on its line."""
    answer = asyncio.ensure_future(question)
    try:
        return await asyncio.shield(answer)
    except asyncio.CancelledError:
        await asyncio.wait({answer})
        raise


class _Meter:
    """Says on a terminal how far the work is; anywhere else nothing."""

    def __init__(self, on: bool) -> None:  # noqa: FBT001 - the one thing it is told
        self._on = on
        self._shown = False

    def progress(self, done: int, paths: int) -> None:
        """Write the share that is done over the one before."""
        if self._on:
            sys.stderr.write(f"\rstress test: {done / max(1, paths):4.0%} of {paths:,} paths")
            sys.stderr.flush()
            self._shown = True

    def clear(self) -> None:
        """Leave no trace."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    async def wait(self, seconds: float) -> None:
        """Wait for the next look.

        Who watches counts in seconds of the wall, which the clock of a desk opened for a moment
        does not: it stands still while the worker works, hence the thread.
        """
        if self._on:
            await asyncio.to_thread(threading.Event().wait, seconds)
        else:
            await asyncio.sleep(seconds)


def _report(view: StressView, *, grid: bool) -> Report:
    if view.figures is None or view.risk is None:
        raise HedgetuiError("the desk shows no figures", code="stress-failed")
    moves = Moves(view.prices, view.ivs, view.days, view.grid) if grid else None
    asked = view.asked
    return Report(
        asked.regime, asked.paths, asked.months, asked.seed, positions=view.positions,
        figures=view.figures, risk=view.risk, blame=view.blame, scenarios=view.scenarios,
        left_out=tuple(map(_left_out, view.left_out)), notes=view.notes, moves=moves,
    )  # fmt: skip


def _left_out(words: str) -> Unparsed:
    text, _, why = words.partition(": ")
    return Unparsed(0, text, why)


QUESTIONS: dict[str, Question] = {"stress": _stress}
"""By the name the command line gives them."""
