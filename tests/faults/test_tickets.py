"""kill -9 while a ticket is sent: no order is doubled, and nothing of it is sent afterwards."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hedgetui.domain.ids import CLIENT_KEY_PREFIX
from tests.engine.stage import Stage, run
from tests.tickets.test_on_the_exchange import SHORT

_ROOT = Path(__file__).parents[2]
_VICTIM = """
import runpy, sys, types
tests = sys.modules["tests"] = types.ModuleType("tests")  # a package of that name may be installed
tests.__path__ = ["tests"]
runpy.run_module("tests.faults.ticket_victim", run_name="__main__", alter_sys=True)
"""
_AFTER = {
    "written": ("failed", 0, 0),
    "filled": ("part", 1, 1),
}
"""How the ticket ends, how many of its steps are done, how many orders the exchange ever had."""


def _orders(db: Path) -> list[str]:
    """Return the client keys of every order the exchange accepted, from its own file."""
    file = db.with_name(f"{db.stem}-exchange.jsonl")
    records = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    text = json.dumps([one for one in records if one.get("kind") == "order"])
    return [word for word in text.replace('"', " ").split() if word.startswith(CLIENT_KEY_PREFIX)]


@pytest.mark.parametrize("moment", _AFTER)
def test_killed_in_flight_or_between_steps_a_ticket_is_followed_and_not_gone_on_with(
    tmp_path: Path, moment: str
) -> None:
    state, steps, orders = _AFTER[moment]
    db = tmp_path / "sim.db"
    killed = subprocess.run(
        [sys.executable, "-c", _VICTIM, str(db), moment],
        capture_output=True, text=True, check=False, timeout=60, cwd=_ROOT,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]

    async def story(stage: Stage) -> None:
        tickets = stage.kernel.tickets
        await stage.ready()
        for _ in range(240):
            await stage.wait(0.5)
            if tickets.view()[0].state != "working":
                break
        await stage.wait(30)
        view = tickets.view()[0]
        assert (view.state, view.done, view.steps) == (state, steps, 2)
        assert sum(abs(held) for held in stage.state.positions.values()) == 2 * steps
        assert any("not sent: " in line or "ABSENT" in line for line in stage.lines)

    run(tmp_path, story, flags=SHORT)
    sent = _orders(db)
    assert len(sent) == len(set(sent)) == orders
