"""Runs without a screen: the shapes scripts rely on, repeatable, resumable, audited."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import subprocess
import sys

import pytest

from hedgetui.console import headless
from hedgetui.domain.audit import Violation

PROMISED = {
    "entered", "closed", "hedge_orders", "fills", "net_delta", "pnl", "violations",
    "journal_hash", "sim_seconds",
}  # fmt: skip
RUN = ("run", "--headless", "--for", "20m", "--scenario", "demo", "--json")


def test_shape_of_a_run(hedgetui):
    ended = hedgetui(*RUN, "--seed", 7)
    *facts, last = ended.lines
    assert ended.code == 0
    assert [fact["seq"] for fact in facts] == list(range(1, len(facts) + 1))
    assert all(fact["at"].endswith("Z") and fact["kind"] for fact in facts)
    assert (facts[0]["kind"], facts[-1]["kind"]) == ("EngineStarted", "EngineStopped")
    summary = last["summary"]
    assert set(summary) >= PROMISED
    assert set(last) == {"summary"}
    assert summary["violations"] == 0
    assert summary["entered"] >= 1
    assert summary["fills"] == sum(fact["kind"] == "FillBooked" for fact in facts)
    assert 1_200 <= summary["sim_seconds"] < 1_205
    assert summary["ended"] == "time is up"


def test_words_for_people(hedgetui):
    ended = hedgetui("run", "--headless", "--for", "90s", "--scenario", "demo")
    assert ended.code == 0
    assert "violations       0" in ended.out
    assert "Subscribed to MES futures" in ended.err


def test_equal_seeds_make_equal_journals(hedgetui, process):
    def journal(ended):
        return ended.lines[-1]["summary"]["journal_hash"]

    once = journal(hedgetui(*RUN, "--seed", 7))
    assert once == journal(process(*RUN, "--seed", 7, env={"PYTHONHASHSEED": "1"}))
    assert once == journal(process(*RUN, "--seed", 7, env={"PYTHONHASHSEED": "2"}))
    assert once != journal(hedgetui(*RUN, "--seed", 8))


def test_a_run_leaves_nothing_behind_unless_asked(hedgetui, state, tmp_path):
    hedgetui("run", "--headless", "--for", "30s")
    assert not state.exists()
    assert [path.name for path in tmp_path.iterdir() if path.name != "xdg"] == []


def test_a_second_run_goes_on_with_the_same_book(hedgetui, tmp_path):
    db = tmp_path / "book.db"
    first = hedgetui(*RUN, "--db", db).lines
    second = hedgetui(*RUN, "--db", db).lines
    assert second[0]["seq"] == first[-2]["seq"] + 1
    assert second[0]["kind"] == "EngineStarted"
    assert second[0]["epoch"] == 2
    assert second[0]["at"] >= first[-2]["at"]
    before, after = first[-1]["summary"], second[-1]["summary"]
    assert after["violations"] == before["violations"] == 0
    assert after["fills"] >= before["fills"]
    proof = hedgetui("--db", db, "journal", "verify", "--json")
    assert proof.code == 0
    assert proof.json["head"] == after["journal_hash"]
    assert proof.json["rows"] == second[-2]["seq"]


@pytest.mark.parametrize(
    ("scenario", "time"),
    [("partial-fills", "2h"), ("disconnects", "1h"), ("stale-greeks", "40m"), ("crash", "1h")],
)
def test_trouble_breaks_no_promise(hedgetui, scenario, time):
    ended = hedgetui("run", "--headless", "--for", time, "--scenario", scenario, "--json")
    summary = ended.lines[-1]["summary"]
    assert (ended.code, summary["violation_words"], summary["errors"]) == (0, [], 0)


def test_a_speed_is_kept(process):
    ended = process(
        "run", "--headless", "--for", "60s", "--speed", "240", "--json", "--scenario", "calm"
    )
    assert ended.lines[-1]["summary"]["sim_seconds"] == pytest.approx(60, abs=1)


def test_a_reader_that_leaves_ends_the_run_in_order(tmp_path, hedgetui):
    db = tmp_path / "x.db"
    running = subprocess.Popen(
        [sys.executable, "-m", "hedgetui", *RUN, "--speed", "600", "--db", str(db)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with running:
        running.stdout.readline()
        running.stdout.close()
        err = running.stderr.read()
    assert (running.returncode, err) == (0, "")
    tail = hedgetui("--db", db, "journal", "tail", "-n", 1, "--json")
    assert tail.json["kind"] == "EngineStopped"
    assert hedgetui("--db", db, "journal", "verify").code == 0


def test_a_full_disk_ends_the_run_with_words(tmp_path):
    """The kernel refuses to let any file grow beyond 200 kB, as a full disk would."""
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000));"
        "from hedgetui.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *RUN, "--db", str(tmp_path / "x.db")],
        capture_output=True, text=True, check=False, timeout=60, env=dict(os.environ),
    )  # fmt: skip
    error = json.loads(done.stdout.splitlines()[-1])["error"]
    assert done.returncode == 1
    assert error["code"].startswith("store")
    assert "Traceback" not in done.stderr + done.stdout


def test_a_broken_promise_and_a_dead_worker_are_exit_1(capsys):
    good = {"violations": 0, "errors": 0, "ended": "time is up"}
    words = Violation(21, 7, "hedge #3 +10.0 on a net of +2.0").words
    assert headless.finish(dict(good), as_json=True) == 0
    assert headless.finish({**good, "violations": 1, "violation_words": [words]}, as_json=True) == 1
    assert headless.finish({**good, "errors": 1}, as_json=False) == 1
    assert headless.finish({**good, "ended": "interrupted"}, as_json=False) == 130
    assert words in capsys.readouterr().out


def test_the_first_reason_to_end_counts():
    async def act():
        ending = headless.Ending()
        ending.because("time is up")
        ending.because("interrupted")
        return await ending.wait()

    assert asyncio.run(act()) == "time is up"


class Clogged(io.StringIO):
    """A stream that takes some lines and then fails."""

    encoding = "utf-8"

    def __init__(self, lines, error):
        super().__init__()
        self._left, self._error = lines, error

    def write(self, text):
        if self._left == 0:
            raise self._error
        self._left -= 1
        return super().write(text)


@pytest.mark.parametrize("lines", [0, 3, 12])
@pytest.mark.parametrize(
    ("error", "code"), [(OSError(28, "No space left on device"), 1), (BrokenPipeError(), 0)]
)
def test_output_that_fails_ends_the_run_and_not_a_worker(
    hedgetui, monkeypatch, tmp_path, lines, error, code
):
    db = tmp_path / "x.db"
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", Clogged(lines, error))
        ended = hedgetui(*RUN, "--db", db)
    assert ended.code == code
    assert ("No space left" in ended.err) == bool(code)
    rows = hedgetui("--db", db, "journal", "export").lines
    assert rows[-1]["kind"] == "EngineStopped"
    assert rows[-1]["at"] - rows[0]["at"] < 600, "it ended at once"


def test_a_stream_that_cannot_be_flushed(hedgetui, monkeypatch):
    class Full(io.StringIO):
        encoding = "utf-8"

        def flush(self):
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", Full())
        ended = hedgetui("vega", "size", "5")
    assert (ended.code, "cannot write the output" in ended.err) == (1, True)


def test_a_defect_of_the_plan_is_not_lost(hedgetui, monkeypatch):
    async def follow(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(headless.trader, "follow", follow)
    ended = hedgetui(*RUN)
    assert (ended.code, ended.error["code"]) == (1, "defect")


def test_a_logged_error_is_no_success(hedgetui, monkeypatch):
    async def follow(*_):
        logging.getLogger("hedgetui.engine").error("worker hedger died")

    monkeypatch.setattr(headless.trader, "follow", follow)
    ended = hedgetui(*RUN)
    assert (ended.code, ended.lines[-1]["summary"]["errors"]) == (1, 1)
