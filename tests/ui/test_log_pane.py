from __future__ import annotations

import pytest
from rich.cells import cell_len

from hedgetui.ui.glyphs import ASCII, EMOJI
from hedgetui.ui.terminal_diff import CellDiffApp
from hedgetui.ui.widgets.log_pane import MAX_LINES, LogEntry, LogPane
from tests.ui import widget_stage as stage


def entry(seq, text="✅ Subscribed to MES futures 202512", level="info"):
    return LogEntry(seq, f"09:{seq // 60 % 60:02}:{seq % 60:02}", level, text)


def numbered(first, last):
    return [entry(seq, f"📊 line {seq}") for seq in range(first, last)]


def on_stage(script, pane, size=(60, 6)):
    async def body():
        app = stage.Stage(pane, watch=(LogPane.FollowChanged, LogPane.FindRequested))
        pane.styles.height = "1fr"
        async with app.run_test(size=size) as pilot:
            await script(app, pilot)

    stage.run(body())


def shown(app):
    return [line.rstrip() for line in stage.lines_of(app)]


def test_the_newest_line_is_on_top_with_its_time():
    pane = LogPane(icons=EMOJI)

    async def script(app, pilot):
        pane.extend([entry(1), entry(2, "🛡️ Hedge order #123: SELL 5 MES", "trade")])
        await pilot.pause()
        assert shown(app)[:3] == [
            "09:00:02 \N{SHIELD} Hedge order #123: SELL 5 MES",
            "09:00:01 ✅ Subscribed to MES futures 202512",
            "",
        ]

    on_stage(script, pane)


def test_memory_is_bounded_and_the_oldest_go():
    pane = LogPane()

    async def script(_, pilot):
        for start in range(0, 10_000, 1000):
            pane.extend(numbered(start, start + 1000))
        await pilot.pause()
        assert pane.position == (1, MAX_LINES)
        text = pane.lines_as_text().split("\n")
        assert text[0].endswith("line 9999")
        assert text[-1].endswith(f"line {10_000 - MAX_LINES}")

    on_stage(script, pane)


def test_away_from_the_newest_line_nothing_moves_nor_is_painted(monkeypatch):
    pane = LogPane()

    async def script(app, pilot):
        pane.extend(numbered(0, 50))
        await pilot.press("j", "j", "j")
        assert not pane.follow
        await pilot.pause()
        before = shown(app)
        asked = []
        plain = LogPane.refresh
        monkeypatch.setattr(
            LogPane, "refresh", lambda self, *r, **o: asked.append(r) or plain(self, *r, **o)
        )
        pane.extend(numbered(50, 60))
        assert asked == []
        await pilot.pause()
        assert shown(app) == before
        await pilot.press("g")
        assert pane.follow
        await pilot.pause()
        assert shown(app)[0].endswith("line 59")
        assert [message.follow for message in app.seen] == [False, True]

    on_stage(script, pane)


def test_keys_wheel_and_ends():
    pane = LogPane()

    async def script(app, pilot):
        pane.extend(numbered(0, 50))
        await pilot.press("G")
        assert pane.position == (45, 50)
        await pilot.press("pageup")
        assert pane.position == (40, 50)
        await pilot.press("k")
        assert pane.position == (39, 50)
        await pilot._post_mouse_events([__import__("textual.events").events.MouseScrollDown], pane)
        assert pane.position == (40, 50)
        pane.follow = True
        assert pane.position == (1, 50)
        await pilot.press("slash")
        await pilot.pause()
        assert type(app.seen[-1]) is LogPane.FindRequested

    on_stage(script, pane)


def test_filter_and_its_opposite():
    pane = LogPane()

    async def script(app, pilot):
        pane.extend(
            [entry(1, "✅ filled"), entry(2, "❌ rejected [201]"), entry(3, "✅ filled again")]
        )
        pane.set_filter("FILLED")
        await pilot.pause()
        assert [line[9:] for line in shown(app)[:3]] == ["✓ filled again", "✓ filled", ""]
        pane.append(entry(4, "❌ another"))
        pane.append(entry(5, "✅ filled third"))
        await pilot.pause()
        assert shown(app)[0].endswith("filled third")
        pane.set_filter("!filled")
        await pilot.pause()
        assert [line[9:] for line in shown(app)[:3]] == ["✗ another", "✗ rejected [201]", ""]
        await pilot.press("escape")
        assert pane.position == (1, 5)

    on_stage(script, pane)


def test_levels_have_meanings_and_unknown_levels_are_plain():
    pane = LogPane()

    async def script(app, pilot):
        pane.extend(
            [entry(1, "x bad", "error"), entry(2, "x odd", "loud"), entry(3, "x fine", "info")]
        )
        await pilot.pause()
        styles = [list(strip)[1].style for strip in app.screen._compositor.render_strips()[:3]]
        assert styles[0] == styles[1]
        assert styles[2].reverse
        assert not styles[0].reverse

    on_stage(script, pane)


@pytest.mark.parametrize("width", [80, 40, 12, 5])
def test_lines_are_cut_with_an_ellipsis_never_wrapped(width):
    pane = LogPane()

    async def script(app, pilot):
        pane.append(entry(1, "🎯 " + "word " * 40))
        await pilot.pause()
        line = stage.lines_of(app)[0]
        assert cell_len(line) == width
        assert line.endswith("…") or width < 10

    on_stage(script, pane, size=(width, 4))


def test_icons_and_time_switch_at_run_time():
    pane = LogPane()

    async def script(app, pilot):
        pane.append(entry(1))
        pane.icons = ASCII
        await pilot.pause()
        assert shown(app)[0] == "09:00:01 [OK]    Subscribed to MES futures 202512"
        pane.show_time = False
        await pilot.pause()
        assert shown(app)[0] == "[OK]    Subscribed to MES futures 202512"

    on_stage(script, pane)


def test_broker_text_is_inert():
    pane = LogPane()

    async def script(app, pilot):
        pane.append(entry(1, "[201] Order rejected [@click=app.quit]x[/] \x1b]52;c;aGk=\x07\u202e"))
        await pilot.pause()
        assert "[201] Order rejected [@click=app.quit]x[/] ␛]52;c;" in shown(app)[0]
        assert "\ufffd" in shown(app)[0]
        assert all(
            s.style is None or not s.style.meta
            for s in list(app.screen._compositor.render_strips()[0])
        )

    on_stage(script, pane, size=(120, 4))


def test_a_new_line_lays_out_nothing_and_costs_little_more_than_its_text():
    pane = LogPane()

    class LogApp(CellDiffApp):
        CSS = "LogPane { height: 5; }"

        def compose(self):
            yield pane

    async def body():
        app = LogApp(driver_class=stage.RecordingDriver)
        async with app.run_test(size=(100, 20), headless=False) as pilot:
            pane.append(entry(0, "📊 first"))
            await pilot.pause()
            app._driver.take()
            layouts = pane._layout_updates, app.screen._layout_updates
            pane.append(entry(1, "🟢 Delta neutral: net +2.0 $/pt"))
            await pilot.pause()
            assert (pane._layout_updates, app.screen._layout_updates) == layouts
            assert len(app._driver.take().encode()) < 200

    stage.run(body())
