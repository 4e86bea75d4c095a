"""One client's connection: greeting, version, identity, and messages both ways."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, cast

from hedgetui.simulation.tws.fields import Cursor
from hedgetui.simulation.tws.framing import Field, FrameBuffer, FramingError, frame
from hedgetui.simulation.tws.hours import EASTERN

if TYPE_CHECKING:
    from hedgetui.simulation.tws.feed import Line

_ERROR = 4
_ADVANCED_REJECT = 166
_LEAST_VERSION = 157
_VERSIONS = re.compile(r"v(\d+)(?:\.\.(\d+))?(?: .*)?")
_MOST_UNREAD = 16_000_000
"""Bytes a client may leave unread before it is dropped."""

Received = Callable[["ClientSession", bytes | None], None]
Handler = Callable[["ClientSession", Cursor], None]


class ClientSession(asyncio.Protocol):
    """A client as the gateway knows it; `version` is 0 and `client_id` None until it says."""

    def __init__(self, received: Received) -> None:
        """Hand every byte to `received`, and None when the connection is over."""
        self._received = received
        self._frames = FrameBuffer()
        self._transport: asyncio.Transport | None = None
        self._unsent: list[bytes] = []
        self.version = 0
        self.client_id: int | None = None
        self.floor = 1
        """Order ids below it that are not known were used before."""
        self.data_type = 1
        self.lines: dict[int, Line] = {}
        self.watches_positions = False
        self.watches_account = False
        self.summaries: dict[int, tuple[str, ...]] = {}
        self.multi: dict[int, tuple[str, str]] = {}
        self.profits: dict[int, int] = {}
        """Request id to contract number; 0 for the whole account."""

    # --- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._received(self, b"")

    def data_received(self, data: bytes) -> None:
        """Pass bytes on."""
        self._received(self, data)

    def connection_lost(self, _error: Exception | None) -> None:
        """Say that it is over."""
        self._transport = None
        self._received(self, None)

    # --- the gateway's side

    @property
    def connected(self) -> bool:
        """Whether anything sent can still arrive."""
        return self._transport is not None and not self._transport.is_closing()

    def messages(self, data: bytes) -> list[list[str]]:
        """Return the messages that `data` completes.

        Raises:
            FramingError: these are no frames.
        """
        return self._frames.feed(data)

    def greet(self, fields: list[str], most: int, now: float) -> None:
        """Agree on a protocol version, at most `most`, and tell the time.

        Raises:
            FramingError: the client offers no version we speak.
        """
        offered = _VERSIONS.fullmatch(fields[0] if fields else "")
        if offered is None:
            raise FramingError("no version offered")
        least = int(offered[1])
        version = min(int(offered[2] or least), most)
        if least > most or version < _LEAST_VERSION:
            raise FramingError(f"version {offered[0]} is not spoken")
        self.version = version
        local = datetime.fromtimestamp(now, EASTERN)
        self.send(version, f"{local:%Y%m%d %H:%M:%S} {local.tzname()}")

    def send(self, *fields: Field) -> None:
        """Send one message; a client that is gone or reads nothing gets none.

        What one moment has to say leaves together, as the rows of one tick do at the real server.
        """
        if self._transport is None or self._transport.is_closing():
            return
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent.append(frame(*fields))

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        if not unsent or self._transport is None or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > _MOST_UNREAD:
            self._transport.abort()
            return
        self._transport.write(b"".join(unsent))

    def error(self, about: int, code: int, text: str) -> None:
        """Send an error or a notice about a request or an order; -1 is the session itself."""
        extra = ("",) if self.version >= _ADVANCED_REJECT else ()
        self.send(_ERROR, 2, about, code, text, *extra)

    def close(self) -> None:
        """Close after what was sent."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Reset the connection; what was said before has left."""
        self._flush()
        if self._transport is not None:
            self._transport.abort()
