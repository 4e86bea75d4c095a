"""An exchange with a client on it, and contracts to trade there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from hedgetui.domain.instruments import Right
from hedgetui.domain.orders import OrderDraft, OrderType, Purpose, Side
from hedgetui.domain.units import Contracts, Timestamp, parse_utc, utc_date
from hedgetui.ports.broker import BrokerMessage, Execution, OrderEnded
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.market import MarketTerms, seeded_market
from hedgetui.simulation.price_path import PathParameters
from hedgetui.simulation.security_chain import SecurityBoard, listed_option
from hedgetui.simulation.wire import Latency

OPEN = "2025-11-19T14:31:00Z"
"""A Wednesday, one minute after the opening."""
START = parse_utc(OPEN)
MES = "MES 202512"


def at_the_money(board: SecurityBoard, symbol: str, right: Right = Right.CALL) -> str:
    """Return the key of the option nearest to the money about three months out."""
    price, wanted = board.prices.price(symbol), utc_date(board.market.at) + timedelta(days=90)
    expiry, strikes = min(board.listing(symbol), key=lambda one: abs(one[0] - wanted))
    strike = min(strikes.tolist(), key=lambda one: abs(one - price))
    return listed_option(symbol, expiry, strike, right).key


@dataclass
class Floor:
    """An exchange with a client on it."""

    exchange: Exchange
    purpose: Purpose = Purpose.TICKET
    heard: list[BrokerMessage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session = self.exchange.attach(self.heard.append)

    @property
    def board(self) -> SecurityBoard:
        return self.exchange.board.securities

    def until(self, moment: str) -> None:
        self.exchange.advance(parse_utc(moment))

    def send(self, key: str, contract: str, signed: int, off: float = 0.0, **more: object) -> None:
        """Send a limit order, `off` worse for us than the price it would trade at."""
        quote = self.exchange.board.quote(contract)
        touch = quote.ask if signed > 0 else quote.bid
        limit = Decimal(str(round((touch or quote.last or 1.0) - (off if signed > 0 else -off), 2)))
        more.setdefault("limit_price", limit)
        draft = OrderDraft(
            self.purpose, contract, Side.of(signed), Contracts(abs(signed)), OrderType.LIMIT,
            **more,
        )  # fmt: skip
        self.exchange.submit(self.session, key, draft)
        self.exchange.advance(Timestamp(self.exchange.at + 0.5))

    def fills(self, key: str) -> list[tuple[int, Decimal]]:
        return [
            (one.quantity, one.price)
            for one in self.heard
            if isinstance(one, Execution) and one.client_key == key
        ]

    def end(self, key: str) -> str:
        return "".join(
            one.reason
            for one in self.heard
            if isinstance(one, OrderEnded) and one.client_key == key
        )

    @property
    def positions(self) -> dict[str, int]:
        return dict(self.exchange.book.account.positions)


def floor(
    *, seed: int = 7, start: str = OPEN, path: PathParameters | None = None,
    terms: MarketTerms | None = None, tick_s: float = 1.0, purpose: Purpose = Purpose.TICKET,
    **options: object,
) -> Floor:  # fmt: skip
    market = seeded_market(
        seed, start=parse_utc(start), parameters=path, terms=terms, tick_s=tick_s
    )
    options.setdefault("latency", Latency(0.02, 0.02))
    return Floor(Exchange(market, seed=seed, **options), purpose)
