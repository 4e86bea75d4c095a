"""Trade over a real socket: the exchange as a server in one process, the desk in another.

The desk is the paper profile with its client library, told only the port; it connects, scans,
enters and hedges for half a minute of wall time. What it says of itself must hold.

    over_the_wire.py PROGRAM
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

_PORT = re.compile(r"TWS protocol on 127\.0\.0\.1:(\d+)")
_PATIENCE_S = 180.0


def main(program: str) -> int:
    """Return 0 when the desk connected, traded and broke no promise."""
    serve = [program, "simulate", "--tws", "0", "--seed", "7", "--start", "2025-11-19T14:31:00Z"]
    with subprocess.Popen(serve, stderr=subprocess.PIPE, text=True) as server:
        try:
            port = _port_of(server)
            desk = {**os.environ, "HEDGETUI_PROFILE__PAPER__PORT": port}
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
    summary = json.loads(ran.stdout.splitlines()[-1])["summary"]
    good = summary["entered"] >= 1 and summary["fills"] >= 2 and not summary["violations"]
    sys.stdout.write(f"over the wire: {json.dumps(summary)}\n")
    return 0 if good and not summary["errors"] else 1


def _port_of(server: subprocess.Popen[str]) -> str:
    """Read what the server says until it names its port."""
    for line in server.stderr or ():
        if found := _PORT.search(line):
            return found[1]
    raise SystemExit("over the wire: the exchange did not start")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
