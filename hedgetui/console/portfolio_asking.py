"""`balance`, `grow` and `recommend` put to a desk: its own positions, quotes and tickets.

A running desk answers with the rows on its screen; neither its budget nor its market is changed
from here. What the command line says otherwise (`--vix`, `--spot`, …) is worked out here from the
desk's book, as for a file, and such costs are estimates. A desk that is opened for the question is
told the budget, since nobody else looks at it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from hedgetui.console import asking, output, vega
from hedgetui.console import portfolio_words as words
from hedgetui.console.asking import Asker, Question
from hedgetui.console.balance import budget_of, market_of, most_of, situation_of
from hedgetui.console.balance_files import closes_of, print_csv, wants_csv
from hedgetui.console.balance_words import (
    ADVICE_HEAD,
    GROWTH_HEAD,
    balance_document,
    balance_lines,
    regime_document,
    regime_lines,
)
from hedgetui.console.recommend import csv_of, document, tables_of
from hedgetui.domain import commands as cm
from hedgetui.domain.balance.advice import Advice, Situation, recommend
from hedgetui.domain.balance.grow import Growth
from hedgetui.domain.balance.grow import grow as grown
from hedgetui.domain.balance.market import Market
from hedgetui.domain.balance.regime import Measured
from hedgetui.domain.balance.ticket import TicketPlan
from hedgetui.domain.errors import BrokerUnreachable, DataError, HedgetuiError, UsageError
from hedgetui.ports.balance import BalanceView
from hedgetui.ports.desk import Outcome

PATIENCE_S = 180.0
"""A broker's option chains are read a hundred contracts at a time, behind everything else."""
_OF_FILES = {"balance": ("day", "index"), "recommend": ("day", "price")}
"""Options by verb that belong to a file: a desk has its own."""
_OF_THE_MARKET = ("vix", "spot", "beta", "nav", "closes")
_OF_THE_BUDGET = ("budget", "max")
_UNREAD = frozenset({"link", "not-read"})
"""Refusals of a desk that could not read what the question is about."""
_DATA = frozenset({"data", "no-chain"})
"""Refusals of what was asked for."""
_NOT_HELD = frozenset({"in-flight", "no-contract", "no-portfolio", "no-price"})
"""Refusals by how things stand: no rule is against them."""
_ENDED_BADLY = frozenset({"part", "failed"})


def refusal(outcome: Outcome) -> HedgetuiError:
    """Return the error, and with it the exit code, for an outcome that refused."""
    code, hint = outcome.code, outcome.hint
    if code in _UNREAD:
        return BrokerUnreachable(outcome.message, hint=hint, code=code)
    if code in _DATA:
        return DataError(outcome.message, hint=hint, code=code)
    if code in _NOT_HELD:
        return HedgetuiError(outcome.message, hint=hint, code=code)
    return asking.refusal(outcome)


@dataclass(frozen=True, slots=True)
class _Advised:
    """Recommendations, and what they follow from."""

    at: Situation
    market: Market
    rows: Sequence[Advice]
    plans: Sequence[TicketPlan | None] = ()


# --- balance ---------------------------------------------------------------------------------


async def _balance(asker: Asker, options: argparse.Namespace) -> int:
    """Print the exposure of the desk's portfolio and its recommendations."""
    as_csv, as_json = wants_csv(options), output.wants_json(options)
    _not_of_files(options, "balance", "--positions")
    await _tell_budget(asker, options)
    view = await read_portfolio(asker)
    found = _advised(asker, options, view)
    shown = words.advice_rows(found.rows, found.plans)
    if as_csv:
        print_csv((*ADVICE_HEAD, *words.TICKET_HEAD), [one.cells for one in shown])
    elif as_json:
        made = balance_document(view.book, found.at, found.market, found.rows)
        made["recommendations"] = [one.document for one in shown]
        sources = words.sources_document(view)
        output.print_json({**made, "warning": view.warning, "sources": sources})
    else:
        output.print_lines(list(words.source_lines(view)))
        output.print_lines(list(balance_lines(view.book, found.at, found.market)))
        output.print_table(
            ("#", "action", "recommendation", "why", "pays if", "cost $", "Δ lines", "ticket"),
            words.advice_table(found.rows, shown),
        )
    if view.book.unparsed and (as_csv or as_json):
        output.say(f"{len(view.book.unparsed)} lines left out")
    return 0


