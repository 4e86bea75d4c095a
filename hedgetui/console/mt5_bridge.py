"""`hedgetui mt5-bridge`: lends the terminal of this machine to a desk elsewhere.

Runs beside the terminal (on Windows, or under Wine), listens on the loopback only and answers a
short list of questions to whoever holds the key. Another machine comes through an SSH tunnel.
"""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import cast

from hedgetui import config
from hedgetui.adapters.mt5.library import load_library
from hedgetui.console import output
from hedgetui.console.settings import loaded, named_file
from hedgetui.domain.errors import UsageError
from hedgetui.mt5bridge.server import BridgeServer
from hedgetui.mt5bridge.token_file import ensure_token

INTERRUPTED = 130
_MOST_PORT = 65_535
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Those of them that this system has."""
_LOOK_S = 0.5
"""Windows wakes no thread for a signal: it is looked for."""


def run(options: argparse.Namespace) -> int:
    """Serve until a signal; 130 when it was Ctrl-C, else 0.

    Raises:
        ConfigError: MetaTrader5 is not installed, the key file cannot be used, or the port.
        UsageError: an option makes no sense.
    """
    if not 0 <= options.port <= _MOST_PORT:
        message = f"--port {options.port} is no port"
        raise UsageError(message, hint="1 to 65535, or 0 for a free one")
    config.narrow_umask()
    api = load_library(options.terminal)
    path = named_file(options, "token")
    if path is None:
        paths = loaded(options).paths
        paths.prepare()
        path = paths.mt5_token
    server = BridgeServer(api, ensure_token(path), options.port)
    with _ending() as ended:
        port = server.start()
        try:
            output.say(f"MT5 bridge on 127.0.0.1:{port}, key in {path}")
            output.say(f"from another machine: ssh -L {port}:127.0.0.1:{port} this-machine")
            output.say('there: a copy of the key file (chmod 600), [profile.paper.mt5] backend = '
                       '"bridge", token_file = the copy')  # fmt: skip
            output.say("Ctrl-C ends it")
            number = ended()
        finally:
            server.close()
            cast("Callable[[], None]", getattr(api, "shutdown"))()  # noqa: B009 - an untyped module
    return INTERRUPTED if number == signal.SIGINT else 0


@contextmanager
def _ending() -> Iterator[Callable[[], int]]:
    """Give a function that waits for a signal and returns its number."""
    over = threading.Event()
    got: list[int] = []

    def end(number: int, _: FrameType | None) -> None:
        got.append(number)
        over.set()

    def wait() -> int:
        while not over.wait(_LOOK_S):
            pass
        return got[0]

    known = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = {number: signal.signal(number, end) for number in known}
    try:
        yield wait
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
