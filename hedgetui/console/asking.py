"""The verbs that ask a desk: scan, enter, close, hedge, roll, emergency, freeze, unfreeze, resolve.

They do not know which desk answers, the running one through its socket or one opened for a moment,
and so behave the same. What sends orders shows its preview first and needs `--yes`.
"""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hedgetui.console import output, vega
from hedgetui.domain import commands as cm
from hedgetui.domain.errors import (
    BrokerUnreachable,
    HedgetuiError,
    RiskRefused,
    UsageError,
)
from hedgetui.domain.ids import key_tail
from hedgetui.ports.desk import DeskSnapshot, OrderView, Outcome

RUNNING_ONLY = frozenset({"resolve"})
"""Questions for a desk that runs: one opened for a moment has not looked long enough to be told."""
_NOT_HELD = frozenset(
    {"book-moved", "preview-expired", "incomplete", "not-sent", "not-typed", "half-roll", "failed"}
)
"""Refusals that may be different the next time: no rule stands against them."""
_MINUTES_FROM_S = 120
PATIENCE_S = 30.0
"""A confirmed order waits for the broker; longer than this is no answer."""


@dataclass(frozen=True, slots=True)
class Asker:
    """A desk to ask."""

    dispatch: Callable[[cm.Command], Awaitable[Outcome]]
    snapshot: Callable[[], Awaitable[DeskSnapshot]]
    settle: Callable[[], Awaitable[None]]
    """Wait until nothing moves; returns at once where the desk lives on without us."""
    lots: int
    """Size of an entry when none is said."""
    alone: bool = False
    """The desk was opened for this question: nobody else looks at it."""
    unread: str = ""
    """What such a desk does not read of the portfolio, in words."""


Question = Callable[[Asker, argparse.Namespace], Awaitable[int]]


def refusal(outcome: Outcome) -> HedgetuiError:
    """Return the error, and with it the exit code, for an outcome that refused."""
    code = outcome.code
    if code in {"usage", "no-such-trade", "no-such-order"}:
        return UsageError(outcome.message, hint=outcome.hint, code=code)
    if code == BrokerUnreachable.default_code:
        return BrokerUnreachable(outcome.message, hint=outcome.hint)
    if code in _NOT_HELD:
        return HedgetuiError(outcome.message, hint=outcome.hint, code=code)
    return RiskRefused(outcome.message, hint=outcome.hint, code=code)


async def scan(asker: Asker, options: argparse.Namespace) -> int:
    """Rank strangles."""
    outcome = await asker.dispatch(cm.Scan())
    if not outcome.ok:
        raise refusal(outcome)
    vega.print_scan(await asker.snapshot(), as_json=output.wants_json(options))
    return 0


async def enter(asker: Asker, options: argparse.Namespace) -> int:
    """Enter a scanned strangle."""
    lots = asker.lots if options.lots is None else options.lots
    return await _preview_then_confirm(asker, options, cm.PreviewEntry(options.candidate, lots))


async def close(asker: Asker, options: argparse.Namespace) -> int:
    """Close a strangle and its hedge."""
    return await _preview_then_confirm(asker, options, cm.PreviewClose(options.trade_id))


async def hedge(asker: Asker, options: argparse.Namespace) -> int:
    """Hedge now."""
    return await _preview_then_confirm(asker, options, cm.PreviewHedge(options.accept_stale))


async def roll(asker: Asker, options: argparse.Namespace) -> int:
    """Roll the hedge into the active month."""
    return await _preview_then_confirm(asker, options, cm.PreviewRoll())


async def _preview_then_confirm(
    asker: Asker, options: argparse.Namespace, command: cm.Command
) -> int:
    """Show the preview; with `--yes` confirm it, wait, and print the book it left."""
    undone = "nothing sent: add --yes to send it"
    outcome, done = await previewed(asker, options, command, refusal, undone)
    return vega.print_outcome(outcome, options, await asker.snapshot() if done else None)


