"""The Vega pane: numbers where they belong, nothing invented, columns that give way in order."""

from __future__ import annotations

import csv
import io
import json
import math
import stat
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain import commands as cmd
from hedgetui.ui import clipboard
from hedgetui.ui import format as fmt
from hedgetui.ui.glyphs import ASCII, UNICODE
from hedgetui.ui.handlers.take import as_csv
from hedgetui.ui.screens.charts import day_chart, payoff_chart
from hedgetui.ui.screens.vega_rows import STRANGLE_COLUMNS, candidate_row, strangle_row
from hedgetui.ui.widgets.grid_columns import fit_columns
from tests.ui.console_stage import opened, run
from tests.ui.still_desk import BOOK, CANDIDATES, EMPTY, FULL, STRANGLES, StillDesk, samples


def cells(row):
    return {
        column.key: cell
        for column, cell in zip(STRANGLE_COLUMNS, strangle_row(row, UNICODE).cells, strict=True)
    }


def test_a_row_shows_both_deltas_and_the_hedge():
    row = cells(STRANGLES[0])
    assert row["delta"].text == "+24.6"
    assert row["share"].text == "+246.0"
    assert row["hedge"].text == "-5 MES"
    assert row["net"].text == "-0.4"
    assert row["pnl"] == ("▲+162", "pos", 162.0)


def test_missing_greeks_are_question_marks():
    lost = replace(
        STRANGLES[0], option_delta=None, share_delta=None, net_delta=None, vega=None, theta=None,
        pnl=None, greeks_age_s=None,
    )  # fmt: skip
    row = cells(lost)
    for key in ("delta", "share", "net", "vega", "theta", "pnl"):
        assert row[key].text == "?"


def test_stale_values_are_dim_and_marked():
    row = cells(replace(STRANGLES[0], greeks_age_s=23.0, note="greeks stale 23 s XSP 540C"))
    assert row["delta"].text == "+24.6~"
    assert row["delta"].meaning == "stale"
    assert row["strangle"].text.startswith("⚠ ")


def test_own_model_values_are_marked():
    assert cells(STRANGLES[2])["delta"].text == "≈+4.1"


def test_an_unknown_rank_is_not_applicable():
    assert candidate_row(CANDIDATES[2]).cells[2].text == "n/a"
    assert candidate_row(CANDIDATES[0]).cells[2].text == "12% Low"


@pytest.mark.parametrize("width", range(20, 160, 5))
def test_dollar_delta_is_kept_and_share_delta_goes_first(width):
    kept = {placed.column.key for placed in fit_columns(STRANGLE_COLUMNS, width)}
    if width >= 40:
        assert "delta" in kept
        assert "net" in kept
    if "share" in kept:
        assert kept == {column.key for column in STRANGLE_COLUMNS}


@given(st.floats(allow_nan=True, allow_infinity=True) | st.none())
def test_no_number_is_shown_as_what_it_is_not(value):
    text = fmt.signed(value)
    if value is None or not math.isfinite(value):
        assert text == "?"
    else:
        assert abs(float(text.replace(",", "")) - value) <= max(0.05, abs(value) * 1e-9) + 1e-9
        assert text != "-0.0"


def test_signs_say_what_colours_say():
    assert fmt.pnl(-38.2, UNICODE) == "▼-38"
    assert fmt.pnl(162, UNICODE) == "▲+162"
    assert fmt.pnl(0.2, UNICODE) == "0"
    assert fmt.pnl(None, UNICODE) == "?"
    assert fmt.pnl(5, ASCII) == "^+5"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0.4s"), (23, "23s"), (240, "4m"), (3 * 3600, "3h"), (3 * 86400, "3d"), (None, "?")],
)
def test_ages(seconds, text):
    assert fmt.age(seconds) == text


def test_charts_mark_strikes_spot_and_break_evens():
    series, marks = payoff_chart(FULL.payoff, BOOK)
    assert [one.name for one in series] == ["exp", "now", "+hedge"]
    assert {mark.label for mark in marks} == {"5,800", "6,200", "BE", "spot"}
    assert len({one.dash for one in series}) == 3
    assert payoff_chart(EMPTY.payoff, BOOK) == ([], [])


def test_the_day_chart_runs_on_minutes_and_never_backwards():
    (series,), _ = day_chart(samples())
    assert (series.xs[0], series.xs[-1]) == (0.0, 60.0)
    assert day_chart(samples()[:1]) == ([], 0.0)
    repeated = (samples()[0], *samples()[:5], samples()[2])
    (series,), _ = day_chart(repeated)
    assert list(series.xs) == sorted(set(series.xs))


