"""Nobody sends an order by accident: the rules of every dialog."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from textual import events

from hedgetui.domain import commands as cmd
from hedgetui.ports.desk import Outcome
from hedgetui.ui.dialogs.base import Dialog, fold
from hedgetui.ui.dialogs.confirm_quit import left_behind
from hedgetui.ui.dialogs.help import emergency_card
from hedgetui.ui.dialogs.preview import PreviewDialog
from tests.ui.console_stage import opened, run
from tests.ui.still_desk import BOOK, EMPTY, FULL, HEDGE, LOG, NOW, ORDER, STATUS, StillDesk
from tests.ui.still_tails import TAILS
from tests.ui.still_trades import DEFENCE, GOLD


def with_status(**changes):
    return replace(FULL, status=replace(STATUS, **changes))


def is_open(console, kind=Dialog):
    return isinstance(console.app.screen, kind)


def preview_desk(**changes):
    desk = StillDesk()
    preview = replace(HEDGE, **changes)
    desk.answers[cmd.PreviewHedge] = Outcome(True, "preview", "", preview=preview)
    return desk


def test_y_sends_the_preview_that_is_shown():
    async def test():
        async with opened() as console:
            await console.press("H", "y")
            assert console.desk.sent() == [cmd.Confirm("p-1")]
            assert not is_open(console)

    run(test())


@pytest.mark.parametrize("key", ["enter", "escape", "q", "n", "ctrl+c"])
def test_cancel_keys_send_nothing(key):
    async def test():
        async with opened() as console:
            await console.press("H")
            assert is_open(console, PreviewDialog)
            await console.press(key)
            assert not is_open(console)
            assert console.desk.sent() == []

    run(test())


@pytest.mark.parametrize("key", ["space", "Y", "H", "C", "E", "tab", "x", "j", "1", "f5"])
def test_other_keys_neither_send_nor_close_nor_act(key):
    async def test():
        async with opened() as console:
            await console.press("H", key)
            assert is_open(console, PreviewDialog)
            assert console.desk.commands == [cmd.PreviewHedge()]

    run(test())


def test_keys_are_ignored_for_300_ms():
    async def test():
        async with opened() as console:
            await console.press("H")
            await console.press("y", after=0.29)
            assert is_open(console, PreviewDialog)
            await console.press("y", after=0.31)
            assert len(console.desk.sent()) == 1

    run(test())


def test_a_held_key_never_sends():
    async def test():
        async with opened() as console:
            await console.press("H")
            for _ in range(40):
                await console.press("y", after=0.033)
            assert console.desk.sent() == []
            assert is_open(console, PreviewDialog)

    run(test())


def test_pasted_text_is_ignored():
    async def test():
        async with opened() as console:
            await console.press("H")
            console.clock.now += 1
            console.app.post_message(events.Paste("y"))
            await console.settle()
            assert is_open(console, PreviewDialog)
            assert console.desk.sent() == []

    run(test())


def test_an_expired_preview_cannot_be_sent():
    async def test():
        async with opened() as console:
            await console.press("H")
            console.desk.move(with_status(now=NOW + 31))
            await console.caught_up()
            assert "expired" in console.text
            await console.press("y")
            assert console.desk.sent() == []

    run(test())


def test_an_unsendable_preview_says_why():
    async def test():
        checks = (replace(HEDGE.checks[0], ok=False, detail="press A"),)
        async with opened(preview_desk(sendable=False, checks=checks)) as console:
            await console.press("H")
            assert "cannot be sent: armed" in console.text
            assert "y send" not in console.text
            await console.press("y")
            assert console.desk.sent() == []

    run(test())


def test_a_typed_text_stands_before_y():
    async def test():
        async with opened(preview_desk(ask_typed="12")) as console:
            await console.press("H", "y", "enter")
            assert console.desk.sent() == []
            await console.press("H", "1", "2", "y")
            assert console.desk.sent() == [cmd.Confirm("p-1", "12")]

    run(test())


def test_the_dialog_shows_the_preview_and_nothing_else():
    async def test():
        async with opened(size=(100, 30)) as console:
            await console.press("H")
            for label, text in HEDGE.lines:
                assert label in console.text
                assert text in console.text
            assert HEDGE.orders[0] in console.text
            assert "◉ SIM" in console.text

    run(test())


@pytest.mark.parametrize("size", [(40, 12), (20, 5), (120, 36)])
def test_the_answer_keys_are_in_view_at_every_size(size):
    async def test():
        async with opened(size=size) as console:
            await console.press("H")
            assert "y send" in console.text

    run(test())


def test_a_second_press_while_a_preview_is_opening_does_nothing():
    async def test():
        async with opened() as console:
            console.desk.gate = asyncio.Event()
            await console.press("H", "H", "C")
            assert console.desk.commands == [cmd.PreviewHedge()]
            console.desk.gate.set()
            await console.settle()
            assert is_open(console, PreviewDialog)

    run(test())


def test_a_refusal_is_one_line_and_never_markup():
    async def test():
        desk = StillDesk()
        text = "[201] Order rejected [reason: margin"
        desk.answers[cmd.PreviewHedge] = Outcome(False, "refused", text, "press R")
        async with opened(desk) as console:
            await console.press("H")
            assert console.notes == [f"{text}  (press R)"]
            assert "[201] Order rejected" in console.text

    run(test())


def test_a_failing_desk_is_said_and_survived():
    class Broken(StillDesk):
        async def dispatch(self, command, by="you"):  # noqa: ARG002 - the port's own signature
            raise RuntimeError("socket [gone]")

    async def test():
        async with opened(Broken()) as console:
            await console.press("H")
            assert "RuntimeError" in console.notes[0]
            await console.press("question_mark")
            assert is_open(console)

    run(test())


def test_stale_greeks_need_an_explicit_yes():
    async def test():
        desk = StillDesk()
        desk.answers[cmd.PreviewHedge] = Outcome(
            False, "stale-greeks", "greeks stale 23 s XSP 540C"
        )
        async with opened(desk) as console:
            await console.press("H")
            assert "greeks stale 23 s" in console.text
            await console.press("enter")
            assert desk.commands == [cmd.PreviewHedge()]
            await console.press("H", "y")
            assert desk.commands[-1] == cmd.PreviewHedge(accept_stale=True)
            assert desk.sent() == []

    run(test())


def test_a_moved_book_is_shown_again_before_anything_is_sent():
    async def test():
        desk = StillDesk()
        again = replace(HEDGE, preview_id="p-2", title="HEDGE NOW: BUY 3 MES 202512 @ MKT")
        desk.answers[cmd.Confirm] = Outcome(False, "book-moved", "the book moved", preview=again)
        async with opened(desk) as console:
            await console.press("H", "y")
            assert "BUY 3 MES" in console.text
            assert console.notes == ["the book moved"]
            await console.press("y", after=0.1)
            assert desk.sent() == [cmd.Confirm("p-1")]
            desk.answers[cmd.Confirm] = Outcome(True, "done", "sent")
            await console.press("y")
            assert desk.sent()[-1] == cmd.Confirm("p-2")
            assert not is_open(console)

    run(test())


def test_entering_asks_candidate_and_lots_before_the_preview():
    async def test():
        async with opened() as console:
            await console.press("E", "2", "3", "enter")
            assert console.desk.commands == [cmd.PreviewEntry(2, 3)]
            assert is_open(console, PreviewDialog)

    run(test())


def test_the_first_trade_is_offered_at_its_configured_size():
    async def test():
        async with opened(size=(120, 36)) as console:
            console.app.shell.vega.scanner.focus()
            await console.press("down", "E", "enter")
            assert console.desk.commands == [cmd.PreviewEntry(2, 1)]

    run(test())


@pytest.mark.parametrize("typed", [("0",), ("backspace",), ("9", "9", "9", "9", "9")])
def test_impossible_lots_go_nowhere(typed):
    async def test():
        async with opened() as console:
            await console.press("E", "1", *typed, "enter")
            assert console.desk.commands == []
            assert is_open(console)

    run(test())


def test_closing_is_about_the_row_under_the_cursor():
    async def test():
        async with opened(size=(120, 36)) as console:
            await console.press("down", "C")
            assert console.desk.commands == [cmd.PreviewClose("T2")]

    run(test())


def test_closing_without_a_table_asks_which():
    async def test():
        async with opened(size=(40, 12)) as console:
            await console.press("C", "3")
            assert console.desk.commands == [cmd.PreviewClose("T3")]

    run(test())


def test_simulation_arms_at_once_and_disarms_at_once():
    async def test():
        async with opened() as console:
            await console.press("A")
            assert console.desk.commands == [cmd.Arm()]
            console.desk.move(with_status(armed=True))
            await console.caught_up()
            await console.press("A")
            assert console.desk.commands[-1] == cmd.Disarm()

    run(test())


def test_live_asks_for_the_last_four_characters():
    async def test():
        async with opened(StillDesk(with_status(mode="LIVE", account="U1234821"))) as console:
            await console.press("A", "4", "8", "2", "enter")
            assert console.desk.commands == []
            assert "U1234821" not in console.text.split("ARM account")[1]
            await console.press("1", "enter")
            assert console.desk.commands == [cmd.Arm("4821")]

    run(test())


def test_cancelling_an_order_asks_and_enter_leaves_it():
    async def test():
        desk = StillDesk(replace(FULL, orders=(ORDER,)))
        async with opened(desk) as console:
            await console.press("X", "enter")
            assert desk.commands == []
            await console.press("X", "y")
            assert desk.commands == [cmd.CancelOrder(124)]

    run(test())


def test_releasing_a_latch_needs_the_word():
    async def test():
        desk = StillDesk(with_status(latches=("freeze: kill key",)))
        async with opened(desk) as console:
            await console.press("b", "u", *"UNFREEZ", "x", "enter")
            assert desk.commands == []
            await console.press("b", "u", *"UNFREEZE", "enter")
            assert desk.commands == [cmd.Unfreeze("released at the screen")]

    run(test())


def test_presets_and_custom_band():
    async def test():
        async with opened() as console:
            await console.press("b", "1")
            assert console.desk.commands == [cmd.SetBand("conservative")]
            await console.press("b", "c", "7", "full_stop", "5", "enter")
            assert console.desk.commands[-1] == cmd.SetBand("custom", 7.5)

    run(test())


def test_kill_ladder_stops_freezes_and_offers_to_flatten():
    async def test():
        async with opened() as console:
            await console.press("K")
            assert console.desk.commands == [cmd.SwitchAuto(on=False)]
            assert "KILL 1/3: AUTO OFF" in console.text
            await console.press("K")
            assert console.desk.commands[1:] == [cmd.Freeze("kill key")]
            await console.press("K")
            assert console.desk.commands[2:] == [cmd.PreviewFlatten()]
            assert is_open(console, PreviewDialog)
            await console.press("y")
            assert console.desk.sent() == []
            await console.press(*"FLATTEN", "y")
            assert console.desk.sent() == [cmd.Confirm("p-9", "FLATTEN")]

    run(test())


def test_the_kill_key_works_inside_a_dialog_at_once():
    async def test():
        async with opened() as console:
            await console.press("H")
            await console.press("K", after=0.01)
            assert cmd.SwitchAuto(on=False) in console.desk.commands

    run(test())


def test_quitting_names_what_stays_behind():
    rows = "\n".join(left_behind(replace(FULL, status=replace(STATUS, working_orders=1))))
    assert "3 strangles stay open" in rows
    assert "+4 MES 202512 stays" in rows
    assert "1 working order" in rows
    assert left_behind(EMPTY) == []

    async def test():
        async with opened() as console:
            await console.press("q")
            assert "3 strangles stay open" in console.text
            await console.press("enter")
            assert not is_open(console)
            assert console.app.is_running
            await console.press("ctrl+c", "y")
            assert not console.app._running or console.app._exit

    run(test())


@pytest.mark.parametrize(
    ("net", "expected"),
    [
        (-11.0, "BUY 2 MES 202512"),
        (47.0, "SELL 9 MES 202512"),
        (-30.0, "BUY 6 MES 202512"),
        (7.5, "SELL 1 MES 202512"),
        (1.8, "under half a contract"),
        (2.5, "under half a contract"),
    ],
)
def test_the_emergency_card_works_the_hedge_out(net, expected):
    assert expected in emergency_card(replace(BOOK, net_delta=net))[0]


def test_the_emergency_card_invents_no_hedge():
    card = " ".join(emergency_card(replace(BOOK, net_delta=None)))
    assert "unknown" in card
    assert "BUY" not in card
    assert "SELL" not in card


def test_help_shows_remapped_keys():
    async def test():
        async with opened(size=(100, 30), keys={"trade.hedge": "f5"}) as console:
            await console.press("question_mark")
            assert "f5 hedge now" in console.text
            assert "Emergency" in console.text
            await console.press("question_mark")
            assert not is_open(console)

    run(test())


def test_why_shows_the_chain_of_the_line_on_top():
    async def test():
        desk = StillDesk(log=LOG[:2])
        async with opened(desk) as console:
            await console.press("x")
            assert "24.6 / 5 = 4.92" in console.text

    run(test())


def test_fold_loses_nothing_and_fits():
    text = "a bb ccc supercalifragilistic dd"
    rows = fold(text, 7)
    assert max(map(len, rows)) <= 7
    assert "".join(rows).replace(" ", "") == text.replace(" ", "")


def test_leaving_says_what_becomes_of_mt5_trades_and_of_tails():
    rows = left_behind(replace(EMPTY, defence=DEFENCE, tails=TAILS))
    soft = replace(GOLD, hedge=replace(GOLD.hedge, soft_sl=True))
    alone = left_behind(replace(EMPTY, defence=replace(DEFENCE, rows=(soft,))))
    ruled = sum(row.mode != "manual" for row in TAILS.rows)
    assert rows == [
        "4 MT5 trade(s) lose their defence, 1 of them hedged",
        f"{ruled} hedge account(s) are no longer hedged by rule",
    ]
    assert alone[0] == "SOFT SL of 4417201 is watched by nobody"
