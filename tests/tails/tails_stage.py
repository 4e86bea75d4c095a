"""A journal of hedge accounts in few words: cash, hedges of ours and others, and what follows."""

from __future__ import annotations

from decimal import Decimal
from itertools import count

from hedgetui.domain import events as ev
from hedgetui.domain.orders import IntentState, Side
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.ledger import Ledger
from hedgetui.domain.tails.model import (
    CashId,
    HedgeId,
    Key,
    Linking,
    Lots,
    Mode,
    Origin,
    Policy,
    Units,
)
from hedgetui.domain.tails.policy import Levels
from hedgetui.domain.tails.rules import propose
from hedgetui.domain.tails.tree import Outlook, tails_view
from hedgetui.domain.units import Contracts, Timestamp, parse_utc

CORN = Key("PSHAOTCHMS", "ZC 202512")
MARCH = Key("PSHAOTCHMS", "ZC 202603")
BEANS = Key("PSHAOTCHMS", "ZS 202511")
SIZE = 5_000
AUTO_51 = Policy(Mode.AUTO, 51)
START = parse_utc("2025-11-03T15:00:00")
DAY = 86_400.0
PRICE = Decimal("433.25")


class Book:
    """A ledger and the journal it folds; every word records facts at the stage's own time."""

    def __init__(
        self,
        policy: Policy = AUTO_51,
        linking: Linking = Linking.DIRECT,
        levels: Levels | None = None,
    ) -> None:
        self.levels, self.linking = levels or Levels(policy), linking
        self.ledger = Ledger(self.levels, linking)
        self.journal: list[ev.Fact] = []
        self.now = START
        self._number = count(1)

    def day(self, number: float) -> None:
        """Go to day `number`; the first day is 1."""
        self.now = Timestamp(START + (number - 1) * DAY)

    def tell(self, *events: ev.Event) -> None:
        """Record events."""
        for event in events:
            fact = ev.Fact(len(self.journal) + 1, self.now, event)
            self.journal.append(fact)
            self.ledger.take(fact)

    def cash(self, name: str, units: int, key: Key = CORN, filled: int | None = None) -> None:
        """Enter a cash order, bought when positive, and fill it, wholly if nothing else is said."""
        size = Units(abs(units))
        self.tell(tf.CashEntered(CashId(name), key, Side.of(units), size, PRICE, self.now, "you"))
        done = abs(units) if filled is None else filled
        if done:
            self.cash_fill(name, done)

    def cash_fill(self, name: str, units: int, fill: str = "1", revision: int = 1) -> None:
        """Tell a fill of a cash order; a higher revision corrects it, 0 units bust it."""
        told = tf.CashFilled(CashId(name), fill, revision, Units(units), PRICE, self.now)
        self.tell(told)

    def place(self, name: str, lots: int, key: Key = CORN, trigger: str = "", **values) -> None:
        """Place a hedge of ours, sold when negative; it works and nothing is filled."""
        ledger = self.ledger
        self.tell(
            tf.TailHedgePlaced(
                HedgeId(name), key, Side.of(lots), Lots(abs(lots)), f"I-{name}",
                values.get("origin", Origin.HM), CashId(trigger), "test", ledger.balance(key),
                ledger.pending(key), "rule", values.get("roll", ""),
            )
        )  # fmt: skip
        self.move(name, IntentState.WORKING)

    def move(self, name: str, after: IntentState) -> None:
        """Move the intent of a hedge of ours."""
        self.tell(ev.IntentMoved(f"I-{name}", IntentState.SENDING, after, "test", Contracts(0)))

    def fill(self, name: str, lots: int, fill: str = "1", revision: int = 1) -> None:
        """Tell an execution of a hedge of ours, and its end when everything is done."""
        item = self.ledger.hedge(HedgeId(name))
        self.tell(
            ev.FillBooked(
                f"X-{name}-{fill}", revision, f"I-{name}", item.key.contract, item.side,
                Contracts(lots), PRICE, self.now,
            )
        )  # fmt: skip
        if item.filled_lots >= item.lots:
            self.move(name, IntentState.FILLED)

    def hedge(self, name: str, lots: int, key: Key = CORN, trigger: str = "", **values) -> None:
        """Place a hedge of ours and fill it."""
        self.place(name, lots, key, trigger, **values)
        self.fill(name, abs(lots))

    def foreign(self, name: str, lots: int, key: Key = CORN, covers: str = "") -> None:
        """Tell of a hedge that was done elsewhere."""
        side, size = Side.of(lots), Lots(abs(lots))
        self.tell(
            tf.HedgeEntered(
                HedgeId(name), key, side, size, Origin.OUTSIDE, self.now, "you", CashId(covers)
            ),
            tf.HedgeFilled(HedgeId(name), "1", 1, size, PRICE, self.now),
        )

    def auto(self, name: str, trigger: str = "", key: Key = CORN) -> int:
        """Place and fill what the rule proposes; return its signed lots."""
        proposal = propose(self.ledger.e(key), SIZE, self.ledger.policy(key))
        if proposal is None:
            return 0
        signed = proposal.side.sign * proposal.lots
        self.hedge(name, signed, key, trigger)
        return signed

    def links(self, key: Key = CORN) -> dict[tuple[str, str], int]:
        """Return units by (cash, hedge)."""
        found: dict[tuple[str, str], int] = {}
        for link in self.ledger.links(key):
            pair = (str(link.cash), str(link.hedge))
            found[pair] = found.get(pair, 0) + link.units
        return found

    def row(self, key: Key = CORN, days: int | None = 30, outlook: Outlook | None = None):
        """Return the tree's row of one key."""
        rows = tails_view(self.ledger, self.now, days, outlook)
        return next(
            row for row in rows if (row.account, row.contract) == (key.account, key.contract)
        )

    def again(self) -> Ledger:
        """Return the ledger of a restart."""
        return Ledger(self.levels, self.linking, self.journal)


def worked_example(linking: Linking = Linking.DIRECT) -> Book:
    """Return the days of the worked example, up to H4's placing (which works, unfilled)."""
    book = Book(linking=linking)
    for day, cash, units, hedge in ((1, "C1", 6_000, "H1"), (2, "C2", 5_000, "H2"), (3, "C3", 10_000, "H3")):  # fmt: skip  # noqa: E501 - a table
        book.day(day)
        book.cash(cash, units)
        book.auto(hedge, cash)
    book.day(13)
    book.cash("C4", 2_000)
    book.place("H4", -1, trigger="C4")
    return book