def test_preflight_stands_where_positions_would():
    async def test():
        async with opened(StillDesk(EMPTY)) as console:
            assert "✗ chain with fresh deltas" in console.text
            assert "no chain yet: press c" in console.text
            console.desk.move(FULL)
            await console.caught_up()
            assert "chain with fresh deltas" not in console.text
            assert "XSP 530P/540C 19Dec" in console.text
            console.desk.move(replace(FULL, preflight=EMPTY.preflight))
            await console.caught_up()
            assert "pre-flight: chain with fresh deltas: no chain yet" in console.text

    run(test())


def test_rows_follow_the_snapshot():
    async def test():
        async with opened(size=(120, 36)) as console:
            rows = (replace(STRANGLES[1], net_delta=3.0, hedge_contracts=7), *STRANGLES[2:])
            console.desk.move(replace(FULL, strangles=rows))
            await console.caught_up()
            assert "XSP 530P/540C" not in console.text
            assert "+7 MES" in console.text

    run(test())


def test_a_still_desk_paints_nothing():
    async def test():
        async with opened(size=(120, 36)) as console:
            painted = []
            for widget in console.app.shell.walk_children():
                original = widget.refresh
                widget.refresh = lambda *a, _o=original, _w=widget, **k: (
                    painted.append(_w),
                    _o(*a, **k),
                )[1]
            console.app.shell.show(FULL, ())
            assert painted == []

    run(test())


def test_tab_reaches_the_scanner_where_it_has_no_room():
    async def test():
        async with opened(size=(80, 24)) as console:
            assert "Scan: low-IV" not in console.text
            await console.press("tab")
            assert "Scan: low-IV" in console.text
            await console.press("down", "E", "enter")
            assert console.desk.commands == [cmd.PreviewEntry(2, 1)]
            await console.press("escape", "shift+tab")
            assert "Positions (3)" in console.text

    run(test())


def test_zoom_and_back():
    async def test():
        async with opened(size=(120, 36)) as console:
            await console.press("z")
            assert "Payoff" not in console.text
            await console.press("escape")
            assert "Payoff" in console.text

    run(test())


def test_charts_cycle():
    async def test():
        async with opened(size=(120, 36)) as console:
            seen = []
            for _ in range(4):
                await console.press("v")
                seen.append(("Payoff" in console.text, "Day P&L" in console.text))
            assert seen == [(True, False), (False, True), (False, False), (True, True)]

    run(test())


def test_details_find_and_columns():
    async def test():
        async with opened(size=(120, 36)) as console:
            await console.press("enter")
            assert "never sizes a hedge" in console.text
            await console.press("escape", "slash", *"525P", "enter")
            assert "530P/540C" not in console.text
            assert "find: 525p" in console.text
            await console.press("escape", "o", "enter", "escape")
            assert "Qty" not in console.text.split("Scan")[0]

    run(test())


def test_copy_and_export(tmp_path):
    async def test():
        async with opened(size=(120, 36), state_folder=str(tmp_path)) as console:
            await console.press("e")
            (path,) = (tmp_path / "exports").glob("positions-20251119-094107.csv")
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
            assert [row["trade_id"] for row in rows] == ["T1", "T2", "T3"]
            await console.press("P")
            assert list((tmp_path / "exports").glob("screen-*.svg"))
            await console.press("Y")
            assert json.loads(console.app.clipboard)["trade_id"] == "T1"
            await console.press("y")
            assert "Strangle XSP 530P/540C" in console.app.clipboard
            assert console.notes[-1] == "row copied: terminal (OSC 52)"

    run(test())


def test_csv_leaves_the_unknown_empty_and_formulas_dead():
    row = replace(STRANGLES[0], label="=cmd()", pnl=None)
    (read,) = csv.DictReader(io.StringIO(as_csv((row,))))
    assert read["pnl"] == ""
    assert read["label"] == "'=cmd()"


@pytest.mark.parametrize(
    ("command", "environment", "way"),
    [
        ("cat", {}, "cat"),
        ("false", {"TERM": "xterm"}, "terminal (OSC 52)"),
        ("no-such-program-at-all", {"TERM": "xterm"}, "terminal (OSC 52)"),
        ("", {"TERM": "screen"}, "clipboard.txt"),
        ("", {"TMUX": "x", "PATH": ""}, "clipboard.txt"),
    ],
)
def test_the_clipboard_ladder(tmp_path, monkeypatch, command, environment, way):
    if environment.get("TMUX"):
        monkeypatch.setenv("PATH", "")
    written = []

    async def test():
        found = await clipboard.copy(
            "text", command=command, folder=str(tmp_path), osc52=written.append,
            environment=environment,
        )  # fmt: skip
        assert found.endswith(way)
        assert written == (["text"] if "OSC" in way else [])

    run(test())
