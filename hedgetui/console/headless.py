"""A run without a screen: follow a plan, stream the facts, end with a summary that was audited.

However it ends (time is up, Ctrl-C, the reader of the output left, the journal failed) the desk is
taken down in order by whoever opened it; this module only decides when and with what words.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any, Protocol

from hedgetui.console import crash, output, trader
from hedgetui.domain.audit import Auditor, BrokerHistory
from hedgetui.domain.codec import to_plain
from hedgetui.domain.errors import BrokerUnreachable, HedgetuiError
from hedgetui.domain.events import Fact
from hedgetui.domain.ids import CLIENT_KEY_PREFIX
from hedgetui.domain.units import iso_utc
from hedgetui.ports.broker import BrokerTruth
from hedgetui.ports.clock import Clock
from hedgetui.ports.desk import DeskPort, DeskSnapshot, Subscription
from hedgetui.simulation.scenarios import TraderStep

INTERRUPTED = 130
_INTERRUPTED = "interrupted"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class RunningDesk(Protocol):
    """What a run needs of a desk beside its port."""

    @property
    def port(self) -> DeskPort:
        """The desk as its front ends see it."""
        ...

    @property
    def clock(self) -> Clock:
        """The desk's time."""
        ...

    @property
    def failure(self) -> HedgetuiError | None:
        """Why the journal writes nothing more."""
        ...

    def summary(self) -> dict[str, object]:
        """Counts, net delta and profit."""
        ...

    async def audit(self) -> Auditor:
        """Compare the journal with the broker's history."""
        ...


class FactLines:
    """Prints each fact as one JSON line, until nobody takes them any more."""

    def __init__(self) -> None:
        self.stuck: BaseException | None = None
        """Why no more lines are printed."""
        self.on_stuck: Callable[[BaseException], None] | None = None

    def __call__(self, fact: Fact) -> None:
        """Print one fact; a failure ends the run instead of the worker that made the fact."""
        if self.stuck is not None:
            return
        head = {"seq": fact.seq, "at": iso_utc(fact.at), "kind": fact.kind}
        try:
            output.print_json({**head, **_apart(head, to_plain(fact.event))})
            output.flush()
        except (BrokenPipeError, HedgetuiError) as error:
            self.stuck = error
            if self.on_stuck is not None:
                self.on_stuck(error)


def _apart(head: Mapping[str, object], told: Mapping[str, object]) -> dict[str, object]:
    """Return a fact's own fields; one that is named as the head's is, as `at`, is `its_at`."""
    return {f"its_{name}" if name in head else name: value for name, value in told.items()}


class Ending:
    """The first reason to stop, and who waits for it.

    `lines` prints facts with `--json`, else it is None and the log is narrated.
    """

    def __init__(self, lines: FactLines | None = None) -> None:
        self._lines = lines
        self._over = asyncio.Event()
        self._why: str | BaseException = ""
        self._opening: asyncio.Task[Any] | None = None
        self.streams = lines is not None
        if lines is not None:
            lines.on_stuck = self.because

    def because(self, why: str | BaseException) -> None:
        """Stop; a later reason does not replace the first."""
        if not self._over.is_set():
            self._why = why
            self._over.set()

    async def wait(self) -> str | BaseException:
        """Return the reason once there is one."""
        await self._over.wait()
        return self._why

    def fact(self, fact: Fact) -> None:
        """Hear a fact: from the first one on, a run ends in order."""
        self._opening = None
        if self._lines is not None:
            self._lines(fact)

    @contextlib.contextmanager
    def opening(self) -> Iterator[None]:
        """Let a signal break off what is done inside, until the first fact: a broker may take long.

        Raises:
            HedgetuiError: it was interrupted.
        """
        self._opening = task = asyncio.current_task()
        try:
            yield
        except asyncio.CancelledError:
            if task is None or not self._over.is_set():
                raise
            task.uncancel()
            raise HedgetuiError(_INTERRUPTED, exit_code=INTERRUPTED, code=_INTERRUPTED) from None
        finally:
            self._opening = None

    @contextlib.contextmanager
    def by_signals(self) -> Iterator[None]:
        """End in order at the first signal; a second one is not ours and ends at once."""
        loop = asyncio.get_running_loop()

        def release() -> None:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

        def stop() -> None:
            release()
            self.because(_INTERRUPTED)
            if self._opening is not None:
                self._opening.cancel()

        for number in _SIGNALS:
            loop.add_signal_handler(number, stop)
        try:
            yield
        finally:
            release()


