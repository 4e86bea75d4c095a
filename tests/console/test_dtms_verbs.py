"""`dtms status`, `trade`, `history`, what acts on a trade, and the same as Python functions."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgetui import dtms as api
from hedgetui.adapters.control.server import ControlServer
from hedgetui.domain import commands as cm
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.model import Automation, Hedge, State, Trade
from hedgetui.domain.errors import StoreError, UsageError
from hedgetui.domain.mt5.records import Lots, PositionId, Ticket
from hedgetui.domain.orders import Side
from hedgetui.domain.units import Timestamp
from hedgetui.ports import desk as dk
from hedgetui.ports import dtms as dv
from hedgetui.store.journal import Journal
from tests.console.conftest import ROOT
from tests.store.action_facts import moved_action, planned
from tests.store.facts import NOON
from tests.ui.still_desk import NOW, StillDesk

GOLD = Trade(
    identifier=PositionId(4417201), ticket=Ticket(4417299), symbol="XAUUSD", side=Side.BUY,
    entry=2650.0, initial_volume=Lots(Decimal("0.40")), volume=Lots(Decimal("0.20")), risk=14.0,
    sl=2636.0, tp=None, opened_at=NOON, adopted_at=NOON, state=State.WARNING_L2, since=NOON,
    automation=Automation.AUTO,
)  # fmt: skip
EURO = replace(
    GOLD, identifier=PositionId(4417300), ticket=Ticket(4417300), symbol="EURUSD", side=Side.SELL,
    state=State.HEALTHY,
)  # fmt: skip
HEDGE = Hedge(
    PositionId(4417350), Ticket(4417350), Side.SELL, Lots(Decimal("0.10")), 2646.5, 2648.12,
    soft_sl=False, at=NOON,
)  # fmt: skip
FLAT_AT = Timestamp(NOON + 4_500)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """A journal in which gold was hedged after one refusal and the euro left alone."""
    path = tmp_path / "x.db"

    async def write() -> None:
        journal = await Journal.open(path, profile="sim")
        try:
            await journal.append(NOON, [fx.Mt5LinkChanged("ready", "", 1, 5012345, "Demo")])
            await journal.append(NOON, [fx.DefenceAdopted(GOLD, "dtms")])
            await journal.append(NOON, [fx.DefenceAdopted(EURO, "dtms")])
            await journal.append(NOON, [planned(1), moved_action(1, "PLANNED", "SENT")])
            await journal.append(NOON, [moved_action(1, "SENT", "FAILED", retcode=10004)])
            await journal.append(NOON, [planned(2), moved_action(2, "PLANNED", "SENT")])
            filled = {"retcode": 10009, "price": 2646.5, "filled": Lots(Decimal("0.10"))}
            await journal.append(
                NOON,
                [
                    moved_action(2, "SENT", "DONE", **filled),
                    fx.HedgeOpened(GOLD.identifier, HEDGE),
                    fx.DefenceMoved(
                        GOLD.identifier, State.WARNING_L2, State.HEDGED, "T5", "score -6.2 ≤ -6.0",
                        -6.2, -0.4, flat_at=FLAT_AT,
                    ),
                ],
            )  # fmt: skip
        finally:
            await journal.close()

    asyncio.run(write())
    return path


# --- without a desk: the journal -------------------------------------------------------------


def test_status_of_a_profile_that_never_ran_is_empty_and_says_nobody_watches(hedgetui):
    ended = hedgetui("dtms", "status", "--json")
    assert ended.code == 0
    assert "no desk is running" in ended.err
    told = ended.json
    assert (told["active_trades"], told["monitoring"], told["last_cycle"]) == (0, False, None)
    assert set(told["trades_by_state"]) == {
        "HEALTHY", "WARNING_L1", "WARNING_L2", "HEDGED", "RECOVERING",
    }  # fmt: skip
    assert (told["mt5"]["link"], told["rails"], told["source"]) == ("down", [], "journal")


def test_status_without_a_desk_is_what_the_journal_holds(hedgetui, db):
    told = hedgetui("dtms", "status", "--db", db, "--json").json
    assert told["active_trades"] == 2
    assert told["trades_by_state"] == {
        "HEALTHY": 1, "WARNING_L1": 0, "WARNING_L2": 0, "HEDGED": 1, "RECOVERING": 0,
    }  # fmt: skip
    assert not told["monitoring"]
    assert told["mt5"]["login"] == "•••2345", "account numbers are masked"
    words = hedgetui("dtms", "status", "--db", db).out
    assert "2: 1 HEALTHY, 1 HEDGED" in words
    assert "#4417350 SELL 0.1 SL 2648.1" in words


@pytest.mark.parametrize("ticket", [4417299, 4417201])
def test_a_trade_is_found_by_its_ticket_and_by_its_identifier(hedgetui, db, ticket):
    told = hedgetui("dtms", "trade", ticket, "--db", db, "--json").json
    assert (told["ticket"], told["symbol"], told["side"]) == (4417299, "XAUUSD", "BUY")
    assert (told["state"], told["hedge_ticket"]) == ("HEDGED", 4417350)
    assert told["flat_at"] == "2025-11-19T13:15:00.250Z"
    assert told["recover_by"] is None
    assert (told["current_score"], told["components"], told["u"]) == (None, None, None)
    assert (told["automation"], told["degraded"]) == ("auto", "")
    assert told["lane"][-1] == {
        "at": "2025-11-19T12:00:00.250Z", "state": "HEDGED", "rule": "T5",
        "why": "score -6.2 ≤ -6.0",
    }  # fmt: skip


def test_history_tells_every_action_with_its_answer(hedgetui, db):
    rows = hedgetui("dtms", "history", "--db", db, "--json").json
    assert [(row["action_id"], row["state"], row["retcode"]) for row in rows] == [
        ("A1", "FAILED", 10004), ("A2", "DONE", 10009),
    ]  # fmt: skip
    done = rows[1]
    assert (done["ticket"], done["kind"]) == (4417299, "open_hedge")
    assert done["result"] == "0.10 @ 2646.5"
    assert (done["rule"], done["by"]) == ("T5", "dtms")
    assert done["planned_at"] == done["sent_at"] == done["ended_at"] == "2025-11-19T12:00:00.250Z"
    assert hedgetui("dtms", "history", "--ticket", 4417300, "--db", db, "--json").json == []
    assert "open_hedge" in hedgetui("dtms", "history", "--ticket", 4417201, "--db", db).out


@pytest.mark.parametrize("words", [("trade", "4417209"), ("history", "--ticket", "4417209")])
def test_an_unknown_ticket_names_the_nearest(hedgetui, db, words):
    ended = hedgetui("dtms", *words, "--db", db, "--json")
    assert (ended.code, ended.error["code"]) == (2, "no-such-trade")
    assert ended.error["hint"] == "did you mean 4417299?"


def test_a_journal_that_was_named_has_to_exist(hedgetui, tmp_path):
    ended = hedgetui("dtms", "status", "--db", tmp_path / "none.db", "--json")
    assert (ended.code, ended.error["code"]) == (1, "store")


def test_reading_leaves_the_journal_and_its_folder_as_they_were(hedgetui, db):
    before = {path.name: path.read_bytes() for path in db.parent.glob("x.db")}
    for words in (("status",), ("trade", 4417201), ("history",)):
        assert hedgetui("dtms", *words, "--db", db).code == 0
    assert {path.name: path.read_bytes() for path in db.parent.glob("x.db")} == before
    assert not (db.parent / "x-mt5.json").exists(), "no terminal was opened"


@pytest.mark.parametrize(
    "words",
    [("hedge", "7"), ("unhedge", "7"), ("close", "7", "--yes"), ("half", "7"), ("breakeven", "7"),
     ("auto", "7", "off"), ("adopt", "7"), ("ignore", "7"), ("resolve", "7"),
     ("resolve", "7", "--typed", "ABCDEF", "--why", "x")],
)  # fmt: skip
def test_what_acts_needs_a_desk_that_runs(hedgetui, db, words):
    ended = hedgetui("dtms", *words, "--db", db, "--json")
    assert (ended.code, ended.error["code"]) == (1, "no-desk")


# --- with a desk ------------------------------------------------------------------------------


class DtmsDesk(StillDesk):
    """A desk with one hedged trade and one position left out, that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[cm.Command] = []
        gold = dv.DefenceRow(
            ticket=4417201, identifier=4417201, symbol="XAUUSD", side="BUY", volume=0.4,
            initial_volume=0.4, entry=2650.0, price=2646.1, digits=2, sl=2636.0, tp=None, u=-0.28,
            pnl=-156.0, state="WARNING_L2", since=NOON, score=-4.6,
            components=dv.ComponentsView(-2.0, -1.5, -0.6, -0.5, 0.0, 0.0), flags=("delta n/a",),
            regime="London", flat_at=None, recover_by=None, hedge=None, automation="auto",
            degraded="", pending="", why="score -4.6", hedges=0, breakeven_armed=True,
            guards=(dv.GuardView("T5 WARNING_L2→HEDGED", "score -4.6 ≤ -6.0", ok=False),),
            lane=(), adopted_at=NOON,
        )  # fmt: skip
        left = dv.UnwatchedRow(4417400, 4417400, "US500", "BUY", 0.3, 12.0, "ignored by you")
        self.defence = dv.DefenceView(
            dv.Mt5View("ready", login="5012345"), rows=(gold,), unwatched=(left,),
            last_cycle_at=NOON, rails=("3 stops in a row",), monitoring=True,
        )  # fmt: skip

    def snapshot(self) -> dk.DeskSnapshot:
        return replace(super().snapshot(), defence=self.defence)

    async def dispatch(self, command: cm.Command, _by: str = "trader") -> dk.Outcome:
        self.told.append(command)
        if isinstance(command, cm.PreviewDefence):
            lines = (("sends", "SELL 0.20 XAUUSD"),)
            preview = dk.Preview(
                "P1", "dtms", "HEDGE 4417201", lines, checks=(), orders=(), sendable=True,
                expires_at=NOON,
            )  # fmt: skip
            return dk.Outcome(ok=True, code="preview", message="preview", preview=preview)
        return self.answers.get(type(command), dk.Outcome(ok=True, code="done", message="done"))


