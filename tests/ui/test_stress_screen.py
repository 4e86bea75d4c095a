"""The Stress screen in the console: one run by itself, keys, menu, and what is painted."""

from __future__ import annotations

import json
from dataclasses import replace

from hedgetui.domain import commands as cmd
from hedgetui.ports.balance import BalanceView, StressAsked, StressView
from hedgetui.ports.desk import Outcome
from tests.ui import still_stress as still
from tests.ui.console_stage import opened, run
from tests.ui.still_desk import StillDesk

UNREAD = BalanceView(on=True, reading=True)


def desk(view=None, portfolio=None):
    return StillDesk(still.desk(still.done() if view is None else view, portfolio))


async def shown(console, view, portfolio=None):
    console.desk.move(still.desk(view, portfolio))
    await console.caught_up()


def runs(console):
    return [one for one in console.desk.commands if isinstance(one, cmd.RunStress)]


def test_the_first_look_runs_one_test_once_the_portfolio_is_read():
    async def body():
        still_desk = desk(StressView())
        still_desk.answers[cmd.RunStress] = Outcome(
            ok=False, code="nothing-priced", message="all of it is unknown", hint="GLDM"
        )
        async with opened(still_desk) as console:
            await console.press("6")
            assert console.desk.commands == []  # there is no portfolio at all
            await console.press("1")
            await shown(console, still.idle())
            assert console.desk.commands == []  # nobody looks at the screen
            await shown(console, still.idle(), UNREAD)
            await console.press("6")
            assert "reading the portfolio…" in console.text
            assert runs(console) == []
            await shown(console, still.idle())
            assert runs(console) == [cmd.RunStress()]
            assert "nothing to stress: all of it is unknown: GLDM" in console.text
            await shown(console, replace(still.idle(), state="failed", problem="no"))
            await shown(console, still.idle())
            await console.press("1", "6")
            assert len(runs(console)) == 1

    run(body())


def test_figures_that_come_give_the_grid_the_keys_and_progress_paints_nothing_but_its_line():
    async def body():
        async with opened(desk(replace(still.idle(), state="running"))) as console:
            await console.press("6")
            assert console.desk.commands == []  # a test runs already
            assert "the figures stand here" in console.text
            await shown(console, still.done())
            await console.press("down", "left", "enter")
            assert "Spot +1%, IV -10% of itself" in console.text
            await console.press("escape")

            await console.pilot.resize_terminal(120, 36)
            await shown(console, still.running())
            for words in ("Spot\\IV", "┊VaR95", "NAV", "Part in CVaR95", "worst", "Left out (1)"):
                assert words in console.text  # a wide screen shows all at once
            pane = console.app.shell.stress
            painted = []
            for part in (pane.grid, pane.chart, pane.page):
                part.refresh = lambda *_args, **_kwargs: painted.append("again")
            await shown(console, replace(still.running(), done=9_000))
            assert "90%" in console.text
            assert painted == []

    run(body())


def test_c_runs_again_and_stops_what_runs_and_figures_are_taken_along(tmp_path):
    async def body():
        async with opened(desk(), state_folder=tmp_path) as console:
            taken = {}
            console.app.take.copy = lambda text, what: taken.__setitem__(what, text)
            await console.press("6", "c")
            assert console.desk.commands == [cmd.RunStress("ALL", 4_000, 6.0, 1, basket=False)]
            await console.press("y", "Y", "e")
            assert taken["row"].startswith("ALL 6M · 4k paths seed 1: NAV $")
            told = json.loads(taken["JSON"])
            assert told["figures"]["cvar95"] == still.done().figures.cvar95
            assert told["scenarios"][0]["moves"]
            (file,) = (tmp_path / "exports").glob("stress-*.csv")
            assert "attribution,NVDA," in file.read_text()

            await shown(console, still.running())
            assert "37%" in console.text
            await console.press("c")
            assert console.desk.commands[-1] == cmd.StopStress()
            await shown(console, replace(still.done(), state="stopped", done=0))
            assert "■ stopped · c runs again · figures of 09:39:37" in console.text
            await console.press("d")
            assert len(console.desk.commands) == 2
            assert "no stress test runs" in console.notes
            await shown(console, still.idle())
            await console.press("Y", "K")
            assert "there is no row to copy" in console.notes
            assert console.desk.commands[-1] == cmd.SwitchAuto(on=False)

    run(body())


