"""`hedgetui stress`: what a book of positions could lose, from a file of its lines."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from hedgetui.console import output
from hedgetui.console.balance import market_of
from hedgetui.console.balance_files import book_of, closes_of, print_csv, wants_csv
from hedgetui.domain.balance.market import Market
from hedgetui.domain.errors import DataError, UsageError
from hedgetui.domain.stress.from_positions import Priced, price_book
from hedgetui.domain.stress.grid import ScenarioGrid, scenario_grid
from hedgetui.domain.stress.monte_carlo import SCENARIOS, StressResult, simulate
from hedgetui.domain.stress.paths import StressSettings
from hedgetui.domain.stress.regimes import regime_named

MONTHS = 12
_SEED = 1


@dataclass(frozen=True, slots=True)
class _Asked:
    """A stress test with its inputs."""

    settings: StressSettings
    priced: Priced
    result: StressResult
    grid: ScenarioGrid | None


def run(options: argparse.Namespace) -> int:
    """Simulate the positions of a file and print what they could lose.

    Raises:
        UsageError: no positions are given, or an option is out of range.
        DataError: a file cannot be read, or nothing in it can be priced.
    """
    if not options.positions:
        raise UsageError("no positions given", hint="--positions FILE, a CSV of the book")
    as_csv, book, closes = wants_csv(options), book_of(options.positions), closes_of(options.closes)
    market = market_of(options, book.positions, closes)
    settings = _settings(options, market)
    priced = price_book(book, market, settings.regime.iv_level, options.cash)
    for one in priced.left_out:
        output.say(f"line {one.line} left out: {one.text}: {one.why}")
    if not priced.book.holdings:
        raise DataError(
            f"{options.positions}: nothing in it can be priced",
            hint="a price of each underlying is needed: --spot SPY=601.20",
        )
    asked = _Asked(
        settings,
        priced,
        simulate(priced.book, settings),
        scenario_grid(priced.book, rate=settings.rate) if options.grid else None,
    )
    if output.wants_json(options):
        output.print_json(document(asked))
    elif as_csv:
        print_csv(("section", "name", "value"), _csv_rows(asked))
    else:
        for note in priced.notes:
            output.say(note)
        _print(asked)
    return 0


def _settings(options: argparse.Namespace, market: Market) -> StressSettings:
    seed = getattr(options, "seed", None)
    return StressSettings(
        regime_named(options.regime),
        paths=options.paths,
        horizon=options.horizon / MONTHS,
        seed=_SEED if seed is None else seed,
        iv_now=None if market.vix is None else market.vix / 100,
        rate=market.rate,
    )


def document(asked: _Asked) -> dict[str, object]:
    """Return the result in the shape scripts rely on; dollars and shares of one."""
    result, settings = asked.result, asked.settings
    made: dict[str, object] = {
        **asdict(result.figures),
        **asdict(result.risk),
        "attribution": [asdict(one) for one in result.blame],
        "scenarios": [asdict(one) for one in result.scenarios],
        "regime": settings.regime.name,
        "paths": settings.paths,
        "horizon_months": round(settings.horizon * MONTHS, 9),
        "seed": settings.seed,
        "left_out": [asdict(one) for one in asked.priced.left_out],
        "assumptions": list(asked.priced.notes),
    }
    if asked.grid is not None:
        grid = asked.grid
        made["grid"] = {
            "days": list(grid.days), "prices": list(grid.prices), "ivs": list(grid.ivs),
            "profits": grid.profits.tolist(),
        }  # fmt: skip
    return made


def _csv_rows(asked: _Asked) -> Iterator[tuple[str, str, object]]:
    """Yield every figure as one row: section, name, value."""
    result = asked.result
    for name, value in (asdict(result.figures) | asdict(result.risk)).items():
        yield "figure", name, "" if value is None else value
    for one in result.blame:
        yield "attribution", one.symbol, one.cvar
    for number, path in enumerate(result.scenarios):
        section = f"scenario {path.kind} {number % SCENARIOS + 1}"
        yield section, "profit", path.profit
        yield section, "market", path.market
        yield section, "iv points", path.iv
        for symbol, move in path.moves.items():
            yield section, symbol, move
    for left in asked.priced.left_out:
        yield "left out", left.text, left.why


def _print(asked: _Asked) -> None:
    settings, result = asked.settings, asked.result
    found = result.figures
    months = settings.horizon * MONTHS
    risk = result.risk
    inputs = (
        f"{settings.regime.name}: {settings.paths:,} paths over {months:g} months, "
        f"seed {settings.seed}, {len(asked.priced.book.holdings)} positions"
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
        [(one.symbol, _dollars(one.cvar), _chance(one.share)) for one in result.blame],
    )
    output.print_lines([""])
    output.print_table(
        ("Scenario", "P&L", "Market", "IV points", "Moves"),
        [
            (
                one.kind, _dollars(one.profit), f"{one.market:+.1%}", f"{one.iv:+.1f}",
                "  ".join(f"{name} {move:+.1%}" for name, move in one.moves.items()),
            )
            for one in result.scenarios
        ],
    )  # fmt: skip
    if asked.grid is not None:
        _print_grid(asked.grid)


def _print_grid(grid: ScenarioGrid) -> None:
    head = ("Market", *(f"IV {move:+.0%}" for move in grid.ivs))
    for day, plane in zip(grid.days, grid.profits.tolist(), strict=True):
        output.print_lines(["", f"P&L in {day:g} days"])
        output.print_table(head, list(_grid_rows(grid.prices, plane)))


def _grid_rows(prices: Sequence[float], plane: list[list[float]]) -> Iterator[Sequence[str]]:
    for move, cells in zip(prices, plane, strict=True):
        yield (f"{move:+.0%}", *(_dollars(cell) for cell in cells))


def _dollars(value: float) -> str:
    whole = round(value)
    return f"-${-whole:,}" if whole < 0 else f"${whole:,}"


def _chance(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.1%}"
