"""The process that holds the MetaTrader5 package, which keeps Python's lock while it waits.

Started by `native`: the parent's first line says the token and which terminal, in JSON; the answer
is a line with the port, or with what is wrong. When the parent's pipe ends, so does the process.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import TextIO, cast

from hedgetui.adapters.mt5.library import load_library
from hedgetui.domain.errors import ConfigError, HedgetuiError
from hedgetui.mt5bridge.server import BridgeServer


def serve(orders: TextIO, answers: TextIO) -> int:
    """Serve the terminal until `orders` ends; return the exit code."""
    try:
        token, path = _wanted(orders.readline())
        api = load_library(path)
        server = BridgeServer(api, token, 0)
        port = server.start()
    except HedgetuiError as error:
        _say(answers, {"error": error.message, "hint": error.hint, "code": error.code})
        return error.exit_code
    try:
        _say(answers, {"port": port})
        while orders.readline():
            pass
    finally:
        server.close()
        cast("Callable[[], None]", api.shutdown)()  # type: ignore[attr-defined]
    return 0


def _wanted(line: str) -> tuple[bytes, str]:
    try:
        said = json.loads(line)
        return bytes.fromhex(said["token"]), str(said["terminal"])
    except (ValueError, TypeError, LookupError):
        raise ConfigError("this process is started by the desk, not by hand") from None


def _say(answers: TextIO, document: dict[str, object]) -> None:
    answers.write(json.dumps(document) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(serve(sys.stdin, sys.stdout))
