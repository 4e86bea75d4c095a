"""`hedgetui recommend`: one contract for a direction and a budget, or why there is none.

`run` reads a file of quotes; without one a desk is asked (`portfolio_asking`).
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from hedgetui.console import output
from hedgetui.console.balance import day_of
from hedgetui.console.balance_files import lines_of, print_csv, wants_csv
from hedgetui.domain.errors import DataError, UsageError
from hedgetui.domain.recommend import MOVE, Choice, Direction, Pick, Wish, recommend
from hedgetui.domain.recommend_chain import read_chain


def run(options: argparse.Namespace) -> int:
    """Print the contract; 1 when nothing matches.

    Raises:
        UsageError: an option is out of range, or something is to be sent.
        DataError: the chain cannot be read, or says no price of the underlying.
    """
    if options.send:
        raise UsageError("nothing is sent from a file", hint="without --chain a desk is asked")
    as_csv = wants_csv(options)
    ticker = options.ticker.strip().upper()
    chain = read_chain(lines_of(options.chain), ticker)
    for one in chain.unparsed:
        output.say(f"line {one.line} left out: {one.text}: {one.why}")
    spot = options.price if options.price is not None else chain.spot
    if spot is None:
        raise DataError(f"the chain says no price of {ticker}", hint="--price 187.50")
    wish = Wish(
        ticker,
        Direction(options.direction),
        options.budget,
        spot,
        chain.day or day_of(None) if options.day is None else day_of(options.day),
    )
    choice = recommend(chain.rows, wish)
    if output.wants_json(options):
        output.print_json(document(choice, wish))
    elif as_csv:
        csv_of(choice)
    else:
        tables_of(choice)
    return 0 if choice.pick is not None else 1


def document(choice: Choice, wish: Wish) -> dict[str, object]:
    """Return a choice in the shape scripts rely on."""
    return {
        "ticker": wish.ticker,
        "direction": wish.direction.value,
        "budget": wish.budget,
        "spot": wish.spot,
        "pick": None
        if choice.pick is None
        else {"contract": choice.pick.label, **asdict(choice.pick)},
        "reason": choice.reason,
        "checks": [asdict(check) for check in choice.checks],
    }


def tables_of(choice: Choice) -> None:
    """Print the contract, or what each rule left over."""
    if choice.pick is not None:
        output.print_table(("", choice.pick.label), _rows(choice.pick))
    else:
        _print_checks(choice)


def _rows(pick: Pick) -> list[tuple[str, str]]:
    move = f"{MOVE if pick.delta > 0 else -MOVE:+.0%}"
    return [
        ("expiry", f"{pick.expiry} ({pick.dte} days)"),
        ("strike", f"{pick.strike:g}"),
        ("quote", f"{pick.bid:.2f} / {pick.ask:.2f} (spread {pick.spread:.1%})"),
        ("price", f"{pick.price:.2f}"),
        ("premium", f"${pick.premium:,.2f}"),
        ("delta", f"{pick.delta:+.3f}"),
        ("theta a day", f"{pick.theta:+.4f}"),
        ("implied volatility", f"{pick.iv:.1%}"),
        (f"value at {move}", f"${pick.value_after_move:,.2f}"),
        ("contracts in budget", f"{pick.quantity} for ${pick.cost:,.2f}"),
    ]


def _print_checks(choice: Choice) -> None:
    output.print_lines([f"nothing matched: {choice.reason}", ""])
    output.print_table(
        ("Rule", "Wanted", "Pass it", "Left over", "Nearest"),
        [(one.rule, one.wanted, one.passed, one.left, one.nearest) for one in choice.checks],
    )


def csv_of(choice: Choice) -> None:
    """Print the contract, or what each rule left over, as CSV."""
    rows = (
        [asdict(check) for check in choice.checks]
        if choice.pick is None
        else [{"contract": choice.pick.label, **asdict(choice.pick)}]
    )
    print_csv(list(rows[0]), [list(row.values()) for row in rows])
