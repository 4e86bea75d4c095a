"""Pictures of the screens: what a change of layout or colour does is seen before it is accepted."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hedgetui.ui.app import HedgeApp
from tests.ui.console_stage import SteppingClock, settings
from tests.ui.still_desk import DEGRADED, DOWN, EMPTY, FULL, STATUS, StillDesk
from tests.ui.still_tails import HEDGED, SUSPENDED, WAITING
from tests.ui.still_trades import DEFENDED, LOST, NO_TRADES, TROUBLE

FROZEN = replace(
    FULL, status=replace(STATUS, mode="LIVE", account="U1234821", armed=True, auto=True,
                         latches=("freeze: kill key",), unknown_orders=1),
)  # fmt: skip

DOUBT = replace(
    DEGRADED,
    orders=(replace(DEGRADED.orders[0], client_key="HT1.01KAEA2CDE0BXKAZXWBBVHM6ZW"),),
    health=replace(
        DEGRADED.health,
        missing=(("#124", "the broker has it and does not list it: look for a dialog there"),),
    ),
)

PICTURES = {
    "vega-full-120x36": ((120, 36), (), FULL, {}),
    "vega-full-80x24": ((80, 24), (), FULL, {}),
    "vega-full-60x20": ((60, 20), (), FULL, {}),
    "vega-full-40x12": ((40, 12), (), FULL, {}),
    "vega-full-20x5": ((20, 5), (), FULL, {}),
    "vega-full-160x44": ((160, 44), (), FULL, {}),
    "vega-empty-80x24": ((80, 24), (), EMPTY, {}),
    "vega-frozen-live-80x24": ((80, 24), (), FROZEN, {}),
    "vega-frozen-live-40x12": ((40, 12), (), FROZEN, {}),
    "vega-ascii-80x24": ((80, 24), (), FULL, {"icons": "ascii", "theme": "ansi-dark"}),
    "vega-ansi-120x36": ((120, 36), (), FULL, {"theme": "ansi-dark"}),
    "vega-light-80x24": ((80, 24), (), FULL, {"theme": "hedgetui-light"}),
    "scanner-zoomed-80x24": ((80, 24), ("tab",), FULL, {}),
    "hedge-preview-80x24": ((80, 24), ("H",), FULL, {}),
    "hedge-preview-live-80x24": ((80, 24), ("H",), FROZEN, {}),
    "hedge-preview-40x12": ((40, 12), ("H",), FULL, {}),
    "flatten-typed-80x24": ((80, 24), ("K", "K", "K", "F", "L"), FULL, {}),
    "help-80x24": ((80, 24), ("question_mark",), FULL, {}),
    "menu-80x24": ((80, 24), ("b",), FULL, {}),
    "details-80x24": ((80, 24), ("enter",), FULL, {}),
    "health-ready-120x36": ((120, 36), ("7",), FULL, {}),
    "health-degraded-80x24": ((80, 24), ("7",), DEGRADED, {}),
    "health-degraded-ascii-100x30": (
        (100, 30), ("7",), DEGRADED, {"icons": "ascii", "theme": "ansi-dark"},
    ),
    "health-down-60x20": ((60, 20), ("7",), DOWN, {}),
    "health-down-40x12": ((40, 12), ("7",), DOWN, {}),
    "dtms-120x36": ((120, 36), ("2",), DEFENDED, {}),
    "dtms-80x24": ((80, 24), ("2",), DEFENDED, {}),
    "dtms-160x44": ((160, 44), ("2",), TROUBLE, {}),
    "dtms-trouble-120x36": ((120, 36), ("2", "j"), TROUBLE, {}),
    "dtms-trouble-80x24": ((80, 24), ("2",), TROUBLE, {}),
    "dtms-trouble-60x20": ((60, 20), ("2",), TROUBLE, {}),
    "dtms-trouble-40x12": ((40, 12), ("2",), TROUBLE, {}),
    "dtms-lost-light-80x24": ((80, 24), ("2",), LOST, {"theme": "hedgetui-light"}),
    "dtms-ascii-100x30": ((100, 30), ("2",), TROUBLE, {"icons": "ascii", "theme": "ansi-dark"}),
    "dtms-none-80x24": ((80, 24), ("2",), NO_TRADES, {}),
    "dtms-off-80x24": ((80, 24), ("2",), FULL, {}),
    "dtms-why-80x24": ((80, 24), ("2", "w"), DEFENDED, {}),
    "health-mt5-120x36": ((120, 36), ("7",), TROUBLE, {}),
    "vega-micro-dtms-40x12": ((40, 12), (), DEFENDED, {}),
    "accounts-120x36": ((120, 36), ("4", "plus", "j", "j"), HEDGED, {}),
    "accounts-80x24": ((80, 24), ("4", "plus", "j", "j"), HEDGED, {}),
    "accounts-waiting-120x36": ((120, 36), ("4", "plus", "G"), WAITING, {}),
    "accounts-waiting-80x24": ((80, 24), ("4", "plus", "j"), WAITING, {}),
    "accounts-suspended-60x20": ((60, 20), ("4", "plus"), SUSPENDED, {}),
    "accounts-suspended-160x44": ((160, 44), ("4", "plus"), SUSPENDED, {}),
    "accounts-40x12": ((40, 12), ("4",), WAITING, {}),
    "accounts-light-80x24": ((80, 24), ("4",), HEDGED, {"theme": "hedgetui-light"}),
    "accounts-ascii-100x30": (
        (100, 30), ("4", "plus"), SUSPENDED, {"icons": "ascii", "theme": "ansi-dark"},
    ),
    "accounts-none-80x24": ((80, 24), ("4",), FULL, {}),
    "accounts-cash-80x24": ((80, 24), ("4", "C", "enter", "enter", "enter", "6"), HEDGED, {}),
    "accounts-adjust-80x24": ((80, 24), ("4", "O", *"-500"), HEDGED, {}),
    "accounts-mode-80x24": ((80, 24), ("4", "G", "T"), HEDGED, {}),
    "vega-degraded-80x24": ((80, 24), (), DEGRADED, {}),
    "resolve-80x24": ((80, 24), ("U", *"hung in a dialog, cancelled", "enter", "2"), DOUBT, {}),
    "arm-live-80x24": (
        (80, 24), ("A", "4"), replace(FROZEN, status=replace(FROZEN.status, armed=False)), {},
    ),
}  # fmt: skip


def picture_app(snapshot, chosen):
    app = HedgeApp(StillDesk(snapshot), settings(**chosen), clock=SteppingClock())
    app.notify = lambda *_args, **_kwargs: None
    return app


async def settled(pilot):
    for _ in range(4):
        await pilot.pause()


@pytest.mark.parametrize("name", PICTURES)
def test_picture(snap_compare, name):
    size, press, snapshot, chosen = PICTURES[name]

    async def pressed(pilot):
        await settled(pilot)
        for key in press:
            await pilot.press(key)
            await settled(pilot)

    assert snap_compare(picture_app(snapshot, chosen), terminal_size=size, run_before=pressed)


def test_picture_without_colour(snap_compare, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(picture_app(FULL, {}), terminal_size=(80, 24), run_before=settled)


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light"])
def test_without_colours_a_theme_of_the_terminal_leaves_it_its_own(monkeypatch, theme):
    monkeypatch.setenv("NO_COLOR", "1")

    async def body():
        app = picture_app(FULL, {"theme": theme})
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            for name in ("hedgetui-dark", theme):
                app.theme = name
                await settled(pilot)
            rows = app.screen._compositor.render_update(full=True).strips
            strips = [strip for row in rows for strip in row]
            styles = [segment.style for strip in strips for segment in strip if segment.style]
            painted = [style.color for style in styles] + [style.bgcolor for style in styles]
            assert all(colour is None or colour.is_default for colour in painted)

    asyncio.run(body())


def test_dtms_picture_without_colour(snap_compare, monkeypatch):
    async def shown(pilot):
        await settled(pilot)
        await pilot.press("2")
        await settled(pilot)

    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(picture_app(TROUBLE, {}), terminal_size=(80, 24), run_before=shown)


def test_accounts_picture_without_colour(snap_compare, monkeypatch):
    async def shown(pilot):
        await settled(pilot)
        for key in ("4", "plus"):
            await pilot.press(key)
            await settled(pilot)

    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(picture_app(SUSPENDED, {}), terminal_size=(80, 24), run_before=shown)
