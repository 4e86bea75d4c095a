"""The forms of the Accounts screen: a cash order that is done, and an adjustment of a balance.

Each field is judged here so that the trader hears at once what is wrong; the desk judges again and
has the last word.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from hedgetui.domain.commands import EnterCash, PreviewAdjust
from hedgetui.domain.errors import DataError
from hedgetui.domain.orders import Side
from hedgetui.domain.tails.contracts import contract_key, parse_price
from hedgetui.domain.text import safe
from hedgetui.ports.tails import TailRow
from hedgetui.ui.dialogs.choice import Choice, ChoiceDialog
from hedgetui.ui.dialogs.form import Field, FormDialog

MOST_UNITS = 100_000_000
MODE_NOTES: tuple[tuple[str, str, str], ...] = (
    ("m", "manual", "nothing by rule; H offers"),
    ("a", "auto", "sells and buys by rule"),
    ("s", "sell", "sells by rule, never buys back"),
    ("b", "buy", "buys by rule, never sells"),
)
"""Key, mode and what it does, the one with the least power first."""


def read_units(text: str) -> int | None:
    """Return whole units as typed, `16,000` or `-1000`; None for anything else."""
    plain = text.replace(",", "").replace(" ", "").replace("−", "-")
    digits = plain.removeprefix("+") if plain.startswith("+") else plain.removeprefix("-")
    return int(plain) if digits.isascii() and digits.isdigit() and len(digits) <= 12 else None


def _needed(what: str, text: str) -> str:
    return "" if text else f"{what} is missing"


def _size(text: str) -> str:
    units = read_units(text)
    if units is None:
        return "units: a whole number"
    return "" if 0 < units <= MOST_UNITS else f"units: 1 to {MOST_UNITS:,}"


def _change(text: str) -> str:
    units = read_units(text)
    if units is None:
        return "units: a whole number, with - to lower the balance"
    return "" if 0 < abs(units) <= MOST_UNITS else f"units: up to {MOST_UNITS:,}, not 0"


def _price(text: str) -> str:
    try:
        parse_price(text)
    except DataError:
        return "price: cents, as 433.25 or 433'2"
    return ""


def cash_form(row: TailRow | None, near: date) -> FormDialog:
    """Return the form of a cash order; the key under the cursor is offered."""

    def contract(text: str) -> str:
        try:
            contract_key(text, near)
        except DataError as error:
            return f"contract: {error.message}"
        return ""

    return FormDialog(
        "Enter a cash order that is done",
        (
            Field("account", "account", safe(row.account, 40) if row else "",
                  lambda text: _needed("account", text)),
            Field("contract", "contract", safe(row.contract, 20) if row else "", contract,
                  "ZC 202512, ZCZ25 or ZCEZ25"),
            Field("side", "side", Side.BUY, choices=(Side.BUY.value, Side.SELL.value),
                  hint="BUY: bought from a farmer, which makes a tail to sell"),
            Field("units", "units", "", _size),
            Field("price", "price", "", _price, "cents: 433.25 or 433'2"),
            Field("comment", "comment"),
        ),
        "look at it",
    )  # fmt: skip


def read_cash(answer: dict[str, str], rows: Sequence[TailRow], near: date) -> EnterCash:
    """Return the command of a filled form.

    An account is written as it is known, or in capitals where it is new.

    Raises:
        DataError: the contract is not known.
    """
    typed = answer["account"]
    known = {row.account.casefold(): row.account for row in rows}
    return EnterCash(
        account=known.get(typed.casefold(), typed.upper()),
        contract=contract_key(answer["contract"], near),
        side=answer["side"],
        units=read_units(answer["units"]) or 0,
        price=answer["price"],
        comment=safe(answer["comment"]),
    )


def adjust_form(row: TailRow) -> FormDialog:
    """Return the form that books units by hand."""
    return FormDialog(
        f"Adjust {safe(row.account, 20)} {safe(row.contract, 12)}",
        (
            Field("units", "units", "", _change, "+1000 or -1000, added to the balance"),
            Field("comment", "comment", "", lambda text: _needed("comment", text),
                  "goes to the journal with your name and the time"),
        ),
        "preview",
        (f"HM unhedged is {row.hm_unhedged:+,} {row.unit}, the tail {row.tail:+,}.",
         "Links stay as they are; the rule looks at the adjusted balance."),
    )  # fmt: skip


def read_adjustment(answer: dict[str, str], row: TailRow) -> PreviewAdjust:
    """Return the command of a filled form."""
    units = read_units(answer["units"]) or 0
    return PreviewAdjust(row.account, row.contract, units, safe(answer["comment"]))


def mode_choice(row: TailRow) -> ChoiceDialog:
    """Return the choice of who hedges a tail by rule; the present mode is marked."""
    choices = [
        Choice(key, mode, f"{note}{' (now)' if mode == row.mode else ''}", mode)
        for key, mode, note in MODE_NOTES
    ]
    return ChoiceDialog(f"{safe(row.account, 20)} {safe(row.contract, 12)}: mode", choices)