@contextmanager
def running(db: Path) -> Iterator[DtmsDesk]:
    """Let a desk answer on the socket beside `db`, from a thread of its own."""
    desk, over = DtmsDesk(), threading.Event()
    up: threading.Event = threading.Event()

    async def serve() -> None:
        server = ControlServer(desk, db.with_suffix(".sock"))
        await server.start()
        up.set()
        await asyncio.to_thread(over.wait, 30)
        await server.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert up.wait(10)
        yield desk
    finally:
        over.set()
        thread.join(10)


def test_a_running_desk_is_asked_and_not_the_journal(hedgetui, db):
    with running(db):
        told = hedgetui("dtms", "status", "--db", db, "--json").json
        assert (told["active_trades"], told["monitoring"], told["source"]) == (1, True, "desk")
        assert told["rails"] == ["3 stops in a row"]
        assert told["last_cycle"] == "2025-11-19T12:00:00.250Z"
        assert told["mt5"]["login"] == "•••2345"
        row = hedgetui("dtms", "trade", 4417201, "--db", db, "--json").json
        assert (row["state"], row["current_score"]) == ("WARNING_L2", -4.6)
        assert row["components"] == {
            "structure": -2.0, "vwap_volume": -1.5, "momentum": -0.6, "ema": -0.5,
            "conviction": 0.0, "delta": 0.0,
        }  # fmt: skip
        assert row["guards"] == [
            {"rule": "T5 WARNING_L2→HEDGED", "words": "score -4.6 ≤ -6.0", "ok": False}
        ]
        words = hedgetui("dtms", "trade", 4417201, "--db", db).out
        assert "✗ T5 WARNING_L2→HEDGED: score -4.6 ≤ -6.0" in words
        older = hedgetui("dtms", "trade", 4417300, "--db", db, "--json").json
        assert older["symbol"] == "EURUSD", "what the desk shows no more is in its journal"


