"""The MT5 side of `hedgetui simulate`: which world it is, and the bridge in front of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hedgetui.config.model import SimulatorSettings
from hedgetui.console import output
from hedgetui.console.mt5_venue import recording_of
from hedgetui.domain.errors import ConfigError, UsageError
from hedgetui.domain.mt5.records import MarginMode
from hedgetui.domain.units import Timestamp
from hedgetui.mt5bridge.token_file import ensure_token
from hedgetui.simulation.mt5.venue import Venue
from hedgetui.simulation.mt5.world import Mt5World
from hedgetui.simulation.mt5.worlds import WORLDS, venue_of, world
from hedgetui.simulation.mt5_gateway import Mt5Gateway
from hedgetui.simulation.scenarios import SCENARIOS

_USUAL = "demo"


def mt5_world(name: str, *, alone: bool) -> Mt5World:
    """Return the MT5 world of a scenario; one that only the other broker has gets the usual one.

    Raises:
        UsageError: neither broker has it.
    """
    if name not in WORLDS and (name in SCENARIOS or not alone):
        return world(_USUAL)
    return world(name)


def mt5_venue(
    settings: SimulatorSettings, chosen: Mt5World, state: Path | None, start: Timestamp
) -> Venue:
    """Return the venue as the settings describe it; with a `state` it goes on where it stopped.

    Raises:
        DataError: a recording or the state cannot be read as what it should be.
        StoreError: the state file cannot be read or belongs to another world.
    """
    netting = settings.mt5_account == "netting"
    return venue_of(
        chosen,
        seed=settings.seed,
        start=start,
        mode=MarginMode.NETTING if netting else MarginMode.HEDGING,
        recording=recording_of(settings),
        state_path=state.with_name(state.name + ".mt5") if state is not None else None,
    )


@contextmanager
def serving_mt5(
    venue: Venue, now: Callable[[], Timestamp], token: Path, port: int, over: asyncio.Event
) -> Iterator[tuple[Mt5Gateway, int]]:
    """Serve a venue for as long as the context lasts; `over` is set when it had to stop.

    Raises:
        ConfigError: the token file cannot be trusted, read or made.
        UsageError: the port is taken, or there is no place for the token.
    """
    try:
        token.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(f"cannot use {token}: {error.strerror}", hint="--token FILE") from error
    gateway = Mt5Gateway(venue, now, ensure_token(token), port=port)
    try:
        bound = gateway.start()
    except ConfigError as error:
        raise UsageError(error.message, hint="choose another with --mt5 PORT") from error
    loop = asyncio.get_running_loop()
    gateway.on_failure = lambda: _tell(loop, over)
    try:
        yield gateway, bound
    finally:
        gateway.close()


def say_mt5(gateway: Mt5Gateway, port: int, token: Path) -> str:
    """Say where the terminal is; returns how to connect, to be said later."""
    terms = gateway.venue.ledger.terms
    output.say(f"MT5 bridge on 127.0.0.1:{port}, account {terms.login} ({terms.mode.name.lower()})")
    output.say(f"token in {token}")
    return (
        "connect with: hedgetui --profile paper "
        f'([profile.paper.mt5] backend = "bridge", port = {port}, token_file = "{token}")'
    )


def _tell(loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
    loop.call_soon_threadsafe(over.set)
