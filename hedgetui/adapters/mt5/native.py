"""A terminal on this machine, through a child process and the bridge's own protocol.

The package waits for up to a minute with Python's lock held, so it may not live where the screen
does. The token goes through a pipe: neither arguments nor environment of a process are private.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any, Final

from hedgetui.domain.errors import ConfigError
from hedgetui.domain.text import safe
from hedgetui.domain.units import Seconds
from hedgetui.mt5bridge.calls import Call
from hedgetui.mt5bridge.client import BridgeLink, open_bridge
from hedgetui.mt5bridge.errors import LinkDown
from hedgetui.mt5bridge.token_file import new_token
from hedgetui.mt5bridge.wire import Outcome

_LOOPBACK = "127.0.0.1"
_LINE = 4096
_ENDING_S = 2.0
_COMMAND: Final = (sys.executable, "-P", "-m", "hedgetui.adapters.mt5.child")
"""`-P`: what lies in the working directory is not imported."""


class NativeLink:
    """A bridge in a process that lives as long as the link."""

    def __init__(self, process: subprocess.Popen[str], link: BridgeLink) -> None:
        """Own the process and the link to it."""
        self._process = process
        self._link = link

    def ask(self, calls: Sequence[Call], timeout: Seconds | float) -> tuple[Outcome, ...]:
        """Make calls in one round trip; see `Link.ask`."""
        try:
            return self._link.ask(calls, timeout)
        except LinkDown:
            _end(self._process)
            raise

    def abort(self) -> None:
        """Break a question that is under way."""
        self._link.abort()

    def close(self) -> None:
        """End the link and the process; safe to call twice."""
        self._link.close()
        _end(self._process)


def open_native(path: str, *, timeout: Seconds | float) -> NativeLink:
    """Start the process and connect to it.

    Raises:
        ConfigError: the package is not installed.
        LinkDown: the process does not start or does not answer.
    """
    token = new_token()
    try:
        process = subprocess.Popen(  # noqa: S603 - our own module, no shell, no outside word
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise LinkDown(f"cannot start the terminal's process: {error}", written=False) from None
    try:
        port = _port_of(process, {"token": token.hex(), "terminal": path}, timeout)
        return NativeLink(process, open_bridge(_LOOPBACK, port, token, timeout=timeout))
    except BaseException:
        _end(process)
        raise


def _port_of(
    process: subprocess.Popen[str], orders: dict[str, str], timeout: Seconds | float
) -> int:
    watchdog = threading.Timer(timeout, process.kill)
    watchdog.start()
    line = ""
    try:
        if process.stdin is not None and process.stdout is not None:
            process.stdin.write(json.dumps(orders) + "\n")
            process.stdin.flush()
            line = process.stdout.readline(_LINE)
    except OSError:
        line = ""
    finally:
        watchdog.cancel()
    return _read_port(line)


def _read_port(line: str) -> int:
    said: Any
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    if isinstance(said, dict) and type(said.get("port")) is int:
        return int(said["port"])
    if isinstance(said, dict) and "error" in said:
        raise ConfigError(
            safe(said["error"]), hint=safe(said.get("hint", "")), code=safe(said.get("code", ""))
        )
    raise LinkDown("the terminal's process gives no answer", written=False)


def _end(process: subprocess.Popen[str]) -> None:
    """Close the pipe, which ends the process, and do not wait long for it."""
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    try:
        process.wait(_ENDING_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