def test_an_action_shows_its_preview_and_sends_nothing_without_yes(hedgetui, db):
    with running(db) as desk:
        shown = hedgetui("dtms", "hedge", 4417201, "--db", db, "--json")
        assert shown.code == 0
        assert "SELL 0.20 XAUUSD" in shown.err
        assert desk.told == [cm.PreviewDefence(4417201, "hedge")]
        sent = hedgetui("dtms", "close", 4417201, "--db", db, "--yes", "--json")
        assert (sent.code, sent.json["code"]) == (0, "done")
        assert sent.json["trade"]["ticket"] == 4417201
        assert desk.told[1:] == [cm.PreviewDefence(4417201, "close"), cm.Confirm("P1")]


def test_the_machine_is_told_what_it_may_do_and_what_it_watches(hedgetui, db):
    with running(db) as desk:
        assert hedgetui("dtms", "auto", 4417201, "alert", "--db", db).code == 0
        assert hedgetui("dtms", "adopt", 4417400, "--db", db).code == 0
        assert hedgetui("dtms", "ignore", 4417201, "--db", db).code == 0
        assert desk.told == [
            cm.SetAutomation(4417201, "alert"), cm.Adopt(4417400), cm.Ignore(4417201),
        ]  # fmt: skip
        assert hedgetui("dtms", "auto", 4417201, "alwys", "--db", db).code == 2


