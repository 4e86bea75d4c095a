"""How a command ends: exit codes, sentences instead of tracebacks, and output nobody takes."""

from __future__ import annotations

import json
import logging
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hedgetui.console import crash, vega
from hedgetui.domain import errors

HEAVY = ("textual", "numpy", "pydantic", "aiosqlite", "tomlkit", "asyncio", "sqlite3")


def test_help_loads_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "hedgetui", "--help"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in
              done.stderr.splitlines()}  # fmt: skip
    assert "hedgetui" in loaded
    assert not loaded & set(HEAVY)
    total = max(int(line.split("|")[1]) for line in done.stderr.splitlines()[1:])
    assert total < 150_000


def test_help_and_version_end_well(hedgetui):
    assert "Exit codes" in hedgetui("--help").out
    assert hedgetui("--version").out.startswith("hedgetui ")
    for words in (("vega", "size"), ("run",), ("journal", "tail"), ("completion",)):
        ended = hedgetui(*words, "--help")
        assert (ended.code, ended.out.startswith(f"usage: hedgetui {words[0]}")) == (0, True)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("veg",), "did you mean 'vega'?"),
        (("vega", "sise", "3"), "did you mean 'size'?"),
        (("journal", "verfy"), "did you mean 'verify'?"),
        (("run", "--headles"), "did you mean '--headless'?"),
        (("--jsn", "doctor"), "did you mean '--json'?"),
        (("--profile", "papper", "doctor"), "did you mean 'paper'?"),
        (("completion", "fsh"), "did you mean 'fish'?"),
        (("xyzzy",), "one of: demo, run"),
        (("run", "--headless", "--scenario", "crsh"), "did you mean crash"),
        (("run", "--headless", "--scenario", "zzzz"), "calm"),
        (("vega",), "hedgetui vega --help"),
        (("vega", "size", "1", "2"), "hedgetui vega size --help"),
        (("vega", "enter"), "hedgetui vega enter --help"),
        (("run",), "hedgetui run --headless"),
    ],
)
def test_typos_name_the_nearest(hedgetui, words, hint):
    ended = hedgetui(*words, "--json")
    assert ended.code == 2
    assert hint in ended.error["hint"]
    plain = hedgetui(*words)
    assert (plain.code, plain.out) == (2, "")
    assert plain.err.startswith("hedgetui: ")
    assert hint in plain.err


@pytest.mark.parametrize("text", ["x", "0", "0s", "-5m", "10 m", "nan", "inf", "1e3s", "٣m", ""])
def test_a_time_that_is_none(hedgetui, text):
    ended = hedgetui("run", "--headless", f"--for={text}", "--json")
    assert (ended.code, ended.error["code"]) == (2, "usage")


def test_a_time_without_end_is_refused_before_it_is_planned(hedgetui):
    assert (
        "366d" in hedgetui("run", "--headless", "--for", "9" * 30 + "d", "--json").error["message"]
    )


@pytest.mark.parametrize("speed", ["nan", "inf", "0", "-1", "fast"])
@pytest.mark.parametrize("verb", [("run", "--headless"), ("demo",)])
def test_a_speed_that_is_none(hedgetui, verb, speed):
    ended = hedgetui(*verb, f"--speed={speed}", "--json")
    assert (ended.code, ended.error["code"]) == (2, "usage")


def test_the_screen_needs_a_terminal(hedgetui):
    for words in ((), ("demo",)):
        ended = hedgetui(*words, "--json")
        assert ended.code == 2
        assert "hedgetui run --headless" in ended.error["hint"]


def test_a_profile_without_a_broker_is_not_reachable(hedgetui):
    ended = hedgetui("--profile", "paper", "vega", "scan", "--json")
    assert (ended.code, ended.error["code"]) == (3, "broker_unreachable")


@pytest.fixture
def broken(monkeypatch):
    """Give `vega size` a defect that quotes an account."""

    def size(_):
        account = "U7654321"
        raise ZeroDivisionError(account)

    monkeypatch.setattr(vega, "size", size)


@pytest.mark.usefixtures("broken")
def test_a_defect_is_one_sentence_and_a_private_file(hedgetui, state):
    ended = hedgetui("vega", "size", "5")
    assert (ended.code, ended.out) == (1, "")
    assert "a defect in hedgetui (ZeroDivisionError" in ended.err
    assert "Traceback" not in ended.err
    [file] = state.glob("crash-*.txt")
    assert str(file) in ended.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = file.read_text("utf-8")
    assert "Traceback" in kept
    assert "U•••4321" in kept
    assert "U7654321" not in kept
    assert hedgetui("vega", "size", "5", "--json").error["code"] == "defect"
    assert file.read_text("utf-8").count("Traceback") == 2


