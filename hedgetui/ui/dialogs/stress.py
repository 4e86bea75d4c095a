"""The questions of the Stress screen: how far ahead, in which regime, on how many paths.

The menu comes back after each answer, so that a whole test is put together before it is run.
"""

from __future__ import annotations

from hedgetui.domain.stress.paths import MOST_PATHS
from hedgetui.domain.stress.regimes import REGIMES
from hedgetui.ports.balance import StressAsked
from hedgetui.ui.dialogs.choice import Choice, ChoiceDialog, NumberDialog
from hedgetui.ui.screens.stress_text import paths_text

HORIZONS = (1, 3, 6, 12)
"""Months offered."""
_MOST_SEED = 99_999_999
_KEYS = "123456789"


def menu(wish: StressAsked, trades: int, at: int, *, running: bool) -> ChoiceDialog:
    """Return the menu of what would be run; `trades` is how many the basket holds."""
    held = "no trade is in it" if not trades else f"{trades} trade{'' if trades == 1 else 's'}"
    basket = f"{'held too' if wish.basket else 'left out'}; {held}"
    run = "the one that runs is stopped" if running else f"{paths_text(wish.paths)} paths"
    return ChoiceDialog(
        "Stress menu",
        [
            Choice("c", "run", run, "run"),
            Choice("h", "horizon", f"{wish.months:g} months", "horizon"),
            Choice("r", "regime", wish.regime, "regime"),
            Choice("n", "paths", f"{wish.paths:,}", "paths"),
            Choice("s", "seed", f"{wish.seed}; the same seed, the same figures", "seed"),
            Choice("k", "basket", basket, "basket"),
        ],
        at,
    )


def horizon(wish: StressAsked) -> ChoiceDialog:
    """Return the choice of a horizon in months."""
    choices = [
        Choice(_KEYS[number], f"{months} month{'' if months == 1 else 's'}",
               "now" if months == wish.months else "", str(months))
        for number, months in enumerate(HORIZONS)
    ]  # fmt: skip
    at = HORIZONS.index(int(wish.months)) if wish.months in HORIZONS else 0
    return ChoiceDialog("How far ahead?", choices, at)


def regime(wish: StressAsked) -> ChoiceDialog:
    """Return the choice of a regime, each with its law in annual terms."""
    choices = []
    for key, row in zip(_KEYS, REGIMES.values(), strict=False):
        law = f"drift {row.drift:+.0%} vol {row.vol:.0%} IV {row.iv_level:.0%}"
        jump = f"jump {row.jump_size:.0%} {row.jump_chance:.0%}/y"
        choices.append(Choice(key, row.name, f"{law} {jump}", row.name))
    names = list(REGIMES)
    at = names.index(wish.regime) if wish.regime in names else 0
    return ChoiceDialog("Which market?", choices, at)


def paths(wish: StressAsked) -> NumberDialog:
    """Return the question for a number of paths."""
    return NumberDialog(
        "Paths", "More paths take longer and say more of the tails:", str(wish.paths), whole=True,
        largest=MOST_PATHS, then="take",
    )  # fmt: skip


def seed(wish: StressAsked) -> NumberDialog:
    """Return the question for a seed."""
    return NumberDialog(
        "Seed", "The same seed gives the same figures; another one, another draw:", str(wish.seed),
        whole=True, largest=_MOST_SEED, then="take",
    )  # fmt: skip
