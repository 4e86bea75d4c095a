"""The scripted day of MT5: one trade through every state and back, one into the flat timer.

The same day is lived over the bridge's socket, on the embedded broker without a screen, and with a
desk that is killed again and again.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.model import ActionKind, ActionState, State
from hedgetui.domain.mt5.records import PositionId
from hedgetui.simulation.mt5.worlds import world
from hedgetui.ui.app import HedgeApp
from tests.faults.mt5_desk import Mt5Desk, play_mt5
from tests.ui.console_stage import SteppingClock, screen_text, settings

THERE_AND_BACK, DOWN_AND_STILL, BY_HAND = 4_417_201, 4_417_202, 4_417_203
"""Gold, bitcoin and euro, by the tickets a fresh account gives them."""
ROUND = ["T1", "T3", "T5", "T9", "T10"]
"""HEALTHY, WARNING_L1, WARNING_L2, HEDGED, RECOVERING and HEALTHY again."""
INTO_THE_TIMER = ["T1", "T3", "T5", "T6"]
_KILLS = 4


def _moves(told: Mt5Desk, ticket: int) -> list[tuple[State, State]]:
    return [
        (fact.event.before, fact.event.after) for fact in told.facts
        if isinstance(fact.event, fx.DefenceMoved) and fact.event.trade == ticket
    ]  # fmt: skip


def test_the_scripted_day_over_the_socket(tmp_path):
    async def story(told: Mt5Desk) -> None:
        await told.wait(11_400)
        assert told.moves(THERE_AND_BACK) == ROUND
        states = [State.HEALTHY, *(after for _, after in _moves(told, THERE_AND_BACK))]
        assert states == [
            State.HEALTHY, State.WARNING_L1, State.WARNING_L2, State.HEDGED, State.RECOVERING,
            State.HEALTHY,
        ]  # fmt: skip
        gold = told.trade(THERE_AND_BACK)
        assert (gold.state, gold.volume, gold.hedge) == (State.HEALTHY, Decimal("0.20"), None)
        assert told.moves(DOWN_AND_STILL) == INTO_THE_TIMER
        assert told.trade(DOWN_AND_STILL).state is State.CLOSED
        assert told.hedges_ever() == [Decimal("0.01"), Decimal("0.10")]
        opened = told.deals(ActionKind.OPEN_HEDGE)[0].at
        ended = [deal.at for deal in told.deals(ActionKind.CLOSE_ALL)]
        assert len(ended) == 3, "both legs by each other, then the rest"
        # The desk's clock was set by the other broker, who tells whole seconds.
        assert all(-1.0 <= at - opened - 4_500.0 <= 31.0 for at in ended), "75 minutes"
        assert {one.state for one in told.actions()} == {ActionState.DONE}
        assert all(one.retcode == 10009 for one in told.actions())
        lanes = [step.state for step in told.row(THERE_AND_BACK).lane]
        assert lanes == [state.value for state in states]

    play_mt5(tmp_path, story, world=world("dtms-day"))


async def _screen_of(told: Mt5Desk, width: int, height: int) -> str:
    """Open the console on the running desk, show its DTMS screen, return what it says."""
    app = HedgeApp(told.kernel, settings(), clock=SteppingClock())
    async with app.run_test(size=(width, height)) as pilot:
        await pilot.press("2")
        await pilot.pause(1.0)
        return screen_text(app)


def test_the_scripted_day_on_the_screen(tmp_path):
    """The same day as a trader sees it: the hedge with its timer, the recovery, the flat end."""
    shows = {
        (DOWN_AND_STILL, State.HEDGED): ("◆ HEDGED", "flat timer 75:00 →", "hedge SELL 0.01"),
        (THERE_AND_BACK, State.HEDGED): ("◆ HEDGED", "hedge SELL 0.10"),
        (THERE_AND_BACK, State.RECOVERING): ("↺ RECOVERING", "T9"),
        (THERE_AND_BACK, State.HEALTHY): ("● HEALTHY", "RECOVERING → HEALTHY"),
        (DOWN_AND_STILL, State.CLOSED): ("■ CLOSED", "T6"),
    }

    async def story(told: Mt5Desk) -> None:
        left = dict(shows)
        lived: set[PositionId] = set()
        while left:
            await told.wait(30)
            for (ticket, state), words in tuple(left.items()):
                trade = told.book.trades.get(PositionId(ticket))
                if trade is None:
                    continue
                lived |= {trade.identifier} if trade.hedges else set()
                if trade.state is not state or trade.identifier not in lived:
                    continue
                del left[ticket, state]
                seen = await _screen_of(told, 120, 36)
                missing = [one for one in words if one not in seen]
                assert not missing, f"{ticket} {state}: {missing} not in\n{seen}"

    play_mt5(tmp_path, story, world=world("dtms-day"))


def _command(db: Path, duration: str) -> list[str]:
    return [
        sys.executable, "-m", "hedgetui", "run", "--headless", "--db", str(db), "--seed", "7",
        "--scenario", "dtms-day", "--for", duration, "--json",
    ]  # fmt: skip


def _rules(lines: list[dict[str, object]], ticket: int) -> list[object]:
    return [
        one["rule"] for one in lines
        if one.get("kind") == "DefenceMoved" and one.get("trade") == ticket
    ]  # fmt: skip


@pytest.mark.timeout(180)
def test_the_scripted_day_without_a_screen(tmp_path: Path) -> None:
    ran = subprocess.run(
        _command(tmp_path / "sim.db", "5h"), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    *lines, last = (json.loads(line) for line in ran.stdout.splitlines())
    assert _rules(lines, THERE_AND_BACK) == ROUND
    assert _rules(lines, DOWN_AND_STILL) == INTO_THE_TIMER
    assert _rules(lines, BY_HAND) == ["T14"], "its owner closed it"
    summary = last["summary"]
    assert (summary["violations"], summary["errors"]) == (0, 0), summary
    assert summary["defended"] == 3


def _run_until_killed(db: Path, facts: int) -> None:
    process = subprocess.Popen(_command(db, "48h"), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for seen, line in enumerate(process.stdout, 1):
        assert '"summary"' not in line, "the run ended before it could be killed"
        if seen == facts:
            break
    process.send_signal(signal.SIGKILL)
    process.stdout.close()
    process.wait()


@pytest.mark.timeout(300)
def test_killed_again_and_again_the_day_is_defended_and_nothing_is_doubled(tmp_path: Path) -> None:
    db = tmp_path / "sim.db"
    moments = random.Random(5)  # noqa: S311 - seeded moments, not secrets
    for _ in range(_KILLS):
        _run_until_killed(db, facts=moments.randint(8, 20))
    last = subprocess.run(_command(db, "4h"), capture_output=True, text=True, check=False)
    assert last.returncode == 0, last.stderr[-2000:]
    summary = json.loads(last.stdout.splitlines()[-1])["summary"]
    assert summary["violations"] == 0, summary["violation_words"]
    verify = subprocess.run(
        [sys.executable, "-m", "hedgetui", "journal", "verify", "--db", str(db), "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert verify.returncode == 0, verify.stdout
    assert json.loads(verify.stdout)["violations"] == 0
    hedged = [one for one in _history(db) if one["kind"] == "open_hedge" and one["state"] == "DONE"]
    assert {one["ticket"] for one in hedged} >= {THERE_AND_BACK, DOWN_AND_STILL}
    kept = json.loads(db.with_name("sim-mt5.json").read_text("ascii"))
    entries = [deal["magic"] for deal in kept["deals"] if deal["magic"] and deal["entry"] == 0]
    assert len(entries) == len(set(entries)) == len(hedged)


def _history(db: Path) -> list[dict[str, object]]:
    ran = subprocess.run(
        [sys.executable, "-m", "hedgetui", "dtms", "history", "--db", str(db), "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    found: list[dict[str, object]] = json.loads(ran.stdout)
    return found
