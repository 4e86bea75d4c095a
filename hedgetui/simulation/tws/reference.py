"""Reference data: contract details, option chains, price increments, history, and the time."""

from __future__ import annotations

from hedgetui.domain.instruments import GRAINS, format_strike
from hedgetui.simulation.tws.contracts import Listed, option_exchanges
from hedgetui.simulation.tws.desk import NO_DEFINITION
from hedgetui.simulation.tws.fields import BAD_REQUEST, BadMessage, Cursor
from hedgetui.simulation.tws.framing import UNSET_INTEGER
from hedgetui.simulation.tws.history import History
from hedgetui.simulation.tws.hours import futures_hours, grain_hours, options_hours
from hedgetui.simulation.tws.session import ClientSession, Handler
from hedgetui.simulation.tws.site import Site

ACCOUNTS = 15
_DETAILS, _DETAILS_END, _CHAIN, _CHAIN_END, _RULE, _TIME = 10, 52, 75, 76, 93, 49
_BARS, _NO_HISTORY = 17, 162
_SIZE_INCREMENT, _SIZES = 163, 164
_ORDER_TYPES = "ACTIVETIM,AD,ADJUST,LMT,MKT,WHATIF"
_RULES = {26: "0.01", 32: "0.01", 57: "0.0025", 67: "0.25"}
_NAMES = {"IND": ("", "Indices", "*"), "FUT": ("", "Indices", "Broad Range Equity Index"),
          "OPT": ("", "Indices", "*"), "STK": ("STOCK", "", "")}  # fmt: skip
_GRAIN = ("", "", "")


class ReferenceDesk:
    """Answers about what exists and how it was."""

    def __init__(self, site: Site) -> None:
        """Look at `site`'s contracts."""
        self._site = site
        self._history = History(site)

    def handlers(self) -> dict[int, Handler]:
        """Return what answers which message."""
        return {
            9: self._details, 14: self._nothing, 17: self._accounts, 20: self._bars,
            25: self._nothing, 49: self._time, 78: self._chain, 91: self._rule,
        }  # fmt: skip

    def _nothing(self, session: ClientSession, cursor: Cursor) -> None:
        """Take note of what needs no answer."""

    def _accounts(self, session: ClientSession, _cursor: Cursor) -> None:
        session.send(ACCOUNTS, 1, self._site.account)

    def _time(self, session: ClientSession, _cursor: Cursor) -> None:
        session.send(_TIME, 1, int(self._site.at))

    def _details(self, session: ClientSession, cursor: Cursor) -> None:
        cursor.integer("version")
        request = cursor.integer("reqId")
        found = self._site.contracts.find(cursor.contract())
        if not found:
            text = "No security definition has been found for the request"
            session.error(request, NO_DEFINITION, text)
            return
        kinds = {"FUT": futures_hours, "GRAIN": grain_hours, "": options_hours}
        hours = {kind: spelled(self._site.at) for kind, spelled in kinds.items()}
        for one in found:
            kind = "GRAIN" if one.symbol in GRAINS else one.sec_type
            self._send_details(session, request, one, hours.get(kind, hours[""]))
        if "contractDetailsEnd" not in self._site.switches.omitted_ends:
            session.send(_DETAILS_END, 1, request)

    def _send_details(
        self, session: ClientSession, request: int, one: Listed, hours: tuple[str, str]
    ) -> None:
        version, is_future = session.version, one.sec_type == "FUT"
        zone = "US/Central" if is_future else "US/Eastern"
        last = one.expiry
        if is_future:
            last = f"{one.expiry} 15:00:00 US/Central"
        elif one.expiry:
            last = f"{one.expiry} 16:00:00 US/Eastern"
        rules = ",".join([str(one.rule)] * len(one.exchanges))
        primary = "" if one.sec_type != "STK" else one.exchanges[-1]
        session.send(
            _DETAILS, *((8,) if version < _SIZES else ()), request, one.symbol, one.sec_type,
            last, one.strike, one.right, one.exchange, "USD", one.local_symbol,
            one.symbol, one.trading_class, one.con_id, one.min_tick,
            *((100,) if version < _SIZES else ()), one.multiplier, _ORDER_TYPES,
            ",".join(one.exchanges), one.magnifier, one.under_con_id, one.long_name, primary,
            one.expiry[:6], *(_GRAIN if one.symbol in GRAINS else _NAMES[one.sec_type]), zone,
            *hours, "", 0, 0, UNSET_INTEGER, one.under_symbol, one.under_sec_type, rules,
            one.expiry, "COMMON" if one.sec_type == "STK" else "",
            *((1,) if version == _SIZE_INCREMENT else ()),
            *((1, 1, 1) if version >= _SIZES else ()),
        )  # fmt: skip

    def _chain(self, session: ClientSession, cursor: Cursor) -> None:
        request, symbol = cursor.integer("reqId"), cursor.text("symbol")
        exchange, kind = cursor.text("futFopExchange"), cursor.text("secType")
        con_id = cursor.integer("conId")
        under = self._site.contracts.by_id(con_id)
        if under is None or (under.symbol, under.sec_type) != (symbol, kind) or exchange:
            words = f"Error validating request.-'bO' : cause - Invalid underlying {symbol} {kind}"
            raise BadMessage(words, BAD_REQUEST)
        expiries = self._site.contracts.expiries(symbol)
        strikes = sorted({strike for _, row in expiries for strike in row})
        for venue in option_exchanges(symbol) if expiries else ():
            session.send(
                _CHAIN, request, venue, con_id, symbol, "100",
                len(expiries), *(f"{day:%Y%m%d}" for day, _ in expiries),
                len(strikes), *(format_strike(strike) for strike in strikes),
            )  # fmt: skip
        if "securityDefinitionOptionParameterEnd" not in self._site.switches.omitted_ends:
            session.send(_CHAIN_END, request)

    def _rule(self, session: ClientSession, cursor: Cursor) -> None:
        rule = cursor.integer("marketRuleId")
        if rule not in _RULES:
            raise BadMessage(f"Invalid market rule id {rule}", BAD_REQUEST)
        session.send(_RULE, rule, 1, 0, _RULES[rule])

    def _bars(self, session: ClientSession, cursor: Cursor) -> None:
        request = cursor.integer("reqId")
        wanted = cursor.contract()
        cursor.flag("includeExpired")
        end, size, duration = cursor.text("end"), cursor.text("barSize"), cursor.text("duration")
        cursor.flag("useRTH")
        what = cursor.text("whatToShow")
        found = self._site.contracts.find(wanted)
        if len(found) != 1:
            text = "No security definition has been found for the request"
            session.error(request, NO_DEFINITION, text)
            return
        bars = self._history.daily(found[0], what, duration, end) if size == "1 day" else []
        if not bars:
            text = (
                "Historical Market Data Service error message:HMDS query returned no data: "
                f"{found[0].local_symbol}@{found[0].exchange} {what} {size}"
            )
            session.error(request, _NO_HISTORY, text)
            return
        first, last = (f"{bars[n].day} 16:00:00 US/Eastern" for n in (0, -1))
        session.send(
            _BARS, request, first, last, len(bars), *(field for bar in bars for field in bar.fields)
        )
