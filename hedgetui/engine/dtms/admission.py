"""Which account and terminal may be traded through: pure questions, asked of every look.

The journal belongs to one account. A terminal that is suddenly logged in to another one shows other
positions: the trades of the journal would look closed, and somebody else's would be defended.
"""

from __future__ import annotations

from hedgetui.domain.dtms.book import DefenceBook
from hedgetui.domain.mt5.records import Account, AccountKind, Terminal
from hedgetui.domain.text import safe
from hedgetui.engine.dtms.parts import DefenceSettings

_LIVE = "live"


def objection(
    settings: DefenceSettings,
    book: DefenceBook,
    account: Account,
    terminal: Terminal,
    *,
    standing: bool,
) -> str:
    """Return why nothing may be sent through this terminal now; empty when it may.

    `standing` says that the session was accepted before: then every change of account is a switch,
    even when no trade is open.
    """
    found = _wrong_account(settings, book, account, standing=standing)
    if found:
        return found
    if terminal.objection:
        return terminal.objection
    if not account.trade_allowed:
        return f"account {account.login} may not trade: investor password, or closed"
    if not account.expert_allowed:
        return f"account {account.login} does not allow automated trading"
    return ""


def switched(book: DefenceBook, account: Account, *, standing: bool) -> bool:
    """Return whether this is another account than the one the journal defends trades on."""
    if not book.login or (book.login, book.server) == (account.login, account.server):
        return False
    held = any(trade.open or trade.hedge for trade in book.trades.values())
    return standing or held or any(action.state.live for action in book.actions.values())


def _wrong_account(
    settings: DefenceSettings, book: DefenceBook, account: Account, *, standing: bool
) -> str:
    profile, wanted = settings.profile, settings.expected_login
    if profile == _LIVE and not wanted:
        return "live trading needs its MT5 login in the settings"
    if account.kind is AccountKind.REAL and profile != _LIVE:
        return f"the profile is {profile}, but MT5 account {account.login} is real money"
    if wanted and account.login != wanted:
        return f"the terminal is logged in to {account.login}, the settings say {wanted}"
    if switched(book, account, standing=standing):
        return (
            f"account switched: the journal knows {book.login} on {safe(book.server)}, "
            f"the terminal is on {account.login} on {safe(account.server)}"
        )
    return ""
