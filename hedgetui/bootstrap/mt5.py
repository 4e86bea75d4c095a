"""Which MT5 terminal a profile has, if any.

The simulator always has one, on the exchange's clock. A paper or live profile has what its own
table names, and none by default.
"""

from __future__ import annotations

from pathlib import Path

from hedgetui import config
from hedgetui.adapters.sim.mt5 import SimulatedMt5
from hedgetui.console.mt5_link import connection_of
from hedgetui.console.mt5_venue import venue_of_settings
from hedgetui.ports.clock import LoopClock
from hedgetui.ports.mt5 import Mt5Port


def terminal(
    loaded: config.Loaded, scenario: str, state_path: Path, clock: LoopClock
) -> Mt5Port | None:
    """Return the terminal of the profile in force; None where nothing is to be defended.

    `scenario` and `state_path` are the simulator's: what it plays, and where its account is kept.

    Raises:
        DataError: the bars to replay or the kept account cannot be read as what they should be.
        UsageError: the zone of the bars does not exist.
        StoreError: the kept account cannot be read, or is of another kind.
    """
    settings = loaded.settings
    if not settings.dtms.enabled:
        return None
    if settings.mt5 is None:
        venue = venue_of_settings(settings.simulator, scenario, state_path, start=clock.now())
        return SimulatedMt5(venue, clock)
    connection = connection_of(loaded)
    if connection is None:
        return None
    from hedgetui.adapters.mt5.broker import Mt5Broker  # noqa: PLC0415 - rpyc, only where it is used

    return Mt5Broker(connection, clock)
