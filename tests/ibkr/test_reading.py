"""What the wire says, read: codes, fields, ticks, contracts, hours. Pure, and total on nonsense."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.adapters.ibkr import ticks
from hedgetui.adapters.ibkr.codes import Meaning, farm_of, meaning, needed
from hedgetui.adapters.ibkr.connection import environment_of
from hedgetui.adapters.ibkr.contracts import key_of
from hedgetui.adapters.ibkr.futures import objection
from hedgetui.adapters.ibkr.hours import read_hours
from hedgetui.adapters.ibkr.parse import (
    Terms,
    commission,
    error_row,
    exec_root,
    execution_row,
    moment,
    real,
    status_row,
)
from hedgetui.adapters.ibkr.ticks import Collar, Field, Fold, Tick
from hedgetui.domain.orders import Side
from hedgetui.domain.units import Timestamp, parse_utc
from hedgetui.ports.broker import Environment

NOW = parse_utc("2025-11-19T15:00:00Z")

PUT = "XSP 20251219 540 P"

SENTINELS = ["", "nan", "NaN", "inf", "-inf", "Infinity", "1.7976931348623157E308", "-1.8e308", "x"]
"""Spellings of "no number", the Java one included."""

rubbish = st.lists(st.text(max_size=12), max_size=40)


# Codes


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (1100, Meaning.SERVERS_LOST),
        (2110, Meaning.SERVERS_LOST),
        (1101, Meaning.DATA_LOST),
        (1102, Meaning.DATA_KEPT),
        (2103, Meaning.FARM_BROKEN),
        (2104, Meaning.FARM_WORKS),
        (326, Meaning.CLIENT_ID_TAKEN),
        (201, Meaning.REFUSED),
        (202, Meaning.CANCELLED),
        (10349, Meaning.ASK),
        (399, Meaning.ASK),
        (2109, Meaning.ASK),
        (10148, Meaning.ASK),
        (123456, Meaning.ASK),
    ],
)
def test_codes_mean_what_the_table_says_and_unknown_ones_are_asked_about(
    code: int, expected: Meaning
):
    assert meaning(code) is expected


def test_farms_are_named_and_only_those_of_the_hedge_are_needed():
    assert farm_of("Market data farm connection is broken:usfuture") == "usfuture"
    assert [needed(one) for one in ("usfuture", "usopt", "usfarm.nj", "ushmds", "secdefnj")] == [
        True,
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("account", "kind"),
    [
        ("DU1234567", Environment.PAPER),
        ("DF123", Environment.PAPER),
        ("DUH77", Environment.PAPER),
        ("U1234567", Environment.LIVE),
        ("F123", Environment.LIVE),
        ("XDU1", Environment.LIVE),
        ("", Environment.LIVE),
    ],
)
def test_an_account_that_is_not_surely_paper_is_live(account: str, kind: Environment):
    assert environment_of(account) is kind


# Fields


@pytest.mark.parametrize("text", SENTINELS)
def test_what_is_no_number_is_missing(text: str):
    assert real(text) is None


@given(rubbish)
def test_nonsense_is_never_a_record_and_never_an_error(fields: list[str]):
    for read in (status_row, error_row, execution_row, commission):
        read(fields)
    for number in (1, 2, 21, 45, 46, 57, 58, 81):
        ticks.read(number, fields)


@given(st.text(max_size=40))
def test_nonsense_times_and_hours_are_none_or_a_time(text: str):
    assert moment(text) is None or math.isfinite(moment(text) or 0)
    read_hours(text, "US/Central")
    read_hours("20251119:0930-20251119:1600", text)


def test_a_status_row_is_read_as_it_stands():
    fields = ["3", "7", "Submitted", "2.0", "3.0", "6800", "900001", "0", "6800", "17", "", "0"]
    row = status_row(fields)
    assert row is not None
    assert (row.order_id, row.status, row.filled) == (7, "Submitted", 2)
    assert (row.perm_id, row.client_id) == (900001, 17)


def test_the_words_of_an_error_are_made_harmless():
    row = error_row(["4", "2", "-1", "201", "no\x1b[31m\nmargin\u202e", ""])
    assert row is not None
    assert (row.about, row.code) == (-1, 201)
    assert row.text.isprintable()
    assert "\x1b" not in row.text


EXECUTION = (
    "11|-1|7|620202512|MES|FUT|20251219|0.0|?|5|CME|USD|MESZ5|MES|0000e0d5.6740a001.01.02|"
    "20251119 09:31:05 US/Eastern|DU1234567|CME|SLD|5|6801.25|900001|17|0|5|6801.25|HT1.K||||2"
)


def _execution(**changes: str) -> list[str]:
    fields = EXECUTION.split("|")
    places = {"time": 15, "exec_id": 14, "side": 18, "shares": 19, "price": 20}
    for name, value in changes.items():
        fields[places[name]] = value
    return fields


def test_an_execution_is_read_with_its_revision_and_its_own_zone():
    row = execution_row(_execution())
    assert row is not None
    assert (row.exec_id, row.revision) == ("0000e0d5.6740a001.01", 2)
    assert row.at == parse_utc("2025-11-19T14:31:05Z")
    assert (row.side, row.quantity, row.price) == (Side.SELL, 5, Decimal("6801.25"))
    assert (row.request, row.order_id, row.client_id) == (-1, 7, 17)
    assert (row.order_ref, row.perm_id) == ("HT1.K", 900001)


@pytest.mark.parametrize(
    "changes",
    [
        {"price": "1.7976931348623157E308"},
        {"price": "nan"},
        {"shares": "2.5"},
        {"shares": "0"},
        {"shares": "-1"},
        {"shares": "9" * 400},
        {"exec_id": ""},
        {"side": "?"},
        {"time": "yesterday"},
        {"time": "20251119 09:31:05 Mars/Olympus"},
    ],
)
def test_an_execution_with_a_hole_is_none(changes: dict[str, str]):
    assert execution_row(_execution(**changes)) is None


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("20251119 09:31:05 US/Eastern", "2025-11-19T14:31:05Z"),
        ("20250719 09:31:05 US/Eastern", "2025-07-19T13:31:05Z"),
        ("20251119 08:31:05 US/Central", "2025-11-19T14:31:05Z"),
        ("20251119 15:31:05 Europe/Berlin", "2025-11-19T14:31:05Z"),
        ("20251119  09:31:05", "2025-11-19T14:31:05Z"),
        ("20251119-14:31:05", "2025-11-19T14:31:05Z"),
    ],
)
def test_times_are_read_in_their_zone(text: str, at: str):
    assert moment(text) == parse_utc(at)


@pytest.mark.parametrize("amount", SENTINELS)
def test_a_charge_that_is_no_number_is_unknown(amount: str):
    assert commission(["59", "1", "a.b.01.01", amount, "USD", "", "", ""]) is None


def test_a_rebate_is_a_negative_charge():
    charge = commission(["59", "1", "a.b.01.01", "-0.12", "USD", "", "", ""])
    assert charge is not None
    assert (charge.exec_id, charge.amount) == ("a.b.01", Decimal("-0.12"))


def test_an_execution_id_without_a_revision_is_itself():
    assert exec_root("SIM00001") == "SIM00001"
    assert exec_root("0000e0d5.6740a001.02.01") == "0000e0d5.6740a001.02"


# Ticks


@pytest.mark.parametrize("price", [*SENTINELS, "-1", "0", "-1.0", "0.0"])
def test_a_price_that_cannot_be_is_missing(price: str):
    fold = Fold(bid=5.0)
    tick = ticks.read(1, ["1", "6", "9", "1", price, "3", "0"])
    assert tick is not None
    fold.take(tick, NOW)
    assert fold.bid is None


def test_delayed_ticks_are_ticks_and_their_type_is_known():
    fold = Fold()
    for fields in (
        ["58", "1", "9", "3"],
        ["1", "6", "9", "66", "5.1", "3", "0"],
        ["1", "6", "9", "67", "5.3", "3", "0"],
    ):
        tick = ticks.read(int(fields[0]), fields)
        assert tick is not None
        fold.take(tick, NOW)
    assert (fold.sides, fold.data_type) == ((5.1, 5.3), "delayed")


@pytest.mark.parametrize(
    "fields",
    [
        ["1", "6", "9", "66", "5.1", "3", "0"],
        ["1", "6", "9", "67", "5.3", "3", "0"],
        ["1", "6", "9", "68", "5.2", "3", "0"],
        ["21", "9", "83", "0", "0.18", "-0.3", "4.5", "0", "0.01", "0.6", "-0.2", "680.1"],
    ],
)
def test_a_delayed_tick_is_delayed_whatever_was_announced(fields):
    fold = Fold()
    tick = ticks.read(int(fields[0]), fields)
    assert tick is not None
    fold.take(tick, NOW)
    assert fold.data_type == "delayed"
    fold.take(ticks.read(58, ["58", "1", "9", "1"]), NOW)
    assert fold.data_type == "live"


def test_a_size_proves_the_prices_and_a_model_does_not():
    fold = Fold()
    fold.take(Tick(9, Field.BID, 5.0), NOW)
    fold.take(Tick(9, Field.MODEL), Timestamp(NOW + 4))
    assert fold.quoted_at == NOW
    fold.take(Tick(9, Field.SIZE), Timestamp(NOW + 5))
    assert fold.quoted_at == NOW + 5


def _model(**changes: str) -> list[str]:
    names = ("iv", "delta", "price", "dividend", "gamma", "vega", "theta", "underlying")
    good = {
        "iv": "0.18",
        "delta": "-0.3",
        "price": "4.5",
        "dividend": "0",
        "gamma": "0.01",
        "vega": "0.6",
        "theta": "-0.2",
        "underlying": "680.1",
    }
    return ["21", "9", "13", "0", *((good | changes)[name] for name in names)]


def test_a_whole_model_becomes_greeks():
    tick = ticks.read(21, _model())
    assert tick is not None
    assert tick.model is not None
    greeks = tick.model.greeks(PUT, NOW)
    assert greeks is not None
    assert (greeks.delta, greeks.gamma, greeks.vega, greeks.theta, greeks.iv) == (
        -0.3,
        0.01,
        0.6,
        -0.2,
        0.18,
    )
    assert tick.model.underlying == 680.1


@pytest.mark.parametrize("text", SENTINELS)
@pytest.mark.parametrize("name", ["iv", "delta", "gamma", "vega", "theta"])
def test_a_model_with_a_hole_is_no_greeks(name: str, text: str):
    tick = ticks.read(21, _model(**{name: text}))
    assert tick is not None
    assert tick.model is not None
    assert tick.model.greeks(PUT, NOW) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [("delta", "-2"), ("gamma", "-2"), ("vega", "-2"), ("theta", "-2"), ("iv", "-1"), ("iv", "0")],
)
def test_the_brokers_words_for_not_yet_are_no_greeks(name: str, text: str):
    tick = ticks.read(21, _model(**{name: text}))
    assert tick is not None
    assert tick.model is not None
    assert tick.model.greeks(PUT, NOW) is None


def test_a_delta_of_minus_one_is_a_delta_and_an_underlying_of_zero_is_none():
    tick = ticks.read(21, _model(delta="-1.0", underlying="0"))
    assert tick is not None
    assert tick.model is not None
    greeks = tick.model.greeks(PUT, NOW)
    assert greeks is not None
    assert greeks.delta == -1
    assert tick.model.underlying is None


def test_only_the_model_computation_makes_greeks():
    for kind in ("10", "11", "12"):
        fields = _model()
        fields[2] = kind
        tick = ticks.read(21, fields)
        assert tick is not None
        assert tick.model is None


def test_a_far_price_is_doubted_until_two_more_agree():
    collar = Collar()
    assert collar.admits(6800, NOW)
    assert not collar.admits(68_000, NOW)
    assert collar.admits(6801, NOW)
    assert not collar.admits(6000, NOW)
    assert not collar.admits(6001, NOW)
    assert collar.admits(6002, NOW)
    assert collar.dropped == 3


def test_an_old_price_doubts_nothing_but_the_index_does():
    collar = Collar()
    assert collar.admits(6800, NOW)
    later = Timestamp(NOW + 60)
    assert not collar.admits(680, later, reference=6810.0)
    assert collar.admits(7400, later)


@given(st.lists(st.floats(1, 1e5), min_size=1, max_size=30))
def test_one_absurd_price_alone_never_passes(prices: list[float]):
    collar = Collar()
    good = 6800.0
    assert collar.admits(good, NOW)
    for price in prices:
        far = abs(price / good - 1) > 0.05
        assert collar.admits(price, NOW) is not far
        assert collar.admits(good, NOW)


# Contracts


def nvda(**changes: str) -> Terms:
    """Return a standard option on a share, or one that differs."""
    usual = {
        "symbol": "NVDA", "sec_type": "OPT", "expiry": "20260220", "strike": "150.0", "right": "C",
        "multiplier": "100", "trading_class": "NVDA", "currency": "USD",
    }  # fmt: skip
    return Terms(1, **(usual | changes))


@pytest.mark.parametrize(
    ("terms", "key"),
    [
        (Terms(1, "MES", "FUT", "20251219", "0.0", "?", "5", "MES"), "MES 202512"),
        (Terms(1, "MES", "FUT", "202512"), "MES 202512"),
        (Terms(1, "XSP", "OPT", "20251219", "540.0", "C", "100", "XSP"), "XSP 20251219 540 C"),
        (Terms(1, "XSP", "OPT", "20251219", "537.5", "PUT", "100", ""), "XSP 20251219 537.5 P"),
        (Terms(1, "XSP", "OPT", "20251219", "540", "C", "100", "XSPAM"), None),
        (Terms(1, "XSP", "OPT", "20251219", "540", "C", "10", "XSP"), None),
        (Terms(1, "XSP", "OPT", "20251219", "0", "C", "100", "XSP"), None),
        (Terms(1, "XSP", "OPT", "20251219", "nan", "C", "100", "XSP"), None),
        (Terms(1, "SPX", "OPT", "20251219", "6800", "C", "100", "SPXW"), None),
        (Terms(1, "XSP", "IND"), "XSP"),
        (Terms(1, "NVDA", "STK", currency="USD"), "NVDA STK"),
        (Terms(1, "BRK B", "STK", currency="USD"), "BRK.B STK"),
        (Terms(1, "SAP", "STK", currency="EUR"), None),
        (Terms(1, "NVDA", "STK"), None),
        (nvda(), "NVDA 20260220 150 C"),
        (nvda(multiplier="10"), None),
        (nvda(multiplier=""), None),
        (nvda(trading_class="NVDA1"), None),
        (nvda(currency="EUR"), None),
        (nvda(symbol="VIX", trading_class="VIX"), "VIX 20260220 150 C"),
        (nvda(symbol="VIX", trading_class="VIXW"), None),
        (nvda(symbol="BRK B", trading_class="BRKB"), "BRK.B 20260220 150 C"),
        (nvda(sec_type="FOP"), None),
        (Terms(1, "VIX", "IND"), "VIX"),
        (Terms(1, "MES", "FUT", "20251319"), None),
        (Terms(1, "NQ", "FUT", "20251219"), None),
        (Terms(1, "ZC", "FUT", "20251212", "0.0", "?", "5000", "ZC"), "ZC 202512"),
        (Terms(1, "ZC", "FUT", "20251212", "0.0", "?", "50", "ZC"), None),
        (Terms(1, "YC", "FUT", "20251212", "0.0", "?", "1000", "YC"), None),
        (Terms(1, "ZC", "FUT", "20251114", "0.0", "?", "5000", "ZC"), None),
        (Terms(1, "XSP", "BAG"), None),
    ],
)
def test_only_what_the_desk_knows_has_a_key(terms: Terms, key: str | None):
    assert key_of(terms) == key


@given(st.builds(Terms, st.integers(), *[st.text(max_size=9)] * 7))
def test_no_contract_is_an_error(terms: Terms):
    assert key_of(terms) is None or isinstance(key_of(terms), str)


@pytest.mark.parametrize(
    ("symbol", "multiplier", "magnifier", "word"),
    [
        ("ZC", "5000", 100, ""),
        ("ZC", "5000.0", 100, ""),
        ("ZC", "5000", 1, "magnifier"),
        ("ZC", "5000", 0, "magnifier"),
        ("ZC", "50", 1, "multiplier"),
        ("ZC", "1000", 100, "multiplier"),
        ("ZC", "", 100, "multiplier"),
        ("MES", "5", 1, ""),
        ("MES", "5", 0, ""),
        ("MES", "5", 100, "magnifier"),
        ("MES", "50", 1, "multiplier"),
        ("NQ", "20", 1, "no future"),
    ],
)
def test_a_listed_future_is_the_desks_by_multiplier_and_magnifier(
    symbol: str, multiplier: str, magnifier: int, word: str
):
    words = objection(symbol, multiplier, magnifier)
    assert word in words
    assert bool(words) is bool(word)


# Hours

WEEK = (
    "20251118:1700-20251119:1600;20251119:1700-20251120:1600;20251120:1700-20251121:1600;"
    "20251122:CLOSED;20251123:1700-20251124:1600;20251124:1700-20251125:1600"
)


def _central(day: int, hour: int, minute: int = 0) -> Timestamp:
    zone = ZoneInfo("America/Chicago")
    return Timestamp(datetime(2025, 11, day, hour, minute, tzinfo=zone).timestamp())


@pytest.mark.parametrize(
    ("at", "is_open", "reason", "until"),
    [
        (_central(19, 9), True, "", _central(19, 16)),
        (_central(19, 16), False, "daily break", _central(19, 17)),
        (_central(19, 16, 59), False, "daily break", _central(19, 17)),
        (_central(19, 17), True, "", _central(20, 16)),
        (_central(21, 16), False, "weekend", _central(23, 17)),
        (_central(22, 12), False, "weekend", _central(23, 17)),
    ],
)
def test_the_phase_and_its_end_come_from_the_listed_hours(
    at: Timestamp, is_open: bool, reason: str, until: Timestamp
):
    schedule = read_hours(WEEK, "US/Central")
    assert schedule is not None
    phase = schedule.at(at)
    assert (phase.open, phase.reason, phase.until) == (is_open, reason, until)


def test_a_day_that_is_not_listed_is_closed_and_looked_at_again():
    schedule = read_hours(WEEK, "US/Central")
    assert schedule is not None
    phase = schedule.at(_central(27, 12))
    assert not phase.open
    assert _central(27, 12) < phase.until <= _central(27, 13)


def test_a_holiday_between_is_said():
    text = "20251126:1700-20251127:1200;20251128:1700-20251129:1200"
    schedule = read_hours(text, "US/Central")
    assert schedule is not None
    assert schedule.at(_central(27, 20)).reason == "holiday"


def test_older_spellings_and_zones_are_read_alike():
    new = read_hours("20251119:0930-20251119:1615", "US/Eastern")
    old = read_hours("20251119:0930-1615", "EST (Eastern Standard Time)")
    assert new is not None
    assert old is not None
    assert new.spans == old.spans


@pytest.mark.parametrize("text", ["", "CLOSED", "20251119:CLOSED", "20251119:1600-20251119:0930"])
def test_hours_without_an_open_stretch_are_unknown(text: str):
    assert read_hours(text, "US/Central") is None


def test_summer_time_moves_the_hours_with_the_wall():
    text = "20251031:1700-20251101:1600;20251102:1700-20251103:1600"
    schedule = read_hours(text, "US/Central")
    assert schedule is not None
    (first, second) = schedule.spans
    assert second[0] - first[0] == 49 * 3600
