"""What front ends are shown: known numbers, or None, and never an exception."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain.codec import to_plain
from hedgetui.domain.instruments import future
from hedgetui.domain.vega.bands import BandRule
from tests.engine.bench import CALL, MES, PUT, START, Bench, play


def test_before_anything_is_known_nothing_is_zero() -> None:
    async def story(bench: Bench) -> None:
        snapshot = bench.kernel.snapshot()
        assert snapshot.book.hedge_bid is None
        assert snapshot.book.hedge_month == ""
        assert snapshot.status.link == "down"
        assert [check.ok for check in snapshot.preflight][:2] == [False, False]
        await bench.start()
        snapshot = bench.kernel.snapshot()
        assert snapshot.book.option_delta is None
        assert snapshot.book.level == "unknown"
        assert snapshot.strangles[0].pnl is None
        assert snapshot.status.net_pnl is None
        assert snapshot.payoff.levels == ()
        to_plain(snapshot)

    play(story)


def test_a_hedged_book_is_shown_with_its_proof_ladder_and_payoff() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        await bench.ready()
        await bench.wait(70)
        snapshot = bench.kernel.snapshot()
        book, (row,) = snapshot.book, snapshot.strangles
        assert book.proof == "+1 pt: options +12.00, hedge -10.00, net +2.00"
        assert (book.level, book.order, book.blocked) == ("green", "", "")
        assert book.share_delta == pytest.approx(120.0)
        assert book.ladder
        assert snapshot.payoff.break_evens
        assert row.hedge_contracts == -2
        assert row.net_delta == pytest.approx(2.0)
        assert row.pnl == pytest.approx((row.pnl_options or 0) + (row.pnl_hedge or 0) - row.fees)
        assert snapshot.samples
        assert snapshot.orders[0].text == "SELL 2 MES 202512 MKT"
        calculated = next(r for r in bench.log.records if r.text.startswith("📊 Calculated"))
        assert "options +12.0000" in bench.kernel.explain(calculated.seq)
        assert bench.kernel.explain(10**9) == ""
        assert bench.kernel.summary()["net_delta"] == pytest.approx(2.0)
        assert all(check.ok for check in snapshot.preflight if check.name != "chain fresh")

    play(story)


def test_a_breach_that_may_not_be_hedged_is_red_with_its_order_and_reason() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(30, 4)
        await bench.ready()
        await bench.do(cm.Disarm())
        await bench.wait(3)
        bench.feed.options(60, 4)
        await bench.wait(3)
        book = bench.kernel.snapshot().book
        assert book.level == "red"
        assert book.order.startswith("SELL ")
        assert book.blocked == "orders are disarmed"

    play(story)


@pytest.mark.parametrize("rule", [BandRule.WHALLEY_WILMOTT, BandRule.ZAKAMOULINE])
def test_a_band_by_theory_is_shown_beside_the_one_in_force(rule) -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(2, 4)
        await bench.ready()
        await bench.wait(3)
        book = bench.kernel.snapshot().book
        assert book.theory_band is not None
        assert book.band >= 2.5

    play(story, band_rule=rule)


@pytest.mark.parametrize(
    ("months", "words"),
    [
        (("202512", "202603"), ""),
        (("202511", "202512"), "🔴 MES 202511 expires 2025-11-21: roll it"),
    ],
)
def test_a_month_about_to_expire_is_a_red_note(months, words) -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        held = {"MES 202511": -2} if words else {MES: -2}
        state = bench.kernel.recorder.state
        bench.kernel.recorder.state = replace(state, positions=held)
        bench.kernel.orders.months = tuple(future("MES", month) for month in months)
        assert bench.kernel.snapshot().book.roll_note == words

    play(story, audited=False)


def test_a_roll_that_is_due_names_the_month_to_go_to() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.kernel.orders.months = (future("MES", "202512"), future("MES", "202603"))
        assert bench.kernel.snapshot().book.roll_note == "roll into MES 202603 is due"

    play(story, hedge=-2, roll_days=40)


def test_missing_greeks_and_single_legs_are_noted_on_their_row() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.feed.quotes_on = bench.feed.greeks_on = False
        await bench.wait(20)
        (row,) = bench.kernel.snapshot().strangles
        assert row.note.startswith("greeks stale ")
        assert (row.option_delta, row.net_delta, row.iv) == (None, None, None)
        bench.feed.quotes_on = bench.feed.greeks_on = True
        await bench.wait(2)
        sold = ev.FillBooked(
            "S", 1, "I2", CALL, ev.Side.SELL, 4, bench.state.fills["H2"].price, START
        )  # fmt: skip
        await bench.kernel.recorder.record(sold)
        (row,) = bench.kernel.snapshot().strangles
        assert row.note == "one leg"

    play(story, audited=False)


def test_samples_wait_for_every_number() -> None:
    async def story(bench: Bench) -> None:
        await bench.start()
        bench.feed.quotes_on = False
        bench.kernel.parts.board.quotes.clear()
        await bench.wait(30)
        assert bench.kernel.snapshot().samples == ()
        bench.feed.quotes_on = True
        await bench.wait(30)
        assert len(bench.kernel.snapshot().samples) >= 4
        assert bench.log.samples

    play(story)


def test_previews_name_every_number_a_person_needs() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(9, 4)
        await bench.ready()
        plan = await bench.do(cm.PreviewHedge())
        assert plan.preview is not None
        lines = dict(plan.preview.lines)
        assert plan.preview.title == "HEDGE NOW: SELL 2 MES 202512 @ MKT"
        assert lines["Δ after"].endswith("= -1.0")
        assert lines["cost"].startswith("fees $0.50 + half the spread $2.50")
        bench.feed.mes = (None, None)
        await bench.wait(2)
        plan = await bench.do(cm.PreviewHedge())
        assert plan.preview is not None
        assert "market unknown" in dict(plan.preview.lines)["cost"]
        assert not plan.preview.sendable
        bench.feed.extra = {PUT: (None, None)}
        bench.publish()
        await bench.wait(0.5)
        close = await bench.do(cm.PreviewClose("TRADE001"))
        assert close.preview is not None
        assert dict(close.preview.lines)["value"].startswith(("$", "not known"))

    play(story)


def test_a_book_that_moved_since_its_preview_is_shown_again_and_not_sent() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(9, 4)
        await bench.ready()
        await bench.do(cm.SwitchAuto(on=False))
        plan = await bench.do(cm.PreviewHedge())
        assert plan.preview is not None
        bench.feed.options(20, 4)
        await bench.wait(2)
        moved = await bench.do(cm.Confirm(plan.preview.preview_id))
        assert moved.code == "book-moved"
        assert moved.preview is not None
        bench.feed.options(1, 4)
        await bench.wait(2)
        gone = await bench.do(cm.Confirm(moved.preview.preview_id))
        assert gone.code == "book-moved"
        assert bench.broker.sent == []

    play(story)


def test_protected_orders_are_limits_through_the_touch_and_end_at_once() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        await bench.ready()
        await bench.wait(40)
        draft = bench.broker.sent[0].draft
        assert (str(draft.limit_price), draft.tif) == ("5347.75", "IOC")
        bench.feed.options(-12, 4)
        await bench.wait(40)
        assert str(bench.broker.sent[1].draft.limit_price) == "5352.25"
        bench.kernel.parts.board.quotes.pop(MES)
        bench.feed.mes = (None, None)
        bench.feed.options(40, 4)
        await bench.wait(40)
        assert len(bench.broker.sent) == 2

    play(story, protected_orders=True)
