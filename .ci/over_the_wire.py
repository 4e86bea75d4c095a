"""Trade over real sockets: the simulated brokers as a server in one process, the desk in another.

The desk is the paper profile with its client libraries, told only the ports and the token of the
bridge; it connects, scans, enters and hedges for half a minute of wall time, and watches the trades
it finds at the MT5 side. What it says of itself must hold.

    over_the_wire.py PROGRAM
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_TWS = re.compile(r"TWS protocol on 127\.0\.0\.1:(\d+)")
_MT5 = re.compile(r"MT5 bridge on 127\.0\.0\.1:(\d+)")
_PATIENCE_S = 180.0


def main(program: str) -> int:
    """Return 0 when the desk connected, traded, watched and broke no promise."""
    with tempfile.TemporaryDirectory() as folder:
        summary = _trade(program, Path(folder) / "token")
    good = summary["entered"] >= 1 and summary["fills"] >= 2 and summary["defended"] >= 1
    sys.stdout.write(f"over the wire: {json.dumps(summary)}\n")
    return 0 if good and not summary["violations"] and not summary["errors"] else 1


def _trade(program: str, token: Path) -> dict[str, Any]:
    """Run both programs and return the desk's summary."""
    serve = [
        program, "simulate", "--tws", "0", "--mt5", "0", "--token", str(token), "--seed", "7",
        "--start", "2025-11-19T14:31:00Z",
    ]  # fmt: skip
    with subprocess.Popen(serve, stderr=subprocess.PIPE, text=True) as server:
        try:
            tws, mt5 = _ports_of(server)
            desk = {
                **os.environ,
                "HEDGETUI_PROFILE__PAPER__PORT": tws,
                "HEDGETUI_PROFILE__PAPER__MT5__BACKEND": "bridge",
                "HEDGETUI_PROFILE__PAPER__MT5__PORT": mt5,
                "HEDGETUI_PROFILE__PAPER__MT5__TOKEN_FILE": str(token),
            }
            subprocess.run([program, "--profile", "paper", "doctor"], env=desk, check=True)
            trade = ["run", "--headless", "--for", "30s", "--scenario", "demo", "--json"]
            ran = subprocess.run(
                [program, "--profile", "paper", *trade],
                env=desk,
                check=True,
                capture_output=True,
                text=True,
                timeout=_PATIENCE_S,
            )
        finally:
            server.terminate()
    summary: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])["summary"]
    return summary


def _ports_of(server: subprocess.Popen[str]) -> tuple[str, str]:
    """Read what the server says until it has named both ports."""
    tws = ""
    for line in server.stderr or ():
        if found := _TWS.search(line):
            tws = found[1]
        if found := _MT5.search(line):
            return tws, found[1]
    raise SystemExit("over the wire: the venues did not start")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
