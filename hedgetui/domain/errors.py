"""Every failure a trader may see, with the exit code and the words it carries.

No traceback reaches a user: whatever goes wrong on purpose is one of these, so that the console
prints a sentence and a way out, a script reads a stable `code`, and the process ends with the exit
code the command reference promises. Anything else that escapes is a defect of the program.
"""

from __future__ import annotations

from typing import ClassVar


class HedgetuiError(Exception):
    """A failure with a message for the user, a hint that mends it and an exit code.

    `message` says what happened, `hint` what to do next (may be empty). `exit_code` and `code`
    default to the class's own; `code` is stable, so that scripts can tell failures apart.
    """

    default_exit_code: ClassVar[int] = 1
    default_code: ClassVar[str] = "failed"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        exit_code: int | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = self.default_exit_code if exit_code is None else exit_code
        self.code = self.default_code if code is None else code

    def as_document(self) -> dict[str, dict[str, str]]:
        """Return the JSON document a `--json` command prints instead of its result."""
        return {"error": {"code": self.code, "message": self.message, "hint": self.hint}}


class UsageError(HedgetuiError):
    """The command line asks for something that does not exist or makes no sense."""

    default_exit_code = 2
    default_code = "usage"


class ConfigError(HedgetuiError):
    """The configuration names an unknown key or holds a value that cannot be used."""

    default_exit_code = 2
    default_code = "config"


class DataError(HedgetuiError):
    """A file given by the user (bars, positions, ledger) cannot be read as what it should be."""

    default_exit_code = 2
    default_code = "data"


class BrokerUnreachable(HedgetuiError):  # noqa: N818  the state is named, as the exit code table does
    """The broker does not answer; the same command may work later."""

    default_exit_code = 3
    default_code = "broker_unreachable"


class RiskRefused(HedgetuiError):  # noqa: N818  a refusal is a decision, not an error
    """A risk rule refuses the order; `code` is the rule's denial code."""

    default_exit_code = 4
    default_code = "risk_refused"


class StoreError(HedgetuiError):
    """The journal cannot be opened, written or trusted."""

    default_exit_code = 1
    default_code = "store"
