"""Both kinds of attacker: a server that holds the token and means harm, and a client."""

from __future__ import annotations

import contextlib
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import rpyc
from rpyc.core import brine, consts, netref
from rpyc.core.channel import Channel
from rpyc.core.stream import SocketStream

from hedgetui.mt5bridge.handshake import admit, prove

Evil = Callable[[socket.socket, Channel, int], None]
"""Does harm in answer to the first question; gets its sequence number."""

GREETING = (consts.LABEL_REMOTE_REF, ("bridge", 1, 2))


def reply(seq: int, boxed: object, kind: int = consts.MSG_REPLY) -> bytes:
    """Return a frame's content that answers a question."""
    return brine.I1.pack(kind) + brine.dump((seq, boxed))


def sequence(frame: bytes) -> int:
    """Return the number of a question."""
    return int(brine.load(frame[1:])[0])


@contextmanager
def evil_server(token: bytes, evil: Evil) -> Iterator[int]:
    """Serve one client: greet as a bridge does, then do `evil`; yields the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def serve() -> None:
        with contextlib.suppress(OSError, EOFError):
            sock, _ = listener.accept()
            with sock:
                sock.settimeout(5)
                if admit(sock, token):
                    channel = Channel(SocketStream(sock), compress=False)
                    channel.send(reply(sequence(channel.recv()), GREETING))
                    evil(sock, channel, sequence(channel.recv()))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        thread.join(10)


@contextmanager
def stock_client(port: int, token: bytes) -> Iterator[rpyc.Connection]:
    """An rpyc client that holds the token, asks for everything, and needs no leave to try."""
    sock = socket.create_connection(("127.0.0.1", port), 5)
    prove(sock, token, "the bridge")
    sock.settimeout(None)
    config = {"allow_pickle": True, "allow_all_attrs": True, "sync_request_timeout": 5}
    connection = rpyc.connect_stream(SocketStream(sock), rpyc.SlaveService, config)
    connection._netref_factory = lambda number: netref.class_factory(number, [])(connection, number)
    try:
        yield connection
    finally:
        connection._channel.close()
        connection.close()


def bomb(size: int) -> bytes:
    """Return a small frame that unpacks to `size` bytes."""
    packed = zlib.compress(b"\0" * size, 9)
    return Channel.FRAME_HEADER.pack(len(packed), 1) + packed + b"\n"
