"""Other processes that tests start: they find the product and the fake package by path."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FAKE = Path(__file__).resolve().parent / "fake"
PATHS = os.pathsep.join((str(ROOT), str(FAKE)))

_CLASSIC = """
import sys, threading
from rpyc.core.service import SlaveService
from rpyc.utils.server import ThreadedServer
server = ThreadedServer(SlaveService, hostname="127.0.0.1", port=0)
server._listen()
threading.Thread(target=server.start, daemon=True).start()
print(server.port, flush=True)
sys.stdin.read()
"""


@contextmanager
def classic_server(paths: str = PATHS) -> Iterator[int]:
    """Run a stock rpyc server, as people do beside a terminal; yields its port."""
    process = subprocess.Popen(
        (sys.executable, "-c", _CLASSIC),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()
