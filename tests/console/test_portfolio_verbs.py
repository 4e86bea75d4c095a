"""`balance`, `grow`, `recommend` and a desk that runs: what is asked, printed, sent, refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain.balance.advice import Situation, recommend
from hedgetui.domain.balance.counts import count
from hedgetui.domain.balance.dollars import in_dollars
from hedgetui.domain.balance.grow import grow
from hedgetui.domain.balance.market import with_book_prices
from hedgetui.domain.balance.positions import Book, Unparsed
from hedgetui.domain.balance.regime import Regime, given
from hedgetui.domain.balance.ticket import TicketPlan, TicketStep
from hedgetui.domain.balance.wanted import Quoted
from hedgetui.domain.instruments import Right
from hedgetui.domain.orders import Side
from hedgetui.domain.recommend import ChainRow, Direction, Wish
from hedgetui.domain.recommend import recommend as choose
from hedgetui.ports import desk as dk
from hedgetui.ports.balance import BalanceView, ChoiceView, SourceView, TicketView
from tests.balance.balance_stage import MARKET, option, share
from tests.console.served_desk import serving
from tests.store.facts import NOON
from tests.ui.still_desk import StillDesk

LINES = (
    share("SPY", 10, 600.0),
    *(option(name, "P", 1, 90.0) for name in ("QQQ", "NVDA", "TLT")),
)
PLAN = TicketPlan(
    "TLT 3M calls", "you hold puts on TLT", "advice",
    (TicketStep("TLT 20260417 90 C", Side.BUY, 2, Decimal("0.85")),),
)  # fmt: skip
QUOTED = Quoted(
    "TLT 20260417 90 C", 2, Decimal("0.85"), Decimal(100), Decimal("0.80"), Decimal("0.85"), 0.48,
    -0.02, 0.1,
)  # fmt: skip
SIM = SourceView("SIM DU-SIM-01", len(LINES), NOON)


def seen(**changes: object) -> BalanceView:
    """The portfolio of a desk that read it."""
    market = with_book_prices(replace(MARKET, vix=16.0), LINES)
    dollars = in_dollars(LINES, market)
    at = Situation(LINES, count(LINES), dollars, market.vix, 25_000.0)
    rows = recommend(at)
    growth = given(Regime.GOLDILOCKS, 16.0)
    view = BalanceView(
        on=True, sources=(SIM,), market=market, nav=25_000.0, counts=at.counts, dollars=dollars,
        book=Book(LINES, (Unparsed(0, "BOND 912828", "kind: BOND is not known"),)),
        budget=Decimal(500), most=3, advice=(replace(rows[0], quoted=QUOTED), *rows[1:]),
        plans=(PLAN, None, None), regime=growth, growth=grow(growth, Decimal(500)),
        growth_plans=(PLAN,),
    )  # fmt: skip
    return replace(view, **changes)


def chosen(budget: float) -> ChoiceView:
    """The answer to a search in a chain of one contract."""
    chain = [ChainRow(date(2026, 2, 20), 190.0, Right.CALL, 3.9, 4.1, 500, 900)]
    wish = Wish("NVDA", Direction.BULLISH, budget, 180.0, date(2026, 1, 5))
    choice = choose(chain, wish)
    return ChoiceView(wish, choice, PLAN if choice.pick else None, NOON)


class PortfolioDesk(StillDesk):
    """A desk that knows its portfolio and remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.view = seen()
        self.answers[cm.PreviewTicket] = dk.Outcome(
            ok=True, code="preview", message="BUY 2 TLT calls",
            preview=dk.Preview("ticket-1", "ticket", "BUY 2", (), (), ("BUY 2",), True, NOON),
        )  # fmt: skip

    def snapshot(self) -> dk.DeskSnapshot:
        return replace(super().snapshot(), balance=self.view)

    async def dispatch(self, command: cm.Command, by: str = "you") -> dk.Outcome:
        outcome = await super().dispatch(command, by)
        if isinstance(command, cm.Confirm) and outcome.ok:
            sent = TicketView("k1", NOON, "TLT 3M calls", "working", 0, 1, "")
            self.view = replace(self.view, tickets=(sent,))
        return outcome


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[PortfolioDesk]:
    """A desk that listens beside `x.db`."""
    with serving(PortfolioDesk(), tmp_path / "x.sock") as made:
        yield made


@pytest.fixture
def ask(hedgetui, desk, tmp_path):
    """A verb put to that desk."""
    del desk
    return lambda *words: hedgetui(*words, "--db", tmp_path / "x.db")


# --- balance -----------------------------------------------------------------------------------


