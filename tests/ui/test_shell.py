"""What stands around the panes: status, alarms, log, pause, bridge, crash, themes, any size."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App
from textual.theme import BUILTIN_THEMES

from hedgetui.domain import commands as cmd
from hedgetui.ports.journal import LogRecord
from hedgetui.ui import theme
from hedgetui.ui.alerts import Bell, worth_a_bell
from hedgetui.ui.app import HedgeApp
from hedgetui.ui.bridge import Bridge
from hedgetui.ui.crash import crash_line
from hedgetui.ui.glyphs import ASCII, UNICODE
from hedgetui.ui.screens.micro_text import micro_lines
from hedgetui.ui.screens.spans import text_of, width_of
from hedgetui.ui.screens.status_text import (
    Look,
    alarms,
    banner_line,
    cautions,
    status_line,
    want_line,
)
from tests.ui.console_stage import THEMES, opened, run
from tests.ui.still_desk import BOOK, EMPTY, FULL, NOW, STATUS, StillDesk

LOOK = Look(UNICODE, "America/Chicago")


def with_status(**changes):
    return replace(FULL, status=replace(STATUS, **changes))


def with_book(**changes):
    return replace(FULL, book=replace(BOOK, **changes))


FROZEN = with_status(latches=("freeze: kill key",))
UNKNOWN = with_status(unknown_orders=1)
DOWN = with_status(link="down", link_reason="socket closed")


@pytest.mark.parametrize("width", range(12, 200, 7))
def test_the_status_row_fits_and_keeps_mode_and_delta(width):
    line = status_line(FULL, LOOK, width)
    text = text_of(line)
    assert "-11.0" in text
    if width >= 26:
        assert "SIM" in text
        assert width_of(line) <= width


def test_a_wide_status_row_says_everything():
    text = text_of(status_line(FULL, LOOK, 120))
    for part in ("◉ SIM", "DU-SIM-01", "12ms", "(±10)", "▲ HEDGE BUY 2 MES", "▲+$136", "AUTO off",
                 "ARM off", "RTH", "09:41:07", "CT"):  # fmt: skip
        assert part in text


def test_what_is_unknown_is_never_zero():
    text = text_of(status_line(EMPTY, LOOK, 120))
    assert "Δ ?" in text
    assert "P&L ?" in text
    assert " 0" not in text.replace("09:41:07", "").replace("±10", "")


def test_a_live_account_is_masked():
    text = text_of(status_line(with_status(mode="LIVE", account="U1234821"), LOOK, 140))
    assert "● LIVE U•••4821" in text


def test_stale_and_estimated_deltas_are_marked():
    text = text_of(status_line(with_book(estimated=True, greeks_age_s=23.0), LOOK, 120))
    assert "Δ ≈-11.0~" in text


def test_an_order_is_called_for_only_where_the_band_is_broken():
    calm = with_book(level="green", net_delta=2.6, order="SELL 1 MES")
    assert "SELL" not in text_of(status_line(calm, LOOK, 120))
    assert "SELL 1 MES" in text_of(want_line(calm.book, STATUS, LOOK, 120))


def test_the_want_line_counts_what_is_working():
    book = replace(BOOK, hedge_working=1, order="BUY 1 MES")
    assert "want +6, have +4 MES (working +1) → BUY 1 MES" in text_of(
        want_line(book, STATUS, LOOK, 120)
    )


def test_a_block_is_said_in_place_of_auto():
    book = replace(BOOK, blocked="greeks stale 23 s XSP 540C")
    assert "greeks stale 23 s XSP 540C" in text_of(want_line(book, STATUS, LOOK, 100))


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20), (40, 12), (20, 5)])
@pytest.mark.parametrize(
    ("snapshot", "word"), [(FROZEN, "FROZEN"), (UNKNOWN, "UNKNOWN"), (DOWN, "LINK DOWN")]
)
def test_alarms_are_in_view_at_every_size(size, snapshot, word):
    async def test():
        async with opened(StillDesk(snapshot), size=size) as console:
            rows = [row for row in console.text.split("\n") if word in row]
            assert rows
            assert console.app.shell.query_one("#banner").has_class("-red")

    run(test())


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("ready", "link ✓ 12ms"),
        ("degraded", "link ⚠ DEGRADED"),
        ("syncing", "link … syncing"),
        ("connecting", "link … connecting"),
        ("down", "link ✗ DOWN"),
        ("odd", "link ✗ ODD"),
    ],
)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_status_row_says_in_a_word_how_the_link_is(link, words, width):
    text = text_of(status_line(with_status(link=link), LOOK, width))
    assert (words in text) or (link == "ready" and "link✓" in text)


@pytest.mark.parametrize(
    ("link", "is_alarm", "is_caution"),
    [
        ("ready", False, False),
        ("degraded", False, True),
        ("syncing", False, True),
        ("connecting", False, True),
        ("down", True, False),
    ],
)
def test_only_a_lost_link_is_an_alarm(link, is_alarm, is_caution):
    snapshot = with_status(link=link, link_reason="why")
    note = f"LINK {link.upper()}: why (7: health)"
    assert (note in alarms(snapshot)) is is_alarm
    assert (note in cautions(snapshot)) is is_caution


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20), (40, 12), (20, 5)])
@pytest.mark.parametrize("screen", ["1", "7"])
def test_a_degraded_link_is_in_amber_on_every_screen(size, screen):
    async def test():
        snapshot = with_status(link="degraded", link_reason="farm")
        async with opened(StillDesk(snapshot), size=size) as console:
            await console.press(screen)
            assert "LINK DEGRADED" in console.text
            assert not console.app.shell.query_one("#banner").has_class("-red")

    run(test())


def test_a_caution_comes_before_what_the_screen_reminds_of():
    async def test():
        snapshot = with_status(link="degraded", link_reason="farm", auto=True)
        async with opened(StillDesk(snapshot), size=(120, 36)) as console:
            await console.press("T")
            assert "LINK DEGRADED: farm (7: health) · AUTO OFF" in console.text

    run(test())


@given(st.lists(st.text("abc ", min_size=1, max_size=70), min_size=1, max_size=5).map(tuple),
       st.integers(14, 160))  # fmt: skip
def test_the_banner_fits_and_counts_what_it_leaves_out(notes, width):
    text = text_of(banner_line(notes, width))
    assert len(text) == width
    missing = len(notes) - text.count(" · ") - 1
    assert (f"(+{missing})" in text) is (missing > 0)
    assert text[1:].startswith(notes[0][: min(len(notes[0]), width - 8)])


def test_alarms_come_worst_first():
    snapshot = replace(
        FULL,
        status=replace(
            STATUS, latches=("freeze",), unknown_orders=2, link="down", log_failed="full"
        ),
        book=replace(BOOK, roll_note="MES 202512 expires in 2 days"),
    )
    words = [row.split()[0] for row in alarms(snapshot)]
    assert words == ["FROZEN", "2", "LINK", "LOG", "ROLL"]
    assert alarms(FULL) == ()


@given(
    width=st.integers(1, 60),
    height=st.integers(1, 15),
    snapshot=st.sampled_from([FULL, EMPTY, FROZEN]),
    icons=st.sampled_from([UNICODE, ASCII]),
)
def test_the_micro_view_fits_and_keeps_the_delta(width, height, snapshot, icons):
    look = Look(icons, "America/Chicago")
    lines = micro_lines(snapshot, ["09:41 newest", "09:40 older"], look, width, height)
    assert len(lines) <= height
    if width >= 20:
        assert all(width_of(line) <= width for line in lines)
        assert "Δ " in text_of(lines[0])


@pytest.mark.parametrize("size", [(1, 1), (5, 2), (12, 3), (20, 5), (59, 14), (60, 15), (300, 80)])
def test_no_size_crashes(size):
    async def test():
        async with opened(size=size) as console:
            await console.press("H", "escape", "z", "L", "tab")
            assert console.app.is_running

    run(test())


def test_resizing_moves_between_micro_and_full():
    async def test():
        async with opened(size=(120, 36)) as console:
            for size in ((40, 12), (80, 24), (20, 5), (120, 36)):
                await console.pilot.resize_terminal(*size)
                await console.until(lambda: "-11.0" in console.text)
                assert "-11.0" in console.text
            assert "Positions (3)" in console.text
            assert "Scan: low-IV" in console.text

    run(test())


def test_the_log_shows_what_the_desk_wrote():
    async def test():
        async with opened(size=(120, 36)) as console:
            assert "Delta threshold breached: net -11.0 $/pt (±10)" in console.text
            console.desk.move(FULL, LogRecord(NOW, "alarm", "❌ [201] rejected [x", "", 6))
            await console.until(lambda: "rejected" in console.text)
            assert "✗ [201] rejected [x" in console.text

    run(test())


def test_the_log_has_four_sizes():
    async def test():
        async with opened(size=(120, 36)) as console:
            heights = []
            for _ in range(4):
                await console.press("L")
                await console.settle()
                pane = console.app.shell.log_pane
                heights.append(pane.size.height if pane.display else 0)
            assert heights[1:3] == [0, 2]
            assert heights[0] > 20
            assert heights[3] == 5

    run(test())


def test_pause_holds_the_picture_but_not_the_alarms():
    async def test():
        async with opened(size=(120, 36)) as console:
            await console.press("p")
            assert "PAUSED" in console.text
            moved = replace(DOWN, book=replace(BOOK, net_delta=-77.0))
            console.desk.move(moved, LogRecord(NOW, "info", "held back", "", 6))
            await console.until(lambda: "LINK DOWN" in console.text)
            assert "-77.0" not in console.text
            assert "held back" not in console.text
            assert "LINK DOWN" in console.text
            await console.press("p")
            assert "-77.0" in console.text
            assert "held back" in console.text

    run(test())


def test_auto_off_is_loud_until_acknowledged():
    async def test():
        async with opened(StillDesk(with_status(auto=True)), size=(120, 36)) as console:
            await console.press("T")
            assert console.desk.commands == [cmd.SwitchAuto(on=False)]
            assert "AUTO OFF" in console.text
            await console.press("escape")
            assert "AUTO OFF: nothing" not in console.text

    run(test())


def test_an_ended_desk_is_said_in_the_banner():
    async def test():
        async with opened() as console:
            console.desk.mailboxes[0].push(None)
            await console.until(lambda: "OUT OF DATE" in console.text)
            assert "SCREEN OUT OF DATE: the desk has stopped" in console.text

    run(test())


def test_the_bridge_coalesces_and_loses_no_line():
    async def test():
        desk = StillDesk(log=())
        seen = []
        bridge = Bridge(desk, seen.append, fps=20)
        worker = asyncio.create_task(bridge.run())
        await asyncio.sleep(0)
        for number in range(200):
            desk.move(FULL, LogRecord(NOW, "info", str(number), "", number))
            if number % 50 == 0:
                await asyncio.sleep(0.06)
        desk.mailboxes[0].push(None)
        await worker
        texts = [record.text for message in seen for record in message.log]
        texts += [record.text for record in bridge.look().log]
        assert texts == [str(number) for number in range(200)]
        assert len(seen) <= 8
        assert desk.mailboxes[0].closed

    run(test())


def test_the_bell_is_rare_and_has_reasons():
    assert worth_a_bell(FULL, DOWN, ())
    assert not worth_a_bell(DOWN, DOWN, ())
    assert worth_a_bell(with_book(level="green"), FULL, ())
    assert not worth_a_bell(FULL, FULL, ())
    assert not worth_a_bell(None, FULL, ())
    bell = Bell(allowed=True)
    assert [bell.may_ring(t) for t in (0.0, 29.0, 31.0)] == [True, False, True]
    assert not Bell(allowed=False).may_ring(0.0)


def test_a_crash_prints_no_values():
    def fail():
        account = "U1234821"
        raise ValueError(f"secret {account}")

    try:
        fail()
    except ValueError as error:
        line = crash_line(error)
    assert "U1234821" not in line
    assert "secret" not in line
    assert "ValueError" in line


def test_textuals_traceback_is_replaced():
    assert "_fatal_error" in vars(App)
    assert "_fatal_error" in vars(HedgeApp)


@pytest.mark.parametrize(
    ("size", "press"),
    [((120, 36), press) for press in ((), ("7",), ("H",), ("question_mark",), ("b",), ("E", "1"))]
    + [((40, 12), press) for press in ((), ("H",))],
)
def test_every_theme_renders_every_screen(size, press):
    async def test():
        async with opened(size=size) as console:
            await console.press(*press)
            for name in (*BUILTIN_THEMES, *(one["name"] for one in THEMES)):
                console.app.theme = name
                await console.pilot.pause()
                assert console.app.is_running
                assert console.text.strip()

    run(test())


def test_a_bad_theme_is_one_notification():
    async def test():
        bad = ({"name": "odd", "primary": "not-a-colour"}, {"primary": "#fff"}, {"nme": "x"})
        async with opened(themes=bad, theme="odd") as console:
            assert len(console.notes) == 4
            assert console.app.theme == theme.DEFAULT

    run(test())


@pytest.mark.parametrize(
    ("wanted", "colours", "chosen"),
    [
        ("auto", "standard", "ansi-dark"),
        ("auto", "256", "hedgetui-dark"),
        ("auto", "truecolor", "hedgetui-dark"),
        ("auto", None, "hedgetui-dark"),
        ("classic", "standard", "classic"),
    ],
)
def test_auto_follows_the_terminal(wanted, colours, chosen):
    names = ["textual-dark", "ansi-dark", "hedgetui-dark", "classic"]
    assert theme.choose(wanted, names, colours) == (chosen, "")


HOSTILE = st.text(
    st.sampled_from("[]/@click=()\x1b\x07\x9b\u202e\u200b a1'\"\\\n\t█é"), min_size=0, max_size=40
)


@settings(max_examples=12)
@given(HOSTILE)
def test_foreign_text_moves_nothing(text):
    async def test():
        row = replace(FULL.strangles[0], label=text, note=text)
        snapshot = replace(
            FULL,
            status=replace(STATUS, account=text, latches=(text,), link="down", link_reason=text),
            book=replace(BOOK, blocked=text, ladder=text, proof=text, hedge_month=text),
            strangles=(row,),
        )
        desk = StillDesk(snapshot, log=(LogRecord(NOW, "info", text, "", 1),))
        async with opened(desk, size=(100, 32)) as console:
            assert not set(console.text) & set("\x1b\x07\x9b\u202e\u200b\t")
            assert console.app.is_running
            assert desk.commands == []

    run(test())
