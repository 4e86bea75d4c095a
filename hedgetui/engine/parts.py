"""What every part of the engine is built from, made once by the kernel."""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.engine.board import Board
from hedgetui.engine.executor import Executor
from hedgetui.engine.recorder import Recorder
from hedgetui.engine.services.bands import Bands
from hedgetui.engine.settings import EngineSettings, VegaRules
from hedgetui.engine.state import DeskState
from hedgetui.engine.tracker import Tracker
from hedgetui.ports.broker import BrokerPort
from hedgetui.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class Parts:
    """The shared parts; nothing here is replaced while the desk runs."""

    broker: BrokerPort
    recorder: Recorder
    executor: Executor
    tracker: Tracker
    board: Board
    bands: Bands
    clock: Clock
    settings: EngineSettings

    @property
    def state(self) -> DeskState:
        """The present state."""
        return self.recorder.state

    @property
    def rules(self) -> VegaRules:
        """The strategy's rules."""
        return self.settings.vega

    @property
    def symbol(self) -> str:
        """Symbol of the hedge future."""
        return self.settings.vega.hedge_symbol
