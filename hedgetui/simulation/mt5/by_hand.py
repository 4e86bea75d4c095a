"""What a person or the broker does to positions in the middle of everything."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from hedgetui.domain.errors import DataError
from hedgetui.domain.mt5.records import DealReason
from hedgetui.simulation.mt5.codes import Ret, words
from hedgetui.simulation.mt5.faults import Switches
from hedgetui.simulation.mt5.orders import Act, Holding, Instruction, Outcome

if TYPE_CHECKING:
    from hedgetui.simulation.mt5.venue import Venue


class ByHand(Switches):
    """Trades that no program of ours asked for (magic 0, reason CLIENT)."""

    def __init__(self, venue: Venue) -> None:
        """Trade on `venue`, later."""
        super().__init__()
        self._venue = venue

    def reopen(self, ticket: int) -> int:
        """Give a position another ticket, as some brokers do over night; return it.

        Raises:
            DataError: there is no such position.
        """
        holding = self._position(ticket)
        self._venue.ledger.renumber(holding, self._venue.at)
        self._venue.touch()
        return holding.ticket

    def hand_open(
        self, symbol: str, side: str, volume: str, sl: float = 0.0, tp: float = 0.0
    ) -> int:
        """Open a position by hand and return its ticket.

        Raises:
            DataError: the server refuses it.
        """
        if symbol not in self._venue.markets:
            raise DataError(f"no symbol {symbol!r}")
        sign = {"BUY": 1, "SELL": -1}.get(side.upper(), 0)
        asked = Instruction(Act.DEAL, symbol, sign, Decimal(volume), sl=sl, tp=tp)
        return self._by_hand(asked).order

    def hand_close(self, ticket: int, volume: str = "0") -> None:
        """Close a position by hand, whole or in part.

        Raises:
            DataError: there is no such position, or the server refuses it.
        """
        holding = self._position(ticket)
        asked = Decimal(volume) or holding.volume
        self._by_hand(Instruction(Act.DEAL, holding.symbol, -holding.sign, asked, position=ticket))

    def hand_stop(self, ticket: int, sl: float = 0.0, tp: float = 0.0) -> None:
        """Set both levels of a position by hand.

        Raises:
            DataError: there is no such position, or the server refuses it.
        """
        symbol = self._position(ticket).symbol
        self._by_hand(Instruction(Act.SLTP, symbol, sl=sl, tp=tp, position=ticket))

    def _position(self, ticket: int) -> Holding:
        holding = self._venue.ledger.holdings.get(ticket)
        if holding is None:
            raise DataError(f"no position {ticket}")
        return holding

    def _by_hand(self, asked: Instruction) -> Outcome:
        quote = self._venue.markets[asked.symbol].quote(self._venue.at)
        asked = replace(
            asked, reason=int(DealReason.CLIENT), filling=self._venue.filling(asked.symbol),
            price=quote.opening(asked.sign or 1) if quote else 0.0, deviation=50,
        )  # fmt: skip
        outcome = self._venue.submit(asked)
        if outcome.retcode not in {Ret.DONE, Ret.DONE_PARTIAL, Ret.PLACED}:
            raise DataError(f"{outcome.retcode} {words(outcome.retcode)}")
        return outcome
