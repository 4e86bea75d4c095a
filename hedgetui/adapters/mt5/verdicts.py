"""What the terminal's own error number says about the link, not about one question.

Numbers are `last_error()` of the MetaTrader5 package.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.text import safe
from hedgetui.mt5bridge.wire import Outcome

INVALID_PARAMS: Final = -2
"""Our own mistake; the call never left."""

_LINK: Final = range(-10005, -9999)
_UNTIL_MENDED: Final = {
    -5: "The MetaTrader5 package and the terminal are of different versions: update both.",
    -6: "The terminal's login failed. Log in by hand in the terminal and let it save the password.",
    -7: "The terminal does not support this; accounts with a certificate or one-time password "
    "cannot be used.",
    -8: "Switch on AutoTrading and trading through the Python API in the terminal's options.",
}
_START = "Start the terminal and log in; the link is tried again by itself."


class TerminalRefused(BrokerUnreachable):
    """The session is refused until a person changes something; trying again will not help."""

    default_code = "mt5_refused"


def objection(outcomes: Iterable[Outcome]) -> BrokerUnreachable | None:
    """Return what a set of answers says against the link itself; None when it stands."""
    for outcome in outcomes:
        if outcome.refused or not outcome.failed:
            continue
        if outcome.code in _LINK:
            return BrokerUnreachable(f"the terminal does not answer: {outcome.why}", hint=_START)
        if outcome.code in _UNTIL_MENDED:
            return TerminalRefused(
                f"the terminal refuses: {safe(outcome.why, 120)}", hint=_UNTIL_MENDED[outcome.code]
            )
    return None
