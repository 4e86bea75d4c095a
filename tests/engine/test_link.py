"""Keeping the link: what is not certain is unknown, and what is unknown waits."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.events import LinkState
from hedgetui.domain.orders import IntentState
from hedgetui.domain.units import Seconds
from hedgetui.ports import broker as br
from tests.engine.bench import Bench, play


def test_a_broker_that_does_not_answer_is_tried_ever_less_often_and_then_found() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.reachable = False
        tries = 0
        connect = bench.broker.connect

        async def counted(sink: br.MessageSink) -> None:
            nonlocal tries
            tries += 1
            await connect(sink)

        bench.broker.connect = counted  # type: ignore[method-assign]
        await bench.start()
        await bench.wait(300)
        assert 8 <= tries <= 18
        assert bench.heard("🔴 Link down: the broker does not answer") == 1
        bench.broker.reachable = True
        await bench.wait(40)
        assert bench.state.link is LinkState.READY

    play(story)


def test_a_connection_without_a_session_is_given_up_and_tried_again() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.muted = (br.LinkReport,)
        await bench.start()
        await bench.wait(70)
        assert bench.heard("🔴 Link down: connected, but no session within 60 s")
        bench.broker.muted = ()
        await bench.wait(70)
        assert bench.state.link is LinkState.READY

    play(story)


def test_a_request_that_fails_without_a_word_about_the_link_darkens_every_order() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "silent"
        await bench.ready()
        await bench.wait(1)
        truth = bench.broker.truth

        async def broken() -> br.Complete | br.Incomplete:
            raise BrokerUnreachable("socket closed")

        bench.broker.truth = broken  # type: ignore[method-assign]
        await bench.do(cm.CancelAll())
        bench.broker.tell(br.OrderNotice(bench.last_key(), 1100, "connectivity lost"))
        await bench.wait(0.5)
        assert bench.last().state is IntentState.UNKNOWN
        assert bench.heard("🔴 Link down: socket closed")
        bench.broker.truth = truth  # type: ignore[method-assign]
        bench.broker.mode = "fill"
        await bench.wait(60)
        assert bench.state.live_intents == ()

    play(story)


def test_degraded_is_shown_latency_is_kept_and_nothing_is_sent() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(2, 4)
        await bench.ready()
        report = br.LinkReport(LinkState.DEGRADED, "slow", 1, latency=Seconds(0.25))
        bench.broker.tell(report)
        bench.broker.tell(report)
        await bench.wait(1)
        assert bench.state.link is LinkState.DEGRADED
        assert bench.kernel.link.latency_ms == 250.0
        bench.feed.options(30, 4)
        await bench.wait(20)
        assert bench.broker.sent == []
        assert bench.kernel.snapshot().status.latency_ms == 250.0

    play(story)


def test_a_chain_that_cannot_be_ranked_does_not_keep_the_link_from_being_ready() -> None:
    async def story(bench: Bench) -> None:
        async def chain() -> None:
            raise ValueError("strikes out of order")

        bench.broker.chain = chain  # type: ignore[method-assign,assignment]
        bench.feed.options(12, 4)
        await bench.ready()
        await bench.wait(40)
        assert bench.heard("⚠ Chain not read: strikes out of order")
        assert bench.kernel._supervisor.down == {}
        assert bench.hedges() == ["SELL 2 202512"]

    play(story)


def test_a_subscription_lost_with_the_link_disarms_nobody() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()

        async def watch(keys: frozenset[str]) -> None:
            raise BrokerUnreachable(f"gone: {len(keys)}")

        bench.broker.watch = watch  # type: ignore[method-assign]
        bench.kernel.market._watched = frozenset()
        bench.kernel._legs_due.set()
        await bench.wait(2)
        assert bench.kernel._supervisor.down == {}
        assert bench.state.armed
        del bench.broker.watch

    play(story)


def test_live_money_starts_disarmed_and_its_hedges_ask_for_margin() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        await bench.ready()
        await bench.wait(60)
        assert not bench.state.armed
        assert bench.broker.sent == []
        assert (await bench.do(cm.Arm("0043"))).code == "not-armed"
        assert (await bench.do(cm.Arm("0042"))).ok
        await bench.wait(31)
        assert bench.broker.sent == []
        assert bench.heard("❌ Hedge not sent (G12-margin)")
        bench.broker.margin_answer = br.Margin(Decimal(2000), Decimal(50_000))
        await bench.wait(31)
        assert len(bench.broker.sent) == 1

    play(story, environment=br.Environment.LIVE)


@pytest.mark.parametrize("moment", [0.0, 0.005, 0.06, 0.5])
def test_freeze_in_every_phase_of_connecting_sends_nothing(moment) -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(30, 4)
        await bench.start()
        await bench.wait(moment)
        await bench.do(cm.Freeze("now"))
        sent = len(bench.broker.sent)
        await bench.wait(120)
        assert len(bench.broker.sent) == sent == 0

    play(story)


def test_a_session_number_that_begins_anew_with_a_process_is_followed() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.session = 40
        bench.broker.mode = "lost"
        await bench.ready()
        await bench.wait(2)
        bench.broker.session = 0
        bench.broker.mode = "fill"
        await bench.crash()
        await bench.wait(60)
        assert bench.state.link is LinkState.READY
        states = [i.state for i in bench.state.intents.values() if i.draft.purpose.is_hedge]
        assert states == [IntentState.ABSENT, IntentState.FILLED]

    play(story)


def test_broker_truth_of_another_session_is_not_believed() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        truth = bench.broker.truth

        async def older() -> br.Complete | br.Incomplete:
            answer = await truth()
            assert isinstance(answer, br.Complete)
            return br.Complete(replace(answer.truth, session=0))

        bench.broker.truth = older  # type: ignore[method-assign]
        outcome = await bench.do(cm.Reconcile())
        assert outcome.code == "incomplete"
        bench.broker.truth = truth  # type: ignore[method-assign]
        assert (await bench.do(cm.Reconcile())).message == "broker equals journal"

    play(story)
