"""Random books to stress, and a market without jumps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hedgetui.domain.stress.book import Holding, OptionTerms, StressBook, Underlying
from hedgetui.domain.stress.regimes import REGIMES

CALM = replace(REGIMES["ALL"], drift=0.05, vol=0.2, jump_chance=0.0)
SPY = Underlying("SPY", 600.0)


def shares(units: float = 100.0, on: Underlying = SPY) -> StressBook:
    return StressBook((on,), (Holding(on.symbol, on.symbol, units),))


def random_book(rng: np.random.Generator, options: int = 12, names: int = 4) -> StressBook:
    """Return shares, a future and options of either sign, with enough cash for a positive NAV."""
    on = tuple(
        Underlying(
            f"N{i}", float(rng.uniform(5, 900)), float(rng.uniform(-0.5, 2)),
            float(rng.uniform(0.1, 1)), float(rng.choice([0.0, 0.0, 0.5])),
            float(rng.choice([0.0, 0.3])),
        )
        for i in range(names)
    )  # fmt: skip
    holdings = [
        Holding(f"shares {one.symbol}", one.symbol, float(rng.integers(-300, 300))) for one in on
    ]
    holdings.append(Holding("future", "N0", float(rng.integers(-5, 5)) * 50, margined=True))
    for i in range(options):
        one = on[int(rng.integers(names))]
        terms = OptionTerms(
            one.spot * float(rng.uniform(0.5, 1.6)), float(rng.uniform(0.5, 400)) / 365,
            int(rng.choice([-1, 1])), float(rng.uniform(0.05, 1.2)),
        )  # fmt: skip
        holdings.append(Holding(f"option {i}", one.symbol, 100.0 * rng.integers(-20, 20), terms))
    gross = sum(abs(one.units) * on[int(one.symbol[1:])].spot for one in holdings)
    return StressBook(on, tuple(holdings), cash=gross)
