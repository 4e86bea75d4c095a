"""The benchmarks measure what they say: probes see every byte, a missed goal is a failure."""

from __future__ import annotations

import asyncio
import importlib
import math
import sys
from pathlib import Path

import pytest

from hedgetui import bootstrap, config
from hedgetui.console import trader
from hedgetui.simulation.scenarios import scenario
from hedgetui.simulation.virtual_loop import run_virtual

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "benchmarks"
PARTS = {"pty_probe", "report", "still_screen"}
"""Modules the scripts share."""
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in PARTS)


@pytest.fixture
def load(monkeypatch):
    """Import a module of the folder as its scripts do."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


def python(program):
    return [sys.executable, "-c", program]


def test_make_bench_runs_every_script_and_the_page_explains_it():
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\nbench:")[2].partition("\n\n")[0]
    listed = recipe.partition("for name in ")[2].partition(";")[0].split()
    assert sorted(listed) == SCRIPTS
    page = (FOLDER / "README.md").read_text("utf-8")
    assert [name for name in SCRIPTS if f"`{name}.py`" not in page] == []


@pytest.mark.parametrize(
    ("value", "bound", "holds"),
    [
        (3.0, "at most", True),
        (3.1, "at most", False),
        (3.0, "at least", True),
        (2.9, "at least", False),
        (math.nan, "at most", False),
        (math.nan, "at least", False),
    ],
)
def test_a_goal_holds_up_to_its_limit_and_never_for_an_unknown_figure(load, value, bound, holds):
    assert load("report").Goal("x", value, 3.0, "B/s", bound).holds is holds


def test_one_missed_goal_is_exit_1_and_says_which(load, capsys):
    report = load("report")
    kept, missed = report.Goal("kept", 1, 2, "ms"), report.Goal("slow", 3, 2, "ms")
    assert report.verdict([kept]) == 0
    assert report.verdict([kept, missed]) == 1
    assert "MISSED  slow: 3 ms (goal at most 2 ms)" in capsys.readouterr().out


def test_percentiles_stay_inside_the_data(load):
    report = load("report")
    values = [float(number) for number in range(1, 101)]
    assert report.p50(values) == pytest.approx(50.5)
    assert 99 <= report.p99(values) <= 100
    assert report.p99([4.0]) == 4.0


def test_table_columns_line_up(load):
    lines = load("report").table(("name", "B/s"), [("a", "1"), ("longer", "1,000")]).splitlines()
    assert lines[2:] == ["a           1", "longer  1,000"]


def test_the_probe_counts_every_byte(load):
    probe_module = load("pty_probe")
    program = "import sys, tty; tty.setraw(1); sys.stdout.write('x' * 70_000 + 'END')"
    with probe_module.Probe(python(program)) as probe:
        probe.wait_for(b"END", 20.0)
        assert len(probe.stream) == 70_003


def test_the_probe_tells_the_size_and_answers_a_question_in_two_pieces_once(load):
    probe_module = load("pty_probe")
    program = (
        "import os, select, sys, tty; tty.setraw(0); os.write(1, b'\\x1b[6');"
        "select.select([], [], [], .05); os.write(1, b'n'); got = os.read(0, 99);"
        "more = select.select([0], [], [], .1)[0] and os.read(0, 99);"
        "print(os.get_terminal_size(0), got, more, 'END')"
    )
    with probe_module.Probe(python(program), columns=77, rows=22) as probe:
        probe.wait_for(b"END", 20.0)
        words = bytes(probe.stream)
    assert b"columns=77, lines=22" in words
    assert rb"b'\x1b[1;1R' []" in words


def test_the_probe_ends_what_it_started_and_names_what_did_not_come(load):
    probe_module = load("pty_probe")
    with (
        pytest.raises(TimeoutError, match="no b'never'"),
        probe_module.Probe(python("print('gone')")) as probe,
    ):
        probe.wait_for(b"never", 20.0)
    assert not probe.alive


def test_a_private_environment_leaves_nothing_behind(load):
    with load("pty_probe").private_folders("[ui]\nfps = 2\n") as environment:
        file = Path(environment["XDG_CONFIG_HOME"]) / "hedgetui" / "config.toml"
        assert file.read_text("utf-8") == "[ui]\nfps = 2\n"
    assert not file.exists()


def test_the_stopwatch_sees_ticks_and_orders_of_a_real_desk(load, tmp_path):
    latency = load("latency")
    file = tmp_path / "config.toml"
    file.write_text(latency.BUSY, "utf-8")
    loaded = config.load(config_file=file, environ={})

    async def day():
        opened = bootstrap.open_desk(loaded, scenario("demo"), folder=tmp_path, deterministic=True)
        async with opened as desk:
            watch = latency.Stopwatch(desk)
            steps = asyncio.create_task(
                trader.follow(desk.kernel, desk.clock, latency.STEPS, lambda _: None)
            )
            await desk.clock.sleep(240.0)
            steps.cancel()
            return watch

    watch = run_virtual(day)
    assert watch.messages > 1_000
    assert len(watch.judged) > 200
    assert watch.decided
    assert len(watch.submitted) == len(watch.decided) == len(watch.durable)
    assert all(
        total > decided for total, decided in zip(watch.submitted, watch.decided, strict=True)
    )
