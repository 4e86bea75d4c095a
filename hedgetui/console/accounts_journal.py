"""What changes hedge accounts without a desk: facts go straight into the journal, under its lock.

Nothing is sent. The next start finds them before it decides anything.
"""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hedgetui import config
from hedgetui.console import output
from hedgetui.console.accounts_asking import key_and_last, mode_of, units_of
from hedgetui.console.accounts_ledger import ledger_of, moment, text_of
from hedgetui.console.verbs import ACCOUNTS
from hedgetui.domain.errors import DataError
from hedgetui.domain.events import Event
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.checks import SAME, objection
from hedgetui.domain.tails.contracts import terms
from hedgetui.domain.tails.csv_file import read_orders
from hedgetui.domain.tails.ledger import Ledger
from hedgetui.domain.tails.model import Instance, Key, Mode, Units
from hedgetui.domain.tails.policy import KEY
from hedgetui.domain.tails.rules import propose
from hedgetui.domain.tails.tree import due
from hedgetui.domain.units import Timestamp
from hedgetui.store.journal import Journal


@dataclass(frozen=True, slots=True)
class _Wish:
    """What would be written, and the words for it."""

    events: tuple[Event, ...]
    message: str
    preview: tuple[str, ...] = ()
    """Said beforehand; with it, `--yes` is needed."""


async def obey(path: Path, settings: config.Settings, options: argparse.Namespace) -> int:
    """Carry out one of `WISHES` on the journal at `path`.

    Raises:
        DataError: what is asked is refused; the field is named and nothing was written.
        StoreError: the journal cannot be written, or a running desk holds it.
        UsageError: the words make no sense.
    """
    journal = await Journal.open(path, profile=settings.general.profile)
    try:
        facts = await journal.facts()
        now = moment(settings, facts[-1].at if facts else None)
        ledger = ledger_of(settings.accounts, facts)
        wish = WISHES[options.question](ledger, now, options)
        for line in wish.preview:
            output.say(line)
        if wish.preview and not options.yes:
            output.say("nothing done: add --yes to do it")
            return _told("preview", wish.message, options)
        await journal.append(now, wish.events)
    finally:
        await journal.close()
    return _told("done" if wish.events else "nothing-to-do", wish.message, options)


def _told(code: str, message: str, options: argparse.Namespace) -> int:
    if output.wants_json(options):
        output.print_json({"code": code, "message": message})
    else:
        output.print_lines([message])
    return 0


def _import(ledger: Ledger, _: Timestamp, options: argparse.Namespace) -> _Wish:
    name = Path(options.file).name
    lines = text_of(options.file).splitlines(keepends=True)
    read = read_orders(lines, ledger, name=name, by=_user())
    if not read.facts:
        return _Wish((), f"{name}: nothing new, {read.known:,} orders were known already")
    known = f"; {read.known:,} were known already" if read.known else ""
    message = f"{name}: {read.cash:,} cash and {read.hedges:,} hedge orders booked{known}"
    return _Wish(read.facts, message)


def _adjust(ledger: Ledger, now: Timestamp, options: argparse.Namespace) -> _Wish:
    key, last = key_and_last(options, "UNITS", now)
    units = units_of(last)
    event = tf.OffsetBooked(key, Units(units), _user(), options.comment)
    _check(ledger, event)
    before = ledger.balance(key)
    moved = f"{key}: HM unhedged {before:+,} → {before + units:+,}"
    lines = (moved, f"  comment   {options.comment}", f"  next      {_next(ledger, key, units)}")
    stranger = () if ledger.book(key) else (f"  new       nothing is known of {key} yet",)
    return _Wish((event,), moved, (*lines, *stranger))


def _next(ledger: Ledger, key: Key, units: int) -> str:
    """Return what the rule would do next once `units` are booked."""
    policy = ledger.policy(key)
    proposal = propose(ledger.e(key) + units, terms(key.contract).size, policy)
    rule = f"{policy.mode.value} {policy.threshold_pct} %"
    if proposal is None:
        return f"{rule} places nothing"
    after = f"balance {proposal.balance_after:+,} once filled"
    return f"{rule} places {proposal.side} {proposal.lots} at the next start, {after}"


def _mode(ledger: Ledger, now: Timestamp, options: argparse.Namespace) -> _Wish:
    key, last = key_and_last(options, "MODE", now)
    mode = Mode(mode_of(last))
    event = tf.PolicySet(KEY, key, mode, options.threshold, None, _user())
    _check(ledger, event)
    pct = ledger.levels.changed(event).policy(key).threshold_pct
    return _Wish((event,), f"{key}: {mode.value} with a threshold of {pct} %")


def _suspend(ledger: Ledger, _: Timestamp, options: argparse.Namespace) -> _Wish:
    if ledger.instance is Instance.SUSPENDED:
        return _Wish((), f"suspended already: {ledger.instance_why}")
    event = tf.InstanceSet(Instance.SUSPENDED, _user(), options.why)
    return _Wish((event,), "suspended: the next start cancels own hedges and places none")


def _resume(ledger: Ledger, _: Timestamp, options: argparse.Namespace) -> _Wish:
    del options
    if ledger.instance is not Instance.SUSPENDED:
        return _Wish((), "nothing was suspended")
    for key, proposal in due(ledger):
        output.say(f"  due: {proposal.side} {proposal.lots} {key}")
    event = tf.InstanceSet(Instance.ONLINE, _user(), "resumed from the console")
    return _Wish((event,), "resumed: the next start hedges what is due")


def _check(ledger: Ledger, event: tf.TailEvent) -> None:
    """Refuse what may not be recorded.

    Raises:
        DataError: the field is named.
    """
    why = objection(ledger, event)
    if why and why != SAME:
        raise DataError(why, hint="nothing was changed")


def _user() -> str:
    """Return who types: the name of the login, for the audit."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "console"


WISHES: dict[str, Callable[[Ledger, Timestamp, argparse.Namespace], _Wish]] = {
    ACCOUNTS + "import": _import,
    ACCOUNTS + "adjust": _adjust,
    ACCOUNTS + "mode": _mode,
    ACCOUNTS + "suspend": _suspend,
    ACCOUNTS + "resume": _resume,
}
"""By the name the command line gives them."""
