"""Which market a scenario is played on: its own seeded one, or a recording the user names."""

from __future__ import annotations

from pathlib import Path

from hedgetui.domain.units import Timestamp
from hedgetui.simulation.bars_csv import read_bars
from hedgetui.simulation.chain_csv import read_chains, scale_to_xsp
from hedgetui.simulation.market import Market, seeded_market
from hedgetui.simulation.recorded import recorded_market
from hedgetui.simulation.scenarios import Scenario


def market_of(
    world: Scenario,
    *,
    seed: int,
    start: Timestamp,
    tick_s: float,
    bars_csv: Path | None = None,
    chain_csv: Path | None = None,
) -> Market:
    """Return the market of a scenario; a recording replaces its seeded path, not its faults.

    Raises:
        DataError: a recording cannot be read as what it should be.
    """
    if bars_csv is None and chain_csv is None:
        return seeded_market(
            seed, start=start, tick_s=tick_s, parameters=world.path, terms=world.terms
        )
    bars = read_bars(bars_csv) if bars_csv else None
    chains = tuple(map(scale_to_xsp, read_chains(chain_csv))) if chain_csv else ()
    return recorded_market(
        bars=bars, snapshots=chains, start=start, tick_s=tick_s, terms=world.terms
    )
