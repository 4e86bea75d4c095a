"""A terminal behind a plain rpyc server, which is what many people run under Wine.

Such a server runs whatever it is told, so our encoding is sent to it once, as a constant text into
which nothing is ever pasted; afterwards every question is plain values in one round trip, as with
the bridge. Nothing of the server is believed more than a bridge is.
"""

from __future__ import annotations

import inspect
import socket
from collections.abc import Sequence
from typing import Final

from rpyc.core import consts

from hedgetui.domain.units import Seconds
from hedgetui.mt5bridge import answering
from hedgetui.mt5bridge.calls import REQUEST_MARK, Call, check_all, pack
from hedgetui.mt5bridge.client import PlainLink, dial, read_or_close
from hedgetui.mt5bridge.errors import LinkDown
from hedgetui.mt5bridge.plain_rpyc import RemoteFailure
from hedgetui.mt5bridge.wire import Outcome

_NAME: Final = "hedgetui_answer"
_TAIL: Final = f"""

import MetaTrader5 as hedgetui_terminal


def {_NAME}(calls):
    def plain(value):
        return dict(value[1]) if type(value) is tuple and value[0] == {REQUEST_MARK!r} else value

    return tuple(
        answer(
            hedgetui_terminal,
            name,
            tuple(plain(value) for value in args),
            {{key: plain(value) for key, value in keywords}},
        )
        for name, args, keywords in calls
    )
"""
_TRANSFER_S = 5.0


class ClassicLink(PlainLink):
    """A connection to a plain rpyc server that has been taught our encoding."""

    def __init__(self, sock: socket.socket, peer: str, timeout: Seconds | float) -> None:
        """Teach the server."""
        super().__init__(sock, peer)
        root = self.reference(consts.HANDLE_GETROOT, timeout=timeout)
        source = inspect.getsource(answering) + _TAIL
        self.request(
            consts.HANDLE_CALLATTR, root, "execute", (source,), (), timeout=_TRANSFER_S + timeout
        )
        names = self.reference(consts.HANDLE_GETATTR, root, "namespace", timeout=timeout)
        self._answer = self.reference(
            consts.HANDLE_CALLATTR, names, "__getitem__", (_NAME,), (), timeout=timeout
        )

    def ask(self, calls: Sequence[Call], timeout: Seconds | float) -> tuple[Outcome, ...]:
        """Make calls in one round trip; see `Link.ask`."""
        asked = tuple(calls)
        check_all(asked)
        packed = (tuple(pack(one) for one in asked),)
        raw = self.request(consts.HANDLE_CALL, self._answer, packed, (), timeout=timeout)
        return read_or_close(self, raw, len(asked))


def open_classic(
    host: str, port: int, *, timeout: Seconds | float, allow_remote: bool = False
) -> ClassicLink:
    """Connect to a plain rpyc server.

    Raises:
        ConfigError: the host is not this machine and nobody allowed that.
        LinkDown: nobody listens, it is no plain rpyc server, or it has no MetaTrader5.
    """
    sock = dial(host, port, timeout, allow_remote=allow_remote)
    try:
        return ClassicLink(sock, f"{host}:{port}", timeout)
    except RemoteFailure as failure:
        raise LinkDown(
            f"the rpyc server at {host}:{port} cannot serve a terminal: {failure.message}",
            hint="It must be a plain server beside the terminal, with MetaTrader5 installed.",
            written=False,
        ) from None
