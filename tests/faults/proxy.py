"""A wire that breaks on purpose, between a client of the TWS protocol and a server of it.

It knows frames (four bytes of length, then fields that end in NUL), so a test can say "cut the
connection after byte 7 of the next order" or "lose every order status". What it does not touch it
passes on unchanged and in order. Both directions belong to one `Cable`; a `Proxy` listens and makes
one for each connection.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

HOST = "127.0.0.1"
_PREFIX = b"API\0"

Rewrite = Callable[[bytes], list[bytes]]
"""From one frame body to the bodies that go on: none to lose it, two to repeat it."""


def message_id(body: bytes) -> str:
    """The first field: which message a frame is."""
    return body.split(b"\0", 1)[0].decode("ascii", "replace")


def fields(body: bytes) -> list[str]:
    return body.decode("utf-8", "replace").split("\0")[:-1]


def is_order(body: bytes) -> bool:
    """Whether a client frame places an order: a question about margin carries no reference."""
    return message_id(body) == "3" and b"\0HT1." in body


def body_of(*values: object) -> bytes:
    return "".join(f"{value}\0" for value in values).encode()


def framed(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


@dataclass
class Cut:
    """Reset the connection after `at` bytes of the next client frame with this message id."""

    message: str
    at: int
    done: bool = False


@dataclass
class Cable:
    """One connection through the proxy."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    heard: list[bytes] = field(default_factory=list)
    """Frame bodies that came from the server, in order."""
    said: list[bytes] = field(default_factory=list)
    """Frame bodies that came from the client, in order."""

    def abort(self) -> None:
        self.client.transport.abort()
        self.server.transport.abort()

    def inject(self, body: bytes) -> None:
        """Let the client hear a frame the server never sent."""
        self.client.write(framed(body))


class Proxy:
    """Passes frames on, except where it is told not to."""

    def __init__(self, upstream: Callable[[], int]) -> None:
        """Connect each client to the port that `upstream` names at that moment."""
        self._upstream = upstream
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.cables: list[Cable] = []
        self.cut: Cut | None = None
        self.slice = 0
        """Bytes per write towards both sides; 0 writes whole frames."""
        self.down: Rewrite = lambda body: [body]
        self.up: Rewrite = lambda body: [body]
        self._flows = asyncio.Event()
        self._flows.set()

    @property
    def cable(self) -> Cable:
        """The newest connection."""
        return self.cables[-1]

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for cable in self.cables:
            cable.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def hold(self) -> None:
        """Go half open: both sockets stand, writes succeed, nothing arrives."""
        self._flows.clear()

    def release(self) -> None:
        """Let everything held arrive, in order."""
        self._flows.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._connect(reader, writer)
        finally:
            self._tasks.discard(task)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self._upstream())
        except OSError:
            writer.transport.abort()
            return
        cable = Cable(writer, far_writer)
        self.cables.append(cable)
        pumps = [
            asyncio.ensure_future(self._up(cable, reader)),
            asyncio.ensure_future(self._down(cable, far_reader)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            cable.abort()

    async def _up(self, cable: Cable, reader: asyncio.StreamReader) -> None:
        try:
            prefix = await reader.readexactly(len(_PREFIX))
            cable.server.write(prefix)
            while True:
                body = await self._frame(reader)
                cable.said.append(body)
                if self._cuts(body):
                    assert self.cut is not None
                    await self._write(cable.server, framed(body)[: self.cut.at])
                    # What was written has to arrive before the reset overtakes it.
                    await asyncio.sleep(0.001)
                    cable.abort()
                    return
                for one in self.up(body):
                    await self._write(cable.server, framed(one))
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    def _cuts(self, body: bytes) -> bool:
        if self.cut is None or self.cut.done or message_id(body) != self.cut.message:
            return False
        self.cut.done = True
        return True

    async def _down(self, cable: Cable, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                body = await self._frame(reader)
                cable.heard.append(body)
                for one in self.down(body):
                    await self._write(cable.client, framed(one))
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    async def _frame(self, reader: asyncio.StreamReader) -> bytes:
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        body: bytes = await reader.readexactly(length)
        await self._flows.wait()
        return body

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        step = self.slice or max(1, len(data))
        for start in range(0, len(data), step):
            writer.write(data[start : start + step])
            if self.slice:
                await asyncio.sleep(0)
        await writer.drain()
