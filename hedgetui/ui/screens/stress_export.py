"""A stress test as text for the clipboard and as flat records for a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from hedgetui.ports.balance import StressView
from hedgetui.ui.screens.stress_page import figure_pairs
from hedgetui.ui.screens.stress_text import asked_text


@dataclass(frozen=True, slots=True)
class StressLine:
    """One figure."""

    section: str
    """`figure`, `attribution`, `scenario worst 1`, `grid T+5`, `left out`, `assumed`."""
    name: str
    value: float | str | None
    """Dollars, shares of one; VaR and CVaR are positive for a loss. None where there is none."""


def figures_text(view: StressView) -> str:
    """Return the figures in one line."""
    pairs = figure_pairs(view)
    if not pairs:
        return ""
    return f"{asked_text(view.asked)}: " + " · ".join(f"{name} {text}" for name, text in pairs)


def stress_lines(view: StressView) -> tuple[StressLine, ...]:
    """Return every figure of a finished test; nothing where none has finished."""
    return tuple(_lines(view)) if view.figures is not None else ()


def _lines(view: StressView) -> Iterator[StressLine]:
    for name, value in asdict(view.asked).items():
        yield StressLine("asked", name, str(value))
    for part in (view.figures, view.risk):
        for name, value in (asdict(part) if part is not None else {}).items():
            yield StressLine("figure", name, value)
    for one in view.blame:
        yield StressLine("attribution", one.symbol, one.cvar)
    yield from _scenarios(view)
    yield from _cells(view)
    yield from (StressLine("left out", text, None) for text in view.left_out)
    yield from (StressLine("assumed", text, None) for text in view.notes)


def _scenarios(view: StressView) -> Iterator[StressLine]:
    seen: Counter[str] = Counter()
    for path in view.scenarios:
        seen[path.kind] += 1
        section = f"scenario {path.kind} {seen[path.kind]}"
        yield StressLine(section, "profit", path.profit)
        yield StressLine(section, "market", path.market)
        yield StressLine(section, "iv points", path.iv)
        for symbol, move in path.moves.items():
            yield StressLine(section, symbol, move)


def _cells(view: StressView) -> Iterator[StressLine]:
    for day, plane in zip(view.days, view.grid, strict=True):
        for price, row in zip(view.prices, plane, strict=True):
            for iv, profit in zip(view.ivs, row, strict=True):
                yield StressLine(f"grid T+{day:g}", f"spot {price:+.0%} IV {iv:+.0%}", profit)