def _advised(asker: Asker, options: argparse.Namespace, view: BalanceView) -> _Advised:
    """Return the desk's own rows, or those that follow from what the command line says.

    Raises:
        BrokerUnreachable: nothing was read yet.
        UsageError: an option makes no sense.
    """
    if view.market is None or view.dollars is None:
        raise _nothing_read()
    budget = view.budget if options.budget is None else budget_of(options)
    most = view.most if options.max is None else most_of(options)
    told = asker.alone or not _said(options, _OF_THE_BUDGET)
    if told and not _said(options, _OF_THE_MARKET):
        positions = view.book.positions
        at = Situation(positions, view.counts, view.dollars, view.market.vix, view.nav)
        return _Advised(at, view.market, view.advice, view.plans)
    market = market_of(options, view.book.positions, closes_of(options.closes), view.market)
    nav = view.nav if options.nav is None else options.nav
    at = situation_of(view.book.positions, market, nav)
    output.say("costs are estimates: the desk's own rows have other inputs")
    return _Advised(at, market, recommend(at, budget, most))


async def read_portfolio(asker: Asker) -> BalanceView:
    """Let the desk read its portfolio, and say what it could not read.

    Raises:
        HedgetuiError: this desk reads none.
        BrokerUnreachable: nothing of it could be read.
    """
    outcome = await asker.dispatch(cm.ReadPortfolio())
    view = _on((await asker.snapshot()).balance)
    if asker.unread:
        output.say(asker.unread)
    if not view.sources or all(one.read_at is None for one in view.sources):
        raise refusal(outcome) if not outcome.ok else _nothing_read()
    for one in view.sources:
        if one.problem:
            output.say(f"{one.name}: {one.problem}")
    return view


def _on(view: BalanceView) -> BalanceView:
    if view.on:
        return view
    hint = "balance.enabled = true in the settings, or --positions FILE"
    raise HedgetuiError("this desk reads no portfolio", hint=hint, code="no-portfolio")


def _nothing_read() -> BrokerUnreachable:
    return BrokerUnreachable("no positions could be read", hint="hedgetui doctor")


# --- grow ------------------------------------------------------------------------------------


async def _grow(asker: Asker, options: argparse.Namespace) -> int:
    """Print new exposure in the direction of the regime, and what the regime follows from."""
    as_csv = wants_csv(options)
    await _tell_budget(asker, options)
    view = await _read_growth(asker, options)
    if view.regime is None:
        raise _nothing_read()
    rows, plans = _growth(asker, options, view, view.regime)
    shown = words.growth_rows(rows, plans)
    if as_csv:
        print_csv((*GROWTH_HEAD, *words.TICKET_HEAD), [one.cells for one in shown])
    elif output.wants_json(options):
        listed = [one.document for one in shown]
        output.print_json({**regime_document(view.regime), "recommendations": listed})
    else:
        output.print_lines(list(regime_lines(view.regime)))
        output.print_table(
            ("#", "trade", "why", "target", "allocation $", "ticket"),
            [
                (place, row.trade, row.why, row.target, float(row.allocation), one.ticket)
                for place, (row, one) in enumerate(zip(rows, shown, strict=True), start=1)
            ],
        )
    return 0


async def _read_growth(asker: Asker, options: argparse.Namespace) -> BalanceView:
    if _on((await asker.snapshot()).balance).market is None:
        await read_portfolio(asker)  # the regime wants VIX, and a ticket what the account holds
    outcome = await asker.dispatch(cm.ReadGrowth((options.regime or "").upper()))
    if not outcome.ok:
        raise refusal(outcome)
    return _on((await asker.snapshot()).balance)


def _growth(
    asker: Asker, options: argparse.Namespace, view: BalanceView, regime: Measured
) -> tuple[Sequence[Growth], Sequence[TicketPlan | None]]:
    """Return the desk's own rows, or those of another budget."""
    if asker.alone or not _said(options, _OF_THE_BUDGET):
        return view.growth, view.growth_plans
    budget = view.budget if options.budget is None else budget_of(options)
    return grown(regime, budget, view.most if options.max is None else most_of(options)), ()


# --- recommend -------------------------------------------------------------------------------


async def _recommend(asker: Asker, options: argparse.Namespace) -> int:
    """Print one contract; 1 when nothing matches. With `--send` make it a ticket."""
    as_csv, as_json = wants_csv(options), output.wants_json(options)
    _not_of_files(options, "recommend", "--chain")
    if options.yes and not options.send:
        raise UsageError("--yes sends nothing by itself", hint="--send --yes")
    ticker = options.ticker.strip().upper()
    command = cm.FindContract(ticker, options.direction, str(options.budget))
    outcome = await asker.dispatch(command)
    view = (await asker.snapshot()).balance.choice
    if not outcome.ok:
        raise refusal(outcome)
    if view is None:
        raise _nothing_read()
    if view.delayed:
        output.say("quotes are delayed")
    picked = view.choice.pick is not None
    sending = options.send and picked
    found = {**document(view.choice, view.wish), "orders": words.orders_of(view.plan)}
    if as_csv and not sending:
        csv_of(view.choice)
    elif not as_json:
        tables_of(view.choice)
    elif not sending:
        output.print_json(found)
    if not sending:
        return 0 if picked else 1
    if (await asker.snapshot()).balance.market is None:
        await read_portfolio(asker)
    return await _ticket(asker, options, cm.PreviewTicket("recommend"), found)


