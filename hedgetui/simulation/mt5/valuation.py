"""What positions are worth and what margin they bind, in the account's currency.

Profit is (close - open) · contract · volume in the profit currency, turned into the account's at
the market; margin follows the rule for covered volume: what is bought and sold at once pays the
symbol's hedged margin only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from hedgetui.simulation.mt5.grid import Floats
from hedgetui.simulation.mt5.ledger import AccountTerms, Ledger
from hedgetui.simulation.mt5.market import SymbolMarket
from hedgetui.simulation.mt5.orders import Holding
from hedgetui.simulation.mt5.symbols import SymbolTerms

_YEN_QUOTE = "USDJPY"


@dataclass(frozen=True, slots=True)
class Standing:
    """An account at one moment; money in its currency."""

    balance: float
    profit: float
    equity: float
    margin: float

    @property
    def margin_free(self) -> float:
        """What may still be bound."""
        return round(self.equity - self.margin, 2)

    @property
    def margin_level(self) -> float:
        """Percent, 0.0 while no margin is used, as the API says it."""
        return round(100.0 * self.equity / self.margin, 2) if self.margin else 0.0


class Valuation:
    """Values positions at the market."""

    def __init__(self, markets: Mapping[str, SymbolMarket], terms: AccountTerms) -> None:
        """Value at `markets` for an account on `terms`."""
        self._markets = markets
        self._terms = terms

    def terms_of(self, symbol: str) -> SymbolTerms:
        """Return how a symbol trades now."""
        return self._markets[symbol].terms

    def rate(self, terms: SymbolTerms, now: float) -> float:
        """Return account currency for one unit of a symbol's profit currency."""
        if terms.currency_profit == self._terms.currency:
            return 1.0
        yen = self._markets.get(_YEN_QUOTE)
        quote = yen.quote(now) if yen is not None and terms.currency_profit == "JPY" else None
        return 1.0 if quote is None else 1.0 / quote.bid

    def tick_value(self, terms: SymbolTerms, now: float) -> float:
        """Return the money of one tick and lot."""
        return terms.tick_size * terms.contract_size * self.rate(terms, now)

    def profit(self, holding: Holding, price: float, now: float) -> float:
        """Return the profit of a whole position closed at `price`."""
        terms = self._markets[holding.symbol].terms
        moved = holding.sign * (price - holding.price_open)
        money = moved * terms.contract_size * float(holding.volume) * self.rate(terms, now)
        return round(money, 2)

    def floating(self, holding: Holding, now: float) -> float:
        """Return the profit of a position at the market."""
        quote = self._markets[holding.symbol].quote(now)
        return 0.0 if quote is None else self.profit(holding, quote.closing(holding.sign), now)

    def margin(self, holdings: Iterable[Holding], now: float) -> float:
        """Return the margin bound by positions."""
        sides: dict[str, list[list[float]]] = {}
        for holding in holdings:
            volumes, notional = sides.setdefault(holding.symbol, [[0.0, 0.0], [0.0, 0.0]])
            side = 0 if holding.sign > 0 else 1
            volumes[side] += float(holding.volume)
            notional[side] += float(holding.volume) * holding.price_open
        return round(
            sum(
                self._bound(name, volumes, notional, now)
                for name, (volumes, notional) in sides.items()
            ),
            2,
        )

    def alone(self, symbol: str, volume: float, price: float, now: float) -> float:
        """Return the margin of `volume` lots at `price`, if nothing else were held."""
        return round(self._for(self.terms_of(symbol), volume, volume * price, now), 2)

    def standing(self, ledger: Ledger, now: float) -> Standing:
        """Return what the account is worth."""
        held = ledger.holdings.values()
        profit = round(sum(self.floating(h, now) + h.swap for h in held), 2)
        equity = round(ledger.balance + profit, 2)
        return Standing(ledger.balance, profit, equity, self.margin(held, now))

    def equity_along(self, ledger: Ledger, times: Floats, now: float) -> Floats:
        """Return the equity at each of `times`, which follow `now`."""
        total = np.full(len(times), ledger.balance)
        for holding in ledger.holdings.values():
            market = self._markets[holding.symbol]
            first = market.quote(now)
            if first is None:
                continue
            window = market.window(now, float(times[-1]))
            ticks = window.bid if holding.sign > 0 else window.ask
            prices = np.r_[first.closing(holding.sign), ticks]
            newest = np.searchsorted(window.at, times, side="right")
            scale = holding.sign * market.terms.contract_size * float(holding.volume)
            rate = self.rate(market.terms, now)
            total += holding.swap + (prices[newest] - holding.price_open) * scale * rate
        return total

    def _bound(self, name: str, volumes: list[float], notional: list[float], now: float) -> float:
        terms = self._markets[name].terms
        covered = min(volumes)
        whole = sum(self._for(terms, v, n, now) for v, n in zip(volumes, notional, strict=True))
        if not covered:
            return whole
        larger = 0 if volumes[0] >= volumes[1] else 1
        mean = notional[larger] / volumes[larger]
        open_part = volumes[larger] - covered
        bare = self._for(terms, open_part, open_part * mean, now)
        hedged = covered * terms.margin_hedged / terms.contract_size
        return bare + self._for(terms, hedged, hedged * mean, now)

    def _for(self, terms: SymbolTerms, volume: float, notional: float, now: float) -> float:
        """Return the margin of `volume` lots, or of `notional` = Σ lots · price."""
        share = terms.margin_share or 1.0 / self._terms.leverage
        if terms.currency_base == self._terms.currency:
            return volume * terms.contract_size * share
        return notional * terms.contract_size * share * self.rate(terms, now)
