"""The registry is the one truth about keys: bindings, footer, help, docs and overrides agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain import commands as cmd
from hedgetui.ports.desk import Outcome
from hedgetui.ui.actions import ACTIONS, BY_ID, GROUPS, keys_markdown
from hedgetui.ui.app import HedgeApp
from hedgetui.ui.keymap import find_clash, read_keymap
from hedgetui.ui.keynames import canonical, display
from hedgetui.ui.kill import KillLadder, Step
from hedgetui.ui.screens.footer_text import footer_line
from hedgetui.ui.screens.spans import text_of, width_of
from hedgetui.ui.settings import UiSettings
from hedgetui.ui.widgets.tree_grid import TreeGrid
from tests.ui.console_stage import opened, run
from tests.ui.still_desk import HEDGE, StillDesk

FORBIDDEN = (
    "ctrl+b", "ctrl+a", "ctrl+s", "ctrl+q", "ctrl+z", "ctrl+p", "ctrl+h", "ctrl+i", "ctrl+j",
    "ctrl+m", "alt+x", "ctrl+shift+a", "f10", "f11", "~",
)  # fmt: skip


def test_ids_are_unique_and_groups_known():
    assert len(BY_ID) == len(ACTIONS)
    assert {action.group for action in ACTIONS} == set(GROUPS)


def test_shipped_keys_do_not_clash_and_none_is_forbidden():
    assert find_clash(ACTIONS, {}) is None
    for action in ACTIONS:
        assert read_keymap({action.id: ",".join(action.keys)}) == (
            {action.id: ",".join(action.keys)},
            (),
        )


def test_every_binding_has_an_id_of_the_registry():
    for owner in (HedgeApp, TreeGrid):
        for binding in owner.BINDINGS:
            if binding.id == "grid.clear_filter":  # Esc in a filtered table, before app.back
                continue
            assert BY_ID[binding.id].keys == tuple(binding.key.split(","))


def test_every_listed_action_is_bound():
    bound = {binding.id for owner in (HedgeApp, TreeGrid) for binding in owner.BINDINGS}
    assert set(BY_ID) <= bound


def test_every_method_exists():
    app = HedgeApp(StillDesk(), UiSettings())
    for action in ACTIONS:
        if action.method:
            handler, _, method = action.method.partition(".")
            assert callable(getattr(getattr(app, handler), method)), action.id


def test_what_can_reach_a_broker_is_a_capital():
    for action in ACTIONS:
        if action.danger == "order":
            assert all(len(key) == 1 and key.isupper() for key in action.keys)


@pytest.mark.parametrize("key", FORBIDDEN)
def test_forbidden_keys_are_refused(key):
    keymap, problems = read_keymap({"view.zoom": key})
    assert keymap == {}
    assert "view.zoom" in problems[0]


def test_an_unknown_id_names_its_neighbour():
    assert read_keymap({"trade.hegde": "f5"})[1] == (
        'keys: there is no action "trade.hegde"; did you mean "trade.hedge"?',
    )


def test_a_taken_key_is_refused_and_its_owner_named():
    keymap, problems = read_keymap({"app.help": "g"})
    assert keymap == {}
    assert "nav.top" in problems[0]


def test_two_actions_may_swap_their_keys():
    keymap, problems = read_keymap({"view.theme": "i", "view.icons": "t"})
    assert problems == ()
    assert keymap == {"view.theme": "i", "view.icons": "t"}


@pytest.mark.parametrize("key", ["h", "5", "space", "ctrl+t", "question_mark"])
def test_trade_keys_stay_capitals_or_function_keys(key):
    assert "capitals or function keys" in read_keymap({"trade.hedge": key})[1][0]
    assert read_keymap({"trade.hedge": "f5"}) == ({"trade.hedge": "f5"}, ())


@given(
    st.dictionaries(
        st.sampled_from(sorted(BY_ID)),
        st.sampled_from(["g", "f5", "f6", "H", "K", "x", "?", "b", "u", "B", "f5,f6", "j"]),
        max_size=6,
    )
)
def test_whatever_is_asked_no_key_is_lost(overrides):
    keymap, problems = read_keymap(overrides)
    assert find_clash(ACTIONS, keymap) is None
    assert len(keymap) + len(problems) == len(overrides)


@pytest.mark.parametrize("key", ["?", "/", "+", "-", ":", "[", ",", "."])
def test_key_names_go_there_and_back(key):
    assert display(canonical(key)) == key


def test_an_override_moves_the_binding():
    async def test():
        async with opened(keys={"trade.hedge": "f5"}) as console:
            await console.press("H")
            assert console.desk.commands == []
            await console.press("f5")
            assert console.desk.commands == [cmd.PreviewHedge()]

    run(test())


def test_m_previews_the_roll_and_y_sends_it():
    async def test():
        async with opened() as console:
            console.desk.answers[cmd.PreviewRoll] = Outcome(True, "preview", "", preview=HEDGE)
            await console.press("M")
            assert console.desk.commands == [cmd.PreviewRoll()]
            await console.press("y", after=0.31)
            assert console.desk.commands[1:] == [cmd.Confirm(HEDGE.preview_id, "")]

    run(test())


def test_a_bad_override_is_said_once():
    async def test():
        async with opened(keys={"trade.hedge": "h"}) as console:
            assert any("trade.hedge" in note for note in console.notes)
            await console.press("H")
            assert console.desk.commands == [cmd.PreviewHedge()]

    run(test())


def test_no_lower_case_key_reaches_a_broker():
    async def test():
        async with opened(size=(120, 36)) as console:
            for key in "abcdefghijklmnopqrstuvwxyz0123456789":
                await console.press(key)
                await console.press("escape", "escape")
                if len(console.app.screen_stack) > 1:
                    await console.press("escape")
            orders = (cmd.Confirm, cmd.PreviewHedge, cmd.PreviewClose, cmd.PreviewEntry,
                      cmd.PreviewFlatten, cmd.PreviewRoll, cmd.Arm)  # fmt: skip
            assert not [one for one in console.desk.commands if isinstance(one, orders)]

    run(test())


@pytest.mark.parametrize("width", range(14, 140, 3))
def test_the_footer_fits_and_keeps_what_matters(width):
    line = footer_line({}, width)
    assert width_of(line) <= width
    text = text_of(line)
    assert "K KILL" in text
    if width >= 40:
        assert "H Hedge" in text
        assert "? Help" in text
        assert "q Quit" in text


def test_the_footer_shows_remapped_keys():
    assert "f5 Hedge" in text_of(footer_line({"trade.hedge": "f5"}, 80))


def test_the_document_lists_every_action():
    text = keys_markdown()
    for action in ACTIONS:
        assert f"`{action.id}`" in text


def test_kill_ladder_climbs_within_five_seconds():
    ladder = KillLadder()
    assert [ladder.press(t, "") for t in (0.0, 4.9, 9.0)] == [
        Step.AUTO_OFF,
        Step.FREEZE,
        Step.FLATTEN,
    ]


def test_kill_ladder_starts_again_after_five_seconds():
    ladder = KillLadder()
    assert ladder.press(0.0, "") is Step.AUTO_OFF
    assert ladder.press(5.1, "K") is Step.AUTO_OFF


def test_caps_lock_over_the_cursor_keys_is_doubted_once():
    ladder = KillLadder()
    assert ladder.press(0.0, "J") is Step.DOUBT
    assert ladder.press(0.9, "K") is Step.AUTO_OFF
    other = KillLadder()
    assert other.press(0.0, "J") is Step.DOUBT
    assert other.press(2.0, "J") is Step.DOUBT


def test_palette_opens_a_preview_and_nothing_more():
    async def test():
        async with opened(size=(100, 30)) as console:
            await console.press("colon")
            await console.press(*"hedge now")
            await console.pilot.pause(0.3)
            await console.press("enter")
            await console.until(lambda: "HEDGE NOW" in console.text)
            assert console.desk.commands == [cmd.PreviewHedge()]
            assert "HEDGE NOW" in console.text

    run(test())
