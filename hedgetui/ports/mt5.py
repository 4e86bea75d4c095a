"""An MT5 terminal, as the engine sees it: polled, never trusted, sent to only what is durable.

There are no events in the MT5 API, so everything is a question. A question whose answer could not
be had is `Incomplete`; a link that is gone raises `BrokerUnreachable`. One worker owns the
connection: questions queue, and none of them blocks the loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from hedgetui.domain.dtms.bars import Bars, Timeframe
from hedgetui.domain.mt5.records import (
    Account,
    CommittedRequest,
    Deal,
    Incomplete,
    Look,
    MarginCheck,
    PositionId,
    Reply,
    Request,
    SymbolSpec,
    Terminal,
    Tick,
)
from hedgetui.domain.units import Seconds, Timestamp


@dataclass(frozen=True, slots=True)
class Mt5Session:
    """A session that stands."""

    account: Account
    terminal: Terminal
    server_offset: Seconds
    """Server time minus UTC."""


@dataclass(frozen=True, slots=True)
class Mt5Health:
    """What an adapter knows about its own link, for people to read."""

    backend: str
    """`simulator`, `bridge`, `native` or `classic`."""
    peer: str = ""
    """`host:port`; empty for the built-in venue."""
    version: str = ""
    """Terminal build or package version."""
    connected_at: Timestamp | None = None
    latency: Seconds | None = None
    """Round trip of the newest question."""
    reconnects: int = 0
    server_offset: Seconds | None = None
    queued: int = 0
    hints: tuple[str, ...] = ()


class Mt5Port(Protocol):
    """One terminal. Every method but `health` may raise `BrokerUnreachable`."""

    async def connect(self) -> Mt5Session:
        """Open the session; refused sessions raise with what a person should do."""
        ...

    async def disconnect(self) -> None:
        """Close the session; safe to call twice."""
        ...

    async def look(self) -> Look | Incomplete:
        """Read account, terminal, positions and orders in one round trip."""
        ...

    async def symbol(self, name: str) -> SymbolSpec | Incomplete:
        """Read how a symbol trades, and select it."""
        ...

    async def ticks(self, names: Sequence[str]) -> Mapping[str, Tick] | Incomplete:
        """Read the newest prices in one round trip; symbols without one are absent."""
        ...

    async def bars(self, name: str, timeframe: Timeframe, count: int) -> Bars | Incomplete:
        """Read the newest `count` bars, the unfinished one included, oldest first."""
        ...

    async def deals_of(self, position: PositionId) -> tuple[Deal, ...] | Incomplete:
        """Read every deal of a position, oldest first."""
        ...

    async def deals_since(self, since: Timestamp) -> tuple[Deal, ...] | Incomplete:
        """Read the account's deals from `since` on, oldest first."""
        ...

    async def check(self, request: Request) -> MarginCheck | Incomplete:
        """Ask the server what a request would do to the margin; nothing is sent."""
        ...

    async def send(self, request: CommittedRequest) -> Reply:
        """Send one request; never raises for a link that breaks meanwhile: that is `Silent`."""
        ...

    def health(self) -> Mt5Health:
        """Return what is known about the link now; cheap, and safe without one."""
        ...
