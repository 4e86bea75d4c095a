"""What holds for hedge accounts whatever happens, in whatever order: the ledger against itself."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgetui.domain.tails.ledger import Ledger
from hedgetui.domain.tails.rules import threshold_units
from hedgetui.domain.tails.tree import TBD
from tests.tails.streams import (
    KEYS,
    LINKINGS,
    STEPS,
    balances,
    live,
    orders,
    reordered,
    some_filled,
)
from tests.tails.tails_stage import SIZE

MANY = 10_000
SIGNS = {"BUY": 1, "SELL": -1}


def holds_in_any_order(steps, linking, seed):
    book = live(steps, linking)
    other = Ledger(book.levels, linking, reordered(book.journal, seed))
    assert balances(other) == balances(book.ledger)


def survives_a_bust(steps, linking, pick):
    book = live(steps, linking)
    found = some_filled(book.ledger, pick)
    if found is None:
        return
    name, fill_id = found
    before, cash = balances(book.ledger), book.ledger.cash(name)
    item = cash or book.ledger.hedge(name)
    fill = item.fills[fill_id]
    if cash is not None:
        book.cash_fill(name, 0, fill_id, fill.revision + 1)
        book.cash_fill(name, fill.units, "again")
    else:
        own = fill_id.removeprefix(f"X-{name}-")
        state = item.state
        book.fill(name, 0, own, fill.revision + 1)
        book.fill(name, fill.units // SIZE, "again")
        book.move(name, state)
    assert balances(book.ledger) == before


def conserves_what_the_tree_shows(steps, linking, days):
    """F113: a cash order under several hedges, a TBD row that comes and goes, tails below zero."""
    book = live(steps, linking)
    for key in book.ledger.keys:
        row = book.row(key, days)
        assert (row.tail, row.hm_unhedged) == (book.ledger.tail(key), book.ledger.balance(key))
        waiting = [hedge for hedge in row.hedges if hedge.hedge_id == TBD]
        assert len({hedge.side for hedge in waiting}) == len(waiting) <= 2
        shown = sum(-SIGNS[hedge.side] * hedge.units for hedge in waiting)
        shown += sum(SIGNS[hedge.side] * hedge.open for hedge in row.hedges)
        assert shown == row.tail, "the unlinked column adds up to the tail"
        if days is None:
            _each_cash_is_divided(book, key, row)


def _each_cash_is_divided(book, key, row):
    hedged = Counter()
    for hedge in row.hedges:
        assert sum(cash.hedged for cash in hedge.cash) + hedge.open <= hedge.units or (
            hedge.hedge_id == TBD
        )
        for cash in hedge.cash:
            hedged[cash.cash_id] += cash.hedged
    for cash in book.ledger.book(key).cash.values():
        assert hedged[cash.cash_id] + cash.open == cash.filled


@given(STEPS, LINKINGS, st.integers(0, 999))
def test_the_same_events_in_another_legal_order_give_the_same_balances(steps, linking, seed):
    holds_in_any_order(steps, linking, seed)


@given(STEPS, LINKINGS, st.integers(0, 99))
def test_a_bust_and_a_new_fill_restore_the_balances(steps, linking, pick):
    survives_a_bust(steps, linking, pick)


@given(STEPS, LINKINGS, st.sampled_from((1, 2, 30, None)))
def test_f113_the_tree_conserves_every_unit(steps, linking, days):
    conserves_what_the_tree_shows(steps, linking, days)


@given(STEPS, LINKINGS)
def test_a_restart_links_the_same(steps, linking):
    book = live(steps, linking)
    again = book.again()
    for key in KEYS:
        assert again.links(key) == book.ledger.links(key)
    assert [one.open for one in orders(again)] == [one.open for one in orders(book.ledger)]


@given(STEPS, LINKINGS)
def test_a_pass_of_both_sides_leaves_the_balance_inside_the_band(steps, linking):
    book = live(steps, linking)
    for key in book.ledger.keys:
        for number, hedge in enumerate(book.ledger.working(key)):
            book.fill(hedge.hedge_id, hedge.working, fill=f"end{number}")
        book.auto(f"last {key}", key=key)
        band = threshold_units(SIZE, book.ledger.policy(key))
        assert -band < book.ledger.balance(key) < band


@pytest.mark.deep
@pytest.mark.timeout(1_800)
@settings(max_examples=MANY)
@given(STEPS, LINKINGS, st.integers(0, 999), st.sampled_from((1, 30, None)))
def test_ten_thousand_streams(steps, linking, seed, days):
    holds_in_any_order(steps, linking, seed)
    survives_a_bust(steps, linking, seed)
    conserves_what_the_tree_shows(steps, linking, days)
