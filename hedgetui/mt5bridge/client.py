"""The end that asks: one connection, one question at a time, every answer checked.

A connection that failed once is closed and never used again, so that a late answer can never be
taken for the next one.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Sequence
from typing import Final, Protocol

from rpyc.core import consts
from rpyc.core.service import VoidService

from hedgetui.domain.units import Seconds
from hedgetui.mt5bridge.calls import Call, check_all, pack
from hedgetui.mt5bridge.errors import HostileAnswer, LinkDown
from hedgetui.mt5bridge.handshake import prove
from hedgetui.mt5bridge.hosts import refuse_remote
from hedgetui.mt5bridge.plain_rpyc import (
    CONFIG,
    BoundedChannel,
    DeadlineStream,
    PlainConnection,
    Reference,
)
from hedgetui.mt5bridge.service import BATCH
from hedgetui.mt5bridge.wire import Outcome, read_outcomes

_MOST_ANSWER: Final = 8 * 1024 * 1024


class Link(Protocol):
    """A way to a terminal; used by one thread at a time, `abort` by any."""

    def ask(self, calls: Sequence[Call], timeout: Seconds | float) -> tuple[Outcome, ...]:
        """Make calls in one round trip.

        Raises:
            CallRefused: a call is not allowed; nothing was written.
            LinkDown: no trustworthy answer came; the link is closed.
        """
        ...

    def abort(self) -> None:
        """Break a question that is under way."""
        ...

    def close(self) -> None:
        """End the connection; safe to call twice."""
        ...


class PlainLink:
    """One rpyc connection with the guards of `plain_rpyc`."""

    def __init__(self, sock: socket.socket, peer: str) -> None:
        """Take over a connected socket."""
        self.peer = peer
        self._sock = sock
        self._stream = DeadlineStream(sock)
        channel = BoundedChannel(self._stream, _MOST_ANSWER)
        self._connection = PlainConnection(VoidService(), channel, dict(CONFIG))
        self._closed = False

    def request(
        self, handler: int, *args: object, timeout: Seconds | float, reference: bool = False
    ) -> object:
        """Ask one thing of rpyc's protocol and return the plain answer.

        Raises:
            LinkDown: as `Link.ask`.
        """
        if self._closed:
            raise LinkDown(f"the connection to {self.peer} is closed", written=False)
        self._stream.deadline = time.monotonic() + timeout
        self._connection.expects_reference = reference
        try:
            return self._connection.async_request(handler, *args, timeout=timeout).value
        except TimeoutError:
            self.close()
            raise LinkDown(f"{self.peer} gives no answer within {timeout:g} s") from None
        except (EOFError, OSError):
            self.close()
            raise LinkDown(f"the connection to {self.peer} broke") from None
        except LinkDown:
            self.close()
            raise

    def reference(self, handler: int, *args: object, timeout: Seconds | float) -> Reference:
        """Ask for the number of an object on the other side.

        Raises:
            HostileAnswer: something else came.
            LinkDown: nothing came.
        """
        answer = self.request(handler, *args, timeout=timeout, reference=True)
        if type(answer) is not Reference:
            self.close()
            raise HostileAnswer(f"{self.peer} does not show what a server shows")
        return answer

    def abort(self) -> None:
        """Break a question that is under way; its thread gets `LinkDown`."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End the connection; safe to call twice."""
        if not self._closed:
            self._closed = True
            self._connection.close()


class BridgeLink(PlainLink):
    """A connection to a bridge that has proved to hold the token."""

    def __init__(self, sock: socket.socket, peer: str, timeout: Seconds | float) -> None:
        """Ask for the bridge's one object."""
        super().__init__(sock, peer)
        self._root = self.reference(consts.HANDLE_GETROOT, timeout=timeout)

    def ask(self, calls: Sequence[Call], timeout: Seconds | float) -> tuple[Outcome, ...]:
        """Make calls in one round trip; see `Link.ask`."""
        asked = tuple(calls)
        check_all(asked)
        packed = (tuple(pack(one) for one in asked),)
        raw = self.request(consts.HANDLE_CALLATTR, self._root, BATCH, packed, timeout=timeout)
        return read_or_close(self, raw, len(asked))


def read_or_close(link: PlainLink, raw: object, expected: int) -> tuple[Outcome, ...]:
    """Read an answer; one that cannot be believed closes the link.

    Raises:
        HostileAnswer: it cannot be believed.
    """
    try:
        return read_outcomes(raw, expected)
    except HostileAnswer:
        link.close()
        raise


def dial(host: str, port: int, timeout: Seconds | float, *, allow_remote: bool) -> socket.socket:
    """Open a socket to where a terminal is served.

    Raises:
        ConfigError: the host is not this machine and nobody allowed that.
        LinkDown: nobody listens or answers there; nothing was written.
    """
    refuse_remote(host, allow_remote=allow_remote)
    try:
        sock = socket.create_connection((host, port), timeout)
    except TimeoutError:
        raise LinkDown(f"nobody answers at {host}:{port}", written=False) from None
    except OSError:
        raise LinkDown(
            f"nobody listens at {host}:{port}",
            hint="Is the bridge running beside the terminal? Start it with `hedgetui mt5-bridge`.",
            written=False,
        ) from None
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return sock


def open_bridge(
    host: str, port: int, token: bytes, *, timeout: Seconds | float, allow_remote: bool = False
) -> BridgeLink:
    """Connect to a bridge; each step may take `timeout`.

    Raises:
        ConfigError: the host is not this machine and nobody allowed that.
        LinkDown: nobody listens, or it is not a bridge that holds this token.
    """
    sock = dial(host, port, timeout, allow_remote=allow_remote)
    try:
        prove(sock, token, f"{host}:{port}")
        return BridgeLink(sock, f"{host}:{port}", timeout)
    except BaseException:
        sock.close()
        raise
