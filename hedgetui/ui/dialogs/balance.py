"""The forms of the Balance screen: one contract to find, a trade to type, a budget.

None of them sends anything: what is typed goes to the desk, which judges it and, for an order,
answers with a preview.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hedgetui.domain.balance.basket import typed
from hedgetui.domain.balance.money import dollars
from hedgetui.domain.balance.regime import Regime
from hedgetui.domain.commands import (
    AddToBasket,
    FindContract,
    PreviewTicket,
    SetAdvice,
)
from hedgetui.domain.errors import DataError, UsageError
from hedgetui.domain.recommend import Direction
from hedgetui.domain.text import safe
from hedgetui.ports.balance import BalanceView
from hedgetui.ui.dialogs.choice import Choice, ChoiceDialog
from hedgetui.ui.dialogs.form import Field, FormDialog

MOST_BUDGET = Decimal(10**9)
MOST_ROWS = 20
PREVIEW, BASKET = "preview", "basket"
AS_FOUND = "measured"
"""The choice that leaves the regime to the configuration or the market."""


def read_dollars(text: str) -> Decimal | None:
    """Return dollars as typed, `500` or `$1,500.50`; None for anything else."""
    try:
        return dollars(text)
    except UsageError:
        return None


def _budget(least: Decimal) -> Callable[[str], str]:
    def check(text: str) -> str:
        value = read_dollars(text)
        fits = value is not None and least <= value <= MOST_BUDGET
        return "" if fits else f"budget: ${least:,} to ${MOST_BUDGET:,}, as 500"

    return check


def _rows(text: str) -> str:
    fits = text.isascii() and text.isdigit() and 0 < int(text[:4]) <= MOST_ROWS
    return "" if fits else f"rows: 1 to {MOST_ROWS}"


def _ticker(text: str) -> str:
    plain = text.replace(".", "").replace("-", "")
    fits = plain.isascii() and plain.isalnum() and len(text) <= 12
    return "" if fits else "ticker: as NVDA"


def _trade(text: str) -> str:
    try:
        typed(text)
    except DataError as error:
        return f"trade: {error.message}"
    return ""


def find_form(view: BalanceView, ticker: str) -> FormDialog:
    """Return the form that asks for one contract."""
    return FormDialog(
        "Find one contract to buy",
        (
            Field("ticker", "ticker", safe(ticker, 12), _ticker, "the underlying: NVDA"),
            Field("direction", "direction", Direction.BULLISH.value,
                  choices=(Direction.BULLISH.value, Direction.BEARISH.value),
                  hint="Space changes it: bullish buys a call, bearish a put"),
            Field("budget", "budget", f"{view.budget.normalize():f}", _budget(Decimal(1)),
                  "dollars; never exceeded at the ask"),
        ),
        "find it",
        ("30 to 120 days, spread at most 30 %, δ near 0.30. E sends what is found.",),
    )  # fmt: skip


def read_find(answer: dict[str, str]) -> FindContract:
    """Return the command of a filled form."""
    return FindContract(answer["ticker"].upper(), answer["direction"], _plain(answer["budget"]))


def _plain(text: str) -> str:
    """Return dollars as a plain number."""
    value = read_dollars(text)
    return "" if value is None else f"{value:f}"


def trade_form() -> FormDialog:
    """Return the form of a trade typed by hand."""
    return FormDialog(
        "Type a trade",
        (
            Field("trade", "trade", "", _trade, "BUY 2 SPY 2026-04-17 P 580 @ 9.50, or -10 NVDA"),
            Field("into", "then", PREVIEW, choices=(PREVIEW, BASKET),
                  hint="preview shows the order and asks; the basket sends nothing"),
        ),
        "go on",
        ("Without a price the market's is used.",),
    )  # fmt: skip


def read_trade(answer: dict[str, str]) -> PreviewTicket | AddToBasket:
    """Return the command of a filled form."""
    text = " ".join(answer["trade"].split())
    if answer["into"] == BASKET:
        return AddToBasket("typed", text=text)
    return PreviewTicket("typed", text=text)


def budget_form(view: BalanceView) -> FormDialog:
    """Return the form of what recommendations may cost and how many there are."""
    return FormDialog(
        "Budget of recommendations",
        (
            Field("budget", "budget", f"{view.budget.normalize():f}", _budget(Decimal(0)),
                  "dollars for all of them together"),
            Field("most", "rows", str(view.most or 1), _rows),
        ),
        "set",
        ("Until the desk stops; the configuration has the lasting values.",),
    )  # fmt: skip


def read_budget(answer: dict[str, str]) -> SetAdvice:
    """Return the command of a filled form."""
    return SetAdvice(_plain(answer["budget"]), int(answer["most"]))


def regime_choice(view: BalanceView) -> ChoiceDialog:
    """Return the choice of the regime that new exposure follows from."""
    now = "" if view.regime is None else f"{view.regime.regime.value} now"
    choices = [Choice("m", AS_FOUND, now or "as configured, or from the market", AS_FOUND)]
    choices += [
        Choice(str(number), one.value.lower(), "", one.value)
        for number, one in enumerate(Regime, 1)
    ]
    return ChoiceDialog("Grow in which regime?", choices)


def menu_choice(view: BalanceView) -> ChoiceDialog:
    """Return the verbs of the screen; those of the basket where there is one."""
    choices = [
        Choice("g", "grow", "new exposure in the direction of the regime", "grow"),
        Choice("r", "recommend", "find one option for a direction", "find"),
        Choice("t", "type a trade", "into a preview or the basket", "trade"),
    ]
    if view.basket.items:
        many = len(view.basket.items)
        choices += [
            Choice("s", "send basket", f"preview {many} not sent", "send"),
            Choice("e", "empty basket", "drop all of it", "empty"),
        ]
    budget = f"${view.budget:,.0f}, {view.most} rows now"
    choices += [
        Choice("m", "budget", budget, "budget"),
        Choice("6", "stress", "the stress test of this book", "stress"),
    ]
    return ChoiceDialog("Balance menu", choices)
