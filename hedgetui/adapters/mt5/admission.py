"""Which accounts a profile may trade."""

from __future__ import annotations

from hedgetui.adapters.mt5.connection import Mt5Connection
from hedgetui.adapters.mt5.verdicts import TerminalRefused
from hedgetui.domain.mt5.records import Account, AccountKind
from hedgetui.ports.broker import Environment


def refuse_account(account: Account, connection: Mt5Connection) -> None:
    """Let an account pass that the profile means; real money only when both say so by number.

    Raises:
        TerminalRefused: another account is logged in, or it is real and the profile is not.
    """
    if connection.login and account.login != connection.login:
        raise TerminalRefused(
            f"the terminal is logged in to {account.login}, the profile names {connection.login}",
            hint="Log in to the right account in the terminal, or correct `login` in the profile.",
        )
    if account.kind is not AccountKind.REAL:
        return
    if connection.environment is not Environment.LIVE:
        raise TerminalRefused(
            f"account {account.login} holds real money and the profile is not live",
            hint="Log in to a demo account, or make a profile for live trading.",
        )
    if not connection.login:
        raise TerminalRefused(
            f"account {account.login} holds real money and the profile names no account",
            hint="Set `login` in the live profile, so that no other account is ever traded.",
        )