def test_an_unwatched_position_says_why_and_how_to_adopt_it(hedgetui, db):
    with running(db) as desk:
        ended = hedgetui("dtms", "close", 4417400, "--db", db, "--json")
        assert (ended.code, ended.error["code"]) == (2, "no-such-trade")
        assert ended.error["message"] == "#4417400 is not watched: ignored by you"
        assert ended.error["hint"] == "hedgetui dtms adopt 4417400"
        far = hedgetui("dtms", "adopt", 4417401, "--db", db, "--json")
        assert (far.code, far.error["hint"]) == (2, "did you mean 4417400?")
        assert desk.told == []


DOUBT = dv.ActionView(
    action_id="01JD2K9Q4Z7M3X5T6W8YBCK4H7", at=NOW, ticket=4417201, symbol="XAUUSD",
    kind="open_hedge", state="UNKNOWN", text="SELL 0.20 XAUUSD SL 2648.12", result="10009 done",
    retcode=10009, rule="T5", why="score -6.2", by="dtms", sent_at=Timestamp(NOW - 600),
    ended_at=None, missing="no position, order or deal bears its magic",
)  # fmt: skip
WHY = "not in the journal of the terminal"


def test_an_unknown_action_is_shown_with_what_ends_it(hedgetui, db):
    with running(db) as desk:
        desk.defence = replace(desk.defence, actions=(DOUBT,))
        shown = hedgetui("dtms", "resolve", 4417201, "--db", db)
        assert shown.code == 1
        assert shown.out.splitlines() == [
            "#4417201 XAUUSD open_hedge: SELL 0.20 XAUUSD SL 2648.12",
            "  state      UNKNOWN for 10 min: 10009 done",
            "  missing    no position, order or deal bears its magic",
            "  reference  01JD2K9Q4Z7M3X5T6W8YBCK4H7",
            "  type       BCK4H7",
        ]
        assert cm.LOOK_FIRST_MT5 in shown.err
        assert "hedgetui dtms resolve 4417201 --typed BCK4H7 --why" in shown.err
        told = hedgetui("dtms", "resolve", 4417201, "--db", db, "--json")
        assert (told.code, told.json["code"]) == (1, "not-typed")
        assert (told.json["action"]["type"], told.json["action"]["age_s"]) == ("BCK4H7", 600)
        assert desk.told == []


def test_a_person_ends_an_unknown_action_by_its_reference_and_a_reason(hedgetui, db):
    with running(db) as desk:
        desk.defence = replace(desk.defence, actions=(DOUBT,))
        words = ("dtms", "resolve", 4417201, "--typed", "bck4h7", "--db", db)
        mute = hedgetui(*words, "--why", " ")
        assert (mute.code, mute.out) == (2, "")
        assert "--why is missing" in mute.err
        other = hedgetui("dtms", "resolve", 4417202, "--db", db, "--json")
        assert (other.code, other.error["code"]) == (2, "no-such-action")
        assert other.error["hint"] == "unknown now: #4417201 open_hedge"
        assert desk.told == []
        done = hedgetui(*words, "--why", WHY, "--json")
        assert (done.code, done.json["code"]) == (0, "done")
        assert desk.told == [cm.ResolveDefence(DOUBT.action_id, "bck4h7", WHY)]


