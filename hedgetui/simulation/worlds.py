"""The market and the exchange of a scenario: seeded ones, or a recording the user names."""

from __future__ import annotations

from pathlib import Path

from hedgetui.domain.units import Timestamp
from hedgetui.simulation.bars_csv import read_bars
from hedgetui.simulation.broker_book import Fees
from hedgetui.simulation.chain_csv import read_chains, scale_to_xsp
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.market import Market, seeded_market
from hedgetui.simulation.portfolios import holdings_of
from hedgetui.simulation.recorded import recorded_market
from hedgetui.simulation.scenarios import Scenario
from hedgetui.simulation.security_chain import SecurityBoard


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


def exchange_of(  # noqa: PLR0913 - settings that are independent, each by its name
    world: Scenario,
    *,
    seed: int,
    start: Timestamp,
    tick_s: float,
    fees: Fees,
    state_path: Path | None = None,
    bars_csv: Path | None = None,
    chain_csv: Path | None = None,
    portfolio: str = "none",
) -> Exchange:
    """Return the exchange of a scenario, faults and all; with a `state_path` it outlives us.

    `portfolio` names what a new account holds from the start (`portfolios`).

    Raises:
        UsageError: there is no such portfolio.
        DataError: a recording cannot be read as what it should be.
        StoreError: the state cannot be read or belongs to another market.
    """
    market = market_of(
        world, seed=seed, start=start, tick_s=tick_s, bars_csv=bars_csv, chain_csv=chain_csv
    )
    return Exchange(
        market,
        seed=seed,
        fees=fees,
        faults=world.faults,
        fills=world.fills,
        cash=world.opening_cash,
        state_path=state_path,
        holdings=holdings_of(portfolio, SecurityBoard(market, seed)),
    )
