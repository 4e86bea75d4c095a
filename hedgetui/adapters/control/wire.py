"""One request and one answer as JSON lines over a Unix socket.

A request names a command and its fields, or asks for the snapshot; the answer is an `Outcome`, a
`DeskSnapshot` or an error. Both sides use the domain's codec, so the socket speaks the same
spelling as the journal and `--json`. Whatever comes in is made harmless here, because its words go
to the journal and to a terminal, and either side checks that the other one is the same user.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct
from dataclasses import fields, replace
from typing import Any, cast

from hedgetui.domain.codec import canonical, from_plain, to_plain
from hedgetui.domain.commands import COMMAND_TYPES, Command, ImportTails
from hedgetui.domain.errors import DataError
from hedgetui.domain.text import safe

ANSWER_BYTES = 4 * 1024 * 1024
"""Largest answer: a snapshot of a full desk is a tenth of it."""
REQUEST_BYTES = 4 * 1024 * 1024
"""Largest request: a file of thirty thousand orders."""
_AS_IT_IS = frozenset({(ImportTails, "text")})
"""Many lines, of which the reader of the file checks every cell."""
_WHO_CHARACTERS = 40
_CREDENTIALS = struct.Struct("3i")


def encode(document: dict[str, Any]) -> bytes:
    """Return one line.

    Raises:
        DataError: a number in it is not finite.
    """
    try:
        return (canonical(document) + "\n").encode("ascii")
    except ValueError as error:
        message = f"control socket: {error}"
        raise DataError(message) from error


def encode_slowly(document: dict[str, Any]) -> bytes:
    """Return the same line as `encode`, for a thread: between two pieces others may run.

    The encoder itself lets nobody else run, and a large portfolio takes it a tenth of a second.

    Raises:
        DataError: a number in it is not finite.
    """
    try:
        return (_spelled(document) + "\n").encode("ascii")
    except ValueError as error:
        message = f"control socket: {error}"
        raise DataError(message) from error


def _spelled(value: object) -> str:
    if isinstance(value, dict):
        pieces = (f"{canonical(name)}:{_spelled(one)}" for name, one in sorted(value.items()))
        return f"{{{','.join(pieces)}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(canonical, value))}]"
    return canonical(value)


def decode(line: bytes) -> dict[str, Any]:
    """Read one line.

    Raises:
        DataError: it is not a JSON object.
    """
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
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
    """Return the command of a request and who gave it, every text in it made printable.

    Raises:
        DataError: the command or one of its fields is not known.
    """
    name = request.get("command")
    kind = COMMAND_TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        message = f"control socket: unknown command {name!r:.60}"
        raise DataError(message)
    read: Any = from_plain(kind, request.get("fields", {}))
    texts = {
        item.name: str(safe(value))
        for item in fields(read)
        if isinstance(value := getattr(read, item.name), str) and (kind, item.name) not in _AS_IT_IS
    }
    by = str(safe(request.get("by", "console"), limit=_WHO_CHARACTERS))
    return cast("Command", replace(read, **texts)), by


def same_user(writer: asyncio.StreamWriter) -> bool:
    """Whether the peer runs as this user; where the system cannot say, the file mode decides."""
    peer = writer.get_extra_info("socket")
    option = getattr(socket, "SO_PEERCRED", None)
    if peer is None or option is None:
        return True
    raw = peer.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(raw)
    return bool(user == os.geteuid())


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection for good; the other side may have been first."""
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
