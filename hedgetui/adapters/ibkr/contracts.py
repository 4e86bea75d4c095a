"""Instrument keys and the broker's contracts, both ways, with the contract numbers learnt.

What is traded or watched is named by its number (conId), never by a description that could fit two.
An XSP option is of the trading class XSP alone, so that no AM-settled sibling is ever picked; what
the desk cannot name has no key. How shares and options on them are spelled: `securities.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hedgetui.adapters.ibkr._api import Api
from hedgetui.adapters.ibkr.futures import exchange_of_future, is_ours, objection
from hedgetui.adapters.ibkr.hours import Schedule, read_hours
from hedgetui.adapters.ibkr.parse import Terms, exact
from hedgetui.adapters.ibkr.securities import (
    CURRENCY,
    OPTIONS_EXCHANGE,
    index_exchange,
    option_class,
    share_key,
    ticker_of,
    wire_symbol,
)
from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import (
    BOOK_ROOTS,
    ROOTS,
    VIX,
    Instrument,
    Kind,
    format_strike,
    future,
    is_security,
    option_root,
    parse_key,
)
from hedgetui.domain.text import safe


@dataclass(frozen=True, slots=True)
class Listing:
    """A contract as the broker lists it."""

    key: str
    contract: Any
    """The library's contract, qualified by its number."""
    trading: Schedule | None = None
    liquid: Schedule | None = None


def terms_of(contract: Any) -> Terms:  # noqa: ANN401 - the library's contract has no type
    """Return the terms of a library contract."""
    return Terms(
        con_id=int(contract.conId or 0),
        symbol=str(contract.symbol),
        sec_type=str(contract.secType),
        expiry=str(contract.lastTradeDateOrContractMonth),
        strike=str(contract.strike),
        right=str(contract.right),
        multiplier=str(contract.multiplier),
        trading_class=str(contract.tradingClass),
        currency=str(contract.currency),
    )


def key_of(terms: Terms) -> str | None:
    """Return the instrument key of a contract, or None when the desk has no name for it."""
    spelled = None
    if terms.sec_type == "FUT" and is_ours(terms.symbol, terms.multiplier):
        spelled = f"{terms.symbol} {terms.expiry[:6]}"
    elif terms.sec_type == "OPT":
        spelled = _option_key(terms)
    elif terms.sec_type == "STK":
        spelled = share_key(terms)
    elif terms.sec_type == "IND" and (terms.symbol in ROOTS or terms.symbol == VIX):
        spelled = terms.symbol
    if spelled is None:
        return None
    try:
        return parse_key(spelled).key
    except DataError:
        return None


def _option_key(terms: Terms) -> str | None:
    ticker, strike = ticker_of(terms.symbol), exact(terms.strike)
    if strike is None or strike <= 0 or terms.right[:1] not in {"C", "P"}:
        return None
    if terms.trading_class not in {"", option_class(terms.symbol)}:
        return None
    listed, usual = exact(terms.multiplier), option_root(ticker).multiplier
    if listed != usual and (terms.multiplier or terms.symbol not in BOOK_ROOTS):
        return None  # an adjusted or a small contract is another one, whatever it is called
    if terms.symbol not in BOOK_ROOTS and terms.currency != CURRENCY:
        return None
    return f"{ticker} {terms.expiry[:8]} {format_strike(strike)} {terms.right[:1]}"


def named(terms: Terms) -> str:
    """Return words for a contract, for people."""
    parts = (terms.sec_type, terms.symbol, terms.expiry, terms.strike.removesuffix(".0"))
    return safe(" ".join(part for part in (*parts, terms.right) if part not in {"", "0", "?"}), 60)


def exchange_of(instrument: Instrument) -> str:
    """Return where an instrument is traded."""
    match instrument.kind:
        case Kind.FUTURE:
            return exchange_of_future(instrument.symbol)
        case Kind.INDEX:
            return index_exchange(instrument.symbol)
        case _:
            return OPTIONS_EXCHANGE


