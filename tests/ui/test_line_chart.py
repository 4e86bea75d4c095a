from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from hedgetui.ui.glyphs import ASCII, UNICODE
from hedgetui.ui.widgets.braille import BrailleCanvas, braille
from hedgetui.ui.widgets.chart_plot import ChartPlot, chart_data, nice_ticks, tick_text
from hedgetui.ui.widgets.line_chart import LineChart, Mark, Series
from tests.ui import widget_stage as stage

XS = np.linspace(480, 600, 121)
PAYOFF = np.maximum(np.maximum(530 - XS, XS - 540), 0) * 100 - 450
EXPIRY = Series("exp", XS, PAYOFF, "series-1", "dashed")
NOW = Series("now", XS, PAYOFF * 0.5 + 300, "series-2", "dotted")
HEDGED = Series("+hedge", XS, PAYOFF - (XS - 535) * 10, "series-3", fill=True)
STRIKES = (Mark(530, "530"), Mark(540, "540"))


def text_rows(series, size=(60, 14), marks=(), icons=UNICODE, cross=None):
    plot = ChartPlot(chart_data(series, marks), size, icons)
    return ["".join(text for text, _ in row) for row in plot.rows("Payoff", cross)]


def test_braille_cells_follow_the_unicode_dot_order():
    canvas = BrailleCanvas(2, 1)
    canvas.column(0, 0, 3, owner=1)
    canvas.column(3, 3, 3, owner=2)
    assert [braille(int(dots)) for dots in canvas.cells()[0]] == ["⡇", "⢀"]
    assert canvas.owner.tolist() == [[1, 2]]


@given(st.integers(-9, 20), st.integers(-30, 30), st.integers(-30, 30))
def test_a_canvas_clips_everything_outside(x, top, bottom):
    canvas = BrailleCanvas(3, 2)
    canvas.column(x, top, bottom, owner=0)
    dots = sum(int(cell).bit_count() for cell in canvas.cells().ravel())
    inside = len(range(max(0, top), min(7, bottom) + 1)) if 0 <= x < 6 else 0
    assert dots == inside


@pytest.mark.parametrize(
    ("low", "high", "count", "ticks"),
    [
        (-450, 5_100, 3, [0, 2_000, 4_000]),
        (-50, 100, 4, [-50, 0, 50, 100]),
        (0, 1, 4, [0, 0.25, 0.5, 0.75, 1]),
        (480, 600, 4, [500, 550, 600]),
        (3, 3, 4, [3]),
    ],
)
def test_ticks_are_round(low, high, count, ticks):
    assert nice_ticks(low, high, count) == pytest.approx(ticks)


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9), st.integers(1, 12))
def test_ticks_stay_in_range_increase_and_are_few(low, span, count):
    ticks = nice_ticks(low, low + span, count)
    slack = span * 1e-6
    assert all(low - slack <= tick <= low + span + slack for tick in ticks)
    assert ticks == sorted(set(ticks))
    assert len(ticks) <= count + 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (2_500, "2,500"),
        (-0.25, "-0.25"),
        (12_500, "12.5k"),
        (1.5e6, "1.5M"),
        (-3e9, "-3G"),
    ],
)
def test_tick_labels(value, text):
    assert tick_text(value) == text


def test_the_payoff_has_zero_line_strikes_ticks_and_dash_patterns():
    rows = text_rows([EXPIRY, NOW, HEDGED], marks=STRIKES)
    assert rows[0] == " Payoff  ╌╌ exp  ·· now  ── +hedge  "
    assert any(row.startswith("      0┤") and "╌╌╌" in row for row in rows)
    assert sum("┊" in row for row in rows) > 3
    assert "530" in rows[-1]
    assert "500" in rows[-1]
    assert {cell_len(row) for row in rows[1:]} == {60}


def test_dash_patterns_draw_fewer_dots():
    def dots(dash):
        series = Series("s", XS, XS, dash=dash)
        canvas = ChartPlot(chart_data([series]), (60, 14), UNICODE)._canvas
        return sum(int(cell).bit_count() for cell in canvas.cells().ravel())

    assert dots("dotted") < dots("dashed") < dots("solid")


def test_a_spike_between_two_columns_is_drawn():
    ys = np.zeros(10_000)
    ys[5_003] = 100.0
    rows = text_rows([Series("s", np.arange(10_000.0), ys)])
    assert any("\u2801" <= character <= "\u28ff" for character in rows[1] + rows[2])


def test_a_gap_stays_a_gap():
    ys = PAYOFF.copy()
    ys[40:80] = math.nan
    rows = text_rows([Series("s", XS, ys)], size=(68, 12))
    middle = {row[8 + 25 : 8 + 35] for row in rows[1:-1]}
    assert all(character < "\u2800" for row in middle for character in row)


def test_crosshair_reads_the_values_and_unknown_is_a_question_mark():
    short = Series("short", [480.0, 500.0], [1.0, 2.0])
    rows = text_rows([EXPIRY, short], cross=51)
    assert "x=600.0" in rows[0]
    assert "exp +5,550" in rows[0]
    assert "short ?" in rows[0]


