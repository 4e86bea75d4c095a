"""`hedgetui stress` without a file: the portfolio of a running desk, through its socket."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from hedgetui.adapters.control.server import ControlServer
from hedgetui.domain import commands as cm
from hedgetui.domain.stress.paths import MOST_PATHS
from tests.stress.desk import NAV, StressedDesk, on_a_desk
from tests.stress.test_process import gone
from tests.stress.test_verbs import FIGURES

ROOT = Path(__file__).resolve().parents[2]


def served(story, folder):
    """Play a story on a desk that listens beside `folder`/x.db."""

    async def act(desk: StressedDesk):
        server = ControlServer(desk, folder / "x.sock")
        await server.start()
        try:
            await story(desk)
        finally:
            await server.close()

    on_a_desk(act)


@pytest.fixture
def ask(hedgetui, tmp_path):
    """The verb, in a thread beside the desk's loop."""

    async def run(*words):
        return await asyncio.to_thread(
            hedgetui, "stress", "--db", tmp_path / "x.db", "-n", 1_500, *words
        )

    return run


def test_the_same_seed_prints_the_same_document_as_from_a_file(ask, tmp_path):
    async def story(desk: StressedDesk):
        first, second = await ask("--seed", 1, "--json"), await ask("--real", "--json")
        assert (first.code, first.out) == (0, second.out)
        found = first.json
        assert found.keys() >= FIGURES
        assert found["nav"] == pytest.approx(NAV)
        assert (found["regime"], found["horizon_months"], found["seed"]) == ("ALL", 6, 1)
        assert found["left_out"] == [
            {"line": 0, "text": "BOND 912828", "why": "kind: BOND is not known"}
        ]
        assert "grid" not in found
        asked = [type(one) for one in desk.commands]
        assert asked == [cm.ReadPortfolio] * 2
        other = await ask("--seed", 2, "--json", "--grid", "--regime", "risk-off", "--horizon", 1)
        assert other.json["cvar95"] != found["cvar95"]
        assert (other.json["regime"], other.json["horizon_months"]) == ("RISK_OFF", 1)
        assert len(other.json["grid"]["profits"]) == len(other.json["grid"]["days"])
        shown = await ask()
        assert "ALL: 1,500 paths over 6 months, seed 1, 3 positions" in shown.out
        assert "\r" not in shown.err  # progress is for a terminal

    served(story, tmp_path)


def test_a_desk_opened_for_it_answers_with_the_simulators_portfolio(hedgetui, tmp_path):
    def ask(name):
        (tmp_path / name).mkdir()
        words = ("stress", "--db", tmp_path / name / "x.db", "--seed", 1, "-n", 1_500, "--json")
        return hedgetui(*words)

    first, second = ask("a"), ask("b")
    assert (first.code, first.out) == (0, second.out)
    assert first.json["attribution"]
    assert first.json["var95"] > 0


def test_what_makes_no_sense_on_a_desk_is_refused(ask, hedgetui, tmp_path):
    async def story(desk: StressedDesk):
        for words, hint in (
            (("--regime", "RISKOFF"), "did you mean 'RISK_OFF'?"),
            (("--spot", "SPY=600"), "--positions"),
            (("--cash", 0), "--positions"),
            (("--vix", 20), "--positions"),
        ):
            ended = await ask(*words, "--json")
            assert (ended.code, ended.error["code"]) == (2, "usage"), words
            assert hint in ended.error["hint"]
        assert desk.commands == []
        desk.hold(unread=())
        ended = await ask("--json")
        assert (ended.code, ended.error["code"]) == (2, "nothing-priced")

    served(story, tmp_path)
    ended = hedgetui("stress", "--real", "--positions", "book.csv", "--json")
    assert (ended.code, ended.error["code"]) == (2, "usage")


def test_stopping_it_at_the_desk_ends_the_verb(ask, tmp_path, monkeypatch):
    async def story(desk: StressedDesk):
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        verb = asyncio.create_task(ask("-n", MOST_PATHS, "--json"))
        await desk.runner.moving.wait()
        await desk.dispatch(cm.StopStress())
        ended = await verb
        assert (ended.code, ended.error["code"]) == (1, "stopped")
        assert "% of 1,000,000 paths" in ended.err  # for whoever waits
        assert ended.err.endswith("\r\x1b[K")
        desk.runner.moving.clear()
        verb = asyncio.create_task(ask("-n", MOST_PATHS, "--json"))
        await desk.runner.moving.wait()
        await desk.ended(replace(cm.RunStress(), paths=1_500))
        ended = await verb
        assert ended.code == 1
        assert ended.error["code"] in {"replaced", "stopped"}

    served(story, tmp_path)


def test_interrupting_the_verb_stops_the_test_at_the_desk(tmp_path):
    words = ("stress", "--db", str(tmp_path / "x.db"), "-n", str(MOST_PATHS), "--json")

    async def story(desk: StressedDesk):
        start = partial(
            subprocess.Popen, [sys.executable, "-m", "hedgetui", *words], cwd=ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        verb = await asyncio.to_thread(start)
        await desk.runner.moving.wait()
        pid = desk.runner.pid
        verb.send_signal(signal.SIGINT)
        out, _ = await asyncio.to_thread(verb.communicate)
        assert (verb.returncode, "interrupted" in out) == (130, True)
        assert desk.seen.state == "stopped"
        assert gone(pid)

    served(story, tmp_path)
