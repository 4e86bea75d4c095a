"""Coming in: one way to open a session, for trading and for a look, and whose account it is."""

from __future__ import annotations

from hedgetui.adapters.ibkr import _api, quiet
from hedgetui.adapters.ibkr.connection import IbkrConnection, Probe, environment_of
from hedgetui.adapters.ibkr.session import Session
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp
from hedgetui.ports.clock import Clock, LoopClock


def new_session(connection: IbkrConnection, clock: Clock) -> Session:
    """Load the library, keep it quiet, and return a session that is not open yet.

    Raises:
        ConfigError: no client library is installed.
    """
    quiet.hush()
    return Session(_api.load(), connection, clock)


async def probe(connection: IbkrConnection, clock: Clock | None = None) -> Probe:
    """Connect for a moment and learn who is there and what time it is; no order, no data.

    Without a `clock` the event loop's own time is taken: the desk's is often not made yet.

    Raises:
        BrokerUnreachable: nobody listens or answers, or the client id is taken.
        ConfigError: no client library is installed.
    """
    session = new_session(connection, clock or LoopClock(Timestamp(0.0)))
    await session.open()
    try:
        at, trip = await session.time(connection.connect_timeout_s)
        return Probe(
            accounts=session.accounts,
            server_version=session.server_version,
            client=f"{session.api.name} {session.api.version}",
            broker_time=at,
            round_trip=trip,
        )
    except TimeoutError:
        raise BrokerUnreachable(f"{connection.peer} shook hands but does not answer") from None
    finally:
        await session.close("probed")


def choose_account(connection: IbkrConnection, accounts: tuple[str, ...]) -> str:
    """Return the account to trade.

    Raises:
        BrokerUnreachable: the configured one is not there, there are several and none is
            configured, or it holds another kind of money than the profile means.
    """
    names = safe(", ".join(accounts))
    account = connection.account
    if not account:
        if len(accounts) != 1:
            raise BrokerUnreachable(
                f"the login has several accounts: {names}",
                hint="Say in the profile which `account` to trade.",
            )
        account = accounts[0]
    elif account not in accounts:
        raise BrokerUnreachable(
            f"account {safe(account)} is not among those of the login: {names}",
            hint="Check `account` in the profile, and which user TWS is logged in with.",
        )
    kind = environment_of(account)
    if kind is not connection.environment:
        raise BrokerUnreachable(
            f"account {safe(account)} is a {kind} account, but the profile means "
            f"{connection.environment}",
            hint="Check the profile's port: TWS 7497 paper, 7496 live; Gateway 4002 paper, "
            "4001 live.",
        )
    return account
