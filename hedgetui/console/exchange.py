"""The simulated exchange as the settings describe it, for a desk's own use and for a server."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from hedgetui.config.model import SimulatorSettings
from hedgetui.domain.units import Timestamp
from hedgetui.simulation.broker_book import Fees
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.scenarios import Scenario
from hedgetui.simulation.worlds import exchange_of


def exchange_of_settings(
    settings: SimulatorSettings,
    world: Scenario,
    state_path: Path | None,
    *,
    start: Timestamp | None = None,
) -> Exchange:
    """Return the exchange of a scenario; `start` replaces the configured beginning.

    With a `state_path` it remembers, and goes on where it stopped whatever the beginning.

    Raises:
        DataError: a recording or the state cannot be read as what it should be.
        StoreError: the state file cannot be read or written.
    """
    return exchange_of(
        world,
        seed=settings.seed,
        portfolio=settings.portfolio,
        start=Timestamp(settings.start.timestamp()) if start is None else start,
        tick_s=settings.tick_s,
        bars_csv=Path(settings.bars_csv).expanduser() if settings.bars_csv else None,
        chain_csv=Path(settings.chain_csv).expanduser() if settings.chain_csv else None,
        fees=Fees(
            option=Decimal(str(settings.option_fee_per_side)),
            future=Decimal(str(settings.future_fee_per_side)),
        ),
        state_path=state_path,
    )
