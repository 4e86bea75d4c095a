"""The verbs that ask a desk: scan, enter, close, hedge, emergency, freeze and unfreeze.

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
from hedgetui.ports.desk import DeskSnapshot, Outcome

_NOT_HELD = frozenset({"book-moved", "preview-expired", "incomplete", "not-sent", "failed"})
"""Refusals that may be different the next time: no rule stands against them."""


@dataclass(frozen=True, slots=True)
class Asker:
    """A desk to ask."""

    dispatch: Callable[[cm.Command], Awaitable[Outcome]]
    snapshot: Callable[[], Awaitable[DeskSnapshot]]
    settle: Callable[[], Awaitable[None]]
    """Wait until nothing moves; returns at once where the desk lives on without us."""
    lots: int
    """Size of an entry when none is said."""


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


async def _preview_then_confirm(
    asker: Asker, options: argparse.Namespace, command: cm.Command
) -> int:
    """Show the preview; with `--yes` confirm it and wait until nothing moves."""
    outcome = await asker.dispatch(command)
    if outcome.code == "nothing-to-do":
        return vega.print_outcome(outcome, options)
    if not outcome.ok or outcome.preview is None:
        raise refusal(outcome)
    vega.print_preview(outcome.preview)
    if not options.yes:
        output.say("nothing sent: add --yes to send it")
        return vega.print_outcome(outcome, options)
    confirmed = await asker.dispatch(cm.Confirm(outcome.preview.preview_id))
    if not confirmed.ok:
        raise refusal(confirmed)
    await asker.settle()
    return vega.print_outcome(confirmed, options, await asker.snapshot())


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


async def _simple(asker: Asker, options: argparse.Namespace, command: cm.Command) -> int:
    outcome = await asker.dispatch(command)
    if not outcome.ok:
        raise refusal(outcome)
    return vega.print_outcome(outcome, options)


QUESTIONS: dict[str, Question] = {
    "scan": scan, "enter": enter, "close": close, "hedge": hedge, "emergency": emergency,
    "freeze": freeze, "unfreeze": unfreeze,
}  # fmt: skip
"""By the name the command line gives them."""
