"""Dollars as people type them."""

from decimal import Decimal

import pytest

from hedgetui.domain.balance.money import dollars
from hedgetui.domain.errors import UsageError


@pytest.mark.parametrize(
    ("text", "value"),
    [("500", "500"), (" $1,250.50 ", "1250.50"), ("1,000,000", "1000000"), ("0", "0")],
)
def test_dollars(text: str, value: str) -> None:
    assert dollars(text) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "500,00",
        "1,5",
        "1.000",
        "12,34,567",
        "-1",
        "nan",
        "inf",
        "1e3",
        "1_000",
        "\u0661",
        "9" * 12,
    ],
)
def test_what_is_no_number_of_dollars_or_may_be_another_one(text: str) -> None:
    with pytest.raises(UsageError):
        dollars(text)
