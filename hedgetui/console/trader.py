"""A trader made of a plan: carries a scenario's steps to a desk, as a person would with keys.

It knows the desk's port only. A step the desk is not ready for is tried again for a while; a
refusal is narrated and the plan goes on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable

from hedgetui.domain import commands as cm
from hedgetui.domain.errors import BrokerUnreachable, UsageError
from hedgetui.ports.clock import Clock
from hedgetui.ports.desk import DeskPort, Outcome
from hedgetui.simulation.scenarios import TraderStep

_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_LONGEST_S = 366 * 86_400.0
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhd]?)")
_OPENING_S = 60.0
_READY_S = 60.0
_SCAN_S = 10.0
_CANCELLED_S = 30.0
_QUIET_S = 120.0
_RETRY_S = 5.0
_RETRIES = 6
_AGAIN = frozenset(
    {"broker_unreachable", "usage", "G1-link", "G1-unsynced", "G7-no-quote", "G11-in-flight"}
)
"""Refusals of a desk that is not ready yet."""


def duration(text: str) -> float:
    """Read `90s`, `10m`, `6h`, `2d` or plain seconds.

    Raises:
        UsageError: it is not a positive time of a year at most.
    """
    match = _DURATION.fullmatch(text.strip().lower())
    seconds = float(match[1]) * _UNITS[match[2] or "s"] if match else 0.0
    if not 0 < seconds <= _LONGEST_S:
        message = f"--for {text!r} is not a time" + (" up to 366d" if seconds else "")
        raise UsageError(message, hint="like 90s, 10m or 6h")
    return seconds


def pace(speed: float | None) -> float | None:
    """Return how fast virtual time may run; None is as fast as the machine can.

    Raises:
        UsageError: it is not a positive number.
    """
    if speed is None:
        return None
    if not (math.isfinite(speed) and speed > 0):
        message = f"--speed {speed} is not a positive number"
        raise UsageError(message)
    return speed


Narrator = Callable[[str], None]


def opening(steps: Iterable[TraderStep]) -> tuple[TraderStep, ...]:
    """Return what a plan does in its first minute: the book a first start finds.

    Nobody closes it again but the trader, since it is kept.
    """
    return tuple(step for step in steps if step.at_seconds <= _OPENING_S)


def silently(_: str) -> None:
    """Drop a narration: a screen owns the terminal, and its log says the same."""


async def follow(
    desk: DeskPort, clock: Clock, steps: Iterable[TraderStep], narrate: Narrator = silently
) -> None:
    """Carry out `steps` at their times, counted from now; refusals are narrated."""
    began = clock.now()
    for step in steps:
        wait = began + step.at_seconds - clock.now()
        if wait > 0:
            await clock.sleep(wait)
        refusal = await _carry_out(desk, clock, step)
        if refusal is not None:
            narrate(f"plan: {step.action} {step.argument}: {refusal.code}: {refusal.message}")


async def _carry_out(desk: DeskPort, clock: Clock, step: TraderStep) -> Outcome | None:
    """Do one step; returns the refusal it ended with, if any."""
    outcome = await _one(desk, step)
    for _ in range(_RETRIES):
        if outcome is None or outcome.ok:
            return None
        if outcome.code not in _AGAIN:
            break
        await clock.sleep(_RETRY_S)
        outcome = await _one(desk, step)
    return outcome


async def _one(desk: DeskPort, step: TraderStep) -> Outcome | None:
    by = "script"
    match step.action:
        case "enable":
            return await desk.dispatch(cm.EnableStrategy(step.argument != "off"), by)
        case "auto":
            return await desk.dispatch(cm.SwitchAuto(step.argument != "off"), by)
        case "enter":
            row, _, lots = (step.argument or "1").partition("x")
            return await _confirmed(desk, cm.PreviewEntry(int(row), int(lots or 1)))
        case "close_oldest":
            open_now = [row for row in desk.snapshot().strangles if row.state == "OPEN"]
            if not open_now:
                return None
            return await _confirmed(desk, cm.PreviewClose(open_now[0].trade_id))
        case "hedge":
            return await _confirmed(desk, cm.PreviewHedge())
        case "halt":
            return await desk.dispatch(cm.Freeze("the plan says so"), by)


async def _confirmed(desk: DeskPort, command: cm.Command) -> Outcome:
    outcome = await desk.dispatch(command, "script")
    if outcome.preview is None or not outcome.ok:
        return outcome
    return await desk.dispatch(cm.Confirm(outcome.preview.preview_id), "script")


async def until_ready(desk: DeskPort, clock: Clock, *, scanned: bool = True) -> None:
    """Wait until the link is synchronised and, if `scanned`, a moment for the chain to be read.

    Raises:
        BrokerUnreachable: it is not within a minute.
    """
    deadline = clock.now() + _READY_S
    scan_by = deadline
    while clock.now() < deadline:
        snapshot = desk.snapshot()
        if snapshot.status.link == "ready":
            scan_by = min(scan_by, clock.now() + _SCAN_S)
            if not scanned or snapshot.scanned_at is not None or clock.now() >= scan_by:
                return
        await clock.sleep(0.25)
    status = desk.snapshot().status
    message = f"the broker link is {status.link}: {status.link_reason}"
    raise BrokerUnreachable(message, hint="hedgetui doctor")


async def until_cancelled(desk: DeskPort, clock: Clock) -> None:
    """Wait until no order works, half a minute at most."""
    deadline = clock.now() + _CANCELLED_S
    while clock.now() < deadline and desk.snapshot().status.working_orders:
        await clock.sleep(0.25)


async def until_quiet(desk: DeskPort, clock: Clock) -> None:
    """Wait until no order and no ticket works, nothing enters or closes, hedges are placed."""
    deadline = clock.now() + _QUIET_S
    calm = 0
    while clock.now() < deadline and calm < 4:  # four looks, three seconds apart
        await clock.sleep(3.0)
        snapshot = desk.snapshot()
        moving = any(row.state != "OPEN" for row in snapshot.strangles)
        moving |= any(row.state == "working" for row in snapshot.balance.tickets)
        calm = 0 if moving or snapshot.status.working_orders else calm + 1
