"""Check the last line of a headless run: it traded, and no invariant was violated.

An invariant that fails in a ten-minute rehearsal would fail with money in it, so this is the one
figure the build refuses to let through.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(path: str) -> int:
    """Return 0 when the summary in the JSON lines of `path` is clean, else 1."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    summary = json.loads(lines[-1])["summary"] if lines else {}
    sys.stdout.write(f"{json.dumps(summary, sort_keys=True)}\n")
    clean = summary.get("violations") == 0 and summary.get("fills", 0) > 0
    if not clean:
        sys.stderr.write("ci: the run broke an invariant or never traded\n")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
