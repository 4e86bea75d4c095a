"""What the exchange checks before it takes an order, with the reason it gives when it does not.

A reason names the number that was exceeded or the moment trade resumes, because a trader who reads
"rejected" alone can do nothing with it.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import GRAINS, Instrument, Kind, leg_keys, parse_key
from hedgetui.domain.orders import OrderDraft, OrderType, Side, TimeInForce
from hedgetui.domain.units import Timestamp, iso_utc, money
from hedgetui.ports.broker import Margin
from hedgetui.simulation.account import ZERO, initial_margin, shares_value
from hedgetui.simulation.broker_book import BrokerBook
from hedgetui.simulation.chain import QuoteBoard
from hedgetui.simulation.grains import grain_session
from hedgetui.simulation.market import Market, Venue
from hedgetui.simulation.matching import far_side
from hedgetui.simulation.sessions import futures_close, session_at


def closes_at(now: Timestamp, instrument: Instrument) -> Timestamp:
    """Return when the trading day of an instrument ends, seen from a moment it trades at."""
    if instrument.symbol in GRAINS:
        return grain_session(now).closes_at
    session = session_at(now)
    return futures_close(session) if instrument.kind is Kind.FUTURE else session.until


class Admission:
    """Refuses orders for reasons; knows the market, the quotes and the account."""

    def __init__(self, market: Market, board: QuoteBoard, book: BrokerBook) -> None:
        """Look at these three."""
        self._market = market
        self._board = board
        self._book = book

    def refusal(self, draft: OrderDraft, now: Timestamp, *, instead_of: str = "") -> str:
        """Return why an order is not accepted, empty when it is.

        `instead_of` is the client key of a working order that this one would take the place of.
        """
        try:
            instrument = parse_key(draft.instrument_key)
        except DataError as error:
            return str(error)
        return (
            self._listing_refusal(instrument)
            or _form_refusal(draft, instrument, now)
            or self._venue_refusal(draft, instrument)
            or self._margin_refusal(draft, instead_of)
        )

    def margin(self, draft: OrderDraft, *, instead_of: str = "") -> Margin:
        """Return what an order would do to margin and to the money left for others."""
        account = self._book.account
        working = [
            one for one in self._book.orders.values()
            if not one.ended and one.client_key != instead_of
        ]  # fmt: skip
        pending = Counter(account.positions)
        for order in working:
            _add(pending, order.draft.instrument_key, order.draft.side.sign * order.remaining)
        level = Decimal(str(self._market.level))
        before = initial_margin(pending, level, self._board.mark)
        after = Counter(pending)
        _add(after, draft.instrument_key, draft.signed)
        required = initial_margin(after, level, self._board.mark)
        open_profit = sum(
            (account.open_profit(key, self._board.mark(key)) for key in account.positions), ZERO
        )
        bound = sum((self._premium(one.draft, one.remaining) for one in working), ZERO)
        free = account.cash + open_profit - bound
        free += shares_value(after, self._board.mark)
        headroom = free - required - self._premium(draft, draft.quantity)
        return Margin(money(required - before), money(headroom))

    def _listing_refusal(self, instrument: Instrument) -> str:
        """What is held can always be traded: a listed strike stays listed when the level leaves."""
        if instrument.legs:
            return next((why for leg in instrument.legs if (why := self._listing_refusal(leg))), "")
        held = self._book.account.positions.get(instrument.key)
        alive = instrument.expiry is None or instrument.expires_at > self._market.at
        if held and alive:
            return ""
        return self._board.refusal(instrument)

    def _venue_refusal(self, draft: OrderDraft, instrument: Instrument) -> str:
        """Closed venues take nothing; halted ones take what can wait."""
        venue = self._venue(instrument)
        waits = draft.order_type is OrderType.LIMIT and draft.tif is not TimeInForce.IMMEDIATE
        if venue.open:
            quote = self._board.quote(draft.instrument_key)
            if waits or far_side(draft.side, quote) is not None:
                return ""
            return f"nobody {'offers' if draft.side is Side.BUY else 'bids for'} {instrument.key}"
        halted = self._market.halted and instrument.symbol not in GRAINS
        in_session = halted and self._in_session(instrument)
        if in_session and waits:
            return ""
        state = "halted" if in_session else "closed"
        resumes = f"until {iso_utc(venue.until)}"
        return f"{instrument.symbol} is {state} {resumes} ({venue.reason or 'outside its hours'})"

    def _margin_refusal(self, draft: OrderDraft, instead_of: str) -> str:
        margin = self.margin(draft, instead_of=instead_of)
        if margin.headroom_after >= 0 or margin.initial_change <= 0 >= self._premium(draft, 1):
            return ""
        covers = draft.side is Side.BUY and parse_key(draft.instrument_key).kind is Kind.STOCK
        if covers and margin.initial_change + self._premium(draft, draft.quantity) <= 0:
            return ""
        return f"insufficient funds: {-margin.headroom_after} dollars short"

    def _venue(self, instrument: Instrument) -> Venue:
        venue = self._board.venue(instrument.symbol)
        if instrument.kind is Kind.FUTURE or not venue.open:
            return venue
        return Venue(self._market.options_open, "", self._market.session.until)

    def _in_session(self, instrument: Instrument) -> bool:
        session = self._market.session
        is_future = instrument.kind is Kind.FUTURE
        return session.futures_open if is_future else session.options_open

    def _premium(self, draft: OrderDraft, quantity: int) -> Decimal:
        """Return what buying costs; sold premium is not counted before it is there.

        Shares that are sold bring their worth: the margin on them is counted as if they were.
        """
        instrument = parse_key(draft.instrument_key)
        if instrument.kind is Kind.STOCK and draft.side is Side.SELL:
            return -quantity * self._board.mark(instrument.key)
        if instrument.kind is Kind.FUTURE or draft.side is Side.SELL:
            return ZERO
        price = draft.limit_price
        if price is None:
            quote = self._board.quote(draft.instrument_key)
            price = far_side(draft.side, quote) or self._board.mark(draft.instrument_key)
        return quantity * price * instrument.multiplier


def _add(positions: Counter[str], key: str, signed: int) -> None:
    for leg in leg_keys(key):
        positions[leg] += signed


def _form_refusal(draft: OrderDraft, instrument: Instrument, now: Timestamp) -> str:
    if draft.quantity < 1:
        return f"quantity must be at least 1, not {draft.quantity}"
    if instrument.legs and draft.order_type is not OrderType.LIMIT:
        return "a combo trades by limit orders only"
    if draft.order_type is OrderType.LIMIT:
        if draft.limit_price is None or draft.limit_price <= 0:
            return "a limit order needs a positive limit price"
        if draft.limit_price % instrument.tick:
            return f"the price {draft.limit_price} is not a multiple of {instrument.tick}"
    if draft.tif is TimeInForce.GOOD_TILL and (draft.good_till is None or draft.good_till <= now):
        return "a good-till order needs a moment in the future"
    return ""
