"""Where TWS or IB Gateway listens, who we are there, and how long we wait."""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.domain.units import Seconds, Timestamp
from hedgetui.ports.broker import Environment

_PAPER = ("DU", "DF")


@dataclass(frozen=True, slots=True)
class IbkrConnection:
    """One profile's connection."""

    host: str
    port: int
    client_id: int
    account: str
    """Account to trade; empty takes the only one there is."""
    environment: Environment
    """Whose money the profile means; an account of the other kind is refused."""
    market_data_lines: int = 100
    connect_timeout_s: float = 10.0
    heartbeat_s: float = 5.0
    heartbeat_misses: int = 3
    """Unanswered heartbeats after which the link counts as down."""
    answer_timeout_s: float = 10.0
    """Seconds a question may wait for its end mark."""
    margin_timeout_s: float = 8.0
    silence_s: float = 15.0
    """Seconds without a tick on any line, while the venue trades, that degrade the link."""
    skew_limit_s: float = 30.0

    @property
    def peer(self) -> str:
        """Where the broker listens, for people."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Probe:
    """What a short connection learns: who is there, what it speaks, and its clock."""

    accounts: tuple[str, ...]
    server_version: int
    client: str
    """The client library and its version."""
    broker_time: Timestamp
    """The broker's clock, to the second, at the middle of the round trip."""
    round_trip: Seconds


def environment_of(account: str) -> Environment:
    """Return whose money an account holds: only what begins as paper accounts do is paper."""
    return Environment.PAPER if account.startswith(_PAPER) else Environment.LIVE
