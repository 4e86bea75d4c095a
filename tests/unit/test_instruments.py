"""Instruments: keys that read back to the same thing, and what one of each is worth."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hedgetui.domain import codec
from hedgetui.domain import instruments as ins
from hedgetui.domain.errors import DataError
from hedgetui.domain.units import SECONDS_PER_DAY, Timestamp, iso_utc

days = some.dates(date(2020, 1, 1), date(2040, 12, 31))


@given(
    some.sampled_from(list(ins.ROOTS.values())), days, some.integers(1, 100_000),
    some.sampled_from(list(ins.Right)),
)  # fmt: skip
def test_an_option_key_reads_back(root, expiry, halves, right) -> None:
    made = ins.option(root, expiry, Decimal(halves) / 2, right)
    assert ins.parse_key(made.key) == made


@given(some.sampled_from(["MES", "ES"]), some.integers(2020, 2040), some.integers(1, 12))
def test_an_index_future_key_reads_back_and_expires_on_a_third_friday(symbol, year, month) -> None:
    made = ins.future(symbol, f"{year}{month:02d}")
    assert ins.parse_key(made.key) == made
    assert made.expiry is not None
    assert made.expiry.weekday() == 4
    assert 15 <= made.expiry.day <= 21


@pytest.mark.parametrize(
    ("year", "month", "day"), [(2025, 12, 19), (2026, 3, 20), (2026, 6, 19), (2024, 2, 16)]
)
def test_third_fridays_of_the_calendar(year, month, day) -> None:
    assert ins.third_friday(year, month) == date(year, month, day)


@given(
    some.sampled_from([(s, month) for s, grain in ins.GRAINS.items() for month in grain.months]),
    some.integers(2020, 2040),
)  # fmt: skip
def test_a_grain_key_reads_back_and_ends_on_a_weekday_before_the_15th(contract, year) -> None:
    symbol, month = contract
    made = ins.future(symbol, f"{year}{month:02d}")
    assert ins.parse_key(made.key) == made
    assert made.expiry is not None
    assert made.expiry.weekday() < 5
    assert 12 <= made.expiry.day <= 14
    assert (made.expiry.year, made.expiry.month) == (year, month)


@pytest.mark.parametrize(
    ("key", "day"),
    [
        ("ZC 202512", date(2025, 12, 12)), ("ZW 202603", date(2026, 3, 13)),
        ("ZS 202601", date(2026, 1, 14)), ("ZS 202611", date(2026, 11, 13)),
    ],
)  # fmt: skip
def test_last_trading_days_of_grains(key, day) -> None:
    assert ins.parse_key(key).expiry == day


@pytest.mark.parametrize("symbol", ["ZC", "ZW", "ZS"])
def test_a_grain_is_fifty_dollars_a_cent_and_nothing_of_the_index(symbol) -> None:
    made = ins.future(symbol, "202603")
    assert (made.multiplier, made.tick, made.delta_per_unit) == (50, Decimal("0.25"), 0.0)
    grain = ins.GRAINS[symbol]
    assert (grain.exchange, grain.unit, grain.contract_size) == ("CBOT", "bu", 5_000)
    assert made.multiplier == Decimal(grain.contract_size) / 100


@pytest.mark.parametrize("key", ["ZC 202601", "ZW 202511", "ZS 202612", "ZC 2026003", "ZC 202613"])
def test_a_month_that_a_grain_does_not_trade_is_no_contract(key) -> None:
    with pytest.raises(DataError):
        ins.parse_key(key)


def test_grain_months_follow_the_crop_and_drop_out_after_their_last_day() -> None:
    months = ("202512", "202603", "202605", "202607", "202609", "202612")
    assert ins.contract_months("ZC", date(2025, 12, 12), 6) == months
    assert ins.contract_months("ZC", date(2025, 12, 13), 2) == ("202603", "202605")
    assert ins.contract_months("ZS", date(2026, 6, 1), 4) == (
        "202607",
        "202608",
        "202609",
        "202611",
    )


def test_an_index_key_reads_back() -> None:
    for symbol in ins.ROOTS:
        assert ins.parse_key(symbol) == ins.index(symbol)
    assert ins.index("SPX").index_ratio == ins.index("NDX").index_ratio == 1.0


@pytest.mark.parametrize(
    ("key", "delta", "short"),
    [
        ("XSP 20251219 540 C", 10.0, "XSP 540C"),
        ("SPX 20251219 5400 P", 100.0, "SPX 5400P"),
        ("MES 202512", 5.0, "MES"),
        ("ES 202512", 50.0, "ES"),
    ],
)
def test_what_one_contract_is_worth_per_index_point(key, delta, short) -> None:
    found = ins.parse_key(key)
    assert found.delta_per_unit == pytest.approx(delta)
    assert found.short == short


@pytest.mark.parametrize(
    "key",
    ["", "AAPL", "XSP 20251219 540", "XSP 20251319 540 C", "XSP 20251219 x C",
     "XSP 20251219 540 X", "aapl 20251219 540 C", "MES 2025", "MES 202513", "NQ 202512",
     "XSP 20251219 540 C extra", "MES abcdef"],
)  # fmt: skip
def test_nonsense_is_no_key(key) -> None:
    with pytest.raises(DataError):
        ins.parse_key(key)


def test_time_to_expiry_is_never_negative_and_an_index_has_none() -> None:
    call = ins.parse_key("XSP 20251219 540 C")
    end = Timestamp(datetime(2025, 12, 19, 21, tzinfo=UTC).timestamp())
    assert call.expires_at == end
    assert call.years_left(Timestamp(end + 1)) == 0.0
    assert call.years_left(Timestamp(end - 365 * SECONDS_PER_DAY)) == pytest.approx(1.0)
    assert call.dte(Timestamp(end - 2 * SECONDS_PER_DAY)) == 2
    for ask in (lambda: ins.index("XSP").expires_at, lambda: ins.index("XSP").dte(end)):
        with pytest.raises(DataError, match="does not expire"):
            ask()


@pytest.mark.parametrize(
    ("strike", "text"), [("540", "540"), ("540.00", "540"), ("537.50", "537.5"), ("1E+3", "1000")]
)
def test_strikes_are_written_one_way(strike, text) -> None:
    assert ins.format_strike(Decimal(strike)) == text


@given(days, some.integers(1, 8))
def test_quarterly_months_are_the_next_ones_not_expired(day, count) -> None:
    found = ins.quarterly_months(day, count)
    assert len(found) == count
    assert list(found) == sorted(set(found))
    assert all(int(month[4:]) in {3, 6, 9, 12} for month in found)
    assert ins.third_friday(int(found[0][:4]), int(found[0][4:])) >= day


def test_options_end_at_four_in_new_york_in_summer_and_winter() -> None:
    assert iso_utc(ins.settles_at(date(2025, 12, 19))) == "2025-12-19T21:00:00.000Z"
    assert iso_utc(ins.settles_at(date(2026, 6, 19))) == "2026-06-19T20:00:00.000Z"


PUT = ins.option(ins.XSP, date(2025, 12, 19), 510, ins.Right.PUT)
CALL = ins.option(ins.XSP, date(2025, 12, 19), 560, ins.Right.CALL)
PUTS_AND_CALLS = some.tuples(days, some.integers(1, 9_999), some.sampled_from(list(ins.Right)))


@given(some.lists(PUTS_AND_CALLS, min_size=2, max_size=4, unique=True), some.randoms())
def test_a_combo_has_one_key_whatever_the_order_of_its_legs(terms, random) -> None:
    legs = [ins.option(ins.XSP, day, strike, right) for day, strike, right in terms]
    made = ins.combo(*legs)
    random.shuffle(legs)
    assert ins.combo(*legs) == made == ins.parse_key(made.key)
    assert hash(ins.combo(*legs)) == hash(made)
    assert ins.leg_keys(made.key) == tuple(leg.key for leg in made.legs)
    assert made.expires_at == min(leg.expires_at for leg in legs)
    assert codec.from_plain(ins.Instrument, json.loads(codec.canonical(made))) == made


def test_a_combo_is_named_by_its_legs_and_has_the_terms_of_its_root() -> None:
    made = ins.combo(CALL, PUT)
    assert made.key == "XSP 20251219 510 P + XSP 20251219 560 C"
    assert made.short == "XSP 510P+560C"
    assert (made.kind, made.symbol, made.legs) == (ins.Kind.COMBO, "XSP", (PUT, CALL))
    assert (made.multiplier, made.tick, made.index_ratio) == (100, Decimal("0.01"), 0.1)
    assert (made.strike, made.right) == (None, None)


@pytest.mark.parametrize(
    "legs",
    [
        (),
        (PUT,),
        (PUT, PUT),
        (PUT, CALL, CALL),
        (PUT, ins.future("MES", "202512")),
        (PUT, ins.index("XSP")),
        (PUT, ins.option(ins.SPX, date(2025, 12, 19), 5600, ins.Right.CALL)),
        (PUT, ins.combo(PUT, CALL)),
    ],
)
def test_what_cannot_trade_together_is_no_combo(legs) -> None:
    with pytest.raises(DataError, match="a combo needs different options of one root"):
        ins.combo(*legs)


@pytest.mark.parametrize(
    "key",
    [
        "XSP 20251219 560 C + XSP 20251219 510 P",
        "XSP 20251219 510 P + ",
        "XSP 20251219 510 P + MES 202512",
        "XSP 20251219 510 P +  XSP 20251219 560 C",
        " + ",
    ],
)
def test_a_combo_key_has_one_spelling(key) -> None:
    with pytest.raises(DataError):
        ins.parse_key(key)


def test_orders_share_a_leg_when_they_trade_the_same_contract() -> None:
    both = ins.combo(PUT, CALL).key
    other = ins.combo(CALL, ins.option(ins.XSP, date(2025, 12, 19), 500, ins.Right.PUT)).key
    assert ins.share_a_leg(both, PUT.key)
    assert ins.share_a_leg(CALL.key, both)
    assert ins.share_a_leg(both, other)
    assert not ins.share_a_leg(other, PUT.key)
    assert not ins.share_a_leg("MES 202512", "MES 202603")
