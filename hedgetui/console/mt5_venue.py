"""The simulated MT5 broker as the settings describe it, for a desk's own use and for a server."""

from __future__ import annotations

import json
from pathlib import Path

from hedgetui.config.model import SimulatorSettings
from hedgetui.console.dtms_files import read_bars_file
from hedgetui.domain.dtms.bars import Bars
from hedgetui.domain.mt5.records import MarginMode
from hedgetui.domain.units import Timestamp
from hedgetui.simulation.mt5.venue import Venue
from hedgetui.simulation.mt5.worlds import WORLDS, venue_of

_MODES = {"hedging": MarginMode.HEDGING, "netting": MarginMode.NETTING}
_QUIET = "quiet"


def venue_of_settings(
    settings: SimulatorSettings, scenario: str, state_path: Path | None, *, start: Timestamp
) -> Venue:
    """Return the broker of a scenario: its namesake among the worlds, else one without positions.

    The account that `state_path` remembers goes on in the market it was opened in: positions do not
    end because another scenario is played.

    Raises:
        DataError: bars to replay do not hold the start or are of an unknown symbol, or they or the
            state cannot be read as what they should be.
        StoreError: the state cannot be read or written, or is of another kind of account.
    """
    name, seed = _kept(state_path) or (scenario, settings.seed)
    return venue_of(
        WORLDS.get(name, WORLDS[_QUIET]),
        seed=seed,
        start=start,
        mode=_MODES[settings.mt5_account],
        recording=recording_of(settings),
        state_path=state_path,
    )


def recording_of(settings: SimulatorSettings) -> tuple[str, Bars] | None:
    """Return the symbol and the bars that are to be replayed; None for none.

    Raises:
        DataError: the file cannot be read as bars.
        UsageError: there is no such time zone.
    """
    if not settings.mt5_bars_csv:
        return None
    return settings.mt5_bars_symbol, read_bars_file(settings.mt5_bars_csv, settings.mt5_bars_tz)


def _kept(path: Path | None) -> tuple[str, int] | None:
    """Return the world and the seed of a kept account; what cannot be read the venue refuses."""
    if path is None or not path.exists():
        return None
    try:
        name, seed, *_ = json.loads(path.read_text("ascii"))["market"].split(":")
        return name, int(seed)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
