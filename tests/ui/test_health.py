"""The Health screen: how everything is, in words, with a next step, and quiet on a thin line."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain import commands as cmd
from hedgetui.domain.units import Timestamp
from hedgetui.ports.desk import HealthView
from hedgetui.ui.glyphs import ASCII, UNICODE
from hedgetui.ui.screens.health_rows import ILL, health_rows
from hedgetui.ui.screens.health_text import page, window
from hedgetui.ui.screens.spans import text_of, width_of
from hedgetui.ui.screens.status_text import Look
from hedgetui.ui.widgets.spark import scale, spark
from tests.ui.console_stage import opened, run
from tests.ui.still_desk import (
    DEGRADED,
    DOWN,
    EMPTY,
    FULL,
    HEALTH,
    NOW,
    STATUS,
    STRANGLES,
    StillDesk,
)

LOOK = Look(UNICODE, "America/Chicago")


def with_health(**changes):
    return replace(FULL, health=replace(HEALTH, **changes))


def row(snapshot, item):
    return next(one for one in health_rows(snapshot, LOOK) if one.item == item)


@pytest.mark.parametrize(
    ("link", "state", "text", "advice"),
    [
        ("ready", "ok", "READY for 2h", ""),
        ("degraded", "caution", "DEGRADED for 2h: why", "nothing is sent"),
        ("syncing", "caution", "SYNCING for 2h: why", "are being read"),
        ("connecting", "caution", "CONNECTING; down for 2h: why", "accept the connection"),
        ("down", "bad", "DOWN for 2h: why", "listens at 127.0.0.1:7497"),
        ("odd", "bad", "ODD for 2h: why", "tries again by itself"),
    ],
)
def test_every_state_of_the_link_has_words_and_a_next_step(link, state, text, advice):
    found = row(with_health(link=link, link_reason="why"), "Link")
    assert (found.state, found.text) == (state, text)
    assert advice in found.advice
    assert bool(found.advice) is (state != "ok")


def test_every_reason_is_said():
    text = row(DEGRADED, "Link").text
    assert "data farm usfuture is broken; MES 202512 stands still" in text


def test_the_next_try_is_counted_down():
    assert "tries again in 8s" in row(DOWN, "Link").advice


@pytest.mark.parametrize("snapshot", [DEGRADED, DOWN, EMPTY])
def test_what_is_not_well_says_what_to_do(snapshot):
    ill = [one for one in health_rows(snapshot, LOOK) if one.state in ILL]
    assert ill
    assert all(one.advice or one.item == "Check" for one in ill)


@pytest.mark.parametrize(
    ("changes", "item", "state", "words"),
    [
        ({"data_type": "delayed"}, "Quotes", "caution", "delayed"),
        ({"lines_used": 100}, "Quotes", "caution", "100 of 100 lines"),
        ({"data_type": "", "lines_budget": 0}, "Quotes", "unknown", "no quote yet"),
        ({"farms": (("usopt", False),)}, "Farms", "caution", "BROKEN usopt"),
        ({"clock_skew_s": 0.6}, "Clock", "caution", "+600 ms"),
        ({"clock_skew_s": -40.0}, "Clock", "caution", "-40 s"),
        ({"clock_skew_s": None}, "Clock", "unknown", "not known"),
        ({"last_message_age_s": 25.9}, "Messages", "caution", "last 25s ago"),
        ({"queued": 4}, "Messages", "ok", "3 sent/s · 4 queued"),
        ({"latency_ms": 1_500.0}, "Latency", "caution", "1500 ms"),
        ({"latency_ms": None}, "Latency", "unknown", "not measured"),
        ({"synced_at": None}, "Last look", "caution", "never read"),
        ({"differences": ("MES: 1, 2",)}, "Positions", "bad", "MES: 1, 2"),
        ({"unknown_orders": 2}, "Orders", "bad", "2 UNKNOWN, not looked for yet"),
        ({"journal_failed": "disk full"}, "Journal", "bad", "NOT WRITTEN: disk full"),
        ({"log_failed": "disk full"}, "Log", "bad", "NOT WRITTEN: disk full"),
        ({"workers_down": ("hedger: x",)}, "Workers", "bad", "hedger: x"),
        ({"loop_lag_ms": 900.0}, "Timers", "caution", "900 ms late"),
    ],
)
def test_each_row_knows_well_from_ill(changes, item, state, words):
    found = row(with_health(**changes), item)
    assert found.state == state
    assert words in found.text
    assert bool(found.advice) is (state in ILL)


def test_an_unknown_order_shows_its_age_and_the_missing_evidence():
    text = row(DEGRADED, "Orders").text
    assert text == (
        "#124 UNKNOWN for 42s, reference …000124: a second complete look in a new session"
    )


def test_without_a_link_nothing_of_it_is_called_well():
    rows = {one.item: one for one in health_rows(with_health(link="down"), LOOK)}
    for item in ("Link", "Session", "Messages", "Latency", "Quotes", "Positions"):
        assert rows[item].state != "ok", item
    assert "Farms" not in rows


def test_what_is_not_known_is_never_zero():
    text = "\n".join(one.text for one in health_rows(replace(FULL, health=HealthView()), LOOK))
    for part in ("no message yet", "not measured", "never read", "library not known", "none while"):
        assert part in text
    assert "0 ms" not in text
    assert "0 of 0" not in text


def test_a_live_account_is_masked_wherever_the_page_goes(tmp_path):
    async def test():
        async with opened(StillDesk(DOWN), size=(120, 36), state_folder=str(tmp_path)) as console:
            await console.press("7")
            assert "● LIVE U•••4821" in console.text
            assert "U1234821" not in console.text
            await console.press("y")
            assert "Link: DOWN" in console.app.clipboard
            assert "U1234821" not in console.app.clipboard
            await console.press("Y")
            assert json.loads(console.app.clipboard)["account"] == "U•••4821"
            await console.press("e")
            (path,) = (tmp_path / "exports").glob("health-*.csv")
            text = path.read_text(encoding="utf-8")
            assert "U1234821" not in text
            assert "Positions" in {one["item"] for one in csv.DictReader(text.splitlines())}

    run(test())


def test_where_room_is_short_what_is_not_well_comes_first():
    rows = health_rows(DOWN, LOOK)
    usual = [one.item for one in rows]
    short = [text_of(line)[1:11].strip() for line in page(rows, UNICODE, 100, 10)]
    short = [item for item in short if item in usual]
    ill = [one.item for one in rows if one.state in ILL]
    assert short[: len(ill)] == ill
    assert sorted(short) == sorted(usual)
    tall = [text_of(line).strip() for line in page(rows, UNICODE, 100, 60)]
    assert tall[0].startswith("Link ──")
    assert tall[1].startswith("Link")


@given(
    width=st.integers(14, 160),
    height=st.integers(1, 50),
    snapshot=st.sampled_from([FULL, EMPTY, DEGRADED, DOWN]),
    icons=st.sampled_from([UNICODE, ASCII]),
    top=st.integers(-5, 200),
)
def test_the_page_fits_and_can_be_read_to_its_end(width, height, snapshot, icons, top):
    rows = health_rows(snapshot, Look(icons, "America/Chicago"))
    lines = page(rows, icons, width, height)
    for line in lines:
        assert width_of([(icons.plain(text), tone) for text, tone in line]) <= width
    shown, used = window(lines, top, height, icons)
    assert len(shown) <= height
    assert used >= 0
    last, _ = window(lines, 10_000, height, icons)
    if height >= 2:
        assert lines[-1] in last
        assert lines[0] in window(lines, 0, height, icons)[0]


def test_a_trend_keeps_its_scale_while_values_are_like():
    assert [scale(value) for value in (0.0, 1.2, 12.0, 31.0, 99.0, float("nan"))] == [
        1.0, 1.5, 15.0, 40.0, 100.0, 1.0,
    ]  # fmt: skip
    assert spark((1, 2, 4, 8), 10, UNICODE) == "▁▂▄█"
    assert spark((1, 2, 4, 8), 2, ASCII) == "=#"
    assert spark((), 10, UNICODE) == ""
    assert spark((5.0, float("nan")), 0, UNICODE) == ""


def test_keys_go_to_health_and_back():
    async def test():
        async with opened(size=(120, 36)) as console:
            words = {"vega": "Positions (3)", "dtms": "HEALTHY", "balance": "No portfolio at",
                     "accounts": "No cash order", "stress": "Stress test",
                     "health": "Last look"}  # fmt: skip
            seen = []
            forth, back = ["right_square_bracket"] * 6, ["left_square_bracket"] * 6
            for key in ("7", "1", "2", "4", *forth, *back):
                await console.press(key)
                seen += [name for name, word in words.items() if word in console.text]
                assert "Delta threshold breached" in console.text
            assert seen == [
                "health", "vega", "dtms", "accounts",
                "stress", "health", "vega", "dtms", "balance", "accounts",
                "balance", "dtms", "vega", "health", "stress", "accounts",
            ]  # fmt: skip

    run(test())


def test_vega_keys_hold_only_on_vega_and_the_footer_agrees():
    async def test():
        async with opened(size=(120, 36)) as console:
            assert "c Scan" in console.text
            await console.press("7", "c", "v")
            assert console.desk.commands == []
            assert "c Scan" not in console.text
            assert console.notes[-1] == "Chart belongs to the Vega screen: 1 shows it"
            await console.press("1", "c")
            assert console.desk.commands == [cmd.Scan()]

    run(test())


def test_what_trades_works_from_health_and_asks_as_ever():
    async def test():
        async with opened(size=(120, 36)) as console:
            await console.press("7", "H")
            assert console.desk.commands == [cmd.PreviewHedge()]
            assert "HEDGE NOW" in console.text
            await console.press("escape", "C")
            assert "Close which strangle?" in console.text
            await console.press("2")
            assert console.desk.commands[-1] == cmd.PreviewClose("T2")
            await console.press("escape", "R")
            assert console.desk.commands[-1] == cmd.Reconcile()
            await console.press("K")
            assert console.desk.commands[-1] == cmd.SwitchAuto(on=False)

    run(test())


def test_the_page_scrolls_and_zooms():
    async def test():
        async with opened(StillDesk(DOWN), size=(60, 20)) as console:
            await console.press("7")
            assert "below: j" in console.text
            assert "Journal" not in console.text
            await console.press("G")
            assert "above: k" in console.text
            assert "Journal" in console.text
            await console.press("g", "z")
            assert "Delta threshold" not in console.text
            await console.press("escape")
            assert "Delta threshold" in console.text
            await console.press("tab", "tab")
            assert console.app.shell.focused is console.app.shell.health

    run(test())


@pytest.mark.parametrize("size", [(40, 12), (20, 5)])
def test_the_micro_view_of_health_keeps_the_delta(size):
    async def test():
        async with opened(StillDesk(DEGRADED), size=size) as console:
            await console.press("7")
            assert "-11.0" in console.text
            assert "DEGRADED" in console.text
            await console.press("1")
            assert "below: j" not in console.text
            assert "-11.0" in console.text

    run(test())


def test_a_second_costs_the_cells_that_differ_and_less_costs_none():
    async def test():
        async with opened(size=(120, 36)) as console:
            await console.press("7")
            pane = console.app.shell.health
            painted = []
            pane.refresh = lambda *regions, **_: painted.extend(regions)

            def later(seconds, **changes):
                status = replace(STATUS, now=Timestamp(NOW + seconds))
                health = replace(HEALTH, last_message_age_s=0.4 + seconds, **changes)
                console.app.shell.show(replace(FULL, status=status, health=health), ())
                lines = [pane.plain_text.split("\n")[region.y] for region in painted]
                painted.clear()
                return [line.split()[0] for line in lines]

            assert later(0.3) == []
            assert later(0.9, sent_last_second=7) == []
            assert later(1.1) == ["Messages", "Last"]
            assert later(1.4, link="degraded", reasons=("why",))[:2] == ["Link", "→"]

    run(test())


def test_vega_is_not_painted_while_health_is_shown():
    async def test():
        async with opened(size=(120, 36)) as console:
            await console.press("7")
            moved = replace(FULL, strangles=STRANGLES[:1])
            console.desk.move(moved)
            await console.caught_up()
            await console.press("1")
            assert "Positions (1)" in console.text

    run(test())


def test_live_is_one_red_bar_on_every_screen():
    async def test():
        live = replace(FULL, status=replace(STATUS, mode="LIVE", account="U1234821"))
        async with opened(StillDesk(live), size=(80, 24)) as console:
            for key in ("1", "7"):
                await console.press(key)
                strip = console.app.shell.query_one("#tabs").render_line(0)
                bar = [part for part in strip if "LIVE: orders are real" in part.text]
                assert len(bar) == 1
                assert bar[0].style.reverse
                assert strip.cell_length == 80
                assert next(iter(reversed(strip._segments))) is bar[0]

    run(test())


def test_after_a_reconnect_the_screen_says_that_it_is_disarmed():
    async def test():
        armed = replace(FULL, status=replace(STATUS, mode="LIVE", account="U1234821", armed=True))
        async with opened(StillDesk(armed), size=(120, 36)) as console:
            await console.press("7")
            assert "AUTO off ARMED" in console.text
            assert "ARMED: orders may leave" in console.text
            console.desk.move(replace(DOWN, status=replace(DOWN.status, armed=True)))
            await console.caught_up()
            assert "LINK DOWN" in console.text
            ready = replace(armed, status=replace(armed.status, armed=False))
            console.desk.move(ready)
            await console.caught_up()
            assert "ARM off" in console.text
            assert "DISARMED: no order leaves, A arms" in console.text

    run(test())


def test_differences_can_be_released_from_the_menu():
    async def test():
        snapshot = with_health(differences=("MES 202512: journal +4, broker +6",))
        async with opened(StillDesk(snapshot), size=(100, 30)) as console:
            await console.press("7", "b", "u")
            assert "MES 202512: journal +4, broker +6" in console.text
            await console.press(*"UNFREEZE", "enter")
            assert console.desk.commands == [cmd.Unfreeze("released at the screen")]

    run(test())


@given(st.text(st.sampled_from("[]/@\x1b\x07\x9b\u202e\u200b a1\n\t█é"), max_size=60))
def test_foreign_text_moves_nothing(text):
    health = replace(
        HEALTH, link="degraded", reasons=(text,), client=text, peer=text, server=text,
        farms=((text, False),), hints=(text,), differences=(text,), missing=((text, text),),
        workers_down=(text,), journal_failed=text, log_failed=text, account=text, data_type=text,
    )  # fmt: skip
    lines = page(health_rows(replace(FULL, health=health), LOOK), UNICODE, 80, 40)
    assert not set("".join(map(text_of, lines))) & set("\x1b\x07\x9b\u202e\u200b\t\n")
