"""What the parts of the defence share: settings, the newest market data, the folded journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hedgetui.domain.dtms.book import DefenceBook, fold
from hedgetui.domain.dtms.calendar import NewsEvent
from hedgetui.domain.dtms.model import Automation, Rules
from hedgetui.domain.dtms.reading import Reading
from hedgetui.domain.events import Fact
from hedgetui.domain.mt5.records import Incomplete, Look, SymbolSpec, Tick
from hedgetui.domain.units import Seconds, Timestamp
from hedgetui.engine.recorder import Recorder
from hedgetui.ports.clock import Clock
from hedgetui.ports.ids import IdSource
from hedgetui.ports.mt5 import Mt5Port, Mt5Session


@dataclass(frozen=True, slots=True)
class DefenceSettings:
    """The configuration of the defence in plain values."""

    profile: str = "sim"
    enabled: bool = True
    rules: Rules = field(default_factory=Rules)
    automation: Automation = Automation.AUTO
    """What the machine may do with a trade it adopts."""
    magics: frozenset[int] = frozenset()
    """Magic numbers that are adopted; empty for every one but our own."""
    symbols: tuple[str, ...] = ()
    """Shell patterns of symbols that are adopted; empty for every one."""
    crypto: tuple[str, ...] = ("BTC*", "ETH*", "XBT*", "LTC*", "SOL*")
    """Symbols whose session VWAP begins at 00:00 UTC; all others at 17:00 New York."""
    expected_login: int = 0
    """The account that may be traded; 0 for the one that is there (never on live)."""
    fast_loop: Seconds = Seconds(30.0)
    pulse: Seconds = Seconds(2.0)
    """How often positions and prices are read for the screen; a new one starts a cycle at once."""
    bar_delay: Seconds = Seconds(5.0)
    """After an M5 bar's end, so that the server has it."""
    stale_tick: Seconds = Seconds(60.0)
    m5_bars: int = 900
    news: tuple[NewsEvent, ...] = ()
    deviation: int = 20
    """Points a market fill may differ from the touch."""
    looks: int = 3
    """Complete looks that prove an unknown action absent …"""
    look_every: Seconds = Seconds(5.0)
    """… this far apart: three looks in ten seconds."""
    backoff: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 30.0)
    """Seconds between attempts to connect."""


class DefenceBoard:
    """The newest market data by symbol: a cache that forgets, not a fact to keep."""

    def __init__(self) -> None:
        self.session: Mt5Session | None = None
        """The session that stands; None while there is none."""
        self.look: Look | None = None
        """The newest complete look; old ones must not be taken for the present: see `looked_at`."""
        self.looked_at: Timestamp | None = None
        self.look_failed: Incomplete | None = None
        """Why the newest attempt to look failed; None after a complete one."""
        self.specs: dict[str, SymbolSpec] = {}
        self.ticks: dict[str, Tick] = {}
        self.readings: dict[str, Reading] = {}
        """As a long trade sees them."""
        self.hedge_atr: dict[str, float] = {}
        """Wilder ATR14 of the hedge's timeframe (H1), price units."""
        self.spread_median: dict[str, float] = {}
        """Median spread of the newest bars or ticks, price units."""


class Ledger:
    """The defence's own fold of the journal."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.book = DefenceBook()
        recorder.listen(self._take)

    def load(self, facts: Sequence[Fact]) -> None:
        """Fold an existing journal."""
        for fact in facts:
            self._take(fact)

    def _take(self, fact: Fact) -> None:
        self.book = fold(self.book, fact)


@dataclass(frozen=True, slots=True)
class DefenceParts:
    """Made once, handed to every part."""

    port: Mt5Port
    recorder: Recorder
    """Journal and log: `record(*events)`, `say(level, text, why)`."""
    ledger: Ledger
    board: DefenceBoard
    clock: Clock
    identities: IdSource
    settings: DefenceSettings

    @property
    def book(self) -> DefenceBook:
        """The present trades and actions."""
        return self.ledger.book

    @property
    def forbidden(self) -> str:
        """Why nothing at all may be sent now: latches, not armed, journal lost; else empty."""
        state = self.recorder.state
        if self.recorder.failed:
            return self.recorder.failed
        if "freeze" in state.latches:
            return f"frozen: {state.latches['freeze']}"
        if not state.armed:
            return "the desk is not armed"
        return ""
