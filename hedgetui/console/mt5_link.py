"""The MT5 terminal of a profile: where the settings say it is, what the doctor asks of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hedgetui import config
from hedgetui.adapters.mt5.connection import Backend, Mt5Connection, Timeouts
from hedgetui.config.edit import redacted
from hedgetui.console.link import Line
from hedgetui.domain.errors import HedgetuiError
from hedgetui.domain.mt5.records import Account, AccountKind
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp
from hedgetui.mt5bridge.token_file import read_token
from hedgetui.ports.broker import Environment
from hedgetui.ports.clock import LoopClock
from hedgetui.ports.mt5 import Mt5Health, Mt5Session

_PROBE_S = 8.0
_OFF = "off"


def connection_of(found: config.Loaded) -> Mt5Connection | None:
    """Return where the profile's terminal is; None when it has none, or none is to be watched."""
    mt5 = found.settings.mt5
    if mt5 is None or mt5.backend == _OFF or not found.settings.dtms.enabled:
        return None
    token = Path(mt5.token_file).expanduser() if mt5.token_file else found.paths.mt5_token
    return Mt5Connection(
        backend=Backend(mt5.backend),
        host=mt5.host,
        port=mt5.port,
        token_file=token,
        login=mt5.login,
        environment=Environment(found.settings.general.profile),
        allow_remote=mt5.allow_remote,
        terminal_path=mt5.terminal,
        timeouts=Timeouts(read_s=mt5.read_timeout_s, send_s=mt5.send_timeout_s),
    )


def checks(found: config.Loaded) -> Iterator[Line]:
    """Yield every check of the profile's terminal; one short connection, nothing is sent."""
    settings = found.settings
    if not settings.dtms.enabled:
        yield Line("MT5", "ok", "off: dtms.enabled is false")
        return
    if settings.mt5 is None:
        account = settings.simulator.mt5_account
        yield Line("MT5", "ok", f"the built-in simulator, a {account} account: no link needed")
        return
    connection = connection_of(found)
    if connection is None:
        where = f"[profile.{settings.general.profile}.mt5] backend"
        yield Line("MT5", "ok", f"off: {where} = off")
        return
    yield _backend(connection)
    if connection.backend is Backend.BRIDGE:
        token = _token(connection)
        yield token
        if token.status == "fail":
            return
    yield from _answer(connection)


def _backend(connection: Mt5Connection) -> Line:
    words = f"backend {connection.backend.value}, {connection.peer}"
    if connection.backend is Backend.CLASSIC:
        fix = "hedgetui mt5-bridge beside the terminal, and backend = bridge"
        return Line("MT5", "warn", f"{words}: whoever reaches that port runs programs there", fix)
    return Line("MT5", "ok", words)


def _token(connection: Mt5Connection) -> Line:
    path = connection.token_file or Path()
    try:
        read_token(path)
    except HedgetuiError as error:
        return Line("MT5 key", "fail", str(safe(error.message)), error.hint)
    return Line("MT5 key", "ok", f"{path}, readable by you alone")


def _answer(connection: Mt5Connection) -> Iterator[Line]:
    try:
        session, health = asyncio.run(_probe(connection))
    except HedgetuiError as error:
        yield Line("MT5 link", "fail", str(redacted(str(safe(error.message)))), error.hint)
        return
    took = "" if health.latency is None else f", {health.latency * 1000:.0f} ms"
    words = f"{connection.peer} answers, terminal {safe(health.version) or 'unknown'}{took}"
    yield Line("MT5 link", "ok", words)
    yield _terminal(session)
    yield _account(session.account)
    hours = session.server_offset / 3600
    yield Line("MT5 clock", "ok", f"the server's time is UTC{hours:+g} h")
    for hint in health.hints:
        yield Line("MT5", "hint", str(safe(hint)))


async def _probe(connection: Mt5Connection) -> tuple[Mt5Session, Mt5Health]:
    from hedgetui.adapters.mt5.broker import Mt5Broker  # noqa: PLC0415 - rpyc, only to connect

    hurried = replace(connection, timeouts=replace(connection.timeouts, initialize_s=_PROBE_S))
    broker = Mt5Broker(hurried, LoopClock(Timestamp(time.time())))
    try:
        return await broker.connect(), broker.health()
    finally:
        await broker.disconnect()


def _terminal(session: Mt5Session) -> Line:
    objection = session.terminal.objection
    if objection:
        fix = "in the terminal: log in, press AutoTrading, allow trading by Python in the options"
        return Line("MT5 trade", "warn", objection, fix)
    return Line("MT5 trade", "ok", "the terminal is connected and lets programs trade")


def _account(account: Account) -> Line:
    mode = account.margin_mode.name.lower()
    login = redacted(str(account.login))
    words = f"{login} at {safe(account.server)}, {account.kind.value}, {mode}"
    if not account.trade_allowed:
        fix = "log in with the trader's password, not the investor's"
        return Line("MT5 account", "fail", f"{words}: it may not trade", fix)
    if account.kind is AccountKind.REAL:
        return Line("MT5 account", "hint", f"{words}: real money")
    return Line("MT5 account", "ok", words)
