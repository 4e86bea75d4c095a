"""Executing what was accepted: positions opened, reduced, reversed, closed by each other.

On a hedging account every market order without a position opens one of its own; on netting and
exchange accounts it adds to, reduces, closes or reverses the one position of its symbol. There are
never two.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal

from hedgetui.domain.mt5.records import DealEntry, MarginMode
from hedgetui.simulation.mt5.codes import Ret
from hedgetui.simulation.mt5.faults import Switches
from hedgetui.simulation.mt5.ledger import Ledger
from hedgetui.simulation.mt5.market import Quoted
from hedgetui.simulation.mt5.orders import Act, Holding, Instruction, Outcome
from hedgetui.simulation.mt5.symbols import SymbolTerms
from hedgetui.simulation.mt5.valuation import Valuation


class Dealer:
    """Turns accepted requests into deals."""

    def __init__(self, ledger: Ledger, valuation: Valuation, switches: Switches) -> None:
        """Deal on `ledger`; `switches` say what the broker does to fills and comments."""
        self._ledger = ledger
        self._valuation = valuation
        self._switches = switches

    def execute(
        self, asked: Instruction, terms: SymbolTerms, quote: Quoted, at: float, order: int = 0
    ) -> Outcome:
        """Execute one accepted request at the market; `order` is its ticket if it has one."""
        match asked.action:
            case Act.SLTP:
                self._set_levels(asked, at)
                return Outcome(Ret.DONE, bid=quote.bid, ask=quote.ask)
            case Act.CLOSE_BY:
                return self._close_by(asked, quote, at)
            case _:
                return self._deal(asked, terms, quote, at, order)

    def close(
        self, holding: Holding, asked: Instruction, volume: Decimal, price: float, at: float,
        *, order: int = 0, entry: DealEntry = DealEntry.OUT,
    ) -> int:  # fmt: skip
        """Take `volume` off a position at `price` and return the deal's ticket."""
        whole = holding.volume
        share = float(volume / whole)
        swap = round(holding.swap * share, 2)
        part = replace(holding, volume=volume)
        money = (
            self._valuation.profit(part, price, at),
            self._commission(holding.symbol, volume),
            swap,
        )
        holding.volume = whole - volume
        holding.swap = round(holding.swap - swap, 2)
        holding.updated_at = at
        if not holding.volume:
            del self._ledger.holdings[holding.ticket]
        return self._ledger.book(
            replace(asked, sign=-holding.sign, symbol=holding.symbol),
            order=order or self._ledger.order_number(), at=at, entry=entry,
            position_id=holding.identifier, volume=volume, price=price, money=money,
        )  # fmt: skip

    def _deal(
        self, asked: Instruction, terms: SymbolTerms, quote: Quoted, at: float, order: int
    ) -> Outcome:
        order = order or self._ledger.order_number()
        volume = self._fills(asked.volume, terms)
        slip = self._switches.slippage * terms.point
        price = terms.rounded(quote.opening(asked.sign) + asked.sign * slip)
        target = self._target(asked)
        if target is None:
            deal = self._open(asked, volume, price, at, order)
        elif target.sign == asked.sign:
            deal = self._add(target, asked, volume, price, at, order)
        elif volume <= target.volume:
            deal = self.close(target, asked, volume, price, at, order=order)
        else:
            deal = self._reverse(target, asked, volume, price, at, order)
        code = Ret.DONE if volume == asked.volume else Ret.DONE_PARTIAL
        return Outcome(code, deal, order, volume, price, quote.bid, quote.ask)

    def _target(self, asked: Instruction) -> Holding | None:
        if asked.position:
            return self._ledger.holdings.get(asked.position)
        if self._ledger.terms.mode is MarginMode.HEDGING:
            return None
        return next(iter(self._ledger.of(asked.symbol)), None)

    def _open(
        self, asked: Instruction, volume: Decimal, price: float, at: float, order: int
    ) -> int:
        kept = replace(asked, comment=self._comment(asked.comment, order))
        self._ledger.hold(order, kept, volume, price, at)
        return self._book_in(asked, order, order, volume, price, at)

    def _add(
        self, target: Holding, asked: Instruction, volume: Decimal, price: float, at: float,
        order: int,
    ) -> int:  # fmt: skip
        whole = target.volume + volume
        money = target.price_open * float(target.volume) + price * float(volume)
        target.price_open, target.volume = money / float(whole), whole
        self._take_levels(target, asked, at)
        return self._book_in(asked, order, target.identifier, volume, price, at)

    def _reverse(
        self, target: Holding, asked: Instruction, volume: Decimal, price: float, at: float,
        order: int,
    ) -> int:  # fmt: skip
        """Close a position and go on in the other direction: same identifier, another ticket."""
        terms = (target.volume, target.swap)
        profit = self._valuation.profit(target, price, at)
        target.sign, target.volume = asked.sign, volume - terms[0]
        target.price_open, target.swap, target.sl, target.tp = price, 0.0, 0.0, 0.0
        self._take_levels(target, asked, at)
        self._ledger.renumber(target, at, order)
        money = (profit, self._commission(target.symbol, volume), terms[1])
        return self._ledger.book(
            asked, order=order, at=at, entry=DealEntry.INOUT, position_id=target.identifier,
            volume=volume, price=price, money=money,
        )  # fmt: skip

    def _close_by(self, asked: Instruction, quote: Quoted, at: float) -> Outcome:
        """Close two positions against each other, each at the other's opening price."""
        one = self._ledger.holdings[asked.position]
        other = self._ledger.holdings[asked.position_by]
        volume, order = min(one.volume, other.volume), self._ledger.order_number()
        price = other.price_open
        said = replace(asked, comment=f"close #{one.ticket} by #{other.ticket}")
        by = DealEntry.OUT_BY
        deal = self.close(one, said, volume, price, at, order=order, entry=by)
        # All of the profit is in the first deal: the second closes at its own opening price.
        self.close(other, said, volume, price, at, order=order, entry=by)
        return Outcome(Ret.DONE, deal, order, volume, price, quote.bid, quote.ask)

    def _set_levels(self, asked: Instruction, at: float) -> None:
        holding = self._ledger.holdings[asked.position]
        holding.sl, holding.tp, holding.updated_at = asked.sl, asked.tp, at

    @staticmethod
    def _take_levels(target: Holding, asked: Instruction, at: float) -> None:
        """Let an order's levels replace those of the position it went into."""
        target.sl, target.tp = asked.sl or target.sl, asked.tp or target.tp
        target.updated_at = at

    def _book_in(
        self, asked: Instruction, order: int, position_id: int, volume: Decimal, price: float,
        at: float,
    ) -> int:  # fmt: skip
        money = (0.0, self._commission(asked.symbol, volume), 0.0)
        return self._ledger.book(
            asked, order=order, at=at, entry=DealEntry.IN, position_id=position_id,
            volume=volume, price=price, money=money,
        )  # fmt: skip

    def _commission(self, symbol: str, volume: Decimal) -> float:
        return self._valuation.terms_of(symbol).commission * float(volume)

    def _fills(self, volume: Decimal, terms: SymbolTerms) -> Decimal:
        share = Decimal(str(self._switches.partial_share))
        steps = (volume * share / terms.volume_step).to_integral_value(ROUND_FLOOR)
        return max(terms.volume_min, steps * terms.volume_step) if share < 1 else volume

    def _comment(self, text: str, order: int) -> str:
        match self._switches.comments:
            case "blank":
                return ""
            case "rewrite":
                return f"#{order}"
            case _:
                return text
