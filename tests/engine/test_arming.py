"""Whose money it is, and who may be armed: never by guess, never for longer than one session."""

from __future__ import annotations

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain.events import LinkState
from hedgetui.engine.settings import EngineSettings
from hedgetui.ports.broker import Environment
from tests.engine.bench import Bench, play

LIVE = EngineSettings("live", expected_account="DU100042")


def test_live_is_armed_by_hand_and_disarmed_by_every_new_session() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        assert not bench.state.armed
        assert (await bench.do(cm.Arm(""))).code == "not-armed"
        assert (await bench.do(cm.Arm("0042"))).ok
        bench.broker.degrade("farm broken")
        await bench.wait(1)
        bench.broker.recover()
        await bench.wait(10)
        assert bench.state.armed, "the session is the same"
        bench.broker.cut()
        await bench.wait(0.5)
        assert bench.state.armed, "what stands must still be closable once the link is back"
        await bench.wait(10)
        assert bench.state.link is LinkState.READY
        assert not bench.state.armed
        assert bench.heard("🔒 DISARMED: a new session on live money; arm again") == 1
        await bench.crash()
        await bench.wait(10)
        assert not bench.state.armed

    play(story, settings=LIVE, environment=Environment.LIVE)


def test_live_cannot_be_armed_while_no_session_stands() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.reachable = False
        await bench.start()
        await bench.wait(1)
        refused = await bench.do(cm.Arm("0042"))
        assert (refused.code, refused.message) == (
            "not-armed", "live money is armed while the link stands",
        )  # fmt: skip
        assert bench.kernel.snapshot().status.mode == "LIVE"

    play(story, settings=LIVE, environment=Environment.LIVE)


def test_live_without_an_account_in_the_settings_is_never_armed() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        refused = await bench.do(cm.Arm("0042"))
        assert refused.code == "not-armed"
        assert refused.message == "live trading needs its account in the settings"
        assert "[profile.live] account" in refused.hint

    play(story, settings=EngineSettings("live"), environment=Environment.LIVE)


@pytest.mark.parametrize(
    ("profile", "environment", "wanted", "account", "words"),
    [
        ("paper", Environment.LIVE, "", "U100042",
         "the profile is paper, but the broker's account U100042 is live"),
        ("live", Environment.PAPER, "U100042", "DU100042",
         "the profile is live, but the broker's account DU100042 is paper"),
        ("paper", Environment.PAPER, "DU7", "DU100042",
         "the broker reports account DU100042, the settings say DU7"),
        ("paper", Environment.PAPER, "", "",
         "the login has several accounts, and none is named in the settings"),
    ],
)  # fmt: skip
def test_the_wrong_account_disarms_and_cannot_be_armed(
    profile, environment, wanted, account, words
) -> None:
    async def story(bench: Bench) -> None:
        bench.broker.account = account
        bench.feed.options(30, 4)
        await bench.ready()
        await bench.wait(60)
        assert not bench.state.armed
        refused = await bench.do(cm.Arm(account[-4:]))
        assert (refused.ok, refused.code, refused.message) == (False, "not-armed", words)
        assert refused.hint
        assert bench.heard(f"🔴 Orders cannot be armed: {words}") == 1
        assert f"🔴 {words}" in bench.kernel.snapshot().reminders
        assert bench.broker.sent == []

    settings = EngineSettings(profile, expected_account=wanted)
    play(story, settings=settings, environment=environment)


def test_paper_starts_armed_and_stays_armed_over_sessions() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        assert bench.state.armed
        bench.broker.cut()
        await bench.wait(10)
        assert (bench.state.armed, bench.state.session) == (True, 2)

    play(story, environment=Environment.PAPER)


def test_the_start_names_the_configured_account_until_the_broker_does() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.account = ""
        await bench.start()
        started = [f.event for f in bench.journal.kept if isinstance(f.event, ev.EngineStarted)]
        assert started[-1].account == "DU100042"

    play(story, environment=Environment.PAPER)