def test_the_document_of_a_desk_has_the_keys_of_a_file_and_its_tickets(ask, desk):
    found = ask("balance", "--json").json
    assert found["counts"] == {"long_equity": 1, "short_equity": 0, "puts": 3, "calls": 0, "vol": 0}
    assert (found["net"], found["bias"], found["dollars"]["vix"]) == (-2, "NET SHORT", 16)
    first, second, _ = found["recommendations"]
    assert set(first) >= {"action", "trade", "why", "payoff", "cost", "contract", "orders"}
    assert (first["contract"], first["quantity"], first["ticket_cost"]) == (
        "TLT 20260417 90 C", 2, 170,
    )  # fmt: skip
    assert first["orders"] == ["BUY 2 TLT 20260417 90 C LMT 0.85"]
    assert (second["contract"], second["orders"]) == (None, [])
    assert [one["name"] for one in found["sources"]] == ["SIM DU-SIM-01"]
    assert found["unparsed"] == [
        {"line": 0, "text": "BOND 912828", "why": "kind: BOND is not known"}
    ]
    assert desk.commands == [cm.ReadPortfolio()]


def test_people_see_sources_rows_and_orders(ask):
    shown = ask("balance").out
    assert "SIM DU-SIM-01: 4 lines" in shown
    assert "NET SHORT -2 (over-hedged)" in shown
    assert "left out: kind: BOND is not known   BOND 912828" in shown
    assert "BUY 2 TLT 20260417 90 C LMT 0.85" in shown
    head, *rows = ask("balance", "--csv").out.splitlines()
    assert head.endswith(
        "estimated,contract,quantity,price,bid,ask,delta,theta,vega,ticket_cost,note"
    )
    assert rows[0].endswith(",TLT 20260417 90 C,2,0.85,0.8,0.85,0.48,-0.02,0.1,170,")


@pytest.mark.parametrize(
    ("words", "costs", "bias"),
    [
        (("--budget", 1000), [350, 300, 0], "NET SHORT"),
        (("--max", 1), [175], "NET SHORT"),
        (("--vix", 30), [175, 150, 0], "NET SHORT"),
        (("--beta", "NVDA=9"), [175, 150, 0], "NET SHORT"),
    ],
)
def test_other_inputs_are_worked_out_here_and_never_told_to_a_desk_that_runs(
    ask, desk, words, costs, bias
):
    ended = ask("balance", *words, "--json")
    assert [row["cost"] for row in ended.json["recommendations"]] == costs
    assert ended.json["bias"] == bias
    assert {row["contract"] for row in ended.json["recommendations"]} == {None}
    assert "estimates" in ended.err
    assert desk.commands == [cm.ReadPortfolio()]


def test_what_the_command_line_says_goes_before_what_the_desk_knows(ask):
    told = ask("balance", "--vix", 31, "--nav", 1e6, "--spot", "SPY=500", "--json").json["dollars"]
    assert (told["vix"], told["nav"], told["index_level"]) == (31, 1e6, 500)
    plain = ask("balance", "--json").json["dollars"]
    heavy = ask("balance", "--beta", "NVDA=9", "--json").json["dollars"]
    assert heavy["delta_per_pct"] < plain["delta_per_pct"]


def test_a_source_that_cannot_be_read_is_named(ask, desk):
    broken = SourceView("MT5 5021", 2, NOON, "the terminal does not answer")
    desk.view = seen(sources=(SIM, broken))
    ended = ask("balance", "--json")
    assert (ended.code, "MT5 5021: the terminal does not answer" in ended.err) == (0, True)
    assert ended.json["sources"][1]["problem"] == "the terminal does not answer"


def test_nothing_read_is_no_empty_book(ask, desk):
    dead = SourceView("SIM DU-SIM-01", 0, None, "the link is down")
    desk.view = BalanceView(on=True, sources=(dead,))
    ended = ask("balance", "--json")
    assert (ended.code, ended.error["code"]) == (3, "broker_unreachable")
    desk.answers[cm.ReadPortfolio] = dk.Outcome(ok=False, code="link", message="the link is down")
    ended = ask("balance", "--json")
    assert (ended.code, ended.error["message"]) == (3, "the link is down")


def test_a_desk_without_a_portfolio_says_so(ask, desk):
    desk.view = BalanceView()
    ended = ask("balance", "--json")
    assert (ended.code, ended.error["code"]) == (1, "no-portfolio")
    assert "balance.enabled" in ended.error["hint"]


# --- tickets -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "read", "source"),
    [
        (("balance", "send"), cm.ReadPortfolio(), "advice"),
        (("grow", "send"), cm.ReadGrowth(), "grow"),
    ],
)
def test_a_row_is_sent_with_a_yes_only(ask, desk, verb, read, source):
    shown = ask(*verb, 2, "--json")
    assert (shown.code, "nothing sent: add --yes" in shown.err) == (0, True)
    assert shown.json["preview"]["preview_id"] == "ticket-1"
    assert desk.commands == [read, cm.PreviewTicket(source, 2)]
    sent = ask(*verb, 2, "--yes", "--json")
    assert desk.commands[2:] == [read, cm.PreviewTicket(source, 2), cm.Confirm("ticket-1")]
    assert (sent.code, sent.json["ticket"]["state"]) == (0, "working")


