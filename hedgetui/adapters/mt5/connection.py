"""Where a terminal is, how it is reached, whose money it may hold, and how long we wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from hedgetui.domain.units import Seconds
from hedgetui.mt5bridge.hosts import DEFAULT_PORT
from hedgetui.ports.broker import Environment


class Backend(StrEnum):
    """What stands between us and the terminal."""

    BRIDGE = "bridge"
    """`hedgetui mt5-bridge`, or the simulator that speaks as it does."""
    NATIVE = "native"
    """The MetaTrader5 package on this machine, in a process of its own."""
    CLASSIC = "classic"
    """A plain rpyc server; whoever reaches its port rules its machine."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds a question may take."""

    connect_s: float = 5.0
    read_s: float = 5.0
    send_s: float = 15.0
    initialize_s: float = 65.0
    """Finding or starting the terminal takes up to a minute."""
    sync_s: float = 1.0
    """Pause before a second look at the server's clock, when the first proves nothing."""


@dataclass(frozen=True, slots=True)
class Mt5Connection:
    """One profile's terminal."""

    backend: Backend = Backend.BRIDGE
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    token_file: Path | None = None
    """The bridge's token; the other backends need none."""
    login: int = 0
    """Account that must be logged in; 0 takes any that is not real money."""
    environment: Environment = Environment.PAPER
    """Whose money the profile means; a real account needs LIVE and its number in `login`."""
    allow_remote: bool = False
    terminal_path: str = ""
    """Which terminal the native backend starts; empty takes the installed one."""
    known_offset: Seconds | None = None
    """The server's time minus UTC when it was last seen."""
    symbols: tuple[str, ...] = ("EURUSD", "XAUUSD", "BTCUSD")
    """Symbols whose ticks tell the server's time when there is no position."""
    timeouts: Timeouts = field(default_factory=Timeouts)

    @property
    def peer(self) -> str:
        """Where the terminal is, for people."""
        if self.backend is Backend.NATIVE:
            return "this machine"
        return f"{self.host}:{self.port}"
