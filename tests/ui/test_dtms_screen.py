"""The DTMS screen: every trade in its state, nothing invented, no lower-case key near a broker."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain import commands as cmd
from hedgetui.domain.dtms.model import State
from hedgetui.domain.units import Timestamp
from hedgetui.ports.desk import Outcome
from hedgetui.ports.dtms import OFF, DefenceView, LaneStep, Mt5View
from hedgetui.ui.alerts import worth_a_bell
from hedgetui.ui.glyphs import ASCII, UNICODE
from hedgetui.ui.screens.dtms_detail import detail_lines
from hedgetui.ui.screens.dtms_lane import DAY_S, SIGNS, lane, sign_of
from hedgetui.ui.screens.dtms_rows import (
    TRADE_COLUMNS,
    ordered,
    pnl_text,
    score_bar,
    trade_card,
    trade_row,
)
from hedgetui.ui.screens.dtms_text import (
    countdown,
    defence_alarms,
    defence_cautions,
    empty_lines,
    micro_line,
    note_line,
    strip_line,
)
from hedgetui.ui.screens.footer_text import footer_line
from hedgetui.ui.screens.health_mt5 import mt5_rows
from hedgetui.ui.screens.health_rows import ILL
from hedgetui.ui.screens.spans import text_of, width_of
from hedgetui.ui.screens.status_text import Look, status_line
from hedgetui.ui.widgets.grid_columns import fit_columns
from tests.ui.console_stage import opened, run
from tests.ui.still_desk import FULL, NOW, StillDesk
from tests.ui.still_trades import (
    BITCOIN,
    CLOSED,
    DEFENCE,
    DEFENDED,
    EURO,
    FOREIGN,
    GOLD,
    HEDGE_TRADE,
    INDEX,
    LOST,
    MT5,
    NO_TRADES,
    OPENED,
    TROUBLE,
    TROUBLED,
)

LOOK = Look(UNICODE, "America/Chicago")
PREVIEW = Outcome(ok=True, code="preview", message="", preview=HEDGE_TRADE)


def cells(row, view=DEFENCE, icons=UNICODE, now=NOW):
    shown = trade_row(row, view, now, icons).cells
    return {column.key: cell for column, cell in zip(TRADE_COLUMNS, shown, strict=True)}


def detail(row, view=DEFENCE, width=120, height=14, icons=UNICODE):
    look = Look(icons, "America/Chicago")
    return [text_of(line) for line in detail_lines(row, view, look, width, height, NOW)]


def desk(snapshot=DEFENDED):
    still = StillDesk(snapshot)
    still.answers[cmd.PreviewDefence] = PREVIEW
    return still


# What is shown


def test_a_row_says_how_a_trade_stands():
    row = cells(GOLD)
    texts = {key: row[key].text for key in ("price", "pnl", "u", "score", "state", "left", "hedge")}
    assert texts == {
        "price": "2644.10", "pnl": "▼-284", "u": "-0.62", "score": "-7.2", "state": "◆ HEDGED",
        "left": "62:14", "hedge": "0.20 SL 2648.12",
    }  # fmt: skip
    assert cells(EURO)["left"].text == "-"
    assert cells(EURO)["price"].text == "1.08511"


def test_the_worst_state_stands_first_and_closed_trades_last():
    assert [row.symbol for row in ordered(TROUBLED)] == [
        "XAUUSD", "EURUSD", "BTCUSD", "US500", "XAGUSD",
    ]  # fmt: skip
    both = replace(DEFENCE, closed=(replace(GOLD, state="CLOSED"),))
    assert [row.state for row in ordered(both) if row.identifier == GOLD.identifier] == ["HEDGED"]


def test_what_is_not_known_is_a_question_mark_and_never_zero():
    lost = replace(GOLD, price=None, u=None, pnl=None, score=None, components=None)
    row = cells(lost)
    assert {row[key].text for key in ("price", "u", "pnl", "score")} == {"?"}
    assert row["bar"].text == ""
    assert "no score now" in "\n".join(detail(lost))
    card = dict(trade_card(lost, DEFENCE, LOOK.zone, UNICODE))
    assert card["score"] == "?"
    assert card["structure"] == "?"


def test_figures_of_the_past_are_marked():
    row = cells(GOLD, LOST.defence)
    assert (row["price"].text, row["price"].meaning) == ("2644.10~", "stale")
    assert row["pnl"].text == "▼-284~"
    assert cells(CLOSED, LOST.defence)["pnl"].text == "▼-120"


def test_a_hedge_without_a_stop_at_the_broker_is_an_alarm():
    soft = cells(replace(GOLD, hedge=replace(GOLD.hedge, soft_sl=True)))["hedge"]
    bare = cells(replace(GOLD, hedge=replace(GOLD.hedge, sl=None)))["hedge"]
    virtual = cells(replace(GOLD, hedge=replace(GOLD.hedge, sl=None, virtual=True)))["hedge"]
    assert (soft.text, soft.meaning) == ("0.20 SOFT SL", "alarm")
    assert (bare.text, bare.meaning) == ("0.20 NO SL", "alarm")
    assert (virtual.text, virtual.meaning) == ("0.20 virtual", "")


def test_large_results_keep_their_size():
    assert [pnl_text(value, UNICODE) for value in (None, 0.2, -284.4, 99_999.0, -112_840.0)] == [
        "?", "0", "▼-284", "▲+99,999", "▼-113k",
    ]  # fmt: skip


@pytest.mark.parametrize("width", range(20, 200, 7))
def test_state_and_score_stay_at_every_width(width):
    kept = {placed.column.key for placed in fit_columns(TRADE_COLUMNS, width)}
    if width >= 38:
        assert {"ticket", "symbol", "state", "score"} <= kept
    if width >= 58:
        assert {"u", "pnl", "left"} <= kept


def test_every_state_has_a_sign_of_its_own_in_every_alphabet():
    for icons in (UNICODE, ASCII):
        signs = {sign.of(icons) for sign in SIGNS.values()}
        assert len(signs) == len(State)
        assert icons is UNICODE or all(sign.isascii() for sign in signs)
    assert {sign.word for sign in map(sign_of, State)} == {
        "HEALTHY", "WARN_L1", "WARN_L2", "HEDGED", "RECOVERING", "CLOSED",
    }  # fmt: skip
    assert sign_of("\x1bodd").word == "␛odd"


def test_a_score_bar_leans_the_way_of_the_score():
    assert score_bar(-7.2, UNICODE) == "  ▇▇│    "
    assert score_bar(3.4, UNICODE) == "    │▇   "
    assert score_bar(0.0, UNICODE) == "    │    "
    assert score_bar(-12.0, ASCII) == "####|    "


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3_734, "62:14"), (17, "00:17"), (0.2, "00:01"), (0, "due"), (-9, "due"), (40_000, "11h")],
)
def test_deadlines_count_down_and_never_below_nothing(seconds, text):
    assert countdown(NOW + seconds, NOW) == text
    assert countdown(None, NOW) == "-"


def test_the_lane_shows_the_worst_of_each_slot():
    def at(hours_ago, state):
        return LaneStep(Timestamp(NOW - 3_600 * hours_ago), state, "T", "")

    steps = (at(20, "HEALTHY"), at(5.6, "HEDGED"), at(5.5, "RECOVERING"), at(2, "HEALTHY"))
    row = text_of(lane(steps, NOW, 24, UNICODE))
    assert len(row) == 24
    assert row.startswith("···")
    assert row.count("◆") == 1
    assert row.endswith("●")
    assert text_of(lane((), NOW, 12, UNICODE)) == "·" * 12
    assert lane(steps, NOW, 0, UNICODE) == ()


def test_the_lane_moves_once_a_slot():
    steps = GOLD.lane
    slot = DAY_S / 48
    start = (NOW // slot) * slot + 1
    moments = [text_of(lane(steps, start + step, 48, UNICODE)) for step in (0, 600, slot - 2)]
    assert len(set(moments)) == 1
    assert text_of(lane(steps, start + slot, 48, UNICODE)) != moments[0]


def test_the_detail_tells_where_the_score_comes_from_and_what_comes_next():
    text = "\n".join(detail(GOLD))
    for part in (
        "score -7.2 · u -0.62 R · auto", "London · vol high · trend · delta n/a",
        "structure    ▼ -3.0", "delta           n/a", "flat timer 75:00 → 62:14 left",
        "hedge SELL 0.20 @ 2646.02 SL 2648.12", "T8 HEDGED→RECOVERING  ✗ score -7.2 ≥ -1.0",
        "09:28:21 WARN_L2 → HEDGED (T5 score -7.0 ≤ -6.0", "open_hedge DONE", "24 h",
    ):  # fmt: skip
        assert part in text, part
    assert "✓ u -0.33 ≤ -0.25" in "\n".join(detail(EURO))


def test_the_waterfall_hangs_together_and_its_last_bar_is_the_score():
    rows = [row[:46] for row in detail(GOLD)[1:8]]
    ends = [(row.index("▇"), row.rindex("▇") + 1) for row in rows if "▇" in row]
    bars, total = ends[:-1], ends[-1]
    axis = rows[0].index("│")
    assert bars[0][1] == axis
    for (left, _), (_, right) in pairwise(bars):
        assert abs(right - left) <= 1
    assert total[1] == axis
    assert abs(total[0] - bars[-1][0]) <= 1
    gains = [row for row in detail(INDEX)[1:8] if "▇" in row]
    assert all(row[:46].index("▇") > axis for row in gains)


@given(
    width=st.integers(14, 200),
    height=st.integers(0, 20),
    row=st.sampled_from([*TROUBLED.rows, GOLD, EURO, INDEX, CLOSED]),
    icons=st.sampled_from([UNICODE, ASCII]),
)
def test_the_detail_fits_and_keeps_the_name(width, height, row, icons):
    lines = detail(row, TROUBLED, width, height, icons)
    assert len(lines) <= height
    if height:
        assert str(row.ticket) in lines[0]
    if height >= 3 and row.pending:
        assert "UNKNOWN" in lines[1] or width < 40


def test_the_strip_counts_and_names_the_next_check():
    text = text_of(strip_line(DEFENCE, NOW, UNICODE, 140))
    assert "WARN_L2 ▲1 ━━▶ HEDGED ◆1 ── RECOVERING ↺ ── CLOSED ■" in text
    assert text.endswith("4 trades · 1 hedged · next check 00:17")
    assert "FROZEN" in text_of(strip_line(LOST.defence, NOW, UNICODE, 140))
    unwatched = replace(DEFENCE, monitoring=False)
    assert "NOT WATCHING" in text_of(strip_line(unwatched, NOW, UNICODE, 140))
    assert "WATCHING" not in text_of(strip_line(OFF, NOW, UNICODE, 140))


@pytest.mark.parametrize("width", range(24, 200, 4))
@pytest.mark.parametrize("view", [DEFENCE, TROUBLED, LOST.defence, OFF])
def test_strip_and_note_fit(width, view):
    assert width_of(strip_line(view, NOW, UNICODE, width)) <= max(width, 38)
    line = note_line(view, (), width)
    assert width_of(line) <= width or len(line) <= 2


def test_no_answer_is_never_taken_for_no_trades():
    silent = replace(DEFENCE, rows=(), frozen="", mt5=replace(MT5, link="down", reason="gone"))
    text = " ".join(text_of(line) for line in empty_lines(silent, "paper", 200))
    assert "Not known what is open" in text
    assert "gone" in text
    assert "trades not known" in text_of(strip_line(silent, NOW, UNICODE, 140))
    none = " ".join(text_of(line) for line in empty_lines(NO_TRADES.defence, "paper", 200))
    assert "No open MT5 trades" in none
    off = " ".join(text_of(line) for line in empty_lines(OFF, "paper", 200))
    assert "[profile.paper.mt5]" in off


# What must not be missed


def test_the_banner_says_what_is_in_doubt():
    text = " | ".join(defence_alarms(TROUBLED))
    assert "close_all UNKNOWN for XAUUSD 4417201: may be done (2, U: resolve)" in text
    assert "SOFT SL XAUUSD 4417201" in text
    assert defence_cautions(TROUBLED) == (
        "DEGRADED EURUSD 4417233: too small to hedge (2: trades)",
    )
    assert defence_alarms(LOST.defence) == ("MT5 DOWN: no answer from the bridge (7: health)",)
    stale = replace(DEFENCE, frozen="XAUUSD tick is 70 s old")
    assert defence_alarms(stale) == ("DTMS FROZEN: XAUUSD tick is 70 s old",)
    assert defence_alarms(DEFENCE) == defence_cautions(DEFENCE) == ()
    assert defence_alarms(OFF) == defence_cautions(OFF) == ()


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20), (40, 12)])
@pytest.mark.parametrize("key", ["1", "2", "7"])
def test_alarms_are_in_view_on_every_screen(size, key):
    async def test():
        async with opened(desk(TROUBLE), size=size) as console:
            await console.press(key)
            assert "close_all UNKNOWN" in console.text
            assert console.app.shell.query_one("#banner").has_class("-red")

    run(test())


def test_the_bell_rings_for_a_hedge_a_lost_terminal_and_a_doubt():
    before = replace(FULL, defence=replace(DEFENCE, rows=(INDEX, EURO, BITCOIN)))
    assert worth_a_bell(before, DEFENDED, ())
    assert worth_a_bell(DEFENDED, LOST, ())
    assert worth_a_bell(DEFENDED, TROUBLE, ())
    assert not worth_a_bell(DEFENDED, DEFENDED, ())
    assert not worth_a_bell(TROUBLE, TROUBLE, ())


def test_the_status_row_has_a_chip_for_each_link():
    assert "IB ✓ 12ms MT5 ✓ 31ms" in text_of(status_line(DEFENDED, LOOK, 120))
    assert "MT5 ✗ DOWN" in text_of(status_line(LOST, LOOK, 120))
    assert "IB✓ MT5✓" in text_of(status_line(DEFENDED, LOOK, 80))
    assert "MT5" not in text_of(status_line(FULL, LOOK, 120))


def test_the_micro_view_has_a_line_when_something_is_not_healthy():
    assert text_of(micro_line(DEFENCE, NOW, UNICODE, 40)) == "DTMS 1◆ 1▲ 1△ 1●  next 62:14"
    assert micro_line(replace(DEFENCE, rows=(INDEX,)), NOW, UNICODE, 40) == ()
    assert "FROZEN" in text_of(micro_line(LOST.defence, NOW, UNICODE, 40))
    assert micro_line(OFF, NOW, UNICODE, 40) == ()

    async def test():
        async with opened(desk(), size=(40, 12)) as console:
            assert "DTMS 1◆ 1▲ 1△ 1●" in console.text

    run(test())


def test_health_has_the_terminal_and_what_to_do():
    rows = {row.item: row for row in mt5_rows(DEFENDED)}
    assert rows["MT5 link"].state == "ok"
    assert rows["MT5 login"].text == "DEMO 5•••4567 · Demo-Server · hedging"
    assert mt5_rows(FULL) == ()
    for snapshot in (LOST, TROUBLE):
        ill = [row for row in mt5_rows(snapshot) if row.state in ILL]
        assert ill
        assert all(row.advice for row in ill)
    unknown = replace(FULL, defence=DefenceView(Mt5View("connecting")))
    text = " ".join(row.text for row in mt5_rows(unknown))
    assert "no answer yet" in text
    assert "equity ?" in text
    assert " 0 ms" not in text


def test_a_margin_level_of_zero_means_that_none_is_in_use():
    idle = replace(NO_TRADES.defence, mt5=replace(MT5, margin_level=0.0))
    rows = {row.item: row for row in mt5_rows(replace(FULL, defence=idle))}
    assert rows["Margin"].state == "ok"
    assert "no margin in use" in rows["Margin"].text
    assert "margin level" not in text_of(note_line(idle, (), 120))


# Keys


@pytest.mark.parametrize(
    ("key", "verb"),
    [("H", "hedge"), ("W", "unhedge"), ("C", "close"), ("D", "half"), ("B", "breakeven")],
)
def test_a_capital_previews_for_the_trade_under_the_cursor_and_y_sends(key, verb):
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("2", "j", key)
            assert console.desk.commands == [cmd.PreviewDefence(EURO.ticket, verb)]
            assert "HEDGE EURUSD 4417233" in console.text
            await console.press("enter")
            assert console.desk.sent() == []
            await console.press(key, "y")
            assert console.desk.sent() == [cmd.Confirm("d-1", "")]

    run(test())


def test_shared_keys_are_about_the_book_on_other_screens():
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("H", "escape", "7", "H", "escape", "1", "T")
            assert console.desk.commands == [
                cmd.PreviewHedge(), cmd.PreviewHedge(), cmd.SwitchAuto(on=True),
            ]  # fmt: skip
            await console.press("D")
            assert console.notes[-1] == "Halve belongs to the DTMS screen: 2 shows it"
            assert len(console.desk.commands) == 3

    run(test())


def test_automation_goes_down_at_once_and_loudly_and_up_only_when_asked():
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("2", "T")
            assert console.desk.commands == [cmd.SetAutomation(GOLD.ticket, "alert")]
            assert "XAUUSD 4417201 ALERT" in console.text
            off = replace(GOLD, automation="off")
            console.desk.move(replace(FULL, defence=replace(DEFENCE, rows=(off,))))
            await console.caught_up()
            await console.press("T")
            assert "automation auto?" in console.text
            await console.press("enter")
            assert len(console.desk.commands) == 1
            await console.press("T", "y")
            assert console.desk.commands[1:] == [cmd.SetAutomation(GOLD.ticket, "auto")]

    run(test())


def test_a_position_nobody_watches_is_adopted_and_a_trade_let_go_only_by_y():
    async def test():
        async with opened(desk(TROUBLE), size=(120, 36)) as console:
            await console.press("2", "tab", "I")
            assert "magic 77 is not in dtms.magics" in console.text
            assert "Adopt 4417260 GBPUSD SELL?" in console.text
            await console.press("escape")
            assert console.desk.commands == []
            await console.press("I", "y")
            assert console.desk.commands == [cmd.Adopt(FOREIGN.ticket)]
            await console.press("H")
            assert console.notes[-1] == "4417260 is not watched: I adopts it"
            await console.press("shift+tab", "I")
            assert "Its hedge stays open too" in console.text
            await console.press("y")
            assert console.desk.commands[1:] == [cmd.Ignore(GOLD.ticket)]

    run(test())


def test_without_a_trade_the_keys_say_so():
    async def test():
        for snapshot, words in ((FULL, "no MT5"), (NO_TRADES, "no open MT5 trade")):
            async with opened(desk(snapshot), size=(80, 24)) as console:
                await console.press("2", "H")
                assert words in console.notes[-1]
                assert console.desk.commands == []

    run(test())


def test_a_closed_trade_takes_no_orders():
    async def test():
        async with opened(desk(TROUBLE), size=(120, 36)) as console:
            await console.press("2", "G", "C")
            assert console.notes[-1] == "4417100 is closed"
            assert console.desk.commands == []

    run(test())


def test_where_no_row_is_in_view_a_list_asks_which():
    async def test():
        async with opened(desk(), size=(80, 24)) as console:
            await console.press("2", "L", "L", "C")
            assert "Close which trade?" in console.text
            await console.press("2")
            assert console.desk.commands == [cmd.PreviewDefence(DEFENCE.rows[1].ticket, "close")]

    run(test())


def test_no_lower_case_key_reaches_a_broker_from_here():
    async def test():
        async with opened(desk(TROUBLE), size=(120, 36)) as console:
            await console.press("2")
            for key in "abcdefghijklmnopqrstuvwxyz":
                await console.press(key)
                while len(console.app.screen_stack) > 1:
                    await console.press("escape")
            changing = (cmd.Confirm, cmd.PreviewDefence, cmd.SetAutomation, cmd.Adopt, cmd.Ignore,
                        cmd.PreviewHedge, cmd.PreviewClose, cmd.PreviewEntry, cmd.Arm)  # fmt: skip
            assert not [one for one in console.desk.commands if isinstance(one, changing)]

    run(test())


@pytest.mark.parametrize("width", range(14, 160, 5))
def test_the_footer_has_the_keys_of_this_screen(width):
    line = footer_line({}, width, "dtms")
    assert width_of(line) <= width
    text = text_of(line)
    assert "c Scan" not in text
    if width >= 80:
        for part in ("H Hedge", "W Unhedge", "A Arm", "K KILL", "? Help"):
            assert part in text
    assert "W Unhedge" not in text_of(footer_line({}, width, "vega"))


# Moving, finding, taking


def test_the_detail_follows_the_cursor_and_the_cursor_its_trade():
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("2", "j")
            assert "10 min in L2 (3:12)" in console.text
            worse = replace(INDEX, state="HEDGED", score=-9.0)
            console.desk.move(replace(FULL, defence=replace(DEFENCE, rows=(worse, GOLD, EURO))))
            await console.caught_up()
            assert "10 min in L2 (3:12)" in console.text
            assert "BTCUSD" not in console.text

    run(test())


def test_find_sort_and_why():
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("2", "slash", *"btc", "enter")
            assert "find: btc" in console.text
            assert "4417233" not in console.text
            await console.press("escape", "g", "w")
            for part in ("4417201 XAUUSD", "T8 HEDGED→RECOVERING: score"):
                assert part in console.text
            await console.press("escape", "s")
            await console.until(lambda: "sort: Ticket ▲" in console.text)
            assert "sort: Ticket ▲" in console.text
            assert "find: btc" not in console.text

    run(test())


def test_rows_are_taken_along(tmp_path):
    async def test():
        async with opened(desk(), size=(120, 36), state_folder=str(tmp_path)) as console:
            await console.press("2", "y")
            assert "Ticket 4417201  Symbol XAUUSD" in console.app.clipboard
            await console.press("Y")
            taken = json.loads(console.app.clipboard)
            assert taken["components"]["structure"] == -3.0
            await console.press("e")
            (path,) = (tmp_path / "exports").glob("trades-*.csv")
            rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
            assert [row["symbol"] for row in rows] == ["XAUUSD", "EURUSD", "BTCUSD", "US500"]
            assert rows[0]["vwap_volume"] == "-2.0"
            assert rows[1]["hedge_ticket"] == ""

    run(test())


def test_all_positions_can_be_reached_where_there_is_almost_no_room():
    async def test():
        async with opened(desk(TROUBLE), size=(40, 12)) as console:
            await console.press("2")
            assert "4417201" in console.text
            assert "Δ -11.0" in console.text
            await console.press("tab")
            assert "4417260" in console.text
            await console.press("I", "y")
            assert console.desk.commands == [cmd.Adopt(FOREIGN.ticket)]

    run(test())


def test_a_quiet_second_paints_only_what_counts_down():
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("2")
            pane, painted = console.app.shell.dtms, []
            refresh = pane.trades.refresh
            pane.trades.refresh = lambda *regions, **more: (
                painted.extend(regions), refresh(*regions, **more),
            )[1]  # fmt: skip
            console.desk.move(replace(DEFENDED, status=replace(FULL.status, now=NOW + 0.4)))
            await console.caught_up()
            assert painted == []
            console.desk.move(replace(DEFENDED, status=replace(FULL.status, now=NOW + 1)))
            await console.caught_up()
            assert "62:13" in console.text
            assert [(region.y, region.height) for region in painted] == [(1, 1)]
            assert painted[0].width <= 6

    run(test())


def hostile(text):
    row = replace(
        GOLD, symbol=text, side=text, degraded=text, pending=text, why=text, regime=text,
        flags=(text,), automation=text, state=text,
        guards=(replace(GOLD.guards[0], rule=text, words=text),),
        lane=(LaneStep(NOW, text, text, text),), hedge=replace(GOLD.hedge, side=text),
    )  # fmt: skip
    action = replace(OPENED, state="UNKNOWN", kind=text, text=text, result=text, symbol=text)
    return replace(
        TROUBLED, rows=(row,), actions=(action,), rails=(text,),
        unwatched=(replace(FOREIGN, symbol=text, side=text, why=text),),
        mt5=replace(MT5, reason=text, login=text, server=text, hints=(text,), kind=text),
    )  # fmt: skip


@given(st.text(st.sampled_from("[]/@\x1b\x07\x9b\u202e\u200b a1\n\t█é"), max_size=60))
def test_foreign_text_moves_nothing(text):
    view = hostile(text)
    said = [*defence_alarms(view), *defence_cautions(view), *detail(view.rows[0], view, 100)]
    said += map(text_of, (strip_line(view, NOW, UNICODE, 120), note_line(view, (), 120)))
    said.append(text_of(micro_line(view, NOW, UNICODE, 60)))
    assert not set("".join(said)) & set("\x1b\x07\x9b\u202e\u200b\t\n")


def test_foreign_text_moves_nothing_on_the_screen_either():
    async def test():
        snapshot = replace(FULL, defence=hostile("[b]\x1b[2J\u202eabc\t[/]@click"))
        async with opened(desk(snapshot), size=(110, 34)) as console:
            for key in ("2", "w", "escape", "7"):
                await console.press(key)
                assert not set(console.text) & set("\x1b\x07\x9b\u202e\u200b\t")
            assert console.app.is_running

    run(test())
