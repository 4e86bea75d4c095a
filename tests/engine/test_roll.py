"""Rolling the hedge into the next month: two orders, no delta, and every way to lose one half."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.orders import IntentState, Purpose
from hedgetui.domain.risk import RiskLimits
from hedgetui.domain.units import Timestamp, parse_utc
from hedgetui.domain.vega.decide import Trigger
from hedgetui.engine.settings import EngineSettings
from hedgetui.ports import broker as br
from hedgetui.simulation.scenarios import scenario
from tests.engine import bench as bn
from tests.engine import stage
from tests.engine.bench import MES, NEXT, Bench
from tests.faults import wire_desk

LATE = parse_utc("2025-12-12T15:00:00Z")
"""Seven days before the December future ends."""
HALF = "🛑 Half a roll: "


def play(story: bn.Story, *, hedge: int = -2, at: Timestamp = LATE, **changes: object) -> None:
    """Tell `story` on a desk whose options are worth what its hedge in the old month is."""

    async def balanced(bench: Bench) -> None:
        bench.feed.options(-5.0 * hedge, 4)
        await story(bench)

    bn.play(balanced, hedge=hedge, at=at, **changes)


def rolls(bench: Bench) -> list[od.Intent]:
    return [i for i in bench.state.intents.values() if i.draft.purpose is Purpose.ROLL]


def words(bench: Bench) -> list[str]:
    return [f"{i.draft.side} {i.draft.quantity} {i.draft.instrument_key}" for i in rolls(bench)]


def hedged_after(bench: Bench) -> list[str]:
    """Every hedge that is no roll, beyond the one the story began with."""
    return [
        f"{i.draft.side} {i.draft.quantity} {i.draft.instrument_key}"
        for i in list(bench.state.intents.values())[3:]
        if i.draft.purpose.changes_delta
    ]


def months(bench: Bench) -> dict[str, int]:
    return {key: held for key, held in bench.state.positions.items() if key in {MES, NEXT}}


def by_month(bench: Bench, **modes: str) -> None:
    """Let the broker treat the orders of a roll by month, everything else as `fill`."""

    def choose(events) -> None:
        for event in events:
            if isinstance(event, ev.IntentRecorded):
                draft = event.intent.draft
                rolled = draft.purpose is Purpose.ROLL
                name = "old" if draft.instrument_key == MES else "new"
                bench.broker.mode = modes.get(name, "fill") if rolled else "fill"

    bench.journal.on_append = choose


def after_first(bench: Bench, then: Callable[[], Awaitable[object]]) -> None:
    """Do something between the two orders of a roll."""
    plain = bench.broker.submit

    async def submit(order: br.CommittedOrder) -> None:
        await plain(order)
        if order.draft.purpose is Purpose.ROLL and order.draft.instrument_key == MES:
            await then()

    bench.broker.submit = submit  # type: ignore[method-assign]


async def rolled(bench: Bench):
    return await bench.confirmed(cm.PreviewRoll())


def test_the_preview_says_months_orders_cost_basis_days_and_gates() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        outcome = await bench.do(cm.PreviewRoll())
        preview = outcome.preview
        assert preview is not None
        assert (preview.kind, preview.title) == ("roll", "ROLL -2 MES 202512 → 202603")
        assert preview.orders == ("BUY 2 MES 202512 MKT", "SELL 2 MES 202603 MKT")
        assert dict(preview.lines) == {
            "days left": "7 in MES 202512, 98 in MES 202603",
            "basis": "+50.00 points (5400.00 over 5350.00)",
            "cost": "fees $1.00 + half of both spreads $5.00",
            "Δ": "unchanged: every contract closed is opened again",
            "order": "first MES 202512, at once MES 202603",
        }
        assert preview.sendable
        quotes = [one.detail.rpartition(" ")[0] for one in preview.checks if one.name == "quote"]
        assert [one[:10] for one in quotes] == [MES, NEXT]
        assert [one.detail for one in preview.checks if one.name == "gates"] == ["12 of 12 pass"]
        assert bench.broker.sent == []

    play(story)


def test_a_roll_moves_the_hedge_and_changes_no_delta() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.broker.mode = "list"
        before = bench.kernel.snapshot().book.net_delta
        outcome = await rolled(bench)
        assert outcome.ok, outcome
        assert words(bench) == ["BUY 2 MES 202512", "SELL 2 MES 202603"]
        await bench.wait(1)
        assert bench.kernel.snapshot().book.net_delta == before
        first, second = (order.client_key for order in bench.broker.sent)
        bench.broker.fill(first, price="5360.00")
        await bench.wait(1)
        assert bench.state.shares["TRADE001"].contracts == 0
        bench.broker.fill(second, price="5410.00")
        await bench.wait(70)
        assert months(bench) == {NEXT: -2}
        assert bench.kernel.snapshot().book.net_delta == before
        assert hedged_after(bench) == []
        share = bench.state.shares["TRADE001"]
        # Sold at 5350, bought at 5360, sold at 5410; four sides at 25 cents, one still to come.
        assert share.cash == Decimal(2 * 5 * (5350 - 5360 + 5410))
        assert (share.contracts, share.fees) == (-2, Decimal("1.00"))
        assert "🔁 Roll: BUY 2 MES 202512, SELL 2 MES 202603" in bench.lines
        assert "✅ Rolled 2 MES 202512 → 202603" in bench.lines
        orders = bench.kernel.snapshot().orders
        assert [one.purpose for one in orders[:2]] == ["roll", "roll"]
        again = await bench.do(cm.PreviewRoll())
        assert (again.code, again.preview) == ("nothing-to-do", None)
        assert "MES 202603 has 98 days left" in again.message

    play(story)


def test_both_months_are_watched_and_a_long_hedge_rolls_the_other_way() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        await bench.wait(2)
        assert {MES, NEXT} <= bench.broker.watched
        assert (await rolled(bench)).ok
        await bench.wait(5)
        assert words(bench) == ["SELL 3 MES 202512", "BUY 3 MES 202603"]
        assert months(bench) == {NEXT: 3}

    play(story, hedge=3)


def test_nothing_is_due_far_from_expiry_or_without_a_hedge() -> None:
    async def early(bench: Bench) -> None:
        await bench.ready()
        outcome = await bench.do(cm.PreviewRoll())
        assert outcome.message == "no roll is due: MES 202512 has 30 days left, due from 8"

    async def nothing(bench: Bench) -> None:
        await bench.ready()
        assert (await bench.do(cm.PreviewRoll())).message == "no MES is held"

    play(early, at=bn.START)
    play(nothing, hedge=0)


@pytest.mark.parametrize("auto", [True, False])
def test_a_second_order_that_is_rejected_is_loud_and_mended(auto) -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        if not auto:
            await bench.do(cm.SwitchAuto(on=False))
        by_month(bench, new="reject")
        await rolled(bench)
        await bench.wait(60)
        assert [one.state for one in rolls(bench)] == [IntentState.FILLED, IntentState.REJECTED]
        (alarm,) = [line for line in bench.lines if line.startswith(HALF)]
        filled = "BUY 2 of 2 MES 202512 FILLED, SELL 0 of 2 MES 202603 REJECTED"
        mend = "the hedge rule mends it" if auto else "auto is off; to mend it SELL 2 MES 202603"
        assert alarm == f"{HALF}{filled}; {mend}"
        assert months(bench) == ({NEXT: -2} if auto else {})
        assert hedged_after(bench) == (["SELL 2 MES 202603"] if auto else [])

    play(story)


def test_half_a_roll_inside_the_band_is_mended_as_well() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        by_month(bench, new="reject")
        await rolled(bench)
        await bench.wait(30)
        assert bench.kernel.snapshot().book.net_delta == pytest.approx(0.0)
        assert months(bench) == {NEXT: -1}

    play(story, hedge=-1)


def test_a_first_order_that_is_rejected_leaves_twice_the_hedge_until_it_is_mended() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        by_month(bench, old="reject")
        await rolled(bench)
        await bench.wait(60)
        assert bench.heard(HALF) == 1
        assert hedged_after(bench) == ["BUY 2 MES 202512"]
        assert months(bench) == {NEXT: -2}

    play(story)


def test_a_first_order_that_got_lost_blocks_until_it_is_proven_absent() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        by_month(bench, old="lost")
        await rolled(bench)
        bench.broker.incomplete = "executions"
        await bench.wait(10)
        assert [one.state for one in rolls(bench)] == [IntentState.UNKNOWN, IntentState.FILLED]
        bench.feed.options(60, 4)
        await bench.wait(35)
        assert len(bench.broker.sent) == 2, "an unknown leg blocks as any order does"
        refused = await bench.do(cm.PreviewRoll())
        assert refused.preview is not None
        assert not refused.preview.sendable
        bench.feed.options(10, 4)
        bench.broker.incomplete = ""
        await bench.wait(120)
        assert rolls(bench)[0].state is IntentState.ABSENT
        assert bench.heard(HALF) == 1
        assert hedged_after(bench) == ["BUY 2 MES 202512"]
        assert months(bench) == {NEXT: -2}

    play(story)


def test_a_link_that_breaks_with_the_first_order_sends_no_second_one() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        by_month(bench, old="cut")
        outcome = await rolled(bench)
        assert outcome.code == "half-roll"
        assert bench.heard("🛑 Roll broken: BUY 2 MES 202512 left, SELL 2 MES 202603 did not") == 1
        await bench.wait(120)
        assert [one.state for one in rolls(bench)] == [IntentState.ABSENT]
        assert bench.heard("⚠ Rolled 0 of 2 MES 202512 → 202603") == 1
        assert bench.heard(HALF) == 0
        assert months(bench) == {MES: -2}
        assert hedged_after(bench) == []

    play(story)


def test_a_freeze_between_the_orders_stops_the_second_and_cancels_the_first() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.broker.mode = "list"
        after_first(bench, lambda: bench.do(cm.Freeze("enough")))
        outcome = await rolled(bench)
        assert outcome.code == "half-roll"
        await bench.wait(30)
        assert [one.state for one in rolls(bench)] == [IntentState.CANCELLED]
        assert months(bench) == {MES: -2}
        assert len(bench.broker.sent) == 1

    play(story)


def test_a_freeze_after_half_a_roll_names_the_order_and_the_rule_mends_it_when_released() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()

        async def freeze() -> None:
            await bench.wait(0.5)  # the first order fills meanwhile
            await bench.do(cm.Freeze("enough"))

        after_first(bench, freeze)
        await rolled(bench)
        await bench.wait(30)
        assert months(bench) == {}
        (alarm,) = [line for line in bench.lines if line.startswith(HALF)]
        assert alarm.endswith("frozen: enough; to mend it SELL 2 MES 202603")
        await bench.do(cm.Unfreeze("go on"))
        await bench.wait(5)
        assert months(bench) == {NEXT: -2}

    play(story)


def test_a_freeze_cancels_both_working_orders() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.broker.mode = "list"
        await rolled(bench)
        await bench.wait(1)
        await bench.do(cm.Freeze("enough"))
        await bench.wait(10)
        assert [one.state for one in rolls(bench)] == [IntentState.CANCELLED] * 2
        assert bench.heard("⚠ Rolled 0 of 2 MES 202512 → 202603") == 1
        assert months(bench) == {MES: -2}

    play(story)


def test_disarming_while_the_second_order_is_written_abandons_it() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.broker.mode = "list"
        disarming: list[asyncio.Task[object]] = []

        def disarm(events) -> None:
            keys = [e.intent.draft.instrument_key for e in events if hasattr(e, "intent")]
            if keys == [MES]:
                disarming.append(asyncio.create_task(bench.do(cm.Disarm())))

        bench.journal.on_append = disarm
        outcome = await rolled(bench)
        await bench.wait(10)
        assert len(disarming) == 1
        assert outcome.code == "half-roll"
        assert {one.state for one in rolls(bench)} == {IntentState.CANCELLED, IntentState.ABANDONED}
        assert months(bench) == {MES: -2}

    play(story)


def test_a_breach_during_the_roll_waits_for_its_end() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.broker.mode = "list"
        await rolled(bench)
        await bench.wait(1)
        first, second = (order.client_key for order in bench.broker.sent)
        bench.broker.fill(first)
        for delta in (40, -30):  # the second order points the wrong way for one of them
            bench.feed.options(delta, 4)
            await bench.wait(40)
        assert len(bench.broker.sent) == 2
        assert bench.broker.cancels == []
        assert (await bench.do(cm.PreviewHedge())).message == "a roll is on its way"
        bench.broker.mode = "fill"
        bench.broker.fill(second)
        await bench.wait(40)
        assert hedged_after(bench) == ["BUY 5 MES 202603", "BUY 3 MES 202603"]

    play(story)


def test_what_a_broken_roll_leaves_working_is_an_order_like_any_other() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        by_month(bench, old="reject", new="list")
        await rolled(bench)
        await bench.wait(60)
        assert [one.state for one in rolls(bench)] == [IntentState.REJECTED, IntentState.CANCELLED]
        assert months(bench) == {MES: -2}
        assert hedged_after(bench) == []

    play(story)


def test_partial_fills_that_balance_roll_as_much() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.broker.mode = "list"
        await rolled(bench)
        await bench.wait(1)
        keys = [order.client_key for order in bench.broker.sent]
        for key in keys:
            bench.broker.fill(key, 1)
            bench.broker.end(key)
        await bench.wait(10)
        assert months(bench) == {MES: -1, NEXT: -1}
        assert bench.heard("⚠ Rolled 1 of 2 MES 202512 → 202603") == 1
        assert bench.heard(HALF) == 0
        bench.broker.mode = "fill"
        assert (await rolled(bench)).ok
        await bench.wait(10)
        assert words(bench)[2:] == ["BUY 1 MES 202512", "SELL 1 MES 202603"]
        assert months(bench) == {NEXT: -2}

    play(story)


def test_partial_fills_that_do_not_balance_are_mended() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        by_month(bench, old="list", new="list")
        await rolled(bench)
        await bench.wait(1)
        first, second = (order.client_key for order in bench.broker.sent)
        bench.broker.fill(first, 1)
        bench.broker.end(first)
        bench.broker.fill(second)
        await bench.wait(60)
        assert bench.heard(HALF) == 1
        assert hedged_after(bench) == ["BUY 1 MES 202512"]
        assert months(bench) == {NEXT: -2}

    play(story)


LIMITS = RiskLimits(max_order_contracts=3)


def test_a_large_roll_goes_in_pairs_one_at_a_time() -> None:
    async def story(bench: Bench) -> None:
        most = 0

        def count(_: ev.Fact) -> None:
            nonlocal most
            live = [one for one in rolls(bench) if one.live]
            most = max(most, len(live))

        await bench.ready()
        bench.kernel.recorder.listen(count)
        outcome = await bench.do(cm.PreviewRoll())
        assert outcome.preview is not None
        assert len(outcome.preview.orders) == 6
        assert dict(outcome.preview.lines)["order"].endswith("3 pairs, one at a time")
        assert (await bench.do(cm.Confirm(outcome.preview.preview_id))).ok
        await bench.wait(60)
        pair = ["BUY {} MES 202512", "SELL {} MES 202603"]
        assert words(bench) == [text.format(size) for size in (3, 3, 2) for text in pair]
        assert most == 2
        assert months(bench) == {NEXT: -8}
        assert bench.heard("✅ Rolled ") == 3
        assert hedged_after(bench) == []
        assert bench.state.latches == {}, "the throttle counts no roll"

    settings = EngineSettings("sim", expected_account="DU100042", limits=LIMITS)
    play(story, hedge=-8, settings=settings)


@pytest.mark.parametrize(("command", "why"), [
    (cm.Freeze("enough"), "frozen: enough"),
    (cm.Disarm(), "orders are disarmed"),
])  # fmt: skip
def test_a_roll_that_is_stopped_between_two_pairs_says_what_is_left(command, why) -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        await rolled(bench)
        await bench.wait(0.5)
        await bench.do(command)
        await bench.wait(30)
        assert words(bench) == ["BUY 3 MES 202512", "SELL 3 MES 202603"]
        assert f"⚠ Roll stopped, 5 MES 202512 left: {why}" in bench.lines
        assert months(bench) == {MES: -5, NEXT: -3}

    settings = EngineSettings("sim", expected_account="DU100042", limits=LIMITS)
    play(story, hedge=-8, settings=settings)


def test_a_restart_in_the_middle_continues_nothing_and_settles_what_was_sent() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.broker.mode = "list"
        await rolled(bench)
        await bench.wait(1)
        first, second = (order.client_key for order in bench.broker.sent)
        await bench.broker.disconnect()
        bench.broker.fill(first)
        bench.broker.end(second)
        bench.broker.mode = "fill"
        await bench.crash()
        await bench.wait(120)
        assert [one.state for one in rolls(bench)] == [IntentState.FILLED, IntentState.CANCELLED]
        assert bench.heard(HALF) == 1
        assert hedged_after(bench) == ["SELL 3 MES 202603"]
        assert months(bench) == {MES: -5, NEXT: -3}

    settings = EngineSettings("sim", expected_account="DU100042", limits=LIMITS)
    play(story, hedge=-8, settings=settings)


def test_a_restart_after_only_the_first_order_left_says_so_again_until_it_is_hedged() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        await bench.do(cm.SwitchAuto(on=False))

        async def freeze() -> None:
            await bench.wait(0.5)
            await bench.do(cm.Disarm())

        after_first(bench, freeze)
        await rolled(bench)
        await bench.wait(5)
        assert bench.heard(HALF) == 1
        await bench.crash()
        await bench.wait(30)
        assert bench.heard(HALF) == 2
        assert months(bench) == {}
        await bench.do(cm.SwitchAuto(on=True))
        await bench.confirmed(cm.PreviewHedge())
        await bench.wait(5)
        assert months(bench) == {NEXT: -2}
        await bench.crash()
        await bench.wait(30)
        assert bench.heard(HALF) == 2

    play(story)


async def _frozen(bench: Bench) -> None:
    await bench.do(cm.Freeze("enough"))


async def _disarmed(bench: Bench) -> None:
    await bench.do(cm.Disarm())


async def _degraded(bench: Bench) -> None:
    bench.broker.degrade("a data farm is down")
    await bench.wait(1)


async def _closed(bench: Bench) -> None:
    bench.broker.tell(br.VenueReport("MES", open=False, reason="daily break", until=None))
    await bench.wait(1)


async def _silent(bench: Bench) -> None:
    bench.feed.quotes_on = False
    await bench.wait(10)


async def _one_sided(bench: Bench) -> None:
    bench.feed.extra[NEXT] = (None, 5400.25)
    await bench.wait(0.999)
    bench.publish()
    await bench.wait(0.01)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (_frozen, "G1-frozen"),
        (_disarmed, "G1-disarmed"),
        (_degraded, "G1-link"),
        (_closed, "G1-venue-closed"),
        (_silent, "G7-stale"),
        (_one_sided, "G7-no-quote"),
    ],
)
def test_a_roll_that_may_not_leave_is_shown_with_its_reason_and_not_sent(trouble, code) -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        await trouble(bench)
        outcome = await bench.do(cm.PreviewRoll())
        assert outcome.preview is not None
        assert not outcome.preview.sendable
        assert (await bench.do(cm.Confirm(outcome.preview.preview_id))).code == code
        assert bench.broker.sent == []

    play(story)


def test_a_protected_roll_is_two_limits_through_the_touch() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        assert (await rolled(bench)).ok
        await bench.wait(5)
        drafts = [one.draft for one in rolls(bench)]
        assert [one.tif for one in drafts] == [od.TimeInForce.IMMEDIATE] * 2
        assert [str(one.limit_price) for one in drafts] == ["5352.25", "5397.75"]
        assert months(bench) == {NEXT: -2}

    play(story, protected_orders=True)


def test_a_hedge_that_works_holds_the_roll_back_and_the_book_that_moved_is_shown_again() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        shown = (await bench.do(cm.PreviewRoll())).preview
        assert shown is not None
        bench.feed.options(25, 4)
        await bench.wait(40)
        assert hedged_after(bench) == ["SELL 3 MES 202603"]
        bench.broker.mode = "list"
        bench.feed.options(50, 4)
        await bench.wait(40)
        busy = (await bench.do(cm.PreviewRoll())).preview
        assert busy is not None
        assert not busy.sendable
        assert (await bench.do(cm.Confirm(busy.preview_id))).code == "G11-in-flight"

    play(story)


def test_a_roll_order_without_its_other_half_is_refused() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        (step,) = bench.kernel.orders.roll_steps()
        drafts = bench.kernel.orders.roll_drafts(step)
        assert drafts is not None
        place = bench.kernel.parts.executor.place
        outcome = await place(drafts[0], bench.kernel.contexts.of)
        assert outcome.code == "G5-parity"
        pair = bench.kernel.parts.executor.place_pair
        more = replace(drafts[1], quantity=3)
        for wrong in ((drafts[1], drafts[0]), (drafts[0], more), (drafts[0], drafts[0])):
            assert (await pair(*wrong, bench.kernel.contexts.of)).code == "G5-parity"
        assert bench.broker.sent == []

    play(story)


def test_two_trades_share_the_roll_to_the_cent() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.broker.mode = "list"
        await rolled(bench)
        await bench.wait(1)
        for order, price in zip(bench.broker.sent, ("5361.25", "5409.75"), strict=True):
            bench.broker.fill(order.client_key, 1, price)
            bench.broker.fill(order.client_key, 4, price)
        await bench.wait(10)
        shares = bench.state.shares.values()
        assert sum(one.contracts for one in shares) == -5
        money = Decimal(25) * (Decimal(5350) - Decimal("5361.25") + Decimal("5409.75"))
        assert sum(one.cash for one in shares) == money
        assert sum(one.fees for one in shares) == Decimal("2.50")

    play(story, hedge=-5)


def test_the_exchange_takes_a_roll_seven_days_before_the_third_friday(tmp_path) -> None:
    world = scenario("constant-delta")

    async def enter(desk: stage.Stage) -> None:
        await desk.ready()
        await desk.enter(lots=4)
        await desk.wait(60)
        assert desk.state.positions[MES] == -2
        assert (await desk.do(cm.PreviewRoll())).code == "nothing-to-do"

    async def roll(desk: stage.Stage) -> None:
        await desk.ready()
        await desk.wait(5)
        book = desk.kernel.snapshot().book
        assert book.roll_note == "roll into MES 202603 is due"
        assert (await desk.confirmed(cm.PreviewRoll())).ok
        await desk.wait(60)
        assert MES not in desk.state.positions
        assert desk.state.positions[NEXT] == -2
        after = desk.kernel.snapshot().book
        assert after.net_delta == pytest.approx(book.net_delta)
        assert after.roll_note == ""
        assert "✅ Rolled 2 MES 202512 → 202603" in desk.lines
        (trade,) = desk.state.open_strangles
        assert (await desk.confirmed(cm.PreviewClose(trade.trade_id))).ok
        await desk.wait(120)
        assert desk.state.positions == {}
        (ended,) = desk.state.results.values()
        assert isinstance(ended, ev.TradeClosed)
        futures = [one for one in desk.state.fills.values() if one.instrument_key in {MES, NEXT}]
        assert ended.hedge == sum(-5 * f.side.sign * f.quantity * f.price for f in futures)

    start = {"simulator.start": "2025-12-12T15:00:00Z"}
    stage.run(tmp_path, enter, world, flags={**start, "vega.roll_days": 6})
    stage.run(tmp_path, roll, world, flags=start)


def test_a_roll_over_the_socket(tmp_path) -> None:
    async def story(wire: wire_desk.WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        assert wire.exchange.book.account.positions[MES] == -2
        # Nine days before December ends; the broker lets nobody in until the day has changed.
        wire.control.refuse(on=True)
        wire.control.drop()
        await wire.wait(parse_utc("2025-12-11T00:05:00Z") - wire.clock.now())
        wire.control.refuse(on=False)
        await wire.ready()
        await wire.until(lambda: wire.kernel.snapshot().book.roll_note)
        await wire.wait(20)
        outcome = await wire.confirmed(cm.PreviewRoll())
        assert outcome.ok, outcome
        await wire.until(lambda: wire.heard("✅ Rolled 2 MES 202512 → 202603"))
        assert wire.exchange.book.account.positions[NEXT] == -2
        assert not wire.exchange.book.account.positions.get(MES)
        await wire.wait(60)
        assert [one.draft.purpose.value for one in wire.hedge_intents()] == [
            "hedge",
            "roll",
            "roll",
        ]
        wire.agrees()

    wire_desk.play(tmp_path, story, start=parse_utc("2025-12-10T20:50:00Z"))


@pytest.mark.parametrize("told", [True, False])
def test_live_money_needs_the_margin_of_both_orders_before_the_first_leaves(told) -> None:
    async def story(bench: Bench) -> None:
        if told:
            bench.broker.margin_answer = br.Margin(Decimal(900), Decimal(50_000))
        await bench.ready()
        await bench.do(cm.Arm(bench.broker.account[-4:]))
        outcome = await bench.do(cm.PreviewRoll())
        assert outcome.preview is not None
        answer = await bench.do(cm.Confirm(outcome.preview.preview_id))
        await bench.wait(5)
        assert answer.ok is told
        assert answer.code == ("done" if told else "G12-margin")
        assert months(bench) == ({NEXT: -2} if told else {MES: -2})

    play(story, environment=br.Environment.LIVE)


def test_what_would_stop_the_second_order_stops_the_first_as_well() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        shown = (await bench.do(cm.PreviewRoll())).preview
        assert shown is not None
        assert shown.sendable
        await _one_sided(bench)
        assert (await bench.do(cm.Confirm(shown.preview_id))).code == "G7-no-quote"
        assert bench.broker.sent == []
        assert rolls(bench) == []

    async def hurried(bench: Bench) -> None:
        await bench.ready()
        assert (await rolled(bench)).code == "G9-rate"
        assert bench.broker.sent == []

    one = EngineSettings("sim", expected_account="DU100042", limits=RiskLimits(orders_per_second=1))
    play(story)
    play(hurried, settings=one)


def test_a_hedge_at_the_limit_of_positions_rolls() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        assert (await rolled(bench)).ok
        await bench.wait(5)
        assert months(bench) == {NEXT: -5}

    limits = RiskLimits(max_net_contracts=5)
    play(story, hedge=-5, settings=EngineSettings("sim", "DU100042", limits=limits))


def test_half_a_roll_is_a_stronger_reason_than_a_fill() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        strongest = bench.kernel.triggers.strongest
        reasons = {Trigger.FILL, Trigger.BREACH, Trigger.HALF_ROLL, Trigger.MONITOR}
        assert strongest(reasons) == (Trigger.HALF_ROLL, ())
        assert strongest(reasons - {Trigger.HALF_ROLL}) == (Trigger.BREACH, ())
        assert strongest(set()) == (None, ())

    play(story)
