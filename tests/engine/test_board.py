"""The board keeps the latest number of each instrument, and only numbers."""

from __future__ import annotations

import math

import pytest

from hedgetui.domain.quotes import Greeks, Quote
from hedgetui.domain.units import IndexPoints, Timestamp
from hedgetui.engine.board import Board


def test_the_newer_stands_and_an_older_one_changes_nothing() -> None:
    board = Board()
    board.take(Quote("X", Timestamp(2.0), 4.0, 4.2))
    board.take(Quote("X", Timestamp(1.0), 9.0, 9.2))
    assert board.mark("X") == pytest.approx(4.1)
    board.take(Quote("X", Timestamp(2.0), 5.0, 5.2))
    assert board.mark("X") == pytest.approx(5.1)
    assert board.mark("Y") is None


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, -1.0, 1.797e308])
def test_what_is_no_price_is_missing_at_once(bad) -> None:
    board = Board()
    board.take(Quote("X", Timestamp(1.0), 4.0, 4.2, 4.1))
    board.take(Quote("X", Timestamp(2.0), bad, 4.2, bad))
    assert board.quotes["X"] == Quote("X", Timestamp(2.0), None, 4.2, None)
    assert board.mark("X") is None


def test_a_bid_of_zero_is_a_bid() -> None:
    board = Board()
    board.take(Quote("X", Timestamp(1.0), 0.0, 0.02))
    assert board.mark("X") == pytest.approx(0.01)


@pytest.mark.parametrize("at", [math.nan, math.inf])
def test_what_has_no_time_is_not_taken(at) -> None:
    board = Board()
    board.take(Quote("X", Timestamp(at), 4.0, 4.2))
    board.take(Greeks("X", Timestamp(at), 0.5, 0.0, 0.0, 0.0, 0.2))
    board.level(IndexPoints(5000.0), Timestamp(at))
    assert (board.quotes, board.greeks, board.index_level) == ({}, {}, None)


def test_old_greeks_are_forgotten_with_their_session() -> None:
    board = Board()
    board.take(Greeks("X", Timestamp(1.0), 0.5, 0.0, 0.0, 0.0, 0.2))
    board.invalidate_greeks(Timestamp(3.0))
    assert (board.greeks, board.greeks_asked_at) == ({}, 3.0)
