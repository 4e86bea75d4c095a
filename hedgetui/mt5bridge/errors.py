"""How a question to a terminal fails before there is an answer."""

from __future__ import annotations

from hedgetui.domain.errors import BrokerUnreachable, HedgetuiError


class CallRefused(HedgetuiError):  # noqa: N818 - a refusal is a decision, not an error
    """The call is not on the list or its arguments are not as they must be; nothing was written."""

    default_exit_code = 2
    default_code = "mt5_call_refused"


class LinkDown(BrokerUnreachable):
    """The connection to the terminal is gone; `written` says whether a question may have left."""

    def __init__(self, message: str, *, hint: str = "", written: bool = True) -> None:
        """Keep what a person reads and whether bytes may have left."""
        super().__init__(message, hint=hint)
        self.written = written


class HostileAnswer(LinkDown):
    """What came is nothing an honest peer sends; the connection is closed and not believed."""
