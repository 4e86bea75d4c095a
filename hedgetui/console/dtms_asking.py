"""The verbs that act on a defended trade, from `dtms hedge` to `dtms resolve`.

Only a running desk is asked. One opened for a moment would look at every trade and defend it, which
is more than its caller asked for.
"""

from __future__ import annotations

import argparse

from hedgetui.console import dtms, output, vega
from hedgetui.console import dtms_documents as documents
from hedgetui.console.asking import Asker, Question, age_words
from hedgetui.console.asking import refusal as refusal_of
from hedgetui.domain import commands as cm
from hedgetui.domain.errors import BrokerUnreachable, HedgetuiError, UsageError
from hedgetui.domain.ids import key_tail
from hedgetui.ports.desk import Outcome
from hedgetui.ports.dtms import ActionView, DefenceRow, DefenceView

FAMILY = "dtms "
"""What the questions' names begin with, since `close` and `hedge` are the Vega desk's."""
PATIENCE_S = 120.0
"""Two legs are closed one after the other, each with its own proof."""
_ACTIONS = ("hedge", "unhedge", "close", "half", "breakeven")
"""Verbs that send an order."""
_USAGE = frozenset({"no-such-action"})
"""Refusals of what was asked for, not of how things stand."""
_NOT_HELD = frozenset({"in-flight", "deferred", "unknown", "hedged", "own-position"})
"""Refusals by how things stand: no rule is against them."""


def refusal(outcome: Outcome) -> HedgetuiError:
    """Return the error, and with it the exit code, for an outcome that refused."""
    if outcome.code == "link":
        return BrokerUnreachable(outcome.message, hint=outcome.hint, code=outcome.code)
    if outcome.code in _USAGE:
        return UsageError(outcome.message, hint=outcome.hint, code=outcome.code)
    if outcome.code in _NOT_HELD:
        return HedgetuiError(outcome.message, hint=outcome.hint, code=outcome.code)
    return refusal_of(outcome)


async def _act(asker: Asker, options: argparse.Namespace) -> int:
    """Show what would be sent; with `--yes` send it."""
    view = (await asker.snapshot()).defence
    row = _watched(view, options.ticket)
    verb = options.question.removeprefix(FAMILY)
    outcome = await asker.dispatch(cm.PreviewDefence(row.ticket, verb))
    if outcome.code == "nothing-to-do":
        return vega.print_outcome(outcome, options)
    if not outcome.ok or outcome.preview is None:
        raise refusal(outcome)
    vega.print_preview(outcome.preview)
    if not options.yes:
        output.say("nothing sent: add --yes to send it")
        return vega.print_outcome(outcome, options)
    confirmed = await asker.dispatch(cm.Confirm(outcome.preview.preview_id))
    await asker.settle()
    if not confirmed.ok:
        raise refusal(confirmed)
    return await _done(asker, options, confirmed.code, confirmed.message)


async def _auto(asker: Asker, options: argparse.Namespace) -> int:
    """Say what the machine may do with a trade."""
    row = _watched((await asker.snapshot()).defence, options.ticket)
    return await _simple(asker, options, cm.SetAutomation(row.ticket, options.automation))


async def _adopt(asker: Asker, options: argparse.Namespace) -> int:
    """Take a position under watch that the filters left out."""
    view = _reachable((await asker.snapshot()).defence)
    there = [one.ticket for one in view.unwatched if options.ticket in {one.ticket, one.identifier}]
    if not there and all(options.ticket not in {row.ticket, row.identifier} for row in view.rows):
        known = [one.ticket for one in view.unwatched]
        raise dtms.unknown_ticket(options.ticket, known, what="unwatched position")
    return await _simple(asker, options, cm.Adopt(there[0] if there else options.ticket))


async def _ignore(asker: Asker, options: argparse.Namespace) -> int:
    """Take a trade out of watch; its position stays as it is."""
    row = _watched((await asker.snapshot()).defence, options.ticket)
    return await _simple(asker, options, cm.Ignore(row.ticket))