class ContractBook:
    """Contracts the broker has listed to us; numbers stay valid across sessions."""

    def __init__(self, api: Api) -> None:
        """Build contracts of the library `api`."""
        self._api = api
        self._listings: dict[str, Listing] = {}
        self._keys: dict[int, str] = {}
        self._objections: dict[str, str] = {}

    def objection(self, symbol: str) -> str:
        """Return why a future the broker listed last is not the desk's, empty when it is."""
        return self._objections.get(symbol, "")

    def get(self, key: str) -> Listing | None:
        """Return a listing that is known."""
        return self._listings.get(key)

    def forget(self, key: str) -> None:
        """Take back a listing: more than one contract is called so."""
        self._listings.pop(key, None)
        self._keys = {number: one for number, one in self._keys.items() if one != key}

    def key(self, con_id: int) -> str | None:
        """Return the key of a contract number that is known."""
        return self._keys.get(con_id)

    def named(self, terms: Terms) -> str | None:
        """Return the key of a contract, or None when the desk has no name for it.

        A share or an option that another contract is called like is not the one that is traded.
        """
        known = self.key(terms.con_id)
        if known is not None:
            return known
        spelled = key_of(terms)
        listed = None if spelled is None or not is_security(spelled) else self.get(spelled)
        return spelled if listed is None or int(listed.contract.conId) == terms.con_id else None

    def describe(self, key: str) -> Any:  # noqa: ANN401 - the library's contract has no type
        """Return a contract that asks the broker for an instrument.

        Raises:
            DataError: the key is none.
        """
        instrument = parse_key(key)
        symbol = wire_symbol(instrument.symbol)
        contract = self._api.Contract(
            symbol=symbol, exchange=exchange_of(instrument), currency=CURRENCY
        )
        if instrument.kind is Kind.FUTURE:
            contract.secType = "FUT"
            contract.lastTradeDateOrContractMonth = key.rpartition(" ")[2]
        elif instrument.kind is Kind.OPTION:
            contract.secType = "OPT"
            contract.lastTradeDateOrContractMonth = f"{instrument.expiry:%Y%m%d}"
            contract.strike = float(instrument.strike or 0)
            contract.right = str(instrument.right)
            contract.multiplier = format_strike(instrument.multiplier)
            contract.tradingClass = option_class(symbol)
        elif instrument.kind is Kind.STOCK:
            contract.secType = "STK"
        else:
            contract.secType = "IND"
        return contract

    def series(self, symbol: str) -> Any:  # noqa: ANN401 - the library's contract has no type
        """Return a contract that asks for every month of a future."""
        return self._api.Contract(
            secType="FUT", symbol=symbol, exchange=exchange_of_future(symbol), currency=CURRENCY
        )

    def index(self, symbol: str) -> Any:  # noqa: ANN401 - the library's contract has no type
        """Return a contract that asks for a cash index."""
        return self._api.Contract(
            secType="IND", symbol=symbol, exchange=index_exchange(symbol), currency=CURRENCY
        )

    def by_number(self, con_id: int) -> Any:  # noqa: ANN401 - the library's contract has no type
        """Return a contract that asks what a number means."""
        return self._api.Contract(conId=con_id)

    def learn(self, details: Any) -> Listing | None:  # noqa: ANN401 - the library's details
        """Keep what contract details say; None when the desk has no name for the contract."""
        contract = details.contract
        terms = terms_of(contract)
        key = self._future_key(details, terms) if terms.sec_type == "FUT" else key_of(terms)
        if key is None or not terms.con_id:
            return None
        contract.exchange = exchange_of(parse_key(key))
        zone = str(details.timeZoneId)
        listing = Listing(
            key,
            contract,
            read_hours(str(details.tradingHours), zone),
            read_hours(str(details.liquidHours), zone),
        )
        self._listings[key] = listing
        self._keys[terms.con_id] = key
        return listing

    def _future_key(self, details: Any, terms: Terms) -> str | None:  # noqa: ANN401 - see above
        """Name a future by its contract month: it may expire in the month before."""
        words = objection(terms.symbol, terms.multiplier, details.priceMagnifier)
        self._objections[terms.symbol] = words
        month = str(details.contractMonth or "")
        if words:
            return None
        return _month_key(terms.symbol, month) if month else key_of(terms)

    def bag(self, legs: tuple[Listing, ...], symbol: str) -> Any:  # noqa: ANN401 - see above
        """Return the combination that buys one of each leg."""
        return self._api.Contract(
            secType="BAG",
            symbol=symbol,
            exchange=OPTIONS_EXCHANGE,
            currency=CURRENCY,
            comboLegs=[
                self._api.ComboLeg(
                    conId=leg.contract.conId, ratio=1, action="BUY", exchange=OPTIONS_EXCHANGE
                )
                for leg in legs
            ],
        )


def _month_key(symbol: str, month: str) -> str | None:
    try:
        return future(symbol, month[:6]).key
    except DataError:
        return None


def strike_text(value: float) -> str:
    """Return a strike as keys spell it."""
    return format_strike(Decimal(str(value)))
