"""One account at the simulated broker: positions, deals, numbers, and the balance of them all."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hedgetui.domain.mt5.records import AccountKind, DealEntry, DealReason, MarginMode
from hedgetui.simulation.mt5.orders import Booked, Holding, Instruction, Waiting

_FIRST_ORDER = 4_417_201
_FIRST_DEAL = 3_902_101


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """What kind of account it is; money in its currency."""

    login: int = 5_012_345
    name: str = "Simulated Trader"
    server: str = "Simulator-Demo"
    company: str = "Simulated Broker"
    currency: str = "USD"
    kind: AccountKind = AccountKind.DEMO
    mode: MarginMode = MarginMode.HEDGING
    leverage: int = 100
    balance: float = 50_000.0
    fifo_close: bool = False
    hedge_prohibited: bool = False
    """The server refuses a second position against the first (10046)."""
    margin_call: float = 100.0
    stop_out: float = 50.0
    """Margin level in percent at which the broker closes."""
    most_orders: int = 200
    most_positions: int = 0
    """0 for no limit."""


class Ledger:
    """What the broker has written down; nothing here decides."""

    def __init__(self, terms: AccountTerms, at: float) -> None:
        """Open an account with its first deposit."""
        self.terms = terms
        self.holdings: dict[int, Holding] = {}
        """By ticket, oldest first."""
        self.deals: list[Booked] = []
        self.waiting: list[Waiting] = []
        self.next_order = _FIRST_ORDER
        self.next_deal = _FIRST_DEAL
        self.balance = 0.0
        self._write(Booked(
            self._deal_number(), 0, at, "", 0, int(DealEntry.IN), int(DealReason.CLIENT), 0, 0,
            Decimal(0), 0.0, terms.balance, 0.0, 0.0, "Initial deposit",
        ))  # fmt: skip

    def restore(self, deals: list[Booked]) -> None:
        """Take the deals of an earlier process; the balance follows from them."""
        self.deals, self.balance = [], 0.0
        for deal in deals:
            self._write(deal)

    def order_number(self) -> int:
        """Return a fresh order ticket."""
        self.next_order += 1
        return self.next_order - 1

    def of(self, symbol: str) -> list[Holding]:
        """Return the positions of a symbol, oldest first."""
        return [holding for holding in self.holdings.values() if holding.symbol == symbol]

    def by_identifier(self, identifier: int) -> Holding | None:
        """Return the open position with this identifier."""
        return next((h for h in self.holdings.values() if h.identifier == identifier), None)

    def hold(
        self, order: int, asked: Instruction, volume: Decimal, price: float, at: float
    ) -> None:
        """Add a position; its ticket is the order's."""
        self.holdings[order] = Holding(
            order, order, asked.symbol, asked.sign, volume, price, asked.sl, asked.tp, 0.0,
            asked.magic, asked.comment, asked.reason, at, at,
        )  # fmt: skip

    def renumber(self, holding: Holding, at: float, ticket: int = 0) -> None:
        """Give a position another ticket and keep its identifier."""
        del self.holdings[holding.ticket]
        holding.ticket, holding.updated_at = ticket or self.order_number(), at
        self.holdings[holding.ticket] = holding

    def book(
        self,
        asked: Instruction,
        *,
        order: int,
        at: float,
        entry: DealEntry,
        position_id: int,
        volume: Decimal,
        price: float,
        money: tuple[float, float, float],
    ) -> int:
        """Write a deal with its (profit, commission, swap) and return its ticket."""
        profit, commission, swap = (round(part, 2) for part in money)
        deal = Booked(
            self._deal_number(), order, at, asked.symbol, asked.sign, int(entry), asked.reason,
            asked.magic, position_id, volume, price, profit, commission, swap, asked.comment,
        )  # fmt: skip
        self._write(deal)
        return deal.ticket

    def _write(self, deal: Booked) -> None:
        self.deals.append(deal)
        self.balance = round(self.balance + deal.money, 2)

    def _deal_number(self) -> int:
        self.next_deal += 1
        return self.next_deal - 1
