"""How a stress test is printed, whoever ran it: a document, rows, or tables for people."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from hedgetui.console import output
from hedgetui.console.balance_files import print_csv
from hedgetui.domain.balance.positions import Unparsed
from hedgetui.domain.stress.figures import Blame, Figures, Scenario
from hedgetui.domain.stress.monte_carlo import SCENARIOS
from hedgetui.domain.stress.revalue import Sensitivities


@dataclass(frozen=True, slots=True)
class Moves:
    """What single moves would cost, in dollars by day, price and implied volatility."""

    prices: tuple[float, ...]
    ivs: tuple[float, ...]
    days: tuple[float, ...]
    profits: Sequence[Sequence[Sequence[float]]]


@dataclass(frozen=True, slots=True)
class Report:
    """A finished stress test, with its inputs."""

    regime: str
    paths: int
    months: float
    seed: int
    positions: int
    figures: Figures
    risk: Sensitivities
    blame: tuple[Blame, ...]
    scenarios: tuple[Scenario, ...]
    left_out: tuple[Unparsed, ...]
    notes: tuple[str, ...]
    moves: Moves | None
    """None where nobody asked for them."""


def print_report(report: Report, options: argparse.Namespace) -> None:
    """Print a stress test as the options say."""
    if output.wants_json(options):
        output.print_json(document(report))
    elif options.csv:
        print_csv(("section", "name", "value"), _csv_rows(report))
    else:
        for note in report.notes:
            output.say(note)
        _print(report)


def document(report: Report) -> dict[str, object]:
    """Return the result in the shape scripts rely on; dollars and shares of one."""
    made: dict[str, object] = {
        **asdict(report.figures),
        **asdict(report.risk),
        "attribution": [asdict(one) for one in report.blame],
        "scenarios": [asdict(one) for one in report.scenarios],
        "regime": report.regime,
        "paths": report.paths,
        "horizon_months": round(report.months, 9),
        "seed": report.seed,
        "left_out": [asdict(one) for one in report.left_out],
        "assumptions": list(report.notes),
    }
    if report.moves is not None:
        made["grid"] = asdict(report.moves)
    return made


def _csv_rows(report: Report) -> Iterator[tuple[str, str, object]]:
    """Yield every figure as one row: section, name, value."""
    for name, value in (asdict(report.figures) | asdict(report.risk)).items():
        yield "figure", name, "" if value is None else value
    for one in report.blame:
        yield "attribution", one.symbol, one.cvar
    for number, path in enumerate(report.scenarios):
        section = f"scenario {path.kind} {number % SCENARIOS + 1}"
        yield section, "profit", path.profit
        yield section, "market", path.market
        yield section, "iv points", path.iv
        for symbol, move in path.moves.items():
            yield section, symbol, move
    for left in report.left_out:
        yield "left out", left.text, left.why


def _print(report: Report) -> None:
    found, risk = report.figures, report.risk
    inputs = (
        f"{report.regime}: {report.paths:,} paths over {report.months:g} months, "
        f"seed {report.seed}, {report.positions} positions"
    )
    now = (
        f"NAV {_dollars(found.nav)}   Δ {_dollars(risk.delta)} in index   "
        f"vega {_dollars(risk.vega)} a point   θ {_dollars(risk.theta)} a day"
    )
    output.print_lines([inputs, now, ""])
    rows = [
        ("mean", _dollars(found.mean)), ("median", _dollars(found.median)),
        ("deviation", _dollars(found.sd)),
        ("skew", "n/a" if found.skew is None else f"{found.skew:+.2f}"),
        ("VaR 95", _dollars(found.var95)), ("VaR 99", _dollars(found.var99)),
        ("CVaR 95", _dollars(found.cvar95)), ("P(gain)", f"{found.p_gain:.1%}"),
        ("P(loss > 10 %)", _chance(found.p_loss_10)), ("P(loss > 20 %)", _chance(found.p_loss_20)),
    ]  # fmt: skip
    output.print_table(("P&L at the horizon", ""), rows)
    output.print_lines([""])
    output.print_table(
        ("Part in CVaR 95", "Dollars", "Share"),
        [(one.symbol, _dollars(one.cvar), _chance(one.share)) for one in report.blame],
    )
    output.print_lines([""])
    output.print_table(
        ("Scenario", "P&L", "Market", "IV points", "Moves"),
        [
            (
                one.kind, _dollars(one.profit), f"{one.market:+.1%}", f"{one.iv:+.1f}",
                "  ".join(f"{name} {move:+.1%}" for name, move in one.moves.items()),
            )
            for one in report.scenarios
        ],
    )  # fmt: skip
    if report.moves is not None:
        _print_moves(report.moves)


def _print_moves(moves: Moves) -> None:
    head = ("Market", *(f"IV {move:+.0%}" for move in moves.ivs))
    for day, plane in zip(moves.days, moves.profits, strict=True):
        output.print_lines(["", f"P&L in {day:g} days"])
        rows = [
            (f"{move:+.0%}", *(_dollars(cell) for cell in cells))
            for move, cells in zip(moves.prices, plane, strict=True)
        ]
        output.print_table(head, rows)


def _dollars(value: float) -> str:
    whole = round(value)
    return f"-${-whole:,}" if whole < 0 else f"${whole:,}"


def _chance(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.1%}"
