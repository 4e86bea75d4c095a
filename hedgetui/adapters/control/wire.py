"""One request and one answer as JSON lines over a Unix socket.

A request names a command and its fields, or asks for the snapshot; the answer is an `Outcome`, a
`DeskSnapshot` or an error. Both sides use the domain's codec, so the socket speaks the same
spelling as the journal and `--json`.
"""

from __future__ import annotations

import json
from typing import Any, cast

from hedgetui.domain.codec import canonical, from_plain, to_plain
from hedgetui.domain.commands import COMMAND_TYPES, Command
from hedgetui.domain.errors import DataError

LIMIT_BYTES = 4 * 1024 * 1024
"""Largest line either side accepts."""


def encode(document: dict[str, Any]) -> bytes:
    """Return one line."""
    return (canonical(document) + "\n").encode("ascii")


def decode(line: bytes) -> dict[str, Any]:
    """Read one line.

    Raises:
        DataError: it is not a JSON object.
    """
    try:
        document = json.loads(line)
    except ValueError as error:
        message = f"control socket: not JSON: {error}"
        raise DataError(message) from error
    if not isinstance(document, dict):
        message = "control socket: expected an object"
        raise DataError(message)
    return document


def command_request(command: Command, by: str) -> dict[str, Any]:
    """Return the request that carries a command."""
    return {"command": type(command).__name__, "fields": to_plain(command), "by": by}


def read_command(request: dict[str, Any]) -> tuple[Command, str]:
    """Return the command of a request and who gave it.

    Raises:
        DataError: the command or one of its fields is not known.
    """
    name = request.get("command")
    kind = COMMAND_TYPES.get(str(name))
    if kind is None:
        message = f"control socket: unknown command {name!r}"
        raise DataError(message)
    command = from_plain(kind, request.get("fields", {}))
    return cast("Command", command), str(request.get("by", "console"))