@pytest.mark.parametrize(
    ("code", "ends"),
    [("G8-notional", 4), ("G1-frozen", 4), ("link", 3), ("usage", 2), ("book-moved", 1)],
)
def test_a_refusal_is_an_exit_code(ask, desk, code, ends):
    desk.answers[cm.PreviewTicket] = dk.Outcome(ok=False, code=code, message="no")
    ended = ask("balance", "send", 1, "--yes", "--json")
    assert (ended.code, ended.error["message"]) == (ends, "no")
    assert not any(isinstance(one, cm.Confirm) for one in desk.commands)


def test_a_ticket_that_ended_with_less_is_no_success(ask, desk, monkeypatch):
    failed = TicketView("k2", NOON, "TLT 3M calls", "failed", 0, 1, "the limit was not met")

    async def dispatch(command: cm.Command, by: str = "you") -> dk.Outcome:
        if isinstance(command, cm.Confirm):
            desk.view = seen(tickets=(failed,))
        return await StillDesk.dispatch(desk, command, by)

    monkeypatch.setattr(desk, "dispatch", dispatch)
    ended = ask("balance", "send", 1, "--yes")
    assert (ended.code, "the limit was not met" in ended.out) == (1, True)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("balance", "send", "9"), "no row 9"),
        (("balance", "send", "0"), "no row 0"),
        (("balance", "send"), "N"),
        (("balance", "sned", "1"), "sned"),
        (("balance", "--vix", "20", "send", "1"), "--vix"),
        (("balance", "--positions", "x.csv", "send", "1"), "--positions"),
        (("grow", "--budget", "900", "send", "1"), "--budget"),
        (("grow", "send", "1", "--regime", "boom"), "boom"),
        (("balance", "--day", "2025-11-20"), "--day is for --positions"),
        (("balance", "--index", "QQQ"), "--index is for --positions"),
        (("balance", "--budget", "many"), "--budget 'many'"),
        (("balance", "--max", "0"), "--max 0"),
        (("balance", "--csv"), "--csv and --json"),
        (("recommend", "--ticker", "NVDA", "--direction", "bullish", "--yes"), "--yes"),
        (("recommend", "--ticker", "NVDA", "--direction", "bullish", "--price", "9"), "--price"),
        (("recommend", "--ticker", "NVDA", "--direction", "up"), "up"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name_and_sends_nothing(ask, desk, words, named):
    ended = ask(*words, "--json")
    assert (ended.code, named in ended.error["message"]) == (2, True), ended.error
    assert not any(isinstance(one, cm.PreviewTicket) for one in desk.commands)


# --- grow and recommend ------------------------------------------------------------------------


def test_grow_prints_the_regime_its_inputs_and_tickets(ask, desk):
    found = ask("grow", "--regime", "Goldilocks", "--json").json
    assert (found["regime"], found["inputs"][0]["name"]) == ("GOLDILOCKS", "VIX")
    assert [row["allocation"] for row in found["recommendations"]] == [200, 150, 100]
    assert found["recommendations"][0]["orders"] == ["BUY 2 TLT 20260417 90 C LMT 0.85"]
    assert desk.commands == [cm.ReadGrowth("GOLDILOCKS")]
    assert "VIX 16" in ask("grow").out
    other = ask("grow", "--budget", 1000, "--json").json["recommendations"]
    assert [(row["allocation"], row["contract"]) for row in other[:1]] == [(400, None)]


def test_recommend_prints_one_contract_or_why_there_is_none(ask, desk):
    verb = ("recommend", "--ticker", "nvda", "--direction", "bullish")
    desk.view = seen(choice=chosen(500.0))
    found = ask(*verb, "--json")
    assert (found.code, found.json["pick"]["contract"]) == (0, "NVDA 2026-02-20 190C")
    assert found.json["orders"] == ["BUY 2 TLT 20260417 90 C LMT 0.85"]
    assert desk.commands == [cm.FindContract("NVDA", "bullish", "500.0")]
    desk.view = seen(choice=chosen(100.0))
    none = ask(*verb, "--budget", 100, "--send", "--yes")
    assert (none.code, none.out.startswith("nothing matched: budget")) == (1, True)
    assert "$410.00" in none.out
    assert not any(isinstance(one, cm.PreviewTicket) for one in desk.commands)


def test_the_contract_that_was_found_is_sent_with_a_yes_only(ask, desk):
    verb = ("recommend", "--ticker", "NVDA", "--direction", "bullish", "--send")
    desk.view = seen(choice=chosen(500.0))
    shown = ask(*verb)
    assert (shown.code, "nothing sent" in shown.err) == (0, True)
    assert desk.commands[1:] == [cm.PreviewTicket("recommend")]
    sent = ask(*verb, "--yes", "--json").json
    assert (sent["pick"]["strike"], sent["ticket"]["id"]) == (190, "k1")
    assert desk.commands[-1] == cm.Confirm("ticket-1")
