"""The part of the terminal API that is about the connection: who is logged in, and what went wrong.

Every call first lets the broker catch up with the time it is asked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hedgetui.domain.mt5.records import AccountKind
from hedgetui.domain.units import Timestamp
from hedgetui.simulation.mt5.hours import server_offset, utc_of_server
from hedgetui.simulation.mt5.structs import AccountInfo, TerminalInfo
from hedgetui.simulation.mt5.venue import Shown, Venue

BUILD = 4885
MOST_BARS = 100_000
_OK, _NOT_FOUND, _AUTH, _NO_IPC = 1, -4, -6, -10004
_PING_US = 31_000
_KINDS = {AccountKind.DEMO: 0, AccountKind.CONTEST: 1, AccountKind.REAL: 2}


class TerminalLink:
    """A connection to one terminal, logged in to the venue's account."""

    def __init__(self, venue: Venue, now: Callable[[], Timestamp]) -> None:
        """Stand on `venue`; `now` says what time it is."""
        self.venue = venue
        self._now = now
        self._error = (_OK, "Success")
        self._initialized = False
        self._requests = 0

    def initialize(self, path: str = "", **_options: object) -> bool:
        """Connect to the terminal; a path or a login is accepted and ignored."""
        del path
        if not self.venue.control.link:
            return bool(self._fail(_NO_IPC, "IPC initialize failed"))
        if self.venue.control.login_refused:
            return bool(self._fail(_AUTH, "Terminal: Authorization failed"))
        self._initialized = True
        return bool(self._ok(value=True))

    def login(self, login: int, **_options: object) -> bool:
        """Log in; only the venue's own account exists."""
        if not self._ready():
            return False
        if login != self.venue.ledger.terms.login:
            return bool(self._fail(_AUTH, "Terminal: Authorization failed"))
        return bool(self._ok(value=True))

    def shutdown(self) -> None:
        """Leave the terminal."""
        self._initialized = False

    def last_error(self) -> tuple[int, str]:
        """Return code and words of the call before."""
        return self._error

    def version(self) -> Any:  # noqa: ANN401 - the vendor's type
        """Return version, build and release date."""
        return self._ok((500, BUILD, "14 Mar 2025")) if self._ready() else None

    def terminal_info(self) -> Any:  # noqa: ANN401 - the vendor's type
        """Return how the terminal is."""
        if not self._ready():
            return None
        faults = self.venue.control
        return self._ok(TerminalInfo(
            community_account=False, community_connection=False, connected=faults.connected,
            dlls_allowed=True, trade_allowed=faults.autotrading,
            tradeapi_disabled=faults.api_disabled, email_enabled=False, ftp_enabled=False,
            notifications_enabled=False, mqid=False, build=BUILD, maxbars=MOST_BARS, codepage=0,
            ping_last=_PING_US, community_balance=0.0, retransmission=0.0,
            company=self.venue.ledger.terms.company, name="MetaTrader 5", language="English",
            path="", data_path="", commondata_path="",
        ))  # fmt: skip

    def account_info(self) -> Any:  # noqa: ANN401 - the vendor's type
        """Return the account."""
        if not self._ready():
            return None
        faults, terms, now = self.venue.control, self.venue.ledger.terms, self._shown().standing
        return self._ok(AccountInfo(
            terms.login, _KINDS[terms.kind], terms.leverage, terms.most_orders, 0,
            faults.trade_allowed, faults.expert_allowed, int(terms.mode), 2, terms.fifo_close,
            now.balance, 0.0, now.profit, now.equity, now.margin, now.margin_free,
            now.margin_level, terms.margin_call, terms.stop_out, 0.0, 0.0, 0.0, 0.0, 0.0,
            terms.name, terms.server, terms.currency, terms.company,
        ))  # fmt: skip

    def utc(self, server: float) -> Timestamp:
        """Return the UTC time of a server time."""
        return Timestamp(utc_of_server(server - self.venue.control.clock_offset_s))

    def _shown(self) -> Shown:
        return self.venue.control.cut_off or self.venue.shown()

    def _offset(self, at: float) -> int:
        return server_offset(at) + int(self.venue.control.clock_offset_s)

    def _known(self, symbol: str) -> bool:
        if symbol in self.venue.markets:
            return True
        self._fail(_NOT_FOUND, "Terminal: Not found")
        return False

    def _ready(self) -> bool:
        """Let the broker catch up; False when there is no way to the terminal."""
        if not self._initialized or not self.venue.control.link:
            self._fail(_NO_IPC, "No IPC connection")
            return False
        self.venue.advance(self._now())
        return True

    def _ok(self, value: Any) -> Any:  # noqa: ANN401 - the vendor's types
        self._error = (_OK, "Success")
        return value

    def _fail(self, code: int, text: str) -> Any:  # noqa: ANN401 - stands for any vendor's type
        self._error = (code, text)
        return None
