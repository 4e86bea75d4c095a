"""The listening side: only the same user, only this machine, one request a line."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from pathlib import Path

from hedgetui.adapters.control import wire
from hedgetui.domain.codec import to_plain
from hedgetui.domain.errors import HedgetuiError
from hedgetui.ports.desk import DeskPort

_SOCKET_MODE = 0o600
_CREDENTIALS = struct.Struct("3i")


class ControlServer:
    """Answers console verbs for a running desk until closed."""

    def __init__(self, desk: DeskPort, path: Path) -> None:
        self._desk = desk
        self._path = path
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on the socket; one left by a dead process is replaced (the lock proves it)."""
        self._path.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(
                self._serve, path=str(self._path), limit=wire.LIMIT_BYTES
            )
        finally:
            os.umask(mask)
        self._path.chmod(_SOCKET_MODE)

    async def close(self) -> None:
        """Stop listening and remove the socket."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not _same_user(writer):
                return
            while line := await reader.readline():
                writer.write(wire.encode(await self._answer(line)))
                await writer.drain()
        except (ConnectionError, asyncio.LimitOverrunError, ValueError):
            return  # the other side left or broke the framing; the desk does not care
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, object]:
        try:
            request = wire.decode(line)
            if request.get("query") == "snapshot":
                return {"snapshot": to_plain(self._desk.snapshot())}
            if request.get("query") == "settings":
                return {"settings": to_plain(self._desk.settings)}
            command, by = wire.read_command(request)
            return {"outcome": to_plain(await self._desk.dispatch(command, by))}
        except HedgetuiError as error:
            return dict(error.as_document())


def _same_user(writer: asyncio.StreamWriter) -> bool:
    """Whether the peer runs as this user; where the system cannot say, the file mode decides."""
    peer = writer.get_extra_info("socket")
    option = getattr(socket, "SO_PEERCRED", None)
    if peer is None or option is None:
        return True
    raw = peer.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(raw)
    return bool(user == os.geteuid())
