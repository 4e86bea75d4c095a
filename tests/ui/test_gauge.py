from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from hedgetui.ui.glyphs import ASCII
from hedgetui.ui.widgets.delta_gauge import DeltaGauge, gauge_text
from hedgetui.ui.widgets.text_line import StyledLines
from tests.ui import widget_stage as stage


def text(net, band, width=80, **options):
    return "".join(part for part, _ in gauge_text(net, band, width, **options))


def meanings(net, band, width=80):
    return {meaning for _, meaning in gauge_text(net, band, width)}


def test_the_wireframe():
    shown = text(-11.0, 10, width=62)
    assert shown.startswith(" Δ -20·")
    assert "◆▕━" in shown
    assert "━ 0 ━" in shown
    assert "━▏·" in shown
    assert shown.endswith("+20  now -11.0 ▲ outside ±10")


@pytest.mark.parametrize(
    ("net", "word", "meaning"),
    [
        (0.0, "● inside ±10", "pos"),
        (5.0, "● inside ±10", "pos"),
        (-5.1, "△ near ±10", "warn"),
        (10.0, "△ near ±10", "warn"),
        (10.1, "▲ outside ±10", "alarm"),
        (-400.0, "▲ outside ±10", "alarm"),
    ],
)
def test_the_verdict_is_strictly_outside_the_band(net, word, meaning):
    assert text(net, 10).endswith(word)
    assert meaning in meanings(net, 10)


@pytest.mark.parametrize("net", [None, math.nan, math.inf])
def test_an_unknown_delta_is_a_question_mark_and_never_a_number(net):
    shown = text(net, 10)
    assert shown.startswith(" Δ ?")
    assert not any(character.isdigit() for character in shown)
    assert "unknown" in meanings(net, 10)


@pytest.mark.parametrize("band", [None, math.nan, 0.0, -1.0])
def test_an_unknown_band_is_said(band):
    assert text(-3.0, band) == " Δ now -3.0 band ?"


@given(st.floats(-1e6, 1e6), st.sampled_from([5, 10, 15, 20, 2.5]), st.integers(0, 200))
def test_the_mark_stands_on_the_right_side_of_zero_and_of_the_band(net, band, width):
    shown = text(net, band, width)
    track = shown.partition("+" + f"{2 * band:g}")[0]
    assert cell_len(shown) <= max(width, cell_len(f" Δ now {net:+.1f} ▲ outside ±{band:g}"))
    if "▏" not in track:
        return
    left, right, mark = track.index("▕"), track.index("▏"), track.index("◆")
    assert track.count("◆") == 1
    if round(net, 1) != 0:
        assert (mark > (left + right) / 2) == (net > 0)
        assert (mark < left or mark > right) == (abs(net) > band)


def test_a_narrow_line_keeps_the_words():
    assert text(-11.0, 10, width=30) == " Δ now -11.0 ▲ outside ±10"


def test_ascii():
    assert text(-11.0, 10, icons=ASCII).isascii()
    assert text(None, 10, icons=ASCII).isascii()


def test_the_widget_draws_for_its_width_and_paints_only_changes(monkeypatch):
    gauge = DeltaGauge()

    async def body():
        app = stage.Stage(gauge)
        async with app.run_test(size=(80, 4)) as pilot:
            assert "Δ ?" in gauge.plain_text
            gauge.set_delta(-11.0, 10)
            await pilot.pause()
            assert stage.lines_of(app)[0].rstrip().endswith("outside ±10")
            assert "0 ━" in gauge.plain_text
            asked = []
            monkeypatch.setattr(
                DeltaGauge, "refresh", lambda _, *regions, **__: asked.append(regions)
            )
            gauge.set_delta(-11.0, 10)
            gauge.set_delta(-11.04, 10)
            assert asked == []
            gauge.set_delta(-12.0, 10)
            assert len(asked) == 1

    stage.run(body())


def test_lines_repaint_only_those_that_changed(monkeypatch):
    lines = StyledLines([[("one", ""), ("two", "pos")], [("three", "warn")]])
    lines.styles.height = 3

    async def body():
        app = stage.Stage(lines)
        async with app.run_test(size=(20, 5)) as pilot:
            await pilot.pause()
            assert [line.strip() for line in stage.lines_of(app)[:3]] == ["onetwo", "three", ""]
            asked = []
            monkeypatch.setattr(
                StyledLines, "refresh", lambda _, *regions, **__: asked.extend(regions)
            )
            lines.set_lines([[("one", ""), ("two", "pos")], [("three", "warn")]])
            assert asked == []
            lines.set_lines([[("one", ""), ("two", "neg")], [("three", "warn")], [("new", "")]])
            assert [region.y for region in asked] == [0, 2]
            lines.set_lines([[("one", "")]])
            assert lines.plain_text == "one"

    stage.run(body())


def test_lines_never_read_markup_nor_control_characters():
    lines = StyledLines([[("[b]x[/b] [@click=quit]\x1b[2J", "")]])

    async def body():
        app = stage.Stage(lines)
        async with app.run_test(size=(40, 2)) as pilot:
            await pilot.pause()
            assert stage.lines_of(app)[0].startswith("[b]x[/b] [@click=quit]␛[2J")

    stage.run(body())
