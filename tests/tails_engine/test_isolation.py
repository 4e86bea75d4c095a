"""The strategy's book and the hedge accounts share a broker and never each other's numbers."""

from __future__ import annotations

from hedgetui.domain import commands as cm
from hedgetui.domain import orders as od
from hedgetui.domain.audit import Auditor
from hedgetui.domain.risk import RiskLimits
from hedgetui.domain.tails.exposure import TailLimits
from hedgetui.domain.tails.model import Mode, Origin, Policy
from hedgetui.domain.tails.policy import Levels
from hedgetui.domain.units import Contracts
from hedgetui.engine.settings import EngineSettings
from hedgetui.engine.tails.parts import TailSettings
from hedgetui.simulation.virtual_loop import run_virtual
from tests.engine.bench import CALL, MES, PUT, strangle_facts
from tests.tails_engine.stage import ASK, BID, FARM, MILL, ZC, TailBench, tell


def beside_strangles(story) -> None:
    """Tell `story` on a desk that holds four strangles, four MES, and corn."""

    async def main() -> None:
        tails = TailSettings(Levels(Policy(Mode.AUTO, 51)))
        settings = EngineSettings("sim", expected_account="DU100042")
        bench = TailBench(strangle_facts(4, hedge=4), settings, tails)
        bench.broker.positions = {PUT: 4, CALL: 4, MES: 4}
        bench.feed.options(-20.0, 4)
        try:
            await bench.ready()
            await story(bench)
            assert [one.words for one in bench.auditor.violations] == []
        finally:
            await bench.close()

    run_virtual(main)


def test_a_grain_position_is_no_part_of_the_books_delta_hedge_or_profit():
    async def story(bench):
        await bench.wait(5)
        before = bench.kernel.snapshot().book
        await bench.buys(61_000)
        await bench.wait(30)
        assert bench.state.positions[ZC] == -12
        after = bench.kernel.snapshot()
        assert bench.state.hedge_position("MES") == 4
        assert (after.book.net_delta, after.book.hedge_working) == (before.net_delta, 0)
        assert after.status.net_pnl is not None
        assert bench.hedges() == ["BUY 4 202512"]

    beside_strangles(story)


def test_a_working_tail_does_not_hold_the_books_hedge_back():
    async def story(bench):
        bench.broker.mode = "list"
        await bench.buys(16_000)
        await bench.wait(2)
        bench.broker.mode = "fill"
        bench.feed.options(-60.0, 4)
        await bench.wait(40)
        assert bench.tail_orders() == ["SELL 3"]
        assert bench.state.hedge_position("MES") == 12

    beside_strangles(story)


def test_a_difference_in_grain_stops_its_own_contract_and_not_the_book():
    async def story(bench):
        bench.broker.positions[ZC] = 2
        await bench.do(cm.Reconcile())
        await bench.buys(16_000)
        bench.feed.options(-60.0, 4)
        await bench.wait(40)
        assert bench.tail_orders() == []
        assert "position differs" in bench.row().mode_words
        assert bench.state.hedge_position("MES") == 12
        await bench.do(cm.Unfreeze("the other trader's"))
        await bench.wait(5)
        assert bench.tail_orders() == ["SELL 3"]

    beside_strangles(story)


def test_flattening_the_book_leaves_the_grain():
    async def story(bench):
        await bench.buys(16_000)
        await bench.wait(10)
        await bench.confirmed(cm.PreviewFlatten())
        await bench.wait(120)
        assert bench.state.positions == {ZC: -3}

    beside_strangles(story)


def test_orders_of_tails_and_of_the_book_are_counted_apart():
    async def story(bench):
        for number in range(12):
            await bench.buys(5_000, f"FARM{number}")
        await bench.wait(30)
        assert len(bench.tail_orders()) == 12
        bench.feed.options(-60.0, 4)
        await bench.wait(40)
        assert bench.state.hedge_position("MES") == 12

    beside_strangles(story)


def test_a_trade_elsewhere_is_booked_where_only_one_account_can_own_it():
    async def story(bench):
        await bench.buys(16_000)
        await bench.wait(2)
        bench.broker.trade("", ZC, od.Side.SELL, 2, "433.25")
        await bench.wait(3)
        outside = [one for one in bench.row().hedges if one.origin == Origin.OUTSIDE]
        assert [(one.side, one.lots) for one in outside] == [("SELL", 2)]
        assert bench.balance() == 6_000
        await bench.buys(1_000, MILL)
        bench.broker.trade("", ZC, od.Side.SELL, 1, "433.25")
        await bench.wait(3)
        assert bench.heard("2 hedge accounts have that contract") == 1
        assert bench.balance() == 6_000

    tell(story, Mode.MANUAL, audited=False)


def test_the_gates_refuse_what_a_wrong_rule_would_send():
    """An order decided on a balance that has moved since finds the second count in its way."""

    async def story(bench):
        await bench.buys(6_000)
        tails = bench.kernel.tails.tails
        key = tails.ledger.keys[0]
        placing = tails._commands._tools.placing
        for side, lots in ((od.Side.SELL, 2), (od.Side.BUY, 1)):
            hedge = placing.hedge(key, _Wish(side, lots), "test")
            refused = placing.refusal(hedge)
            assert refused.code == "G5-parity", refused
        assert placing.refusal(placing.hedge(key, _Wish(od.Side.SELL, 1), "test")) is None

    tell(story, Mode.MANUAL, limits=RiskLimits(tails=TailLimits(max_order=50)))


class _Wish:
    """A proposal that no rule made."""

    def __init__(self, side: od.Side, lots: int) -> None:
        self.side, self.lots = side, Contracts(lots)


def test_the_outside_checker_sees_an_order_that_the_mode_forbids():
    async def story(bench):
        await bench.buys(16_000)
        await bench.wait(5)
        strict = Auditor(Levels(Policy(Mode.MANUAL, 51)))
        for fact in bench.journal.kept:
            strict.take(fact)
        assert [one.invariant for one in strict.violations] == [13]
        blind = Auditor(Levels(Policy(Mode.AUTO, 51)))
        for fact in bench.journal.kept:
            if type(fact.event).__name__ != "CashFilled":
                blind.take(fact)
        assert {28, 21} <= {one.invariant for one in blind.violations}

    tell(story)


def test_a_stale_price_is_waited_for():
    async def story(bench):
        bench.feed.extra = {}
        await bench.wait(6)
        await bench.buys(16_000)
        await bench.wait(10)
        assert bench.row().mode_words == "Auto (waiting: price is stale)"
        bench.feed.extra = {ZC: (BID, ASK)}
        await bench.wait(3)
        assert bench.tail_orders() == ["SELL 3"]
        assert FARM in bench.lines[-1]

    tell(story)
