from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import DataTable, Input, Static

from hedgetui.ui.cell_encoder import CellEncoder, sgr_change
from hedgetui.ui.terminal_diff import CellDiffApp, find_problem
from tests.ui import widget_stage as stage

SIZE = (60, 16)


class Dialog(ModalScreen):
    CSS = "Dialog { align: center middle; } #box { width: 21; height: 5; border: heavy $error; }"

    def compose(self):
        with Vertical(id="box"):
            yield Static("Send 🎯 or ✅ not?", markup=False)


class Small(CellDiffApp):
    CSS = "DataTable { height: 8; } #wide { color: red; } #clock { background: $panel; }"

    def compose(self):
        yield Static("clock 00", id="clock")
        yield Static("🎯🟡✅ ⏳ 🎯🟡✅🎯🟡✅🎯🟡✅🎯🟡✅🎯🟡✅🎯🟡✅🎯🟡✅", id="wide")
        yield DataTable()
        yield Input("type here")

    def on_mount(self):
        table = self.query_one(DataTable)
        table.add_columns("key", "value", "wide")
        for number in range(20):
            table.add_row(f"row {number}", str(number * 7), "✅ ok" if number % 2 else "[x] é")


def pixels(screen):
    """Every cell with everything the emulator knows about its look; blanks have no foreground."""
    return [
        [screen.buffer[y][x]._asdict() for x in range(screen.columns)] for y in range(screen.lines)
    ]


def assert_faithful(app, terminal):
    """The recorded bytes show what the compositor would write on an empty terminal."""
    size = app.size.width, app.size.height
    strips = app.screen._compositor.render_strips()
    stock = "".join(f"\x1b[{y + 1}H{s.render(app.console)}" for y, s in enumerate(strips))
    expected, actual = pixels(stage.emulate(size, stock)), pixels(terminal)
    for y, (want, got) in enumerate(zip(expected, actual, strict=True)):
        for x, (a, b) in enumerate(zip(want, got, strict=True)):
            assert a == b, f"cell {x},{y}"


class Session:
    """One running app beside the emulator that reads its bytes."""

    def __init__(self, app, pilot, size=SIZE):
        self.app, self.pilot = app, pilot
        self.terminal = stage.emulate(size)
        self.bytes = 0

    async def check(self):
        await self.pilot.pause()
        data = self.app._driver.take()
        self.bytes = len(data.encode())
        stream = stage.pyte.Stream(self.terminal)
        stream.feed(stage._NOT_DRAWING.sub("", data))
        assert_faithful(self.app, self.terminal)
        return data


def with_session(script, app=None):
    async def body():
        app_ = app or Small(driver_class=stage.RecordingDriver)
        async with app_.run_test(size=SIZE, headless=False) as pilot:
            session = Session(app_, pilot)
            await session.check()
            await script(session)

    stage.run(body())


def test_the_pinned_textual_has_every_part():
    assert find_problem() is None


@pytest.mark.parametrize("textual_version", ["8.3.0", "9.0.0", "7.5.0"])
def test_another_textual_falls_back(textual_version):
    assert textual_version in find_problem(textual_version)


def test_the_switch_falls_back_and_the_stock_output_still_shows_everything(monkeypatch):
    monkeypatch.setenv("HEDGETUI_CELL_DIFF", "0")

    async def script(session):
        assert session.app.cell_diff_problem == "switched off by HEDGETUI_CELL_DIFF=0"
        session.app.query_one("#clock", Static).update("clock 01")
        await session.check()
        assert session.bytes > 60

    with_session(script)


def test_keys_and_updates_replay_cell_by_cell():
    async def script(session):
        for key in ("down", "down", "pagedown", "pageup", "tab", "x", "left", "backspace"):
            await session.pilot.press(key)
            await session.check()
        session.app.query_one("#clock", Static).update("clock 01")
        await session.check()

    with_session(script)


def test_a_ticking_digit_costs_a_few_bytes():
    async def script(session):
        session.app.query_one("#clock", Static).update("clock 01", layout=False)
        data = await session.check()
        assert "clock" not in data
        # One SGR, one move, one digit, reset, the cursor's place.
        assert session.bytes <= 60

    with_session(script)


def test_an_unchanged_screen_costs_nothing():
    async def script(session):
        session.app.query_one("#clock", Static).refresh()
        session.app.screen.refresh()
        assert await session.check() == ""

    with_session(script)


def test_opening_and_closing_a_dialog_over_wide_emoji():
    async def script(session):
        for _ in range(2):
            session.app.push_screen(Dialog())
            await session.check()
            session.app.pop_screen()
            await session.check()

    with_session(script)


def test_moving_emoji_by_one_cell_splits_no_character():
    async def script(session):
        wide = session.app.query_one("#wide", Static)
        for text in (" 🎯🟡✅ ⏳", "a🎯🟡✅", "🎯a🟡é", "", "x" * 60, "🎯" * 30, " " + "🎯" * 30):
            wide.update(text, layout=False)
            await session.check()

    with_session(script)


def test_resize_repaints_the_whole_new_screen():
    async def script(session):
        for size in ((40, 12), (70, 20), (60, 16)):
            await session.pilot.resize_terminal(*size)
            session.terminal = stage.emulate(size)
            await session.pilot.pause()
            data = await session.check()
            assert data

    with_session(script)


def test_redraw_mends_a_terminal_full_of_garbage():
    async def script(session):
        stage.pyte.Stream(session.terminal).feed("\x1b[2J\x1b[5;5H\x1b[31mgarbage from elsewhere")
        session.app.action_redraw()
        await session.check()

    with_session(script)


def test_a_resumed_terminal_is_painted_again():
    async def script(session):
        session.terminal.reset()
        session.app._resume_signal()
        session.app.refresh(layout=True)
        await session.check()

    with_session(script)