def test_fill_carries_the_sign():
    plot = ChartPlot(chart_data([HEDGED]), (60, 14), UNICODE)
    meanings = {meaning for row in plot.rows("P") for _, meaning in row}
    assert any("fill-pos" in meaning for meaning in meanings)
    assert any("fill-neg" in meaning for meaning in meanings)


def test_the_ascii_chart_is_ascii_with_a_letter_per_series():
    rows = text_rows([EXPIRY, HEDGED], marks=STRIKES, icons=ASCII)
    assert all(row.isascii() for row in rows)
    assert "** exp" in rows[0]
    assert "oo +hedge" in rows[0]
    assert any("*" in row for row in rows[1:-1])
    assert any("o" in row for row in rows[1:-1])


@pytest.mark.parametrize(
    ("xs", "ys", "message"),
    [
        ([1, 2], [1], "2 xs for 1 ys"),
        ([2, 1], [1, 1], "must increase"),
        ([1, 1], [1, 1], "increase"),
    ],
)
def test_data_that_is_no_line_is_refused(xs, ys, message):
    with pytest.raises(ValueError, match=message):
        chart_data([Series("s", xs, ys)])


@given(
    st.lists(st.floats(-1e12, 1e12) | st.just(math.nan), min_size=1, max_size=30),
    st.integers(16, 90),
    st.integers(5, 30),
)
def test_any_data_at_any_size_gives_full_rows(ys, width, height):
    data = chart_data([Series("s", np.arange(float(len(ys))), ys, fill=True)], [Mark(0.5, "m")])
    if data is None:
        assert all(math.isnan(y) for y in ys)
        return
    assert ChartPlot.fits((width, height))
    rows = ChartPlot(data, (width, height), UNICODE).rows("T", 3)
    assert len(rows) == height
    assert {cell_len("".join(text for text, _ in row)) for row in rows[1:]} == {width}


def on_stage(script, chart, size=(60, 14)):
    async def body():
        app = stage.Stage(chart)
        async with app.run_test(size=size) as pilot:
            await script(app, pilot)

    stage.run(body())


def test_without_data_it_says_so():
    chart = LineChart("Day P&L", empty="no fills yet")

    async def script(app, pilot):
        await pilot.pause()
        assert "Day P&L  no fills yet" in stage.lines_of(app)[0]
        chart.set_data([Series("net", [1, 2], [math.nan, math.nan])])
        await pilot.pause()
        assert "no fills yet" in stage.lines_of(app)[0]
        await pilot.press("right")
        assert chart.crosshair is None
        chart.set_data([EXPIRY])
        await pilot.resize_terminal(40, 4)
        await pilot.pause()
        assert "Day P&L  too small to draw" in stage.lines_of(app)[0]

    on_stage(script, chart)


def test_only_lines_that_differ_are_asked_for(monkeypatch):
    chart = LineChart("Payoff")

    async def script(app, pilot):
        chart.set_data([EXPIRY], STRIKES)
        await pilot.pause()
        asked = []
        plain = LineChart.refresh

        def refresh(self, *regions, **options):
            asked.extend(regions or ["all"])
            return plain(self, *regions, **options)

        monkeypatch.setattr(LineChart, "refresh", refresh)
        chart.set_data([EXPIRY], STRIKES)
        assert asked == []
        before = stage.lines_of(app)
        bumped = PAYOFF.copy()
        bumped[118:] += 100
        chart.set_data([Series("exp", XS, bumped, "series-1", "dashed")], STRIKES)
        await pilot.pause()
        after = stage.lines_of(app)
        differing = {y for y in range(14) if before[y] != after[y]}
        assert {region.y for region in asked} >= differing
        assert all(region.height == 1 for region in asked)

    on_stage(script, chart)


def test_crosshair_by_keys_stops_at_the_edges_and_escape_leaves():
    chart = LineChart("Payoff")

    async def script(app, pilot):
        chart.set_data([EXPIRY], STRIKES)
        chart.focus()
        await pilot.press("right")
        middle = chart.crosshair
        await pilot.press("right")
        assert chart.crosshair > middle
        for _ in range(80):
            await pilot.press("left")
        assert chart.crosshair == 480
        await pilot.pause()
        assert "x=480.0" in stage.lines_of(app)[0]
        await pilot.press("escape")
        assert chart.crosshair is None

    on_stage(script, chart)


def test_every_theme_paints_the_chart_and_ansi_themes_have_no_fill():
    chart = LineChart("Payoff")

    async def script(app, pilot):
        chart.set_data([HEDGED, EXPIRY], STRIKES)
        for theme in app.available_themes:
            app.theme = theme
            await pilot.pause()
            strips = app.screen._compositor.render_strips()
            colours = {s.style.bgcolor for strip in strips for s in strip if s.style}
            assert len(colours) == (1 if theme.startswith("ansi") else 3), theme

    on_stage(script, chart)


def test_icons_switch_at_run_time():
    chart = LineChart("Payoff")

    async def script(app, pilot):
        chart.set_data([EXPIRY], STRIKES)
        chart.icons = ASCII
        await pilot.pause()
        assert all(line.isascii() for line in stage.lines_of(app))

    on_stage(script, chart)
