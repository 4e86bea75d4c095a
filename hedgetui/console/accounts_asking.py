"""The verbs that change hedge accounts or send their hedges, put to a desk.

What only books a fact (`import`, `adjust`, `mode`, `suspend`, `resume`) needs none: see
`accounts_journal`. What sends orders shows its preview first and needs `--yes`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from hedgetui.console import asking, output, vega
from hedgetui.console.accounts_ledger import day_of, key_of, text_of
from hedgetui.console.asking import Asker, Question
from hedgetui.console.verbs import ACCOUNTS, MODES
from hedgetui.domain import commands as cm
from hedgetui.domain.errors import BrokerUnreachable, DataError, HedgetuiError, UsageError
from hedgetui.domain.tails.contracts import contract_key
from hedgetui.domain.tails.model import Key
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp
from hedgetui.ports.desk import Outcome

_NOT_HELD = frozenset({"in-flight", "unknown", "suspended", "cooling-down", "no-price"})
"""Refusals by how things stand: no rule is against them."""
_DATA = frozenset({"data", "refused", "tails-off"})
"""Refusals of what was asked, with the field named."""


def refusal(outcome: Outcome) -> HedgetuiError:
    """Return the error, and with it the exit code, for an outcome that refused."""
    if outcome.code == "link":
        return BrokerUnreachable(outcome.message, hint=outcome.hint, code=outcome.code)
    if outcome.code in _DATA:
        return DataError(outcome.message, hint=outcome.hint, code=outcome.code)
    if outcome.code in _NOT_HELD:
        return HedgetuiError(outcome.message, hint=outcome.hint, code=outcome.code)
    return asking.refusal(outcome)


def key_and_last(options: argparse.Namespace, what: str, now: Timestamp) -> tuple[Key, str]:
    """Return the key and the word after it.

    Raises:
        UsageError: a word is missing, or the key is none.
        DataError: the contract is not known.
    """
    *words, last = options.words
    if not words:
        message = f"{what} is missing"
        raise UsageError(message, hint=f"see `{options.parser.prog} --help`")
    return key_of(words, now), last


def units_of(text: str) -> int:
    """Read signed whole units, as `-1000` or `+1,000`.

    Raises:
        UsageError: they are none, or 0.
    """
    try:
        units = int(text.replace(",", ""))
    except ValueError as error:
        message = f"UNITS {safe(text, 40)!r} is not a whole number"
        raise UsageError(message) from error
    if not units:
        message = "UNITS is 0: nothing to adjust"
        raise UsageError(message)
    return units


def mode_of(text: str) -> str:
    """Read a mode.

    Raises:
        UsageError: it is none.
    """
    if text.lower() in MODES:
        return text.lower()
    message = f"MODE {safe(text, 40)!r} is none of {', '.join(MODES)}"
    raise UsageError(message)


async def _import(asker: Asker, options: argparse.Namespace) -> int:
    """Book a file of cash and hedge orders."""
    text = text_of(options.file)
    return await _simple(asker, options, cm.ImportTails(Path(options.file).name, text))


async def _hedge(asker: Asker, options: argparse.Namespace) -> int:
    """Hedge a tail now."""
    key = key_of(options.words, await _now(asker))
    return await _previewed(asker, options, cm.PreviewTail(key.account, key.contract))


async def _adjust(asker: Asker, options: argparse.Namespace) -> int:
    """Add units to a balance."""
    key, last = key_and_last(options, "UNITS", await _now(asker))
    command = cm.PreviewAdjust(key.account, key.contract, units_of(last), options.comment)
    return await _previewed(asker, options, command)


async def _roll(asker: Asker, options: argparse.Namespace) -> int:
    """Move a tail and its hedges into another month."""
    now = await _now(asker)
    key, last = key_and_last(options, "INTO", now)
    into = contract_key(last, day_of(now))
    return await _previewed(asker, options, cm.PreviewTailRoll(key.account, key.contract, into))


async def _mode(asker: Asker, options: argparse.Namespace) -> int:
    """Say who may hedge a tail by rule."""
    key, last = key_and_last(options, "MODE", await _now(asker))
    command = cm.SetTailMode(key.account, key.contract, mode_of(last), options.threshold)
    return await _simple(asker, options, command)


async def _suspend(asker: Asker, options: argparse.Namespace) -> int:
    """Place no more hedges."""
    return await _simple(asker, options, cm.SuspendTails(options.why))


async def _resume(asker: Asker, options: argparse.Namespace) -> int:
    """Place hedges again; what is due is told beforehand."""
    for order in (await asker.snapshot()).tails.catch_up:
        output.say(f"  due: {order}")
    return await _simple(asker, options, cm.ResumeTails())


async def _now(asker: Asker) -> Timestamp:
    return (await asker.snapshot()).status.now


async def _previewed(asker: Asker, options: argparse.Namespace, command: cm.Command) -> int:
    """Show the preview; with `--yes` confirm it and wait until nothing moves."""
    undone = "nothing done: add --yes to do it"
    outcome, _ = await asking.previewed(asker, options, command, refusal, undone)
    return vega.print_outcome(outcome, options)


async def _simple(asker: Asker, options: argparse.Namespace, command: cm.Command) -> int:
    outcome = await asker.dispatch(command)
    if not outcome.ok:
        raise refusal(outcome)
    return vega.print_outcome(outcome, options)


QUESTIONS: dict[str, Question] = {
    ACCOUNTS + name: question
    for name, question in (
        ("import", _import), ("hedge", _hedge), ("adjust", _adjust), ("mode", _mode),
        ("roll", _roll), ("suspend", _suspend), ("resume", _resume),
    )
}  # fmt: skip
"""By the name the command line gives them."""
