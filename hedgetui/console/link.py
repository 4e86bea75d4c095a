"""The broker of a profile: its connection from the settings, and what the doctor asks of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from ipaddress import ip_address

from hedgetui import config
from hedgetui.adapters.ibkr.connection import IbkrConnection, Probe, environment_of
from hedgetui.config.edit import redacted
from hedgetui.domain.errors import BrokerUnreachable, HedgetuiError
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp, iso_utc
from hedgetui.ports.broker import Environment
from hedgetui.ports.clock import LoopClock

_USUAL_PORTS = {
    Environment.PAPER: {7497: "TWS", 4002: "Gateway"},
    Environment.LIVE: {7496: "TWS", 4001: "Gateway"},
}
_CLIENTS = ("ib_insync", "ib_async")
_PROBE_S = 8.0
_APART = 1_000
_MOST_ID = 2**31
_NEAR_S = 2.0
"""An offset of the machine's clock that nobody notices."""


@dataclass(frozen=True, slots=True)
class Line:
    """One check."""

    name: str
    status: str
    """`ok`, `hint` (to be looked at by a person), `warn` or `fail`."""
    detail: str
    fix: str = ""


def connection_of(settings: config.Settings) -> IbkrConnection:
    """Return where the profile's broker listens.

    Raises:
        BrokerUnreachable: the profile has none.
    """
    link = settings.connection
    if link is None:
        message = f"profile {settings.general.profile} has no broker to connect to"
        raise BrokerUnreachable(message, hint="--profile paper")
    return IbkrConnection(
        host=link.host,
        port=link.port,
        client_id=link.client_id,
        account=link.account,
        environment=Environment(settings.general.profile),
        market_data_lines=link.market_data_lines,
        connect_timeout_s=link.connect_timeout_s,
        heartbeat_s=link.heartbeat_s,
    )


async def ask(connection: IbkrConnection, seconds: float) -> Probe:
    """Connect for a moment and learn who is there; nothing is sent.

    It comes with a client id of its own: the profile's may be a running desk's, or be needed by one
    in a moment, and TWS gives an id back only after a while.

    Raises:
        BrokerUnreachable: nobody answers in time.
        ConfigError: no client library is installed.
    """
    from hedgetui.adapters.ibkr.door import probe  # noqa: PLC0415 - a client library is heavy

    apart = replace(connection, client_id=(connection.client_id + _APART) % _MOST_ID)
    clock = LoopClock(Timestamp(time.time()))
    try:
        async with asyncio.timeout(seconds):
            return await probe(apart, clock)
    except TimeoutError:
        message = f"{connection.peer} did not answer within {seconds:g} s"
        hint = "TWS may wait for somebody to accept the connection: look at its window"
        raise BrokerUnreachable(message, hint=hint) from None


def checks(settings: config.Settings) -> Iterator[Line]:
    """Yield every check of the profile's broker; one short connection, nothing is sent."""
    connection = connection_of(settings)
    yield _client()
    yield _port(connection)
    yield _host(connection)
    try:
        probe = asyncio.run(ask(connection, _PROBE_S))
    except HedgetuiError as error:
        yield Line("broker", "fail", str(safe(error.message)), error.hint)
        yield _unknown_account(connection)
        fix = "reach the broker first; its time is what counts"
        yield Line("clock", "warn", "the offset to the broker is not known", fix)
    else:
        took = probe.round_trip * 1000
        words = f"{connection.peer} answers, server version {probe.server_version}, {took:.0f} ms"
        yield Line("broker", "ok", words)
        yield _account(connection, probe)
        yield _clock(probe)
    yield from _by_hand(connection)


def _client() -> Line:
    for name in _CLIENTS:
        try:
            return Line("client", "ok", f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return Line("client", "fail", "no client library is installed", "install hedgetui again")


def _port(connection: IbkrConnection) -> Line:
    environment, port = connection.environment, connection.port
    usual = _USUAL_PORTS[environment]
    if port in usual:
        return Line("port", "ok", f"{port}, the usual one of {usual[port]} ({environment.value})")
    good = " or ".join(f"{number} ({name})" for number, name in usual.items())
    others = {n: who.value for who, ports in _USUAL_PORTS.items() for n in ports}
    whose = f"the usual one of {others[port]} trading" if port in others else "not a usual one"
    fix = f"[profile.{environment.value}] port = {good}"
    return Line("port", "warn", f"{port} is {whose}", fix)


def _host(connection: IbkrConnection) -> Line:
    try:
        local = ip_address(connection.host).is_loopback
    except ValueError:
        local = connection.host == "localhost"
    if local:
        return Line("host", "ok", f"{connection.host}: nothing leaves this machine")
    fix = "an SSH tunnel and host = 127.0.0.1"
    return Line(
        "host", "warn", f"{connection.host}: the API has no password and no encryption", fix
    )


def _unknown_account(connection: IbkrConnection) -> Line:
    profile = connection.environment.value
    if connection.account:
        return Line("account", "ok", f"{_hidden(connection.account)} is configured")
    if connection.environment is Environment.LIVE:
        fix = f'[profile.{profile}] account = "…"'
        return Line("account", "fail", "none is configured: live cannot be armed", fix)
    return Line("account", "ok", "none is configured: the only one of the login is taken")


def _account(connection: IbkrConnection, probe: Probe) -> Line:
    profile = connection.environment.value
    told = ", ".join(_hidden(one) for one in probe.accounts) or "none"
    fix = f'[profile.{profile}] account = "…"'
    chosen = [one for one in probe.accounts if connection.account in {"", one}]
    if connection.account and not chosen:
        words = f"{_hidden(connection.account)} is configured, the login has {told}"
        return Line("account", "fail", words, fix)
    foreign = [one for one in chosen if environment_of(one) is not connection.environment]
    if foreign:
        kind = environment_of(foreign[0]).value
        words = f"{_hidden(foreign[0])} is a {kind} account, the profile is {profile}"
        return Line("account", "fail", words, f"log in to {profile}, or --profile {kind}")
    if not connection.account and connection.environment is Environment.LIVE:
        return Line("account", "fail", f"the login has {told}; none is configured: live "
                    "cannot be armed", fix)  # fmt: skip
    if len(chosen) != 1:
        return Line("account", "fail", f"the login has {told}: none is chosen", fix)
    return Line("account", "ok", f"{_hidden(chosen[0])}, {profile}")


def _hidden(account: str) -> str:
    """Return an account number without its middle: output is pasted into bug reports."""
    return str(redacted(str(safe(account))))


def _clock(probe: Probe) -> Line:
    offset = probe.broker_time - time.time()
    words = f"the broker says {iso_utc(probe.broker_time)[:19]}Z, {offset:+.1f} s from this machine"
    if abs(offset) <= _NEAR_S:
        return Line("clock", "ok", words)
    fix = "set this machine's clock (NTP); a desk follows the broker's as it is at its start"
    return Line("clock", "warn", words, fix)


def _by_hand(connection: IbkrConnection) -> Iterator[Line]:
    lines = f"{connection.market_data_lines} may be used; the windows of TWS use the same ones"
    yield Line("lines", "hint", lines, "market_data_lines, if the account has more or fewer")
    yield Line(
        "TWS API",
        "hint",
        "Global Configuration, API, Settings: enabled for socket clients, Read-Only API off, "
        "download open orders on",
        "with Read-Only API on every order is refused (code 321)",
    )
    yield Line(
        "TWS orders",
        "hint",
        "Global Configuration, API, Precautions: a precaution that is not bypassed holds an order "
        "behind a dialog",
        "bypass order precautions for API orders; the risk gates stand before it",
    )