@pytest.mark.usefixtures("broken")
def test_debug_shows_the_traceback_and_keeps_the_code(hedgetui, monkeypatch):
    ended = hedgetui("vega", "size", "5", "--debug")
    assert (ended.code, "Traceback" in ended.err) == (1, True)
    usage = hedgetui("--debug", "vega", "sise")
    assert (usage.code, "Traceback" in usage.err) == (2, True)
    monkeypatch.setenv("HEDGETUI_DEBUG", "1")
    assert "Traceback" in hedgetui("vega", "sise").err


@pytest.mark.usefixtures("broken")
def test_a_defect_where_no_file_can_be_kept(hedgetui, state):
    state.parent.mkdir(parents=True)
    state.write_text("in the way")
    ended = hedgetui("vega", "size", "5", "--json")
    assert (ended.code, "--debug" in ended.error["hint"]) == (1, True)


@pytest.mark.usefixtures("broken")
def test_old_crash_files_go(hedgetui, state):
    state.mkdir(parents=True)
    for number in range(crash.KEPT_FILES + 5):
        file = state / f"crash-{number:07d}.txt"
        file.write_text("old")
        os.utime(file, (number, number))
    hedgetui("vega", "size", "5")
    left = sorted(file.name for file in state.glob("crash-*.txt"))
    assert len(left) == crash.KEPT_FILES
    assert f"crash-{os.getpid()}.txt" in left
    assert "crash-0000005.txt" not in left


def test_logged_errors_are_kept_and_never_shown(hedgetui, state, capsys):
    hedgetui("vega", "size", "5")
    logging.getLogger("asyncio").error("Task was destroyed")
    assert capsys.readouterr().err == ""
    assert crash.errors_logged() == 1
    [file] = state.glob("crash-*.txt")
    assert "Task was destroyed" in file.read_text("utf-8")
    hedgetui("vega", "size", "5", "--debug")
    assert crash.errors_logged() == 0, "each command counts its own"
    logging.getLogger("asyncio").error("Task was destroyed again")
    assert "destroyed again" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "name"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (PermissionError(13, "Permission denied", "/some/file"), 1, "system"),
        (errors.RiskRefused("no", code="G3-quantity"), 4, "G3-quantity"),
        (errors.StoreError("no"), 1, "store"),
        (RecursionError("deep"), 1, "defect"),
    ],
)
def test_every_end_has_its_code(hedgetui, monkeypatch, error, code, name):
    def size(_):
        raise error

    monkeypatch.setattr(vega, "size", size)
    ended = hedgetui("vega", "size", "5", "--json")
    assert (ended.code, ended.error["code"]) == (code, name)
    assert set(ended.error) == {"code", "message", "hint"}


def test_words_of_an_error_cannot_steer_the_terminal(hedgetui):
    ended = hedgetui("run", "--headless", "--scenario", "\x1b[2Jx\u202e")
    assert ended.code == 2
    assert "\x1b" not in ended.err
    assert "\u202e" not in ended.err


def test_a_reader_that_leaves_is_no_error(process):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        ended = process("vega", "scan", stdout=stream, stderr=subprocess.PIPE)
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    "words",
    [("vega", "size", "5"), ("vega", "scan", "--json"), ("vega", "size", "nan", "--json"),
     ("run", "--headless", "--for", "5m", "--json")],
)  # fmt: skip
def test_output_that_cannot_be_written(process, words):
    with Path("/dev/full").open("w") as stream:
        ended = process(*words, stdout=stream, stderr=subprocess.PIPE)
    assert ended.code in {1, 2}
    assert ended.err.startswith("hedgetui: ")
    assert "Traceback" not in ended.err
    assert "Exception ignored" not in ended.err


def test_closed_and_narrow_streams(process):
    closed = subprocess.run(
        ["sh", "-c", '"$0" -m hedgetui vega size 5 >&- 2>&-', sys.executable], check=False
    )
    assert closed.returncode == 0
    narrow = process("vega", "emergency", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert (narrow.code, "? +0.0 $/pt" in narrow.out) == (0, True)
    as_json = process(
        "vega", "emergency", "--json", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    )
    assert "Δ" in json.loads(as_json.out)["lines"][0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_run_closes_its_journal_in_order(hedgetui, tmp_path, number):
    db = tmp_path / "x.db"
    running = subprocess.Popen(
        [sys.executable, "-m", "hedgetui", "run", "--headless", "--for", "6h", "--speed", "30",
         "--db", str(db), "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with running:
        first = running.stdout.readline()
        running.send_signal(number)
        out, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "Traceback" not in err
    assert json.loads(first)["kind"] == "EngineStarted"
    *facts, last = [json.loads(line) for line in out.splitlines()]
    assert facts[-1]["kind"] == "EngineStopped"
    assert last["summary"]["ended"] == "interrupted"
    proof = hedgetui("--db", db, "journal", "verify", "--json").json
    assert (proof["violations"], proof["head"]) == (0, last["summary"]["journal_hash"])
    assert not db.with_suffix(".sock").exists()
