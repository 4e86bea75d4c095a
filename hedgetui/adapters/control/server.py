"""The listening side: only the same user, only this machine, one request a line."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from hedgetui.adapters.control import wire
from hedgetui.domain.codec import to_plain
from hedgetui.domain.errors import DataError, HedgetuiError, StoreError
from hedgetui.ports.balance import OFF
from hedgetui.ports.clock import outside_work
from hedgetui.ports.desk import DeskPort

_SOCKET_MODE = 0o600
_FEW = 50
"""Lines of a portfolio that are spelled out in a few milliseconds."""


class ControlServer:
    """Answers console verbs for a running desk until closed."""

    def __init__(self, desk: DeskPort, path: Path) -> None:
        self._desk = desk
        self._path = path
        self._server: asyncio.Server | None = None
        self._peers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen on the socket; one left by a dead process is replaced (the lock proves it).

        Raises:
            StoreError: something that is no socket has its name, or it cannot be made there.
        """
        try:
            self._clear_the_place()
            mask = os.umask(0o177)
            try:
                self._server = await asyncio.start_unix_server(
                    self._serve, path=str(self._path), limit=wire.REQUEST_BYTES
                )
            finally:
                os.umask(mask)
            self._path.chmod(_SOCKET_MODE)
        except OSError as error:
            message = f"no control socket at {self._path}: {error.strerror or error}"
            hint = "set XDG_RUNTIME_DIR to a short path of your own"
            raise StoreError(message, hint=hint, code="control_socket") from error

    def _clear_the_place(self) -> None:
        try:
            kind = self._path.lstat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(kind):
            message = f"{self._path} is no socket and stays as it is"
            raise StoreError(message, hint="move it away", code="control_socket")
        self._path.unlink()

    async def close(self) -> None:
        """Stop listening, hang up on whoever is connected and remove the socket."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._path.unlink(missing_ok=True)
        for writer in tuple(self._peers):
            await wire.hang_up(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._peers.add(writer)
        try:
            if wire.same_user(writer):
                await self._converse(reader, writer)
        except ConnectionError:
            return  # the other side left; the desk does not care
        finally:
            self._peers.discard(writer)
            await wire.hang_up(writer)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer line after line; a line that is too long ends the conversation."""
        while True:
            try:
                line = await reader.readline()
            except ValueError:  # asyncio's word for a line beyond the limit
                message = f"control socket: a request is at most {wire.REQUEST_BYTES} bytes"
                writer.write(wire.encode(dict(DataError(message).as_document())))
                await writer.drain()
                return
            if not line:
                return
            writer.write(await self._answer(line))
            await writer.drain()

    async def _answer(self, line: bytes) -> bytes:
        try:
            request = wire.decode(line)
            if request.get("query") == "snapshot":
                return await self._snapshot()
            return wire.encode(await self._document(request))
        except HedgetuiError as error:
            return wire.encode(dict(error.as_document()))

    async def _snapshot(self) -> bytes:
        """Spell out the state of the desk; a large portfolio in a thread, for the desk trades."""
        state = self._desk.snapshot()
        if len(state.balance.book.positions) <= _FEW:
            return wire.encode({"snapshot": to_plain(state)})
        rest, balance = to_plain(replace(state, balance=OFF)), state.balance
        with outside_work():
            return await asyncio.to_thread(
                lambda: wire.encode_slowly({"snapshot": {**rest, "balance": to_plain(balance)}})
            )

    async def _document(self, request: dict[str, object]) -> dict[str, object]:
        match request.get("query"):
            case "lots":
                return {"lots": self._desk.settings.first_trade_lots}
            case _:
                command, by = wire.read_command(request)
                return {"outcome": to_plain(await self._desk.dispatch(command, by))}


@asynccontextmanager
async def listening(
    desk: DeskPort, path: Path | None, complain: Callable[[str], None]
) -> AsyncIterator[None]:
    """Answer for `desk` on `path`, if any; a desk that cannot listen says so and trades on."""
    if path is None:
        yield
        return
    server = ControlServer(desk, path)
    try:
        await server.start()
    except StoreError as error:
        complain(f"{error.message}: console verbs cannot reach this desk")
    try:
        yield
    finally:
        await server.close()
