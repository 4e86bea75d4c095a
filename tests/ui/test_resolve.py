"""What is unknown is ended at the screen only by a reason and the end of its own reference."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hedgetui.domain import commands as cmd
from hedgetui.ports.desk import Outcome
from hedgetui.ui.dialogs.resolve import ResolveDialog
from tests.ui.console_stage import opened, run
from tests.ui.still_desk import DEGRADED, FULL, NOW, ORDER, STATUS, StillDesk
from tests.ui.still_trades import GOLD, IN_DOUBT, TROUBLED

KEY = "HT1.01JD2K9Q4Z7M3X5T6W8YBCK4H7"
UNKNOWN = replace(ORDER, state="UNKNOWN", client_key=KEY, at=NOW - 42)
DOUBT = replace(
    FULL, orders=(UNKNOWN, *FULL.orders),
    health=replace(FULL.health, unknown_orders=1, missing=(("#124", "TWS does not list it"),)),
)  # fmt: skip
SAYING = (*"never there", "enter")


def is_open(console):
    return isinstance(console.app.screen, ResolveDialog)


def test_a_reason_and_the_typed_end_reach_the_desk():
    async def test():
        desk = StillDesk(DOUBT)
        desk.answers[cmd.ResolveUnknown] = Outcome(True, "done", "#124 resolved by you")
        async with opened(desk) as console:
            await console.press("U")
            for part in (
                *("Resolve #124", "BUY 2 MES 202512 MKT", "UNKNOWN for 42s", KEY),
                *("TWS does not list it", "Look in TWS: orders, executions, open dialogs."),
            ):
                assert part in console.text, part
            await console.press(*SAYING)
            assert "bck4h7, the end of its reference" in console.text
            await console.press(*"bck4h7", "enter")
            assert not is_open(console)
            assert desk.commands == [cmd.ResolveUnknown(124, "bck4h7", "never there")]
            assert console.notes == ["#124 resolved by you"]

    run(test())


@pytest.mark.parametrize(
    "keys",
    [
        ("enter", "enter", "enter"),
        ("space", "enter", *"bck4h7", "enter"),
        (*SAYING, "enter"),
        (*SAYING, *"bck4h", "enter"),
        (*SAYING, *"bck4h8", "enter"),
        (*SAYING, *"xbck4h7", "enter"),
        (*SAYING, *"bck4h7", "escape"),
        (*SAYING, *"bck4h7", "ctrl+c"),
        ("escape",),
    ],
)
def test_anything_less_tells_the_desk_nothing(keys):
    async def test():
        async with opened(StillDesk(DOUBT)) as console:
            await console.press("U", *keys)
            assert console.desk.commands == []
            assert is_open(console) is (keys[-1] == "enter")

    run(test())


def test_a_wrong_end_is_said_and_can_be_mended():
    async def test():
        async with opened(StillDesk(DOUBT)) as console:
            await console.press("U", "enter")
            assert "say what became of it" in console.text
            await console.press(*"gone", "enter", *"bck4h8", "enter")
            assert "not the end of #124's reference" in console.text
            await console.press("backspace", "7", "enter")
            assert console.desk.commands == [cmd.ResolveUnknown(124, "bck4h7", "gone")]

    run(test())


def test_backspace_goes_back_to_the_reason():
    async def test():
        async with opened(StillDesk(DOUBT)) as console:
            await console.press("U", *"gone", "enter", "b", "backspace", "backspace", *"!", "enter")
            await console.press(*KEY.lower().split(".")[0], "full_stop", *KEY.lower()[4:], "enter")
            assert console.desk.commands == [cmd.ResolveUnknown(124, KEY.lower(), "gone!")]

    run(test())


def test_an_order_that_settles_meanwhile_takes_no_verdict():
    async def test():
        async with opened(StillDesk(DOUBT)) as console:
            await console.press("U", *SAYING, *"bck4h7")
            filled = replace(UNKNOWN, state="FILLED", filled=2)
            console.desk.move(replace(DOUBT, orders=(filled, *FULL.orders)))
            await console.caught_up()
            assert "FILLED by now" in console.text
            await console.press("enter")
            assert console.desk.commands == []
            assert not is_open(console)

    run(test())


def test_what_follows_is_said_with_auto_on():
    async def test():
        status = replace(STATUS, auto=True, armed=True)
        async with opened(StillDesk(replace(DOUBT, status=status))) as console:
            await console.press("U")
            assert "the next order may leave at once" in console.text
            console.desk.move(DOUBT)
            await console.caught_up()
            assert "still the broker's to tell" in console.text

    run(test())


def test_without_an_unknown_order_a_note_says_so():
    async def test():
        async with opened() as console:
            await console.press("U")
            assert console.notes == ["no order is unknown: there is nothing to resolve"]
            assert console.desk.commands == []

    run(test())


def test_of_two_the_one_is_chosen():
    async def test():
        other = replace(UNKNOWN, number=125, client_key=KEY[:-1] + "9")
        desk = StillDesk(replace(DOUBT, orders=(other, *DOUBT.orders)))
        async with opened(desk) as console:
            await console.press("U")
            assert "Resolve which order?" in console.text
            await console.press("2")
            assert "Resolve #124" in console.text
            await console.press("escape", "U", "escape")
            assert not is_open(console)
            assert desk.commands == []

    run(test())


def test_the_health_page_names_the_key():
    async def test():
        async with opened(StillDesk(DEGRADED), size=(120, 36)) as console:
            await console.press("7")
            assert "look in TWS, then U" in console.text
            await console.press("U")
            assert is_open(console)

    run(test())


@pytest.mark.parametrize("size", [(40, 12), (20, 5)])
def test_the_field_is_in_view_while_typing_on_a_small_screen(size):
    async def test():
        async with opened(StillDesk(DOUBT), size=size) as console:
            await console.press("U", *"never there")
            assert "there_" in console.text
            await console.press("enter", *"bck4h7")
            assert "ck4h7_" in console.text
            await console.press("enter")
            assert console.desk.commands == [cmd.ResolveUnknown(124, "bck4h7", "never there")]

    run(test())


def test_small_letters_type_it_and_the_kill_key_stays_one():
    async def test():
        async with opened(StillDesk(DOUBT)) as console:
            await console.press("U", *SAYING, "K")
            assert console.desk.commands == [cmd.SwitchAuto(on=False)]
            assert is_open(console)

    run(test())


# --- an action on an MT5 trade ---------------------------------------------------------------

ACTION = replace(IN_DOUBT, action_id=KEY[4:], missing="no deal bears its magic")
"""Of gold, which is the first row of the DTMS screen."""
OTHER = replace(ACTION, action_id=KEY[4:-1] + "9", ticket=4417233, symbol="EURUSD")


def defended(*actions, base=FULL):
    return replace(base, defence=replace(TROUBLED, actions=actions))


def test_the_unknown_action_of_the_chosen_trade_is_ended_on_its_screen():
    async def test():
        desk = StillDesk(defended(OTHER, ACTION, base=DOUBT))
        async with opened(desk) as console:
            await console.press("2")
            assert console.app.dtms.chosen_ticket == GOLD.ticket
            await console.press("U")
            for part in (
                *("Resolve close_all 4417201", "close 0.40 XAUUSD", "UNKNOWN for 8s", KEY[4:]),
                *("no answer in 15 s", "no deal bears its magic", "Look in the MT5 terminal"),
                "after all is taken over",
            ):
                assert part in console.text, part
            await console.press(*SAYING, *"bck4h7", "enter")
            assert desk.commands == [cmd.ResolveDefence(KEY[4:], "bck4h7", "never there")]

    run(test())


def test_another_trade_s_end_does_not_end_it():
    async def test():
        async with opened(StillDesk(defended(OTHER, ACTION))) as console:
            await console.press("2", "U", *SAYING, *"bck4h9", "enter")
            assert console.desk.commands == []
            assert "not the end of close_all 4417201's reference" in console.text

    run(test())


def test_what_follows_an_action_is_said_when_the_desk_may_act():
    async def test():
        status = replace(STATUS, armed=True)
        async with opened(StillDesk(replace(defended(ACTION), status=status))) as console:
            await console.press("2", "U")
            assert "the next action may leave at once" in console.text

    run(test())


def test_an_action_that_is_proven_meanwhile_takes_no_verdict():
    async def test():
        async with opened(StillDesk(defended(ACTION))) as console:
            await console.press("2", "U", *SAYING, *"bck4h7")
            console.desk.move(defended(replace(ACTION, state="DONE")))
            await console.caught_up()
            assert "DONE by now" in console.text
            await console.press("enter")
            assert console.desk.commands == []
            assert not is_open(console)

    run(test())


@pytest.mark.parametrize(
    ("snapshot", "keys", "title"),
    [
        (defended(OTHER), ("2", "U"), "Resolve close_all 4417233"),
        (defended(OTHER), ("U",), "Resolve close_all 4417233"),
        (defended(OTHER, base=DOUBT), ("2", "U"), "Resolve #124"),
        (defended(ACTION, base=DOUBT), ("U",), "Resolve #124"),
        (defended(OTHER, ACTION), ("U", "2"), "Resolve close_all 4417201"),
    ],
)
def test_the_key_finds_what_is_unknown_wherever_it_is_pressed(snapshot, keys, title):
    async def test():
        async with opened(StillDesk(snapshot)) as console:
            await console.press(*keys)
            assert title in console.text

    run(test())
