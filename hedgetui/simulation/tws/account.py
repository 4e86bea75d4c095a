"""The account window: values, positions, portfolio and profit, for whoever asked to be told.

Everything is computed from the exchange when it is sent, so that what a client reads right after a
trade already contains it.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from hedgetui.domain.instruments import Kind, parse_key
from hedgetui.simulation.account import initial_margin
from hedgetui.simulation.sessions import trading_day
from hedgetui.simulation.tws.fields import BAD_REQUEST, BadMessage, Cursor
from hedgetui.simulation.tws.hours import EASTERN
from hedgetui.simulation.tws.ledger import Ledger
from hedgetui.simulation.tws.session import ClientSession, Handler
from hedgetui.simulation.tws.site import Site

_ACCOUNT_VALUE, _PORTFOLIO, _ACCOUNT_TIME, _ACCOUNT_END = 6, 7, 8, 54
_POSITION, _POSITION_END = 61, 62
_SUMMARY, _SUMMARY_END, _MULTI, _MULTI_END = 63, 64, 73, 74
_PROFIT, _PROFIT_OF_ONE = 94, 95
_CENT = Decimal("0.01")
_MAINTENANCE = Decimal("0.9")
_ZERO = Decimal(0)

Values = dict[str, tuple[str, str]]


class AccountDesk:
    """Answers about the account and keeps subscribers current."""

    def __init__(self, site: Site) -> None:
        """Look at `site`'s exchange."""
        self._site = site
        self._opening: tuple[object, Decimal] = (None, _ZERO)
        self._told: dict[str, tuple[str, str]] = {}

    def handlers(self) -> dict[int, Handler]:
        """Return what answers which message."""
        return {
            6: self._account_updates, 61: self._positions, 64: self._no_positions,
            62: self._summary, 63: self._no_summary, 76: self._multi, 77: self._no_multi,
            92: self._profit, 93: self._no_profit, 94: self._profit_of_one, 95: self._no_profit,
        }  # fmt: skip

    def values(self) -> Values:
        """Return tag to (value, currency)."""
        exchange = self._site.exchange
        board, book = exchange.board, exchange.book.account
        cash, total = exchange.cash, exchange.net_liquidation
        options, stocks = self._worth(Kind.OPTION), self._worth(Kind.STOCK)
        level = Decimal(str(exchange.market.level))
        margin = initial_margin(book.positions, level, board.mark)
        equity = total - options
        ledger = self._site.ledger()
        realised = sum((one.realised for one in ledger.holdings.values()), _ZERO)
        dollars = {
            "NetLiquidation": total, "TotalCashValue": cash, "TotalCashBalance": cash,
            "CashBalance": cash, "SettledCash": cash, "EquityWithLoanValue": equity,
            "AvailableFunds": equity - margin, "ExcessLiquidity": equity - margin * _MAINTENANCE,
            "FullAvailableFunds": equity - margin, "BuyingPower": (equity - margin) * 4,
            "InitMarginReq": margin, "FullInitMarginReq": margin,
            "MaintMarginReq": margin * _MAINTENANCE, "FullMaintMarginReq": margin * _MAINTENANCE,
            "GrossPositionValue": abs(options) + abs(stocks), "OptionMarketValue": options,
            "StockMarketValue": stocks, "FuturesPNL": equity - cash - stocks,
            "RealizedPnL": realised, "UnrealizedPnL": self._unrealised(ledger),
        }  # fmt: skip
        told: Values = {tag: (_money(value), "USD") for tag, value in dollars.items()}
        told["AccountCode"] = (self._site.account, "")
        told["AccountType"] = ("INDIVIDUAL", "")
        told["AccountReady"] = ("true", "")
        told["Cushion"] = (f"{(equity - margin) / total:.6f}" if total else "0", "")
        return told

    def traded(self, keys: list[str]) -> None:
        """Tell subscribers what a trade in these instruments changed, now or after a cut."""
        if self._site.cut_off:
            self._site.untold += keys
            return
        truth = self._site.truth()
        ledger = Ledger.of(truth, self._site.opening)
        for session in self._site.clients():
            for key in keys:
                if session.watches_positions:
                    self._send_position(session, key, ledger)
                if session.watches_account:
                    self._send_portfolio(session, key, ledger)
        self.refresh(force=True)

    def refresh(self, *, force: bool = False) -> None:
        """Tell subscribers which values moved."""
        watching = [one for one in self._site.clients() if one.watches_account or one.multi]
        if not watching and not any(one.summaries for one in self._site.clients()):
            return
        values = self.values()
        moved = {tag: pair for tag, pair in values.items() if self._told.get(tag) != pair}
        self._told = values
        for session in self._site.clients():
            if session.watches_account:
                self._send_values(session, moved)
            for request, (account, model) in session.multi.items():
                for tag, (value, currency) in moved.items():
                    session.send(_MULTI, 1, request, account, model, tag, value, currency)
            if force:
                for request, tags in session.summaries.items():
                    self._send_summary(session, request, tags, moved)

    def refresh_profits(self) -> None:
        """Tell subscribers their profit."""
        for session in self._site.clients():
            for request, con_id in session.profits.items():
                self._send_profit(session, request, con_id)

    # --- requests

    def _account_updates(self, session: ClientSession, cursor: Cursor) -> None:
        cursor.integer("version")
        subscribe, account = cursor.flag("subscribe"), cursor.text("account")
        self._own(account)
        session.watches_account = subscribe
        if not subscribe:
            return
        self._send_values(session, self.values())
        ledger = self._site.ledger()
        for key, holding in ledger.holdings.items():
            if holding.quantity:
                self._send_portfolio(session, key, ledger)
        local = datetime.fromtimestamp(self._site.at, EASTERN)
        session.send(_ACCOUNT_TIME, 1, f"{local:%H:%M}")
        if "accountDownloadEnd" not in self._site.switches.omitted_ends:
            session.send(_ACCOUNT_END, 1, self._site.account)

    def _positions(self, session: ClientSession, _cursor: Cursor) -> None:
        session.watches_positions = True
        ledger = self._site.ledger()
        for key, holding in ledger.holdings.items():
            if holding.quantity:
                self._send_position(session, key, ledger)
        if "positionEnd" not in self._site.switches.omitted_ends:
            session.send(_POSITION_END, 1)

    def _no_positions(self, session: ClientSession, _cursor: Cursor) -> None:
        session.watches_positions = False

    def _summary(self, session: ClientSession, cursor: Cursor) -> None:
        cursor.integer("version")
        request, _group = cursor.integer("reqId"), cursor.text("group")
        tags = tuple(filter(None, cursor.text("tags").split(",")))
        session.summaries[request] = tags
        self._send_summary(session, request, tags, self.values())
        if "accountSummaryEnd" not in self._site.switches.omitted_ends:
            session.send(_SUMMARY_END, 1, request)

    def _no_summary(self, session: ClientSession, cursor: Cursor) -> None:
        cursor.integer("version")
        session.summaries.pop(cursor.integer("reqId"), None)

    def _multi(self, session: ClientSession, cursor: Cursor) -> None:
        cursor.integer("version")
        request, account = cursor.integer("reqId"), cursor.text("account")
        model = cursor.text("model")
        self._own(account)
        session.multi[request] = (self._site.account, model)
        for tag, (value, currency) in self.values().items():
            session.send(_MULTI, 1, request, self._site.account, model, tag, value, currency)
        if "accountUpdateMultiEnd" not in self._site.switches.omitted_ends:
            session.send(_MULTI_END, 1, request)

    def _no_multi(self, session: ClientSession, cursor: Cursor) -> None:
        cursor.integer("version")
        session.multi.pop(cursor.integer("reqId"), None)

    def _profit(self, session: ClientSession, cursor: Cursor) -> None:
        request = cursor.integer("reqId")
        self._own(cursor.text("account"))
        session.profits[request] = 0
        self._send_profit(session, request, 0)

    def _profit_of_one(self, session: ClientSession, cursor: Cursor) -> None:
        request = cursor.integer("reqId")
        self._own(cursor.text("account"))
        cursor.text("model")
        session.profits[request] = cursor.integer("conId")
        self._send_profit(session, request, session.profits[request])

    def _no_profit(self, session: ClientSession, cursor: Cursor) -> None:
        session.profits.pop(cursor.integer("reqId"), None)

    # --- messages

    def _own(self, account: str) -> None:
        if account not in {"", self._site.account}:
            raise BadMessage(f"Invalid account code '{account}'.", BAD_REQUEST)

    def _send_values(self, session: ClientSession, values: Values) -> None:
        for tag, (value, currency) in values.items():
            session.send(_ACCOUNT_VALUE, 2, tag, value, currency, self._site.account)
            if tag in {"TotalCashBalance", "CashBalance"}:
                session.send(_ACCOUNT_VALUE, 2, tag, value, "BASE", self._site.account)

    def _send_summary(
        self, session: ClientSession, request: int, tags: tuple[str, ...], values: Values
    ) -> None:
        for tag in tags:
            if tag in values:
                session.send(_SUMMARY, 1, request, self._site.account, tag, *values[tag])

    def _send_position(self, session: ClientSession, key: str, ledger: Ledger) -> None:
        one, holding = self._site.contracts.by_key(key), ledger.holding(key)
        session.send(
            _POSITION, 3, self._site.account, one.con_id, one.symbol, one.sec_type, one.expiry,
            one.strike, one.right, one.multiplier, "", "USD", one.local_symbol, one.trading_class,
            holding.quantity, holding.average_cost if holding.quantity else 0,
        )  # fmt: skip

    def _send_portfolio(self, session: ClientSession, key: str, ledger: Ledger) -> None:
        one, holding = self._site.contracts.by_key(key), ledger.holding(key)
        price = self._site.exchange.board.mark(key)
        value = holding.quantity * price * parse_key(key).multiplier
        cost = holding.average_cost if holding.quantity else _ZERO
        session.send(
            _PORTFOLIO, 8, one.con_id, one.symbol, one.sec_type, one.expiry, one.strike,
            one.right or "0", one.multiplier, one.exchanges[0], "USD", one.local_symbol,
            one.trading_class, holding.quantity, price / one.magnifier, _money(value),
            cost,
            _money(value - cost * holding.quantity), _money(holding.realised), self._site.account,
        )  # fmt: skip

    def _send_profit(self, session: ClientSession, request: int, con_id: int) -> None:
        truth = self._site.truth()
        ledger = Ledger.of(truth, self._site.opening)
        if not con_id:
            realised = sum((one.realised for one in ledger.holdings.values()), _ZERO)
            daily = self._site.exchange.net_liquidation - self._opening_value()
            session.send(
                _PROFIT, request, _money(daily), _money(self._unrealised(ledger)), _money(realised)
            )
            return
        one = self._site.contracts.by_id(con_id)
        if one is None or not one.key:
            return
        holding = ledger.holding(one.key)
        value = holding.quantity * self._site.exchange.board.mark(one.key)
        value *= parse_key(one.key).multiplier
        unrealised = value - holding.quantity * holding.average_cost
        session.send(
            _PROFIT_OF_ONE, request, holding.quantity, _money(unrealised + holding.realised),
            _money(unrealised), _money(holding.realised), _money(value),
        )  # fmt: skip

    def _worth(self, kind: Kind) -> Decimal:
        """Return what the positions of a kind are worth, dollars."""
        board, positions = self._site.exchange.board, self._site.exchange.book.account.positions
        return sum(
            (
                held * board.mark(key) * parse_key(key).multiplier
                for key, held in positions.items() if parse_key(key).kind is kind
            ),
            _ZERO,
        )  # fmt: skip

    def _opening_value(self) -> Decimal:
        """Return what the account was worth when its trading day was first looked at."""
        today = trading_day(self._site.at)
        if self._opening[0] != today:
            self._opening = (today, self._site.exchange.net_liquidation)
        return self._opening[1]

    def _unrealised(self, ledger: Ledger) -> Decimal:
        board = self._site.exchange.board
        return sum(
            (
                holding.quantity
                * (board.mark(key) * parse_key(key).multiplier - holding.average_cost)
                for key, holding in ledger.holdings.items() if holding.quantity
            ),
            _ZERO,
        )  # fmt: skip


def _money(value: Decimal) -> str:
    return f"{value.quantize(_CENT):f}"
