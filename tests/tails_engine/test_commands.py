"""What a person does to hedge accounts: previews first, refusals that name the field, restarts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain import orders as od
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.model import CashId, Key, Mode
from hedgetui.domain.tails.tree import tree_document
from hedgetui.domain.units import Contracts
from tests.tails_engine.stage import FARM, MILL, NEXT, ZC, tell

LINES = """kind,id,account,contract,side,units|lots,price,at,origin,covers
cash,C1,PSHAOTCHMS,ZCEH26,BUY,6000,430.25,2025-11-18T15:00:00Z,,
hedge,H1,PSHAOTCHMS,ZCH26,SELL,1,433'2,2025-11-18T15:00:05Z,outside,C1
"""


def tree(bench) -> list:
    return tree_document(bench.kernel.snapshot().tails.rows)


def linked(bench, hedge: str) -> list[tuple[str, int]]:
    """What a hedge covers, by cash order."""
    row = next(one for one in bench.row().hedges if one.hedge_id == hedge)
    return [(one.cash_id, one.hedged) for one in row.cash]


def test_the_hedge_links_to_the_cash_that_made_it_due_and_survives_a_restart():
    async def story(bench):
        for number, units in enumerate((6_000, 5_000, 10_000), 1):
            await bench.buys(units, cash_id=f"C{number}")
            await bench.wait(10)
        assert (bench.tail_orders(), bench.balance()) == (["SELL 1", "SELL 1", "SELL 2"], 1_000)
        await bench.buys(2_000, cash_id="C4")
        await bench.wait(10)
        assert bench.balance() == -2_000
        first, *_, last = [
            one.draft.quantity and one.number for one in bench.state.intents.values()
        ]
        assert linked(bench, f"HM-{last}") == [("C1", 1_000), ("C4", 2_000)]
        assert linked(bench, f"HM-{first}") == [("C1", 5_000)]
        before = tree(bench)
        await bench.crash()
        await bench.wait(30)
        assert tree(bench) == before
        assert len(bench.tail_orders()) == 4

    tell(story)


def test_a_restart_in_the_middle_of_an_order_finds_the_same_tree_and_sends_nothing_twice():
    async def story(bench):
        bench.broker.mode = "list"
        await bench.buys(16_000, cash_id="C1")
        await bench.wait(2)
        bench.broker.fill(bench.last_key(), 1)
        await bench.wait(1)
        before = tree(bench)
        await bench.crash()
        await bench.wait(30)
        assert tree(bench) == before
        bench.broker.fill(bench.last_key())
        await bench.wait(10)
        assert (bench.tail_orders(), bench.balance()) == (["SELL 3"], 1_000)

    tell(story)


def test_cash_that_arrived_while_the_process_was_dead_is_hedged_with_its_link():
    async def story(bench):
        await bench.do(cm.Disarm())
        await bench.buys(6_000, cash_id="C1")
        await bench.crash()
        await bench.wait(10)
        assert bench.tail_orders() == ["SELL 1"]
        assert linked(bench, f"HM-{bench.last().number}") == [("C1", 5_000)]

    tell(story)


def test_hedge_now_shows_its_numbers_and_sends_what_was_shown():
    async def story(bench):
        await bench.buys(16_000)
        outcome = await bench.do(cm.PreviewTail(FARM, "ZCEH26"))
        view = outcome.preview
        assert (view.kind, view.orders) == ("tail", (f"SELL 3 {ZC} LMT 433.25",))
        words = dict(view.lines)
        assert words["after"].startswith("+1,000 bu")
        assert words["threshold"] == "51 % of 5,000 = 2,550 bu"
        assert view.sendable
        assert (await bench.do(cm.Confirm(view.preview_id))).ok
        await bench.wait(2)
        assert (bench.tail_orders(), bench.balance()) == (["SELL 3"], 1_000)
        assert (await bench.do(cm.PreviewTail(FARM, ZC))).code == "nothing-to-do"
        again = await bench.do(cm.Confirm(view.preview_id))
        assert again.code == "preview-expired"

    tell(story, Mode.MANUAL)


def test_a_preview_of_a_tail_that_moved_is_shown_again_and_sends_nothing():
    async def story(bench):
        await bench.buys(16_000)
        shown = (await bench.do(cm.PreviewTail(FARM, ZC))).preview
        await bench.buys(6_000)
        outcome = await bench.do(cm.Confirm(shown.preview_id))
        assert (outcome.code, outcome.preview.orders) == (
            "book-moved", (f"SELL 4 {ZC} LMT 433.25",),
        )  # fmt: skip
        assert bench.tail_orders() == []

    tell(story, Mode.MANUAL)


def test_an_adjustment_says_what_auto_does_next_and_is_kept_with_its_user():
    async def story(bench):
        await bench.buys(2_000)
        shown = (await bench.do(cm.PreviewAdjust(FARM, ZC, 600, "scale ticket 17"))).preview
        assert shown.kind == "adjust"
        assert dict(shown.lines)["auto"] == "then sends SELL 1, leaving -2,400"
        assert bench.balance() == 2_000
        assert (await bench.do(cm.Confirm(shown.preview_id))).ok
        await bench.wait(5)
        assert (bench.tail_orders(), bench.balance()) == (["SELL 1"], -2_400)
        row = bench.row()
        assert (row.tail, row.hm_unhedged, row.offsets) == (-3_000, -2_400, 600)
        booked = [f.event for f in bench.journal.kept if isinstance(f.event, tf.OffsetBooked)]
        assert [(one.user, one.comment) for one in booked] == [("test", "scale ticket 17")]

    tell(story)


def test_a_roll_moves_the_tail_by_offsets_and_the_futures_by_two_orders():
    async def story(bench):
        await bench.buys(16_000)
        await bench.wait(5)
        shown = (await bench.do(cm.PreviewTailRoll(FARM, ZC, "ZCK26"))).preview
        assert shown.orders == (f"BUY 3 {ZC} LMT 433.50", f"SELL 3 {NEXT} LMT 440.00")
        assert shown.sendable, shown.checks
        assert (await bench.do(cm.Confirm(shown.preview_id))).ok
        await bench.wait(15)
        assert (bench.balance(), bench.balance(contract=NEXT)) == (0, 1_000)
        assert bench.state.positions == {NEXT: -3}
        assert bench.tail_orders() == ["SELL 3", "BUY 3", "SELL 3"]
        assert [units for _, units in linked(bench, "HM-1")] == [15_000]

    tell(story)


def test_half_a_roll_is_an_alarm_and_what_lost_its_hedge_counts_in_the_balance():
    async def story(bench):
        await bench.buys(16_000)
        await bench.wait(5)
        bench.broker.mode = "list"
        shown = (await bench.do(cm.PreviewTailRoll(FARM, ZC, "ZCK26"))).preview
        assert (await bench.do(cm.Confirm(shown.preview_id))).ok
        await bench.wait(1)
        closing, opening = (one.client_key for one in bench.broker.sent[-2:])
        bench.broker.fill(closing)
        bench.broker.end(opening, rejected=True, reason="margin")
        await bench.wait(20)
        assert bench.heard("half a roll") == 1
        assert (bench.balance(), bench.balance(contract=NEXT)) == (0, 16_000)
        assert bench.state.positions == {}

    tell(story)


def test_the_mode_of_a_key_is_set_and_auto_that_would_oscillate_is_refused():
    async def story(bench):
        await bench.buys(16_000)
        refused = await bench.do(cm.SetTailMode(FARM, ZC, "auto", 50))
        assert (refused.ok, FARM in refused.message) == (False, True)
        assert "50" in refused.message
        assert bench.row().mode == "manual"
        assert (await bench.do(cm.SetTailMode(FARM, ZC, "auto", 100))).ok
        await bench.wait(5)
        assert (bench.tail_orders(), bench.row().threshold_pct) == (["SELL 3"], 100)

    tell(story, Mode.MANUAL)


CASH = cm.EnterCash(FARM, ZC, "BUY", 1_000, "430'0", cash_id="C1")
WRONG = [
    ("account", replace(CASH, account=" ")),
    ("contract", replace(CASH, contract="XXZ25")),
    ("contract", replace(CASH, contract="ZCF26")),
    ("side", replace(CASH, side="LONG")),
    ("units", replace(CASH, units=-5)),
    ("units", replace(CASH, units=0)),
    ("units", replace(CASH, units=1.5)),
    ("price", replace(CASH, price="4x")),
    ("price", replace(CASH, price="-1")),
    ("units", replace(CASH, units=2_000, cash_id="KNOWN")),
    ("comment", cm.PreviewAdjust(FARM, ZC, 5, " ")),
    ("units", cm.PreviewAdjust(FARM, ZC, 0, "why")),
    ("mode", cm.SetTailMode(FARM, ZC, "often")),
    ("threshold", cm.SetTailMode(FARM, ZC, "sell", 101)),
    ("contract", cm.PreviewTailRoll(FARM, ZC, "ZWK26")),
]


@pytest.mark.parametrize(("field", "command"), WRONG)
def test_what_is_wrong_is_refused_by_its_field_and_changes_nothing(field, command):
    async def story(bench):
        await bench.buys(1_000, cash_id="KNOWN")
        before, version = len(bench.journal.kept), bench.ledger.version
        outcome = await bench.do(command)
        assert not outcome.ok
        assert field in outcome.message
        assert (len(bench.journal.kept), bench.ledger.version) == (before, version)

    tell(story, Mode.MANUAL)


def test_a_file_is_imported_whole_or_not_at_all_and_twice_is_once():
    async def story(bench):
        bad = await bench.do(cm.ImportTails("farm.csv", LINES.replace("SELL,1,", "SELL,-1,")))
        assert (bad.ok, "line 3" in bad.message, bench.ledger.keys) == (False, True, ())
        assert (await bench.do(cm.ImportTails("farm.csv", LINES))).ok
        assert (bench.balance(), linked(bench, "H1")) == (1_000, [("C1", 5_000)])
        before = len(bench.journal.kept)
        assert (await bench.do(cm.ImportTails("farm.csv", LINES))).ok
        assert len(bench.journal.kept) == before

    tell(story)


def test_what_a_source_pushes_is_booked_once():
    async def story(bench):
        key, at = Key(FARM, ZC), bench.clock.now()
        events = (
            tf.CashEntered(CashId("C9"), key, od.Side.BUY, 16_000, Decimal(430), at, "elevator"),
            tf.CashFilled(CashId("C9"), "f", 1, 16_000, Decimal(430), at),
        )
        assert await bench.kernel.tails.enter(events) == 2
        assert await bench.kernel.tails.enter(events) == 0
        await bench.wait(3)
        assert (bench.tail_orders(), bench.balance()) == (["SELL 3"], 1_000)

    tell(story)


def test_a_busted_hedge_opens_the_tail_again_and_a_person_lets_it_be_hedged_anew():
    async def story(bench):
        await bench.buys(6_000)
        await bench.wait(3)
        (fill,) = bench.broker.executions.values()
        gone = replace(fill, revision=2, quantity=Contracts(0))
        bench.broker.executions[fill.exec_id] = gone
        bench.broker.positions = {}
        bench.broker.tell(gone)
        await bench.wait(20)
        assert (bench.balance(), bench.tail_orders()) == (6_000, ["SELL 1"])
        await bench.do(cm.Unfreeze("the exchange busted it"))
        await bench.wait(3)
        assert bench.tail_orders() == ["SELL 1", "SELL 1"]
        assert bench.balance() == 1_000

    tell(story, audited=False)


def test_a_late_fill_stops_tails_and_leaves_the_strategy_alone():
    async def story(bench):
        bench.broker.mode = "list"
        await bench.buys(6_000)
        await bench.wait(2)
        key = bench.last_key()
        bench.broker.end(key)
        await bench.wait(3)
        assert bench.last().state is od.IntentState.CANCELLED
        bench.broker.fill(key)
        await bench.wait(3)
        assert "late fill" in bench.state.tails_stopped
        assert bench.state.auto
        assert not bench.state.latches
        assert bench.balance() == 1_000

    tell(story, audited=False)


def test_a_desk_without_accounts_says_so():
    async def story(bench):
        bench.tail_settings = None
        bench.kernel = bench.new_kernel()
        outcome = await bench.do(cm.PreviewTail(MILL, ZC))
        assert outcome.code == "no-accounts"
        assert bench.kernel.tails.view().rows == ()

    tell(story, audited=False)