def test_the_menu_puts_a_test_together_which_stays_until_the_desk_has_taken_it():
    async def body():
        still_desk = desk()
        still_desk.answers[cmd.RunStress] = Outcome(ok=False, code="busy", message="not now")
        wanted = StressAsked("RISK_OFF", 25, 3.0, 9, basket=True)
        command = cmd.RunStress("RISK_OFF", 25, 3.0, 9, basket=True)
        async with opened(still_desk) as console:
            await console.press("6", "b", "h", "2", "r", "3", "n")
            await console.type(*"10000000")
            assert "between 1 and 1,000,000" in console.text
            await console.type(*["backspace"] * 8, *"25", "enter")
            await console.press("s", "9", "enter", "k")
            assert "next: RISK_OFF 3M · 25 paths seed 9 · with basket" in console.text
            assert still_desk.commands == []
            await console.press("c")
            assert "not now" in console.notes
            assert console.app.stress.wish == wanted
            del still_desk.answers[cmd.RunStress]
            await console.press("c")
            assert still_desk.commands == [command, command]
            assert console.app.stress.wish == still.done().asked

    run(body())


def test_a_narrow_screen_shows_its_parts_one_after_the_other():
    async def body():
        view = still.done()
        async with opened(desk()) as console:
            await console.press("6")
            assert "Spot\\IV" in console.text
            assert "lines more: Tab, then j" in console.text
            for day, key in ((1, "full_stop"), (0, "comma"), (0, "comma")):
                await console.press(key)
                assert f"[T+{view.days[day]:g}]" in console.text
                assert f"▼{round(view.grid[day][0][0]):,}" in console.text
            small, large = looks(console)
            assert small.bgcolor != large.bgcolor
            assert large.bold
            await console.press("v")
            assert "┊VaR95" in console.text
            assert "Spot\\IV" not in console.text
            await console.press("v")
            assert console.text.count("worst") == 3
            assert "┊VaR95" not in console.text
            await console.press("G")
            assert "theta/day" in console.text  # the last figure of the page
            await console.press("v")
            await console.pilot.click("#stress-grid", offset=(62, 4))
            assert console.app.shell.stress.grid.cursor == (2, 5)
            await console.pilot.click("#stress-grid", offset=(1, 4))  # the name of a row
            assert console.app.shell.stress.grid.cursor == (2, 5)
            await console.press("down", "down", "left", "left", "enter")
            assert "Spot +0%, IV +10% of itself" in console.text
            await console.press("escape")

            await shown(console, still.stale())
            await console.pilot.resize_terminal(40, 12)
            await console.settle()
            for words in ("Δ -11.0", "VaR95 ~-$", "~ book changed", "▲+945"):
                assert words in console.text
            await console.press("v", "v", "tab", "z")
            assert "worst" in console.text

    run(body())


def looks(console):
    """Return the styles of a small profit and of the largest."""
    rows = [list(console.app.shell.stress.grid.render_line(y)) for y in range(2, 11)]
    assert "▲" in rows[3][4].text or "^" in rows[3][4].text
    return rows[3][4].style, rows[8][6].style


def test_sixty_columns_without_colours_and_signs_keep_every_number():
    async def body():
        async with opened(desk(), (60, 20), icons="ascii", theme="ansi-dark") as console:
            await console.press("6")
            assert console.text.isascii()
            for words in ("P&L T+0", "VaR95 -$", "^+945", "v-7,229", "NAV"):
                assert words in console.text
            small, large = looks(console)
            assert small.bgcolor == large.bgcolor
            assert large.bold
            assert not small.bold

    run(body())
