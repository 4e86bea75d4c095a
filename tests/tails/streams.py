"""Random legal days of hedge accounts, and what must hold after each event of them."""

from __future__ import annotations

from collections import defaultdict
from random import Random

from hypothesis import strategies as st

from hedgetui.domain import events as ev
from hedgetui.domain.orders import IntentState
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.items import CashItem, HedgeItem
from hedgetui.domain.tails.ledger import Ledger
from hedgetui.domain.tails.linking import KeyBook
from hedgetui.domain.tails.model import CashId, HedgeId, Key, Linking, Units
from hedgetui.domain.tails.rules import threshold_units
from tests.tails.tails_stage import BEANS, CORN, SIZE, Book

KEYS = (CORN, BEANS)
WORDS = (
    "cash", "cash", "fill cash", "correct cash", "place", "place", "fill hedge", "fill hedge",
    "correct hedge", "cancel", "doubt", "foreign", "offset", "auto", "auto", "later",
)  # fmt: skip
Step = tuple[str, int, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(WORDS), st.integers(0, 1), st.integers(-20_000, 20_000), st.integers(0, 99)
    ),
    min_size=1, max_size=30,
)  # fmt: skip
LINKINGS = st.sampled_from(Linking)


class Days:
    """Turns steps into legal events: what cannot be done is left out."""

    def __init__(self, linking: Linking) -> None:
        self.book = Book(linking=linking)
        self._day = 1

    def take(self, step: Step, number: int) -> None:
        """Do one step; `number` makes its identities."""
        word, which, units, pick = step
        key = KEYS[which]
        match word:
            case "cash" if units:
                part = abs(units) * pick // 99
                self.book.cash(f"C{number}", units, key, filled=part)
            case "place" if units:
                lots = units // 5_001 or 1
                self.book.place(f"H{number}", lots, key, trigger=self._any_cash(pick))
            case "foreign" if units:
                self.book.foreign(f"F{number}", units // 5_001 or 1, key, self._any_cash(pick))
            case "offset" if units:
                self.book.tell(tf.OffsetBooked(key, Units(units), "you", "count"))
            case "auto":
                self._auto(key, f"A{number}", pick)
            case "later":
                self._day += pick % 4
                self.book.day(self._day)
            case _:
                self._amend(word, abs(units), pick, number)

    def _amend(self, word: str, units: int, pick: int, number: int) -> None:
        """Change an order that is there already, if there is one."""
        kind = CashItem if word.endswith("cash") else HedgeItem
        known = [
            item for item in orders(self.book.ledger)
            if isinstance(item, kind) and (kind is CashItem or item.intent_id)
        ]  # fmt: skip
        if not known:
            return
        item = known[pick % len(known)]
        match word:
            case "fill cash" if item.size > item.filled:
                more = 1 + units % (item.size - item.filled)
                self.book.cash_fill(item.cash_id, more, fill=f"f{number}")
            case "correct cash" if item.fills:
                fill = list(item.fills.values())[pick % len(item.fills)]
                most = item.size - item.filled + fill.units
                now = units % (most + 1) if pick % 3 else 0
                self.book.cash_fill(item.cash_id, now, fill.fill_id, fill.revision + 1)
            case "fill hedge" if item.working:
                self.book.fill(item.hedge_id, 1 + units % item.working, fill=f"f{number}")
            case "correct hedge" if item.fills:
                fill = list(item.fills.values())[pick % len(item.fills)]
                lots = (fill.units // SIZE) * (pick % 3) // 2
                name = fill.fill_id.removeprefix(f"X-{item.hedge_id}-")
                self.book.fill(item.hedge_id, lots, name, fill.revision + 1)
            case "cancel" if item.working:
                self.book.move(item.hedge_id, IntentState.CANCELLED)
            case "doubt" if item.working:
                self.book.move(item.hedge_id, IntentState.UNKNOWN)

    def _auto(self, key: Key, name: str, pick: int) -> None:
        self.book.auto(name, self._any_cash(pick), key)
        ledger = self.book.ledger
        band = threshold_units(SIZE, ledger.policy(key))
        assert -band < ledger.e(key) < band, "a two-sided pass ends inside the band"

    def _any_cash(self, pick: int) -> str:
        known = [item.cash_id for item in orders(self.book.ledger) if isinstance(item, CashItem)]
        return known[pick % len(known)] if known and pick % 5 else ""


def orders(ledger: Ledger) -> list[CashItem | HedgeItem]:
    """Return every order of a ledger."""
    books = [ledger.book(key) for key in ledger.keys]
    return [one for book in books for one in (*book.cash.values(), *book.hedges.values())]


def live(steps: list[Step], linking: Linking) -> Book:
    """Live through the steps and check the ledger after each."""
    days = Days(linking)
    for number, step in enumerate(steps):
        days.take(step, number)
        for key in days.book.ledger.keys:
            check(days.book.ledger.book(key))
    return days.book


def check(book: KeyBook) -> None:
    """Assert the invariants of one key from its orders alone."""
    items = (*book.cash.values(), *book.hedges.values())
    fills = sum(one.sign * sum(fill.units for fill in one.fills.values()) for one in items)
    unlinked = sum(one.sign * one.open for one in items)
    offsets = sum(offset.units for offset in book.offsets)
    assert book.balance == unlinked + offsets == fills + offsets
    assert book.unlinked == unlinked
    working = sum(one.sign * one.working * SIZE for one in book.hedges.values())
    assert book.pending == working
    for one in items:
        assert 0 <= one.taken <= one.filled, "no link without a fill, no open amount below zero"
        assert one.taken == sum(tie.units for tie in one.ties)
        assert all(tie.units > 0 and tie.beyond(one).sign == -one.sign for tie in one.ties)
    _check_nothing_to_link(book)


def _check_nothing_to_link(book: KeyBook) -> None:
    cash = {one.sign for one in book.cash.values() if one.open}
    hedges = {one.sign for one in book.hedges.values() if one.open}
    assert len(hedges) <= 1, "opposite outright hedges offset each other"
    assert not any(-sign in cash for sign in hedges), "open cash is covered by an open hedge"
    waiting = {one for one in (*book.cash.values(), *book.hedges.values()) if one.open}
    assert set(book.open_orders()) == waiting


def balances(ledger: Ledger) -> dict[Key, tuple[int, int, int]]:
    """Return balance, tail and pending of every key."""
    return {
        key: (ledger.balance(key), ledger.tail(key), ledger.pending(key)) for key in ledger.keys
    }


def reordered(journal: list[ev.Fact], seed: int) -> list[ev.Fact]:
    """Return the facts in another legal order: each order's own facts stay in sequence."""
    lanes: dict[str, list[ev.Fact]] = defaultdict(list)
    for fact in journal:
        lanes[_lane(fact.event)].append(fact)
    chance, waiting, found = Random(seed), [lane[::-1] for lane in lanes.values()], []  # noqa: S311 - an order of facts is no secret
    while waiting:
        lane = chance.choice(waiting)
        found.append(lane.pop())
        if not lane:
            waiting.remove(lane)
    return found


def _lane(event: ev.Event) -> str:
    match event:
        case tf.CashEntered() | tf.CashFilled():
            return f"cash {event.cash}"
        case tf.HedgeEntered() | tf.HedgeFilled():
            return f"hedge {event.hedge}"
        case tf.TailHedgePlaced() | ev.IntentMoved() | ev.FillBooked():
            return f"ours {event.intent_id}"
    return "other"


def some_filled(ledger: Ledger, pick: int) -> tuple[CashId | HedgeId, str] | None:
    """Return an order of ours or of cash with a fill, and the fill's id."""
    found = [
        (one, fill.fill_id)
        for one in orders(ledger)
        if isinstance(one, CashItem) or one.intent_id
        for fill in one.fills.values()
        if fill.units
    ]
    if not found:
        return None
    one, fill_id = found[pick % len(found)]
    return (one.cash_id if isinstance(one, CashItem) else one.hedge_id), fill_id
