"""The bridge's server: a listening socket, a thread for each client, an end that comes at once."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading

from hedgetui.domain.errors import ConfigError
from hedgetui.domain.text import safe
from hedgetui.mt5bridge.errors import HostileAnswer
from hedgetui.mt5bridge.handshake import admit
from hedgetui.mt5bridge.hosts import DEFAULT_PORT, refuse_remote
from hedgetui.mt5bridge.plain_rpyc import CONFIG, BoundedChannel, DeadlineStream
from hedgetui.mt5bridge.service import BridgeService
from hedgetui.mt5bridge.token_file import TOKEN_BYTES

_HANDSHAKE_S = 3.0
_ACCEPT_S = 0.25
"""How often the listening thread looks whether it shall end, where closing does not wake it."""
_JOIN_S = 0.5
_MOST_CLIENTS = 8
_MOST_QUESTION = 64 * 1024


class BridgeServer:
    """The listed functions of a terminal, for whoever holds the token."""

    def __init__(
        self,
        api: object,
        token: bytes,
        port: int = DEFAULT_PORT,
        host: str = "127.0.0.1",
        *,
        allow_remote: bool = False,
    ) -> None:
        """Prepare to serve `api` at `host`:`port`; port 0 takes a free one.

        Raises:
            ConfigError: the host is not this machine, or the token has another length.
        """
        refuse_remote(host, allow_remote=allow_remote)
        if len(token) != TOKEN_BYTES:
            raise ConfigError(f"a token has {TOKEN_BYTES} bytes")
        self._token = token
        self._host, self._port = host, port
        self._service = BridgeService(api)
        self._listener: socket.socket | None = None
        self._listening: threading.Thread | None = None
        self._clients: dict[socket.socket, threading.Thread] = {}
        self._guard = threading.Lock()
        self._over = threading.Event()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @property
    def questions(self) -> int:
        """Round trips answered so far."""
        return self._service.questions

    @property
    def clients(self) -> int:
        """Connections that are open now, admitted or not yet."""
        with self._guard:
            return len(self._clients)

    def start(self) -> int:
        """Listen and return the port.

        Raises:
            ConfigError: the port is taken or the address is not of this machine.
        """
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            if sys.platform != "win32":  # there it would let a second server take the same port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self._host, self._port))
            listener.listen(_MOST_CLIENTS)
        except OSError as error:
            listener.close()
            raise ConfigError(
                f"cannot listen at {safe(self._host, 60)}:{self._port}: {error.strerror}",
                hint="Is another bridge running? Choose another port.",
            ) from None
        listener.settimeout(_ACCEPT_S)
        self._listener, self._port = listener, int(listener.getsockname()[1])
        self._listening = threading.Thread(target=self._listen, name="mt5-bridge", daemon=True)
        self._listening.start()
        return self._port

    def close(self) -> None:
        """Stop listening and end every connection; safe to call twice."""
        self._over.set()
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        if self._listening is not None:
            self._listening.join(2 * _ACCEPT_S)
        if self._listener is not None:
            self._listener.close()
        self.drop_clients()
        self._listener = self._listening = None

    def drop_clients(self) -> None:
        """End every connection and go on listening."""
        with self._guard:
            clients = dict(self._clients)
        for sock, thread in clients.items():
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            if thread is not threading.current_thread():
                thread.join(_JOIN_S / len(clients))

    def _listen(self) -> None:
        listener = self._listener
        while listener is not None and not self._over.is_set():
            try:
                sock, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self._take(sock)

    def _take(self, sock: socket.socket) -> None:
        thread = threading.Thread(target=self._serve, args=(sock,), name="mt5-client", daemon=True)
        with self._guard:
            if len(self._clients) >= _MOST_CLIENTS or self._over.is_set():
                sock.close()
                return
            self._clients[sock] = thread
        thread.start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            sock.settimeout(_HANDSHAKE_S)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if admit(sock, self._token):
                sock.settimeout(None)
                self._converse(sock)
        except (OSError, EOFError, HostileAnswer):
            pass  # the client went away or spoke nonsense; its socket is closed below
        finally:
            with self._guard:
                self._clients.pop(sock, None)
            sock.close()

    def _converse(self, sock: socket.socket) -> None:
        channel = BoundedChannel(DeadlineStream(sock), _MOST_QUESTION)
        connection = self._service._connect(channel, dict(CONFIG))  # noqa: SLF001 - rpyc's own way
        connection.serve_all()
