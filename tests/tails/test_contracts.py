"""Contracts by every name of the trade, and prices in eighths."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain.errors import DataError
from hedgetui.domain.tails.contracts import (
    GRAINS,
    MONTH_LETTERS,
    contract_key,
    parse_price,
    price_words,
    terms,
)

NEAR = date(2020, 11, 14)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("ZC 202512", "ZC 202512"), ("zc202512", "ZC 202512"), ("ZCEZ20", "ZC 202012"),
        ("ZCZ20", "ZC 202012"), ("ZCZ2020", "ZC 202012"), ("ZCZ0", "ZC 202012"),
        ("ZCH1", "ZC 202103"), (" zsex20 ", "ZS 202011"), ("ZWAZ20", "ZW 202012"),
        ("ZCN9", "ZC 201907"), ("ZCE 202512", "ZC 202512"),
    ],
)  # fmt: skip
def test_every_spelling_is_one_name(text, key):
    assert contract_key(text, NEAR) == key


@pytest.mark.parametrize(
    "text", ["", "ZC", "ES 202512", "ZCX25", "ZC 202513", "ZCZ202", "ZCZ25\x1b"]
)
def test_what_is_no_contract_is_refused_in_words(text):
    with pytest.raises(DataError, match="unknown contract") as caught:
        contract_key(text, NEAR)
    assert caught.value.message.isprintable()


@given(st.sampled_from([*GRAINS.values()]), st.integers(2016, 2035), st.data())
def test_a_short_year_is_the_closest_one(grain, year, data):
    month = data.draw(st.sampled_from(grain.months))
    letter, near = MONTH_LETTERS[month - 1], date(year, 6, 1)
    key = f"{grain.symbol} {year}{month:02d}"
    for code in (grain.symbol, *grain.codes):
        for digits in (f"{year}", f"{year % 100:02d}", f"{year % 10}"):
            assert contract_key(f"{code}{letter}{digits}", near) == key
    assert terms(key) is grain


def test_only_the_desks_own_spelling_is_a_key():
    with pytest.raises(DataError, match="unknown contract"):
        terms("ZC202512")


@pytest.mark.parametrize(
    ("price", "words"),
    [("433.25", "433'2"), ("433", "433'0"), ("432.75", "432'6"), ("0.125", "0'1"),
     ("-3.5", "-3'4"), ("433.3", "433.3"), ("433.26", "433.26")],
)  # fmt: skip
def test_prices_are_shown_in_eighths(price, words):
    assert price_words(Decimal(price)) == words
    assert parse_price(words) == Decimal(price)
    assert price_words(float(price)) == words


@pytest.mark.parametrize("text", ["", "433'8", "433'25", "NaN", "inf", "1e", "four"])
def test_what_is_no_price_is_refused(text):
    with pytest.raises(DataError, match="not a price"):
        parse_price(text)