async def run(
    desk: RunningDesk,
    steps: Sequence[TraderStep],
    seconds: float,
    ending: Ending,
    others: Coroutine[Any, Any, None] | None = None,
) -> dict[str, Any]:
    """Run for `seconds` of the desk's time and return the summary, all but its hash.

    `others` act at the desk beside the trader who follows `steps`, until the end.

    Raises:
        HedgetuiError: the journal or the output failed.
        BrokenPipeError: the reader of the output left.
    """
    began = desk.clock.now()
    box = desk.port.subscribe()
    counting = asyncio.create_task(_count_log(desk, box, ending, echo=not ending.streams))
    follower = trader.follow(desk.port, desk.clock, steps, output.say)
    scripts = [asyncio.create_task(one) for one in (follower, others) if one is not None]
    timer = desk.clock.call_later(seconds, lambda: ending.because("time is up"))
    try:
        why = await ending.wait()
    finally:
        timer.cancel()
        for script in scripts:
            script.cancel()
        await asyncio.gather(*scripts, return_exceptions=True)
    if isinstance(why, BaseException):
        raise why
    for script in scripts:
        if not script.cancelled():
            script.result()
    auditor = await desk.audit()
    box.close()
    return {
        **desk.summary(),
        "violations": len(auditor.violations),
        "violation_words": [f"I-{v.invariant} at {v.seq}: {v.words}" for v in auditor.violations],
        "sim_seconds": round(desk.clock.now() - began, 3),
        "log": await counting,
        "errors": crash.errors_logged(),
        "ended": why,
    }


def history_of(truth: BrokerTruth) -> BrokerHistory:
    """Return the broker's history as the auditor reads it: orders with our mark, all executions."""
    orders = [(order.client_key, order.broker_order) for order in truth.open_orders]
    orders += [(order.client_key, order.broker_order) for order in truth.ended_orders]
    return BrokerHistory(
        orders=[pair for pair in orders if pair[0].startswith(CLIENT_KEY_PREFIX)],
        executions=[(e.client_key, e.exec_id) for e in truth.executions],
        positions=truth.positions,
    )


async def _count_log(
    desk: RunningDesk, box: Subscription, ending: Ending, *, echo: bool
) -> dict[str, int]:
    """Count log lines by level; an alarm may be the journal's end, which ends the run."""
    counts: dict[str, int] = {}
    async for update in box:
        for record in update.log:
            counts[record.level] = counts.get(record.level, 0) + 1
            if echo:
                output.say(record.text)
        if counts.get("alarm") and desk.failure is not None:
            ending.because(desk.failure)
    return dict(sorted(counts.items()))


def unmet(snapshot: DeskSnapshot) -> str:
    """Return why no session with the broker ever stood, or an empty text when one did."""
    return "" if snapshot.health.session else snapshot.status.link_reason


def finish(summary: dict[str, Any], *, as_json: bool, unmet: str = "") -> int:
    """Print the end of a run.

    Returns 130 when interrupted, 1 when a promise broke or a worker died, 3 when `unmet` says why
    the broker was never reached.
    """
    if as_json:
        output.print_json({"summary": summary})
    else:
        output.print_lines([f"{name:<16} {value}" for name, value in summary.items()])
    if summary["ended"] == _INTERRUPTED:
        return INTERRUPTED
    if summary["violations"] or summary["errors"]:
        return 1
    if unmet:
        output.say(f"hedgetui: no session with the broker: {unmet}")
        return BrokerUnreachable.default_exit_code
    return 0
