"""Who may be armed: the right world, the right account, and live money only on purpose.

Pure questions about settings and the broker's own words. The gates judge the account again for
every order; this module keeps a desk from being armed on the wrong one in the first place.
"""

from __future__ import annotations

from hedgetui.engine.settings import EngineSettings
from hedgetui.engine.state import DeskState
from hedgetui.ports import broker as br


def is_live(settings: EngineSettings, broker: br.BrokerPort) -> bool:
    """Whether real money is at stake, by the profile or by the account."""
    live = br.Environment.LIVE
    return settings.profile == live.value or broker.environment is live


def account_of(settings: EngineSettings, state: DeskState) -> str:
    """Return the account the desk belongs to: the settings', else the one its journal traded."""
    traded = next((one.account for one in reversed(tuple(state.intents.values()))), "")
    return settings.expected_account or traded


def refusal(
    settings: EngineSettings,
    broker: br.BrokerPort,
    state: DeskState,
    *,
    met: bool,
    standing: bool,
) -> tuple[str, str]:
    """Return why the desk cannot be armed now and how to mend it, or two empty texts.

    `met` says that a session has told the account, `standing` that one stands now.
    """
    if settings.profile == br.Environment.LIVE.value and not settings.expected_account:
        hint = '[profile.live] account = "…", then start again'
        return "live trading needs its account in the settings", hint
    found = objection(settings, broker, state) if met else ("", "")
    if not found[0] and not standing and is_live(settings, broker):
        return "live money is armed while the link stands", "hedgetui doctor says what is missing"
    return found


def objection(settings: EngineSettings, broker: br.BrokerPort, state: DeskState) -> tuple[str, str]:
    """Return what is wrong with the account of a session and how to mend it, or empty texts."""
    profile, account, wanted = settings.profile, broker.account, settings.expected_account
    environment = broker.environment.value
    table = f"[profile.{profile}]"
    if environment != profile:
        return (
            f"the profile is {profile}, but the broker's account {account} is {environment}",
            f"log in to the {profile} account, or start with --profile {environment}",
        )
    if not account:
        hint = f'{table} account = "…"'
        return "the login has several accounts, and none is named in the settings", hint
    if wanted and account != wanted:
        return (
            f"the broker reports account {account}, the settings say {wanted}",
            f"log in to {wanted}, or change account in {table}",
        )
    own = account_of(settings, state)
    if own and account != own:
        return (
            f"the broker reports account {account}, the journal has traded {own}",
            f"log in to {own}, or start with another journal: --db",
        )
    return "", ""