async def previewed(
    asker: Asker,
    options: argparse.Namespace,
    command: cm.Command,
    refuse: Callable[[Outcome], HedgetuiError],
    undone: str,
) -> tuple[Outcome, bool]:
    """Show a preview; with `--yes` confirm it and wait until nothing moves.

    Returns the last answer and whether the preview was carried out; without `--yes` the words
    `undone` are said.

    Raises:
        HedgetuiError: as `refuse` makes it of a refusal.
    """
    outcome = await asker.dispatch(command)
    if outcome.code == "nothing-to-do":
        return outcome, False
    if not outcome.ok or outcome.preview is None:
        raise refuse(outcome)
    vega.print_preview(outcome.preview)
    if not options.yes:
        output.say(undone)
        return outcome, False
    confirmed = await asker.dispatch(cm.Confirm(outcome.preview.preview_id))
    if confirmed.ok or confirmed.code == "half-roll":
        await asker.settle()  # half a roll as well: the rule mends it while the desk is open
    if not confirmed.ok:
        raise refuse(confirmed)
    return confirmed, True


async def emergency(asker: Asker, options: argparse.Namespace) -> int:
    """Print the emergency card."""
    lines = vega.emergency_lines(await asker.snapshot())
    if output.wants_json(options):
        output.print_json({"lines": lines})
    else:
        output.print_lines(lines)
    return 0


async def freeze(asker: Asker, options: argparse.Namespace) -> int:
    """Latch everything shut."""
    return await _simple(asker, options, cm.Freeze(options.why))


async def unfreeze(asker: Asker, options: argparse.Namespace) -> int:
    """Release the latches."""
    return await _simple(asker, options, cm.Unfreeze(options.why))


async def resolve(asker: Asker, options: argparse.Namespace) -> int:
    """Take a person's word about an unknown order; without the typed reference only show it."""
    snapshot, number = await asker.snapshot(), options.number
    order = next((row for row in snapshot.unknown if row.number == number), None)
    if order is None:
        message = f"no unknown order #{number}"
        known = ", ".join(f"#{row.number}" for row in snapshot.unknown)
        hint = f"unknown now: {known}" if known else "no order is unknown"
        raise UsageError(message, hint=hint, code="no-such-order")
    if options.typed is None:
        _show_unknown(order, snapshot, options)
        return 1
    if not options.why.strip():
        message = "--why is missing: what became of the order"
        raise UsageError(message, hint='--why "cancelled in the dialog", it is journalled')
    return await _simple(asker, options, cm.ResolveUnknown(number, options.typed, options.why))


def _show_unknown(order: OrderView, snapshot: DeskSnapshot, options: argparse.Namespace) -> None:
    """Print an unknown order, what its proof lacks, and what must be typed to end it."""
    age, tail = max(0.0, snapshot.status.now - order.at), key_tail(order.client_key)
    filled = f"{order.filled} of {order.quantity} filled"
    missing = snapshot.missing_of(order.number)
    output.say(cm.LOOK_FIRST)
    output.say(f'nothing done: hedgetui resolve {order.number} --typed {tail} --why "…"')
    if output.wants_json(options):
        row: dict[str, object] = {
            "number": order.number, "text": order.text, "state": order.state, "age_s": age,
            "filled": order.filled, "quantity": order.quantity, "client_key": order.client_key,
            "missing": missing, "type": tail,
        }  # fmt: skip
        output.print_json({"code": "not-typed", "message": "nothing done", "order": row})
        return
    output.print_lines(
        [
            f"#{order.number} {order.text}",
            f"  state      {order.state} for {age_words(age)}, {filled}",
            f"  missing    {missing}",
            f"  reference  {order.client_key}",
            f"  type       {tail}",
        ]
    )


def age_words(age: float) -> str:
    """Return an age in seconds, `42 s` or `7 min`."""
    return f"{age:.0f} s" if age < _MINUTES_FROM_S else f"{age / 60:.0f} min"


def nobody_to_tell() -> HedgetuiError:
    """Return the refusal of a question that only a running desk may be asked."""
    message = "no desk runs that could be told"
    hint = "start `hedgetui` on this profile; what its own look settles need not be told"
    return HedgetuiError(message, hint=hint, code="no-desk")


async def _simple(asker: Asker, options: argparse.Namespace, command: cm.Command) -> int:
    outcome = await asker.dispatch(command)
    if not outcome.ok:
        raise refusal(outcome)
    return vega.print_outcome(outcome, options)


QUESTIONS: dict[str, Question] = {
    "scan": scan, "enter": enter, "close": close, "hedge": hedge, "roll": roll,
    "emergency": emergency, "freeze": freeze, "unfreeze": unfreeze, "resolve": resolve,
}  # fmt: skip
"""By the name the command line gives them."""
