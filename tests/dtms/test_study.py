"""Random entries through the real machine: the fills of a walk, the figures, the two checks."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hedgetui.cli import main
from hedgetui.domain.dtms import study as module
from hedgetui.domain.dtms.bars import Timeframe
from hedgetui.domain.dtms.machine import TRANSITIONS
from hedgetui.domain.dtms.model import Rules, RuleSet, State
from hedgetui.domain.dtms.resample import resampled
from hedgetui.domain.dtms.score import read_all
from hedgetui.domain.dtms.study import lookahead_violations, mirror_violations, study
from hedgetui.domain.dtms.study_walk import Bar, Market, walk
from hedgetui.domain.dtms.vwap import Anchor
from hedgetui.domain.errors import DataError, UsageError
from hedgetui.domain.orders import Side
from tests.dtms import bar_stage
from tests.dtms.machine_stage import reading

ANCHOR = Anchor.UTC_MIDNIGHT
BARS = bar_stage.walk(4_000, 7)
RULES = Rules()
RECORDINGS = Path(os.environ.get("RECORDED_MARKET_DATA", "no such folder"))


def studied(bars=BARS, *, entries=200, seed=1, rules=RULES):
    """Return the study of bars."""
    rng = np.random.default_rng(seed)
    return study(bars, entries=entries, rng=rng, rules=rules, anchor=ANCHOR)


class Told:
    """Readings that say what a test says, bar by bar."""

    def __init__(self, *readings):
        self._readings = readings

    def at(self, place):
        """Return the reading of a bar; the last one for ever."""
        return self._readings[min(place, len(self._readings) - 1)]


def told_bars(*closes, wick=0.1, atr=1.0):
    """Return bars of five minutes with these closes; R is 2."""
    opens = (closes[0], *closes[:-1])
    return [
        Bar(
            1_750_000_200.0 + 300 * place, opened, max(opened, close) + wick,
            min(opened, close) - wick, close, 0.0, 1.0, 0.0, atr, atr,
        )
        for place, (opened, close) in enumerate(zip(opens, closes, strict=True))
    ]  # fmt: skip


def told(bars, *scores):
    """Return a market with these scores, for a long."""
    return Market(bars, Told(*(reading(score, structure_at=None) for score in scores)))


def test_a_calm_trade_is_the_trade_left_alone():
    bars = told_bars(100, 100.5, 101, 101.5, 102)
    walked = walk(told(bars, 1.0), 0, Side.BUY, 4, RULES)
    assert walked.managed == walked.unmanaged == pytest.approx(1.0)
    assert walked.states == {State.HEALTHY}


@pytest.mark.parametrize(
    ("closes", "result"),
    [
        ((100, 99, 97.5), -1.0),
        ((100, 103.5), 1.5),
        ((100, 99, 98.5), -0.75),
    ],
)
def test_stops_and_targets_fill_at_their_levels(closes, result):
    bars = told_bars(*closes)
    for side, mirror in ((Side.BUY, 1), (Side.SELL, -1)):
        seen = told_bars(*(100 + mirror * (close - 100) for close in closes))
        walked = walk(told(seen, 1.0 * mirror), 0, side, len(bars) - 1, RULES)
        assert walked.unmanaged == pytest.approx(result)


def test_a_gap_fills_at_the_open():
    bars = told_bars(100, 99)
    gap = bars[1]._replace(open=96.0, high=96.1, low=95.0, close=95.5)
    walked = walk(told([bars[0], gap], 1.0), 0, Side.BUY, 1, RULES)
    assert walked.unmanaged == pytest.approx(-2.0)


def test_the_spread_is_paid_once_in_and_out():
    bars = [bar._replace(spread=0.2) for bar in told_bars(100, 100)]
    for side in Side:
        assert walk(told(bars, 1.0), 0, side, 1, RULES).managed == pytest.approx(-0.1)


def test_a_falling_market_is_warned_halved_hedged_and_left_flat():
    falls = [100.0, *np.linspace(99.9, 99.1, 7), *[99.1] * 20]
    bars = told_bars(*falls, wick=0.05)
    walked = walk(told(bars, -7.0), 0, Side.BUY, len(bars) - 1, RULES)
    # Grace ends 15 min after entry; each warning lasts 10 min; the hedge is flat after 75.
    assert walked.path == ((3, "T1"), (5, "T3"), (7, "T5"), (22, "T6"))
    # Half sold at bar 5; the hedge neither wins nor loses from bar 7 on.
    half = 0.5 * (falls[5] - 100) / 2
    rest = 0.5 * (falls[22] - 100) / 2
    assert walked.managed == pytest.approx(half + rest)


def test_a_hedge_stopped_within_a_bar_recovers():
    falls = [100.0, *np.linspace(99.9, 99.1, 7), 99.9, 99.9]
    bars = told_bars(*falls, wick=0.05)
    walked = walk(told(bars, -7.0), 0, Side.BUY, len(bars) - 1, RULES)
    assert walked.path[2:] == ((7, "T5"), (8, "T9"))
    half, rest = 0.5 * (falls[5] - 100) / 2, 0.5 * (99.9 - 100) / 2
    hedge = 0.25 * -0.5 / 2
    assert walked.managed == pytest.approx(half + rest + hedge)


def test_the_hedge_of_a_stopped_trade_is_closed_with_it():
    falls = [100.0, *np.linspace(99.9, 99.1, 7), 98.0]
    bars = [bar._replace(spread=0.2) for bar in told_bars(*falls, wick=0.05)]
    walked = walk(told(bars, -7.0), 0, Side.BUY, len(bars) - 1, RULES)
    entry, stop = 100.2, falls[3] - 0.6 * 2
    half, rest = 0.5 * (falls[5] - entry) / 2, 0.5 * (stop - entry) / 2
    hedge = 0.25 * (falls[7] - (stop + 0.2)) / 2
    assert walked.managed == pytest.approx(half + rest + hedge)


def test_a_study_counts_what_was_reached_and_repeats_with_its_seed():
    one = studied()
    assert one.summary() == studied().summary()
    assert one.summary() != studied(seed=2).summary()
    hedged = sum(State.HEDGED in walked.states for walked in one.walks)
    assert one.per_1000[State.HEDGED] == pytest.approx(1000 * hedged / 200)
    assert 30 <= one.per_1000[State.HEDGED] <= 300
    assert one.loss_share.managed < one.loss_share.unmanaged
    assert one.deviation.managed < one.deviation.unmanaged
    known = {row.rule for row in TRANSITIONS}
    assert set(one.rules) <= known
    assert one.rules["T1"] >= one.rules["T3"] >= one.rules["T5"] > 0


def test_the_reference_profile_hedges_more():
    bare = studied(rules=Rules(rule_set=RuleSet.REFERENCE))
    assert bare.per_1000[State.HEDGED] > studied().per_1000[State.HEDGED]


def test_fifteen_minute_bars_are_walked_alone():
    slow = resampled(bar_stage.walk(9_000, 7), Timeframe.M15)
    assert studied(slow).per_1000[State.WARNING_L1] > 0


def test_the_checks_find_nothing_in_an_honest_score():
    few = BARS.head(1_500)
    assert mirror_violations(few, None, ANCHOR) == 0
    assert lookahead_violations(few, None, ANCHOR) == 0
    slow = resampled(few, Timeframe.M15)
    assert lookahead_violations(few, slow, ANCHOR) == 0


def test_the_checks_find_a_score_that_cheats(monkeypatch):
    def knowing(bars, **options):
        honest = read_all(bars, **options)
        return replace(honest, score=honest.score + float(bars.close[-1]) / 1e6)

    monkeypatch.setattr(module, "read_all", knowing)
    few = BARS.head(1_500)
    assert lookahead_violations(few, None, ANCHOR) > 0
    assert mirror_violations(few, None, ANCHOR) > 0


def test_too_few_bars_and_no_entries_are_said():
    with pytest.raises(DataError, match="900 bars hold no scored entry"):
        studied(BARS.head(900))
    with pytest.raises(UsageError):
        studied(entries=0)


@pytest.fixture
def run(tmp_path, capsys):
    """`dtms study` on the bars as a file, with its exit code, stdout and stderr."""
    path = tmp_path / "bars.csv"
    path.write_text("".join(bar_stage.csv_lines(BARS)))

    def run(*words):
        code = main(["dtms", "study", "--m5", str(path), *words])
        return code, *capsys.readouterr()

    return run


def test_the_document_is_the_promised_one(run):
    code, out, _ = run("--entries", "50", "--seed", "1", "--json")
    assert code == 0
    document = json.loads(out)
    assert list(document) == [
        "entries", "per_1000", "loss_share_0_9R", "mean_R", "sd_R", "mirror_violations",
        "lookahead_violations",
    ]  # fmt: skip
    assert list(document["per_1000"]) == ["WARNING_L1", "WARNING_L2", "HEDGED", "RECOVERING"]
    for name in ("loss_share_0_9R", "mean_R", "sd_R"):
        assert list(document[name]) == ["managed", "unmanaged"]
    assert (document["mirror_violations"], document["lookahead_violations"]) == (0, 0)


def test_people_read_a_table(run):
    code, out, _ = run("--entries", "50", "--profile-rules", "reference")
    assert code == 0
    assert "Defended" in out
    assert "Insurance, not an edge" in out


@pytest.mark.parametrize("words", [("--entries", "0"), ("--tz", "Nowhere/Land")])
def test_what_makes_no_sense_ends_with_two(run, words):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert err


@pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="set RECORDED_MARKET_DATA to a folder of recordings"
)
@pytest.mark.parametrize(
    ("file", "zone"), [("BTCUSD_M5*.csv.gz", "+03:00"), ("EURUSD_M15*.csv.gz", "mt5")]
)
def test_on_recorded_bars_the_defence_halves_large_losses(capsys, file, zone):
    path = next(RECORDINGS.glob(file))
    words = ["--m5", str(path), "--entries", "1000", "--seed", "1", "--tz", zone, "--json"]
    assert main(["dtms", "study", *words]) == 0
    document = json.loads(capsys.readouterr().out)
    reached = document["per_1000"]
    assert 450 <= reached["WARNING_L1"] <= 750
    assert 200 <= reached["WARNING_L2"] <= 420
    assert 60 <= reached["HEDGED"] <= 160
    losses = document["loss_share_0_9R"]
    assert losses["managed"] <= 0.6 * losses["unmanaged"]
    assert (document["mirror_violations"], document["lookahead_violations"]) == (0, 0)