async def _resolve(asker: Asker, options: argparse.Namespace) -> int:
    """Take a person's word about an unknown action; without the typed reference only show it."""
    snapshot = await asker.snapshot()
    action = _in_doubt(_reachable(snapshot.defence), options.ticket)
    if options.typed is None:
        _show_unknown(action, float(snapshot.status.now), options)
        return 1
    if not options.why.strip():
        message = "--why is missing: what became of the action"
        raise UsageError(message, hint='--why "not in the journal of the terminal"; it is kept')
    command = cm.ResolveDefence(action.action_id, options.typed, options.why)
    return await _simple(asker, options, command)


def _in_doubt(view: DefenceView, ticket: int) -> ActionView:
    """Return the unknown action of a trade.

    Raises:
        UsageError: it has none; the hint names those that are unknown.
    """
    rows = [*view.rows, *view.closed]
    meant = {ticket, *(row.ticket for row in rows if ticket in {row.ticket, row.identifier})}
    for action in view.unknown:
        if action.ticket in meant:
            return action
    known = ", ".join(f"#{one.ticket} {one.kind}" for one in view.unknown)
    hint = f"unknown now: {known}" if known else "no action is unknown"
    raise UsageError(f"no unknown action of #{ticket}", hint=hint, code="no-such-action")


def _show_unknown(action: ActionView, now: float, options: argparse.Namespace) -> None:
    """Print an unknown action, what its proof lacks, and what must be typed to end it."""
    age = max(0.0, now - (action.sent_at or action.at))
    tail = key_tail(action.action_id)
    output.say(cm.LOOK_FIRST_MT5)
    output.say(
        f'nothing done: hedgetui dtms resolve {options.ticket} --typed {tail} --why "…"'
    )  # fmt: skip
    if output.wants_json(options):
        row: dict[str, object] = {
            "ticket": action.ticket, "symbol": action.symbol, "kind": action.kind,
            "text": action.text, "state": action.state, "age_s": age, "result": action.result,
            "action_id": action.action_id, "missing": action.missing, "type": tail,
        }  # fmt: skip
        output.print_json({"code": "not-typed", "message": "nothing done", "action": row})
        return
    output.print_lines(
        [
            f"#{action.ticket} {action.symbol} {action.kind}: {action.text}",
            f"  state      {action.state} for {age_words(age)}: {action.result}",
            f"  missing    {action.missing}",
            f"  reference  {action.action_id}",
            f"  type       {tail}",
        ]
    )


async def _simple(asker: Asker, options: argparse.Namespace, command: cm.Command) -> int:
    outcome = await asker.dispatch(command)
    if not outcome.ok:
        raise refusal(outcome)
    return await _done(asker, options, outcome.code, outcome.message)


async def _done(asker: Asker, options: argparse.Namespace, code: str, message: str) -> int:
    """Print what became of a command, and the trade as it stands afterwards."""
    view = (await asker.snapshot()).defence
    rows = [*view.rows, *view.closed]
    row = next((one for one in rows if options.ticket in {one.ticket, one.identifier}), None)
    if output.wants_json(options):
        trade = None if row is None else documents.trade(row, dtms.DESK)
        output.print_json({"code": code, "message": message, "trade": trade})
    else:
        output.print_lines([message, *([] if row is None else dtms.trade_lines(row))])
    return 0


def _watched(view: DefenceView, ticket: int) -> DefenceRow:
    """Return an open watched trade.

    Raises:
        UsageError: there is none of that ticket; the hint names the nearest.
    """
    for row in _reachable(view).rows:
        if ticket in {row.ticket, row.identifier}:
            return row
    reasons = {one.ticket: one.why for one in view.unwatched}
    raise dtms.unknown_ticket(ticket, [row.ticket for row in view.rows], reasons.get(ticket, ""))


def _reachable(view: DefenceView) -> DefenceView:
    """Return the view of a desk that has MT5.

    Raises:
        HedgetuiError: it has none.
    """
    if view.mt5.link == "off":
        hint = "[profile.paper.mt5] backend, and dtms.enabled"
        raise HedgetuiError("the running desk has no MT5", hint=hint, code="no-mt5")
    return view


QUESTIONS: dict[str, Question] = {
    **{FAMILY + verb: _act for verb in _ACTIONS},
    FAMILY + "auto": _auto,
    FAMILY + "adopt": _adopt,
    FAMILY + "ignore": _ignore,
    FAMILY + "resolve": _resolve,
}
"""By the name the command line gives them."""
