"""The trader made of a plan: times, patience with a desk that is not ready, and honest refusals."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from hedgetui.bootstrap import open_desk
from hedgetui.console import settings, trader
from hedgetui.domain import commands as cm
from hedgetui.domain.errors import BrokerUnreachable, UsageError
from hedgetui.simulation.scenarios import TraderStep, scenario
from hedgetui.simulation.virtual_loop import run_virtual


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("6h", 21_600), ("2d", 172_800), ("45", 45), ("1.5h", 5_400),
     (" 10M ", 600), ("0.5", 0.5), ("366d", 366 * 86_400)],
)  # fmt: skip
def test_times(text, seconds):
    assert trader.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "0", "0m", "-1s", "1e3", "5 m", "m", "nan", "367d"])
def test_no_times(text):
    with pytest.raises(UsageError, match="is not a time"):
        trader.duration(text)


def test_paces():
    assert trader.pace(None) is None
    assert trader.pace(60.0) == 60.0
    for speed in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="positive"):
            trader.pace(speed)


@asynccontextmanager
async def desk_on(tmp_path, world="calm"):
    loaded = settings.loaded(SimpleNamespace(seed=5))
    async with open_desk(loaded, scenario(world), folder=tmp_path, deterministic=True) as desk:
        yield desk


def follow(tmp_path, *steps, world="calm", then=0.0):
    """Follow the steps; returns what was narrated, the last snapshot and the seconds it took."""

    async def act():
        said = []
        async with desk_on(tmp_path, world) as desk:
            began = desk.clock.now()
            plan = [TraderStep(*step) for step in steps]
            await trader.follow(desk.port, desk.clock, plan, said.append)
            took = desk.clock.now() - began
            await desk.clock.sleep(then)
            return said, desk.port.snapshot(), took

    return run_virtual(act)


def test_switches(tmp_path):
    said, seen, _ = follow(tmp_path, (0.0, "enable", "off"), (0.0, "auto", "off"))
    assert (said, seen.status.enabled, seen.status.auto) == ([], False, False)


def test_steps_come_at_their_times(tmp_path):
    _, seen, took = follow(tmp_path, (5.0, "auto", "off"), (30.0, "auto", "on"))
    assert took == pytest.approx(30, abs=0.5)
    assert seen.status.auto


def test_an_entry_waits_for_a_desk_that_is_not_ready(tmp_path):
    said, seen, _ = follow(tmp_path, (0.0, "enter", "2x3"), then=120.0)
    assert said == []
    assert [(row.state, row.quantity) for row in seen.strangles] == [("OPEN", 3)]


def test_the_oldest_is_closed(tmp_path):
    said, seen, _ = follow(
        tmp_path, (5.0, "enter", "1x2"), (120.0, "enter", "2x4"), (240.0, "close_oldest"),
        then=240.0,
    )  # fmt: skip
    assert said == []
    assert [row.quantity for row in seen.strangles] == [4]


def test_closing_nothing_is_no_refusal(tmp_path):
    said, _, took = follow(tmp_path, (5.0, "close_oldest"))
    assert (said, took) == ([], pytest.approx(5, abs=0.1))


def test_a_refusal_is_narrated_and_the_plan_goes_on(tmp_path):
    said, seen, _ = follow(
        tmp_path,
        (5.0, "halt"),
        (6.0, "enter", "1x1"),
        (7.0, "auto", "off"),
        (8.0, "enter", "1x999"),
    )
    assert seen.status.latches
    assert not seen.status.auto
    assert [line.split(":")[0] for line in said] == ["plan", "plan"]
    assert "enter 1x1: G1-frozen" in said[0]


def test_patience_has_an_end(tmp_path):
    said, _, took = follow(tmp_path, (5.0, "enter", "999"))
    assert "usage" in said[0]
    assert took == pytest.approx(35, abs=1)


def test_a_hedge_that_is_not_needed_says_so(tmp_path):
    said, _, _ = follow(tmp_path, (5.0, "hedge"))
    assert len(said) <= 1


def test_readiness_and_quiet(tmp_path):
    async def act():
        async with desk_on(tmp_path) as desk:
            with pytest.raises(BrokerUnreachable, match="the broker link is"):
                await trader.until_ready(desk.port, _Stopped(desk.clock))
            await trader.until_ready(desk.port, desk.clock)
            assert desk.port.snapshot().status.link == "ready"
            preview = (await desk.port.dispatch(cm.PreviewEntry(1, 2))).preview
            await desk.port.dispatch(cm.Confirm(preview.preview_id))
            began = desk.clock.now()
            await trader.until_quiet(desk.port, desk.clock)
            assert 12 <= desk.clock.now() - began < 120
            assert {row.state for row in desk.port.snapshot().strangles} == {"OPEN"}

    run_virtual(act)


class _Stopped:
    """A clock on which waiting takes a minute and lets nobody else run."""

    def __init__(self, clock):
        self._now = clock.now()

    def now(self):
        return self._now

    async def sleep(self, _):
        self._now += 60.0
        await asyncio.sleep(0)

    def call_later(self, seconds, callback):
        raise NotImplementedError


def test_a_first_start_gets_the_opening_of_the_plan_and_no_closes():
    steps = scenario("demo").steps(7, 86_400.0)
    opening = trader.opening(steps)
    assert {step.action for step in opening} == {"enable", "auto", "enter"}
    assert sum(step.action == "enter" for step in opening) == 3
    assert any(step.action == "close_oldest" for step in steps)
