"""Losses, stops in a row, news and the spread stop opening, each in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from decimal import Decimal

import pytest

from hedgetui.domain.dtms.calendar import NewsEvent, currencies_of, read_calendar
from hedgetui.domain.dtms.model import ActionKind, Rules
from hedgetui.domain.dtms.rails import (
    day_start,
    money_rails,
    news_rail,
    spread_rail,
    stops_in_a_row,
)
from hedgetui.domain.errors import DataError
from hedgetui.domain.mt5.identity import magic_of
from hedgetui.domain.mt5.records import (
    Deal,
    DealEntry,
    DealReason,
    Lots,
    Magic,
    PositionId,
    Ticket,
)
from hedgetui.domain.orders import Side
from hedgetui.domain.units import Seconds, Timestamp, parse_utc
from tests.dtms.actions_stage import ACCOUNT

RULES = Rules()
NOW = parse_utc("2025-06-18T15:00:00Z")
FOMC = NewsEvent(parse_utc("2025-06-18T18:00:00Z"), "USD", "FOMC")


def deal(profit, *, minutes=120, position=1, reason=DealReason.STOP_LOSS, **values):
    """Return the deal that closed a position `minutes` ago."""
    one = Deal(
        Ticket(1_000 - minutes), Ticket(1), PositionId(position), "XAUUSD", Side.SELL,
        DealEntry.OUT, reason, Lots(Decimal("0.1")), 2650.0, profit, 0.0, 0.0, Magic(0), "",
        Timestamp(NOW - 60 * minutes),
    )  # fmt: skip
    return replace(one, **values)


def rails(*deals, balance=10_000.0, equity=None):
    """Return the money rails of an account after deals."""
    account = replace(ACCOUNT, balance=balance, equity=balance if equity is None else equity)
    return money_rails(account, deals, NOW, RULES)


def test_two_percent_of_the_opening_balance_in_a_day():
    assert rails(deal(-200.0), balance=9_800.0) == (
        "lost 200 USD today, 2.0% of 10,000, limit 2.0%",
    )
    assert rails(deal(-199.0), balance=9_801.0) == ()


def test_costs_and_running_losses_count_and_running_profits_do_not():
    booked = deal(-150.0, commission=-5.0, swap=-5.0)
    assert rails(booked, balance=9_840.0) == ()
    assert rails(booked, balance=9_840.0, equity=9_800.0) != ()
    assert rails(deal(-200.0), balance=9_800.0, equity=10_500.0) != ()


def test_a_credit_of_the_broker_hides_no_running_loss():
    account = replace(ACCOUNT, balance=10_000.0, equity=10_800.0, profit=-200.0)
    assert money_rails(account, (), NOW, RULES) != ()


def test_one_percent_in_an_hour():
    assert rails(deal(-100.0, minutes=59), balance=9_900.0) == (
        "lost 100 USD in an hour, 1.0% of 10,000, limit 1.0%",
    )
    assert rails(deal(-100.0, minutes=61), balance=9_900.0) == ()


def test_an_account_without_money_is_not_opened_on():
    assert rails(balance=0.0) == ("the day's opening balance is not known",)


def test_three_stops_in_a_row():
    three = [deal(-1.0, position=n, minutes=100 - n) for n in (1, 2, 3)]
    assert rails(*three) == ("3 stops in a row today",)
    assert rails(*three[:2]) == ()


@pytest.mark.parametrize(
    "between",
    [
        {"reason": DealReason.TAKE_PROFIT, "profit": 5.0},
        {"reason": DealReason.CLIENT, "profit": -5.0},
        {"profit": 5.0},
    ],
)
def test_anything_else_between_breaks_the_row(between):
    row = [deal(-1.0, position=n, minutes=100 - n) for n in (1, 2, 4)]
    other = replace(deal(0.0, position=3, minutes=97), **between)
    assert stops_in_a_row([*row, other]) == 1


def test_a_position_closed_in_pieces_is_one_and_a_hedge_is_none():
    pieces = [deal(-1.0, minutes=100), deal(-1.0, minutes=99), deal(-1.0, minutes=98)]
    assert stops_in_a_row(pieces) == 1
    magic = magic_of(ActionKind.OPEN_HEDGE, 1, PositionId(1))
    opened = deal(0.0, position=9, minutes=97, entry=DealEntry.IN, magic=magic)
    stopped = deal(-1.0, position=9, minutes=96)
    assert stops_in_a_row([*pieces, opened, stopped]) == 1


@pytest.mark.parametrize(
    ("time", "blocked"),
    [("17:29", False), ("17:30", True), ("18:00", True), ("18:15", True), ("18:16", False)],
)
def test_nothing_opens_around_news(time, blocked):
    now = parse_utc(f"2025-06-18T{time}:00Z")
    said = news_rail([FOMC], "XAUUSD", "USD", now, RULES)
    assert bool(said) is blocked
    if blocked:
        assert said == "news USD FOMC: nothing opens until 18:15 UTC"


@pytest.mark.parametrize(
    ("symbol", "profit", "currencies"),
    [
        ("EURUSD", "USD", {"EUR", "USD"}),
        ("EURGBP.m", "GBP", {"EUR", "GBP"}),
        ("XAUUSD", "USD", {"USD"}),
        ("BTCUSD", "USD", {"USD"}),
        ("US500", "USD", {"USD"}),
        ("US500.cash", "", {"USD"}),
        ("GER40", "EUR", {"EUR"}),
        ("USDJPY", "JPY", {"USD", "JPY"}),
    ],
)
def test_which_news_moves_a_symbol(symbol, profit, currencies):
    assert currencies_of(symbol, profit) == currencies


def test_news_of_another_currency_does_not_count_and_news_of_none_counts_for_all():
    assert news_rail([FOMC], "EURGBP", "GBP", FOMC.at, RULES) == ""
    everywhere = replace(FOMC, currency="")
    assert news_rail([everywhere], "EURGBP", "GBP", FOMC.at, RULES) != ""


def test_the_spread_must_be_known_and_ordinary():
    assert spread_rail(2.0, RULES) == ""
    assert spread_rail(2.1, RULES) == "spread 2.1× its median, limit 2.0×"
    assert spread_rail(None, RULES) == "spread not known"


def test_a_day_is_the_brokers():
    assert day_start(NOW) == parse_utc("2025-06-18T00:00:00Z")
    assert day_start(NOW, Seconds(3 * 3_600.0)) == parse_utc("2025-06-17T21:00:00Z")
    late = parse_utc("2025-06-18T22:30:00Z")
    assert day_start(late, Seconds(3 * 3_600.0)) == parse_utc("2025-06-18T21:00:00Z")


def test_a_calendar_is_read_in_order_and_in_its_zone():
    lines = [
        "Time,Currency,Title\n",
        "2025-06-18T21:00,usd,FOMC\n",
        "\n",
        '2025-06-18T08:00Z,EUR,"CPI, final"\n',
        "2025-06-19 03:00,,Holiday\n",
    ]
    events = read_calendar(lines, "news.csv", timezone(timedelta(hours=3)))
    assert events == (
        NewsEvent(parse_utc("2025-06-18T08:00:00Z"), "EUR", "CPI, final"),
        FOMC,
        NewsEvent(parse_utc("2025-06-19T00:00:00Z"), "", "Holiday"),
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "news.csv: line 1 lacks the column 'time'"),
        (["time,title\n"], "news.csv: line 1 lacks the column 'currency'"),
        (["time,currency,title\n", "soon,USD,x\n"], "news.csv: line 2: 'soon' is not a time"),
        (
            ["time,currency,title\n", "2025-06-18,US,x\n"],
            "news.csv: line 2: 'US' is not a currency",
        ),
        (
            ["time,currency,title\n", "2025-06-18\n"],
            "news.csv: line 2 has 1 cells, at least 3 are needed",
        ),
    ],
)
def test_a_calendar_that_cannot_be_read_names_its_line(lines, message):
    with pytest.raises(DataError) as caught:
        read_calendar(lines, "news.csv")
    assert caught.value.message == message