# --- tickets ---------------------------------------------------------------------------------


async def _send_advice(asker: Asker, options: argparse.Namespace) -> int:
    """Show a recommendation as a ticket; with `--yes` send it."""
    _desks_own(options, (*_OF_THE_MARKET, *_OF_THE_BUDGET, *_OF_FILES["balance"], "positions"))
    view = await read_portfolio(asker)
    _row(options.number, len(view.advice), "hedgetui balance")
    return await _ticket(asker, options, cm.PreviewTicket("advice", options.number))


async def _send_growth(asker: Asker, options: argparse.Namespace) -> int:
    """Show a new exposure as a ticket; with `--yes` send it."""
    _desks_own(options, ("vix", "closes", *_OF_THE_BUDGET))
    view = await _read_growth(asker, options)
    _row(options.number, len(view.growth), "hedgetui grow")
    return await _ticket(asker, options, cm.PreviewTicket("grow", options.number))


def _row(number: int, count: int, verb: str) -> None:
    if not 1 <= number <= count:
        known = f"1 to {count}" if count else "there is none now"
        raise UsageError(f"no row {number}", hint=f"{known}; see `{verb}`", code="no-such-row")


async def _ticket(
    asker: Asker,
    options: argparse.Namespace,
    command: cm.PreviewTicket,
    found: dict[str, object] | None = None,
) -> int:
    """Show the preview of a ticket; with `--yes` send it, and say what became of it.

    Returns 1 where it was sent and not all of it was done.
    """
    before = {one.ticket_id for one in (await asker.snapshot()).balance.tickets}
    undone = "nothing sent: add --yes to send it"
    outcome, sent = await asking.previewed(asker, options, command, refusal, undone)
    tickets = (await asker.snapshot()).balance.tickets if sent else ()
    ticket = next((one for one in tickets if one.ticket_id not in before), None)
    if output.wants_json(options):
        made: dict[str, object] = {"code": outcome.code, "message": outcome.message}
        if outcome.preview is not None:
            made["preview"] = outcome.preview
        if ticket is not None:
            made["ticket"] = words.ticket_document(ticket)
        output.print_json({**(found or {}), **made})
    else:
        vega.print_outcome(outcome, options)
        if ticket is not None:
            output.print_lines([words.ticket_line(ticket)])
    if ticket is not None and ticket.state == "working" and asker.alone:
        output.say("it works on at the broker; a desk that is opened later follows it to its end")
    return 1 if ticket is not None and ticket.state in _ENDED_BADLY else 0


# --- options ---------------------------------------------------------------------------------


async def _tell_budget(asker: Asker, options: argparse.Namespace) -> None:
    """Tell a desk of our own what recommendations may cost; a running one is not told."""
    budget, most = budget_of(options), most_of(options)
    if not asker.alone or not _said(options, _OF_THE_BUDGET):
        return
    view = (await asker.snapshot()).balance
    text = str(view.budget if options.budget is None else budget)
    outcome = await asker.dispatch(cm.SetAdvice(text, view.most if options.max is None else most))
    if not outcome.ok:
        raise refusal(outcome)


def _said(options: argparse.Namespace, names: Sequence[str]) -> list[str]:
    """Return the options that were given."""
    return [name for name in names if getattr(options, name, None) not in (None, [])]


def _not_of_files(options: argparse.Namespace, verb: str, file: str) -> None:
    if given := _said(options, _OF_FILES[verb]):
        raise UsageError(f"--{given[0]} is for {file} FILE", hint="a desk has its own")


def _desks_own(options: argparse.Namespace, names: Sequence[str]) -> None:
    """Refuse to send what follows from something else than the desk's own inputs."""
    if given := _said(options, names):
        message = f"--{given[0]}: only rows of the desk itself are sent"
        raise UsageError(message, hint="its inputs are in the settings, [balance]")


QUESTIONS: dict[str, Question] = {
    "balance": _balance,
    "balance send": _send_advice,
    "grow": _grow,
    "grow send": _send_growth,
    "recommend": _recommend,
}
"""By the name the command line gives them."""
