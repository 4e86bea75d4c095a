"""rpyc with everything taken away that could reach into this process.

rpyc carries references to objects, runs methods through them, and rebuilds exceptions by name. Here
a reference that arrives is refused, or is kept as a number nobody can touch (`Reference`); objects
of ours never leave; an exception becomes words; frames are bounded before they are read and while
they are unpacked; and a read has a deadline even in the middle of a frame.
"""

from __future__ import annotations

import socket
import struct
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rpyc.core import brine, consts
from rpyc.core.channel import Channel
from rpyc.core.protocol import Connection
from rpyc.core.stream import SocketStream

from hedgetui.domain.text import safe
from hedgetui.mt5bridge.errors import HostileAnswer, LinkDown

CONFIG: Final[Mapping[str, object]] = {
    "allow_safe_attrs": False,
    "allow_exposed_attrs": False,
    "allow_public_attrs": False,
    "allow_all_attrs": False,
    "allow_getattr": False,
    "allow_setattr": False,
    "allow_delattr": False,
    "allow_pickle": False,
    "include_local_traceback": False,
    "include_local_version": False,
    "instantiate_custom_exceptions": False,
    "import_custom_exceptions": False,
    "instantiate_oldstyle_exceptions": False,
    "propagate_SystemExit_locally": False,
    "propagate_KeyboardInterrupt_locally": False,
    "bind_threads": False,
    "sync_request_timeout": 1,
}
"""What either side of a connection may do to the other: nothing but what is written out here."""

_BAD_FRAMES = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    struct.error,
)
"""What reading a forged frame ends in."""
_OLD_RPYC = "invalid message type"


class RemoteFailure(LinkDown):
    """The other side says that it failed; its words are only words."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The number of an object on the other side; it can be named in a call and nothing else."""

    number: tuple[str, int, int]


class DeadlineStream(SocketStream):  # type: ignore[misc]
    """A socket's stream whose reads end at a deadline, also inside a frame."""

    __slots__ = ("deadline",)

    def __init__(self, sock: socket.socket) -> None:
        """Take over a connected socket."""
        super().__init__(sock)
        self.deadline: float | None = None
        """`time.monotonic` after which a read fails; None waits for ever."""

    def read(self, count: int) -> bytes:
        """Return exactly `count` bytes.

        Raises:
            EOFError: the stream ended or broke.
            TimeoutError: the deadline passed.
        """
        got = bytearray()
        while len(got) < count:
            try:
                self._arm()
                piece = self.sock.recv(min(self.MAX_IO_CHUNK, count - len(got)))
            except TimeoutError:
                self.close()
                raise
            except OSError as error:
                self.close()
                raise EOFError(str(error)) from None
            if not piece:
                self.close()
                raise EOFError("connection closed by peer")
            got += piece
        return bytes(got)

    def _arm(self) -> None:
        if self.deadline is None:
            self.sock.settimeout(None)
            return
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("no whole answer in time")
        self.sock.settimeout(left)


class BoundedChannel(Channel):  # type: ignore[misc]
    """Frames of at most `most` bytes, packed or unpacked."""

    __slots__ = ("most",)

    def __init__(self, stream: DeadlineStream, most: int) -> None:
        """Read frames from `stream`."""
        super().__init__(stream)
        self.most = most

    def recv(self) -> bytes:
        """Return the next frame.

        Raises:
            HostileAnswer: it is larger than it may be, or does not unpack.
            EOFError: the stream ended.
        """
        length, packed = self.FRAME_HEADER.unpack(self.stream.read(self.FRAME_HEADER.size))
        if length > self.most:
            raise HostileAnswer(f"a message of {length} bytes")
        data: bytes = self.stream.read(length + len(self.FLUSHER))[: -len(self.FLUSHER)]
        if not packed:
            return data
        unpacker = zlib.decompressobj()
        try:
            data = unpacker.decompress(data, self.most)
        except zlib.error:
            raise HostileAnswer("a message that does not unpack") from None
        if unpacker.unconsumed_tail or not unpacker.eof:
            raise HostileAnswer("a message that unpacks to more than it may hold")
        return data


class PlainConnection(Connection):  # type: ignore[misc]
    """The client's end: it answers nothing, exports nothing and takes in values only."""

    expects_reference = False
    """Whether the next answer may be a reference, which is how a conversation starts."""

    @classmethod
    def _request_handlers(cls) -> dict[int, Callable[..., object]]:
        return {consts.HANDLE_CLOSE: cls._handle_close}

    def _box(self, obj: object) -> tuple[int, object]:
        if type(obj) is Reference:
            return consts.LABEL_LOCAL_REF, obj.number
        if brine.dumpable(obj):
            return consts.LABEL_VALUE, obj
        if type(obj) is tuple:
            return consts.LABEL_TUPLE, tuple(self._box(item) for item in obj)
        raise TypeError(f"a {type(obj).__name__} does not leave this process")

    def _unbox(self, package: tuple[int, Any]) -> object:
        label, value = package
        if label == consts.LABEL_VALUE:
            return value
        if label == consts.LABEL_TUPLE:
            return tuple(self._unbox(item) for item in value)
        if label == consts.LABEL_REMOTE_REF and self.expects_reference:
            name, kind, instance = value
            if type(name) is str and type(kind) is int and type(instance) is int:
                return Reference((name, kind, instance))
        raise HostileAnswer("the answer holds a reference instead of a value")

    def _unbox_exc(self, raw: object) -> RemoteFailure:
        name, said = "", ""
        if type(raw) is tuple and len(raw) == 4 and type(raw[0]) is tuple:
            name = ".".join(str(part) for part in raw[0][:2] if type(part) is str)
            if type(raw[1]) is tuple and raw[1] and type(raw[1][0]) is str:
                said = raw[1][0]
        return RemoteFailure(f"the other side failed: {safe(name, 60)} {safe(said, 120)}".strip())

    def _dispatch(self, data: bytes) -> None:
        try:
            super()._dispatch(data)
        except _BAD_FRAMES as error:
            if str(error).startswith(_OLD_RPYC):
                raise HostileAnswer(
                    "the server speaks an older rpyc",
                    hint='The server needs rpyc 6: pip install "rpyc>=6,<7" beside the terminal.',
                ) from None
            raise HostileAnswer("a message that cannot be read") from None

    def close(self) -> None:
        """Close at once; a peer is not asked to agree."""
        self._channel.close()
        super().close()


class ServingConnection(PlainConnection):
    """The terminal's end: it shows one object, and of that what the object itself allows."""

    @classmethod
    def _request_handlers(cls) -> dict[int, Callable[..., object]]:
        return {
            consts.HANDLE_PING: cls._handle_ping,
            consts.HANDLE_CLOSE: cls._handle_close,
            consts.HANDLE_GETROOT: cls._handle_getroot,
            consts.HANDLE_CALLATTR: cls._handle_callattr,
        }

    def _box(self, obj: object) -> tuple[int, object]:
        boxed: tuple[int, object] = (
            Connection._box(self, obj)  # noqa: SLF001 - the one object that is exported
            if obj is self._local_root
            else super()._box(obj)
        )
        return boxed

    def _unbox(self, package: tuple[int, Any]) -> object:
        label, value = package
        if label == consts.LABEL_LOCAL_REF:
            return self._local_objects[value]
        if label == consts.LABEL_TUPLE:
            return tuple(self._unbox(item) for item in value)
        return super()._unbox(package)