def test_every_frame_is_synchronised_as_stock_does():
    async def script(session):
        session.app._sync_available = True
        session.app.query_one("#clock", Static).update("clock 02", layout=False)
        data = await session.check()
        assert data.startswith("\x1b[?2026h")
        assert data.endswith("\x1b[?2026l")

    with_session(script)


def test_a_surprise_in_a_private_part_goes_back_to_stock_output():
    async def script(session):
        session.app._encoder._rows = None
        session.app.query_one("#clock", Static).update("clock 03", layout=False)
        await session.check()
        assert session.app.cell_diff_problem.startswith("stopped by")
        session.app.query_one("#clock", Static).update("clock 04", layout=False)
        await session.check()

    with_session(script)


STYLES = st.builds(
    Style,
    color=st.sampled_from([None, "red", "bright_blue", "#10aa50", "color(200)", "default"]),
    bgcolor=st.sampled_from([None, "green", "#202020", "default"]),
    bold=st.booleans(),
    reverse=st.booleans(),
    italic=st.booleans(),
)
TEXTS = st.text(st.sampled_from("ab 🎯é✅Δ⠿│"), min_size=1, max_size=12)
STRIPS = st.lists(
    st.tuples(TEXTS, STYLES).map(lambda pair: Segment(*pair)), min_size=1, max_size=4
).map(Strip)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 25), st.integers(0, 2), STRIPS), max_size=12))
def test_any_sequence_of_strips_leaves_shadow_and_terminal_alike(puts):
    encoder = CellEncoder(20, 3, ColorSystem.TRUECOLOR)
    encoder.put(0, 0, blank := Strip([Segment(" " * 20, Style())]))
    encoder.put(0, 1, blank)
    encoder.put(0, 2, blank)
    chunks = [encoder.take()]
    for x, y, strip in puts:
        encoder.put(x, y, strip)
        chunks.append(encoder.take())
    shown = stage.emulate((20, 3), *chunks)
    whole = CellEncoder(20, 3, ColorSystem.TRUECOLOR)
    whole._rows = [list(row) for row in encoder._rows]
    picture = "".join(
        f"\x1b[{y + 1};{x + 1}H\x1b[0;{cell.codes}m{cell.text}".replace("[0;m", "[0m")
        for y, row in enumerate(encoder._rows)
        for x, cell in enumerate(row)
        if cell.text
    )
    assert pixels(shown) == pixels(stage.emulate((20, 3), picture))


@given(STRIPS)
def test_the_same_strip_twice_sends_nothing(strip):
    encoder = CellEncoder(200, 1, ColorSystem.TRUECOLOR)
    encoder.put(0, 0, strip)
    assert encoder.take()
    encoder.put(0, 0, strip)
    assert encoder.take() == ""


@given(STYLES, STYLES)
def test_a_colour_change_is_never_longer_than_a_reset(before, after):
    old, new = (Strip.render_ansi(style, ColorSystem.TRUECOLOR) for style in (before, after))
    change = sgr_change(old, new)
    assert len(change) <= len(f"\x1b[0;{new}m")
    screen = stage.emulate((4, 1), f"\x1b[0;{old}m".replace("[0;m", "[0m") + "a" + change + "b")
    plain = stage.emulate((4, 1), "a" + f"\x1b[0;{new}m".replace("[0;m", "[0m") + "b")
    assert screen.buffer[0][1] == plain.buffer[0][1]


def test_writing_to_the_last_column_does_not_trust_the_cursor():
    encoder = CellEncoder(5, 2, ColorSystem.TRUECOLOR)
    encoder.put(0, 0, Strip([Segment("abcde")]))
    encoder.put(0, 1, Strip([Segment("fghij")]))
    assert stage.emulate((5, 2), encoder.take()).display == ["abcde", "fghij"]


def test_a_wide_character_at_the_edge_becomes_a_blank():
    encoder = CellEncoder(5, 1, ColorSystem.TRUECOLOR)
    encoder.put(0, 0, Strip([Segment("abcd🎯")]))
    assert stage.emulate((5, 1), encoder.take()).display == ["abcd "]


def cells_of(text):
    encoder = CellEncoder(20, 1, ColorSystem.TRUECOLOR)
    encoder.put(0, 0, Strip([Segment(text)]))
    return [None if cell is None else cell.text for cell in encoder._rows[0]][: len(text) + 1]


def test_a_combining_mark_stays_with_its_base():
    assert cells_of("\u0335a🎯\u0335b") == ["a", "🎯\u0335", "", "b", None, None]


@pytest.mark.parametrize("cluster", ["⚠\ufe0f", "👩\u200d🔬"])
def test_a_cluster_is_one_piece_and_the_next_run_moves_absolutely(cluster):
    encoder = CellEncoder(20, 1, ColorSystem.TRUECOLOR)
    encoder.put(0, 0, Strip([Segment(cluster)]))
    encoder.put(2, 0, Strip([Segment("x")]))
    assert encoder.take() == f"\x1b[1H{cluster}\x1b[1;3Hx"


def test_strips_outside_the_terminal_are_ignored():
    encoder = CellEncoder(5, 1, ColorSystem.TRUECOLOR)
    encoder.put(0, 1, Strip([Segment("below")]))
    encoder.put(5, 0, Strip([Segment("right")]))
    assert encoder.take() == ""


@pytest.mark.parametrize(
    ("owner", "part"), [(Strip, "render_ansi"), (CellDiffApp.__mro__[1], "_display")]
)
def test_a_missing_private_part_is_named(monkeypatch, owner, part):
    monkeypatch.delattr(owner, part)
    assert part in find_problem()
