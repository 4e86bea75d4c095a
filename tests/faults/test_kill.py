"""kill -9 at any moment: journal and exchange agree afterwards and no order was doubled."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hedgetui.domain.ids import CLIENT_KEY_PREFIX

_KILLS = 10


def _command(db: Path, duration: str) -> list[str]:
    return [
        sys.executable, "-m", "hedgetui", "run", "--headless", "--db", str(db), "--seed", "11",
        "--scenario", "partial-fills", "--for", duration, "--json",
    ]  # fmt: skip


def _run_until_killed(db: Path, facts: int) -> int:
    """Start a run and kill it after `facts` journal lines; returns how many it printed."""
    process = subprocess.Popen(_command(db, "48h"), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    seen = 0
    for line in process.stdout:
        assert '"summary"' not in line, "the run ended before it could be killed"
        seen += 1
        if seen == facts:
            break
    process.send_signal(signal.SIGKILL)
    process.stdout.close()
    process.wait()
    return seen


def _exchange_orders(db: Path) -> list[str]:
    """Return the client keys of every order the exchange ever accepted, from its own file."""
    lines = db.with_name(f"{db.stem}-exchange.jsonl").read_text("utf-8").splitlines()
    records = []
    for line in lines:
        try:
            records.append(json.loads(line))
        except ValueError:
            assert line == lines[-1], "only the last line may be torn"
    text = json.dumps([r for r in records if r.get("kind") == "order"])
    return [word for word in text.replace('"', " ").split() if word.startswith(CLIENT_KEY_PREFIX)]


@pytest.mark.timeout(300)
def test_killed_at_ten_random_moments_nothing_is_doubled_or_lost(tmp_path: Path) -> None:
    db = tmp_path / "sim.db"
    moments = random.Random(5)  # noqa: S311 - seeded moments, not secrets
    for _ in range(_KILLS):
        _run_until_killed(db, facts=moments.randint(3, 160))
    last = subprocess.run(_command(db, "2h"), capture_output=True, text=True, check=False)
    assert last.returncode == 0, last.stderr[-2000:]
    summary = json.loads(last.stdout.splitlines()[-1])["summary"]
    assert summary["violations"] == 0, summary["violation_words"]
    assert summary["entered"] > 0
    keys = _exchange_orders(db)
    assert len(keys) == len(set(keys))
    verify = subprocess.run(
        [sys.executable, "-m", "hedgetui", "journal", "verify", "--db", str(db), "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert verify.returncode == 0, verify.stdout
    assert json.loads(verify.stdout)["violations"] == 0