@pytest.mark.parametrize(("code", "ends"), [("not-typed", 1), ("no-such-action", 2)])
def test_a_refused_verdict_ends_as_that_about_an_order(hedgetui, db, code, ends):
    with running(db) as desk:
        desk.defence = replace(desk.defence, actions=(DOUBT,))
        desk.answers[cm.ResolveDefence] = dk.Outcome(ok=False, code=code, message="no")
        ended = hedgetui(
            "dtms", "resolve", 4417201, "--typed", "x", "--why", WHY, "--db", db, "--json"
        )  # fmt: skip
        assert (ended.code, ended.error["code"]) == (ends, code)


def test_a_desk_without_mt5_says_so(hedgetui, db):
    with running(db) as desk:
        desk.defence = dv.OFF
        assert hedgetui("dtms", "status", "--db", db, "--json").json["source"] == "journal"
        ended = hedgetui("dtms", "close", 4417201, "--db", db, "--json")
        assert (ended.code, ended.error["code"]) == (1, "no-mt5")


def test_a_real_desk_hedges_unhedges_and_closes_when_it_is_told(hedgetui, tmp_path):
    db = tmp_path / "y.db"

    def verb(*words: Any) -> Any:
        return hedgetui("dtms", *words, "--db", db, "--json")

    with subprocess.Popen(
        [sys.executable, "-m", "hedgetui", "run", "--headless", "--for", "6h", "--speed", "2",
         "--scenario", "demo", "--db", str(db)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as desk:  # fmt: skip
        try:
            assert any("US500" in line and "under watch" in line for line in desk.stderr)
            (gold,) = [t for t in verb("status").json["trades"] if t["symbol"] == "XAUUSD"]
            hedged = verb("hedge", gold["ticket"], "--yes").json["trade"]
            assert (hedged["state"], hedged["hedge"]["volume"]) == ("HEDGED", 0.2)
            assert hedged["flat_at"] is not None
            assert verb("unhedge", gold["ticket"], "--yes").json["trade"]["state"] == "RECOVERING"
            assert verb("close", gold["ticket"], "--yes").json["trade"]["state"] == "CLOSED"
            kinds = [(row["kind"], row["state"], row["rule"]) for row in verb("history").json]
            assert [row for row in kinds if row[2] == "T15"] == [
                ("open_hedge", "DONE", "T15"), ("close_hedge", "DONE", "T15"),
                ("close_all", "DONE", "T15"),
            ]  # fmt: skip
        finally:
            desk.terminate()
            desk.communicate(timeout=20)
    assert hedgetui("journal", "verify", "--db", db).code == 0
    assert verb("status").json["source"] == "journal"


def test_a_desk_that_is_open_for_a_moment_leaves_mt5_alone(hedgetui, tmp_path):
    db = tmp_path / "z.db"
    assert hedgetui("vega", "scan", "--db", db).code == 0
    kinds = {row["kind"] for row in hedgetui("journal", "export", "--db", db).lines}
    assert "EngineStarted" in kinds
    assert not any(kind.startswith(("Mt5", "Defence", "Action")) for kind in kinds)


# --- Python -----------------------------------------------------------------------------------


def test_the_python_functions_return_what_the_verbs_print(hedgetui, db):
    def verb(*words: Any) -> Any:
        return hedgetui("dtms", *words, "--db", db, "--json").json

    assert api.get_system_status(db=db) == verb("status")
    assert api.get_trade_status(4417201, db=db) == verb("trade", 4417201)
    assert api.get_action_history(db=db) == verb("history")
    assert api.get_action_history(4417300, db=str(db)) == []


def test_the_python_functions_may_be_called_where_a_loop_runs(db):
    async def main() -> int:
        return int(api.get_system_status(db=db)["active_trades"])

    assert asyncio.run(main()) == 2


def test_the_python_functions_raise_what_they_document(db, tmp_path):
    with pytest.raises(UsageError, match="no watched trade #5"):
        api.get_trade_status(5, db=db)
    with pytest.raises(UsageError, match="no watched trade #5"):
        api.get_action_history(5, db=db)
    with pytest.raises(StoreError):
        api.get_system_status(db=tmp_path / "none.db")
