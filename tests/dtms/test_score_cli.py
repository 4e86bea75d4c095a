"""`dtms score`: its JSON, its words and its exit codes."""

from __future__ import annotations

import gzip
import json

import pytest

from hedgetui.cli import main
from hedgetui.domain.dtms.bars import Timeframe
from hedgetui.domain.dtms.resample import resampled
from hedgetui.domain.dtms.score import read_all
from hedgetui.domain.dtms.vwap import Anchor
from tests.dtms.bar_stage import csv_lines, walk

BARS = walk(1200, 21)
PARTS = ["structure", "vwap_volume", "momentum", "ema", "conviction", "delta"]


@pytest.fixture
def files(tmp_path):
    """M5 and M15 bars as files."""
    m5, m15 = tmp_path / "m5.csv.gz", tmp_path / "m15.csv"
    with gzip.open(m5, "wt") as stream:
        stream.writelines(csv_lines(BARS))
    with m15.open("w") as stream:
        stream.writelines(csv_lines(resampled(BARS, Timeframe.M15)))
    return m5, m15


@pytest.fixture
def run(capsys):
    """A command line, with its exit code, stdout and stderr."""

    def run(*words):
        code = main([str(word) for word in ("dtms", "score", *words)])
        return code, *capsys.readouterr()

    return run


def test_the_score_and_its_components_as_json(files, run):
    code, out, _ = run("--m5", files[0], "--side", "long", "--json")
    document = json.loads(out)
    expected = read_all(BARS, anchor=Anchor.NEW_YORK_CLOSE).at(-1)
    assert code == 0
    assert list(document) == ["score", "components", "flags", "at", "regime"]
    assert list(document["components"]) == PARTS
    assert document["score"] == expected.score == sum(document["components"].values())
    assert document["flags"] == ["delta n/a"]
    assert document["at"] == "2025-11-21T04:00:00.000Z"


def test_a_short_reads_the_mirror(files, run):
    long, short = (
        json.loads(run("--m5", files[0], "--side", side, "--json")[1]) for side in ("long", "short")
    )
    assert short["score"] == -long["score"]
    assert short["components"] == {name: -part for name, part in long["components"].items()}
    assert "-0.0" not in json.dumps(short)


def test_given_m15_bars_agree_with_those_made_of_m5(files, run):
    both = run("--m5", files[0], "--m15", files[1], "--json")
    assert both == run("--m5", files[0], "--json")


@pytest.mark.parametrize("option", ["--m15", "--m5"])
def test_m15_bars_alone_are_enough(files, run, option):
    code, out, said = run(option, files[1], "--json")
    assert (code, json.loads(out)["score"]) != (0, None)
    assert ("holds M15 bars" in said) is (option == "--m5")


def test_too_few_bars_say_so_instead_of_a_score(tmp_path, run):
    short = tmp_path / "short.csv"
    short.write_text("".join(csv_lines(BARS.head(300))))
    code, out, _ = run("--m5", short, "--json")
    document = json.loads(out)
    assert (code, document["score"]) == (0, None)
    assert document["flags"][0].startswith("warming up")


def test_the_words_draw_each_component_to_its_side(files, run):
    code, out, _ = run("--m5", files[0])
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert code == 0
    assert [name for name in lines if name in PARTS] == PARTS
    assert "n/a" in lines["delta"]
    for name in PARTS[:5]:
        value = float(lines[name].split()[1])
        left, right = lines[name].split("│")
        assert ("▇" in left, "▇" in right) == (value <= -0.125, value >= 0.125)
    score = read_all(BARS, anchor=Anchor.NEW_YORK_CLOSE).at(-1).score
    assert lines["score"].split()[1] == f"{score:+.2f}"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "no bars given"),
        (("--m5", "no such file"), "cannot read no such file"),
        (("--m5", "{m5}", "--m15", "{m5}"), "holds M5 bars"),
        (("--m5", "{m15}", "--m15", "{m15}"), "both hold M15 bars"),
        (("--m5", "{m5}", "--tz", "Mars/Olympus"), "no time zone"),
        (("--m5", "{m5}", "--side", "up"), "knows no 'up'"),
    ],
)
def test_mistakes_end_with_2_and_a_sentence(files, run, words, message):
    named = [word.format(m5=files[0], m15=files[1]) for word in words]
    code, out, said = run(*named)
    assert (code, out) == (2, "")
    assert message in said
    code, out, _ = run(*named, "--json")
    assert code == 2
    assert message in json.loads(out)["error"]["message"]


def test_a_truncated_gzip_is_a_sentence(files, run):
    files[0].write_bytes(files[0].read_bytes()[:2000])
    code, _, said = run("--m5", files[0])
    assert code == 2
    assert "cannot read" in said
