"""`accounts …`: the rule, the tree, files of orders, and what a person changes without a desk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hedgetui.domain import commands as cm
from hedgetui.ports import desk as dk
from hedgetui.ports.tails import TailsView
from hedgetui.store.lock import WriterLock
from hedgetui.store.verify import verify
from tests.console.served_desk import serving
from tests.store.facts import NOON
from tests.ui.still_desk import StillDesk

HEAD = "kind,id,account,contract,side,units|lots,price,at,origin,covers\n"
WORKED = HEAD + (
    "cash,C1,PSHAOTCHMS,ZCEZ25,BUY,6000,433.25,2025-11-03T15:00:00Z,,\n"
    "hedge,H1,PSHAOTCHMS,ZCEZ25,SELL,1,433'2,2025-11-03T15:00:05Z,hm,C1\n"
    "cash,C2,PSHAOTCHMS,ZCEZ25,BUY,5000,433'4,2025-11-04T15:00:00Z,,\n"
    "hedge,H2,PSHAOTCHMS,ZCEZ25,SELL,1,433'2,2025-11-04T15:00:05Z,hm,C2\n"
    "cash,C3,PSHAOTCHMS,ZCEZ25,BUY,10000,433.25,2025-11-05T15:00:00Z,,\n"
    "hedge,H3,PSHAOTCHMS,ZCEZ25,SELL,2,433'2,2025-11-05T15:00:05Z,hm,C3\n"
)
DAY_13 = HEAD + (
    "cash,C4,PSHAOTCHMS,ZC 202512,BUY,2000,431.25,2025-11-16T15:00:00Z,,\n"
    "hedge,H4,PSHAOTCHMS,ZC 202512,SELL,1,431'0,2025-11-16T15:00:05Z,hm,C4\n"
)
KEY = "PSHAOTCHMS+ZCEZ25"


@pytest.fixture
def file(tmp_path: Path):
    """Write a CSV file."""

    def write(text: str, name: str = "orders.csv") -> Path:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return write


def shape(tree: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what covers what: hedge to the units of each cash under it."""
    [key] = tree
    return {
        hedge["id"]: {cash["id"]: (cash["hedged"], cash["unlinked"]) for cash in hedge["cash"]}
        for hedge in key["hedges"]
    }


# --- the rule ---------------------------------------------------------------------------------

TABLE = [
    (16_000, ("SELL", 3, 1_000), ("SELL", 3, 1_000), None),
    (18_000, ("SELL", 4, -2_000), ("SELL", 4, -2_000), None),
    (6_000, ("SELL", 1, 1_000), ("SELL", 1, 1_000), None),
    (3_000, ("SELL", 1, -2_000), ("SELL", 1, -2_000), None),
    (2_550, ("SELL", 1, -2_450), ("SELL", 1, -2_450), None),
    (2_549, None, None, None),
    (0, None, None, None),
    (-2_549, None, None, None),
    (-2_550, ("BUY", 1, 2_450), None, ("BUY", 1, 2_450)),
    (-4_000, ("BUY", 1, 1_000), None, ("BUY", 1, 1_000)),
    (-16_000, ("BUY", 3, -1_000), None, ("BUY", 3, -1_000)),
]


@pytest.mark.parametrize(("balance", "auto", "sell", "buy"), TABLE)
def test_what_the_rule_places(hedgetui, balance, auto, sell, buy):
    for mode, order in (("auto", auto), ("sell", sell), ("buy", buy), ("manual", None)):
        ended = hedgetui(
            "accounts", "what-if", "--balance", balance, "--pending", 0, "--contract-size", 5000,
            "--threshold", 51, "--mode", mode, "--json",
        )  # fmt: skip
        side, lots, after = order or (None, 0, balance)
        assert ended.json == {"side": side, "lots": lots, "balance_after": after}
        assert ended.code == 0


def test_what_is_on_its_way_and_a_full_contract_count(hedgetui):
    ask = ("accounts", "what-if", "--json")
    assert hedgetui(*ask, "--balance", 18000, "--threshold", 100).json == {
        "side": "SELL", "lots": 3, "balance_after": 3000,
    }  # fmt: skip
    assert hedgetui(*ask, "--balance", 4000, "--pending", -5000).json == {
        "side": None, "lots": 0, "balance_after": -1000,
    }  # fmt: skip
    assert "SELL 3   balance +16,000 → +1,000" in hedgetui(*ask[:2], "--balance", 16000).out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--balance", "1", "--threshold", "50"), "--threshold: auto with a threshold of 50 %"),
        (("--balance", "1", "--threshold", "101", "--mode", "sell"), "--threshold"),
        (("--balance", "1", "--contract-size", "0"), "--contract-size"),
        (("--balance", "12.5"), "--balance"),
        (("--balance", "9" * 16), "--balance"),
        (("--balance", "1", "--mode", "all"), "'all'"),
        ((), "--balance"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_its_name(hedgetui, words, named):
    ended = hedgetui("accounts", "what-if", *words, "--json")
    assert (ended.code, ended.error["code"]) == (2, "usage")
    assert named in ended.error["message"]


def test_sell_may_have_a_low_threshold(hedgetui):
    words = ("--balance", 1500, "--threshold", 30, "--mode", "sell", "--json")
    assert hedgetui("accounts", "what-if", *words).json["lots"] == 1


# --- files of orders and the tree -------------------------------------------------------------


def test_the_worked_example_from_two_files_to_the_tree(hedgetui, file, state):
    ended = hedgetui("accounts", "import", file(WORKED))
    assert (ended.code, ended.out) == (0, "orders.csv: 3 cash and 3 hedge orders booked\n")
    tree = hedgetui("accounts", "tree", "--json").json
    assert {name: tree[0][name] for name in list(tree[0])[:6]} == {
        "account": "PSHAOTCHMS", "contract": "ZC 202512", "tail": 1000, "hm_unhedged": 1000,
        "pending": 0, "mode": "auto",
    }  # fmt: skip
    before = {
        "TBD": {"C1": (0, 1000)}, "H1": {"C1": (5000, 1000)}, "H2": {"C2": (5000, 0)},
        "H3": {"C3": (10000, 0)},
    }  # fmt: skip
    assert shape(tree) == before
    tbd = next(one for one in tree[0]["hedges"] if one["id"] == "TBD")
    assert (tbd["side"], tbd["units"]) == ("SELL", 1000)

    assert hedgetui("accounts", "import", file(DAY_13)).code == 0
    tree = hedgetui("accounts", "tree", "--json").json
    assert (tree[0]["tail"], tree[0]["hm_unhedged"]) == (-2000, -2000)
    assert shape(tree) == {
        "H1": {"C1": (5000, 0)}, "H2": {"C2": (5000, 0)}, "H3": {"C3": (10000, 0)},
        "H4": {"C1": (1000, 0), "C4": (2000, 0)},
    }  # fmt: skip
    assert {one["id"]: one["units"] for one in tree[0]["hedges"]}["H4"] == 5000
    assert verify(state / "sim.db").ok
    assert hedgetui("accounts", "tree", "--json").json == tree, "every start folds the same tree"


def test_the_tree_for_people_says_what_waits(hedgetui, file):
    hedgetui("accounts", "import", file(WORKED))
    words = hedgetui("accounts", "tree").out
    assert "PSHAOTCHMS ZC 202512   tail +1,000 bu   auto 51 %" in words
    assert "TBD · sells 1,000 · 16 d" in words
    assert "H1 SELL 1 @ 433'2 · filled 5,000 · hm" in words
    assert "C1 BUY 6,000 · hedged 5,000 · 1,000 unlinked" in words


def test_the_same_file_twice_changes_nothing(hedgetui, file, state):
    path = file(WORKED)
    hedgetui("accounts", "import", path)
    head = verify(state / "sim.db").head
    ended = hedgetui("accounts", "import", path, "--json")
    assert (ended.code, ended.json["code"]) == (0, "nothing-to-do")
    assert verify(state / "sim.db").head == head


@pytest.mark.parametrize(
    ("line", "row", "reason"),
    [
        (3, "hedge,H1,PSHAOTCHMS,ZCEZ25,SELL,1.5,433'2,2025-11-03T15:00:05Z,hm,C1", "lots: '1.5'"),
        (
            4,
            "cash,C2,PSHAOTCHMS,ZCXZ25,BUY,5000,433.25,2025-11-04T15:00:00Z,,",
            "contract: unknown",
        ),
        (4, "cash,C1,PSHAOTCHMS,ZCEZ25,BUY,5000,433.25,2025-11-04T15:00:00Z,,", "id: C1"),
        (6, "cash,C3,PSHAOTCHMS,ZCEZ25,BUY,-10000,433.25,2025-11-05T15:00:00Z,,", "negative"),
        (7, "hedge,H3,PSHAOTCHMS,ZCEZ25,SELL,2,433'9,2025-11-05T15:00:05Z,hm,C3", "price"),
    ],
)
def test_one_bad_row_is_named_and_nothing_is_imported(hedgetui, file, state, line, row, reason):
    lines = WORKED.splitlines()
    lines[line - 1] = row
    ended = hedgetui("accounts", "import", file("\n".join(lines)), "--json")
    assert (ended.code, ended.error["code"]) == (2, "data")
    assert f"orders.csv: line {line}: " in ended.error["message"]
    assert reason in ended.error["message"]
    assert verify(state / "sim.db").rows == 0
    assert hedgetui("accounts", "tree", "--json").json == []


def test_a_file_of_many_orders_is_one_write(hedgetui, file, state):
    rows = [
        f"cash,K{n},FARMS,ZWH26,BUY,{500 + n},560.25,2025-11-10T15:00:00Z,,\n" for n in range(2500)
    ]
    assert hedgetui("accounts", "import", file(HEAD + "".join(rows))).code == 0
    report = verify(state / "sim.db")
    assert (report.rows, report.ok) == (5_000, True)
    [key] = hedgetui("accounts", "tree", "--json").json
    assert key["tail"] == sum(500 + n for n in range(2500))


@pytest.mark.parametrize("text", [b"\xff\xfe\x00", None])
def test_a_file_that_cannot_be_read_is_named(hedgetui, tmp_path, text):
    path = tmp_path / "x.csv"
    if text is not None:
        path.write_bytes(text)
    ended = hedgetui("accounts", "import", path, "--json")
    assert (ended.code, ended.error["code"]) == (2, "usage")
    assert "x.csv" in ended.error["message"]


def test_an_export_can_be_imported_again(hedgetui, file, tmp_path):
    hedgetui("accounts", "import", file(WORKED))
    ended = hedgetui("accounts", "export", tmp_path / "out.csv")
    assert (ended.code, ended.out) == (0, f"{tmp_path}/out.csv: 6 rows\n")
    again = hedgetui("accounts", "import", tmp_path / "out.csv", "--db", tmp_path / "other.db")
    assert again.code == 0
    tree = hedgetui("accounts", "tree", "--json").json
    assert hedgetui("accounts", "tree", "--json", "--db", tmp_path / "other.db").json == tree
    assert hedgetui("accounts", "export", tmp_path / "out.csv").code == 2, "never overwritten"
    links = hedgetui("accounts", "export", "--links").out.splitlines()
    assert links[1].startswith("PSHAOTCHMS,ZC 202512,C1,H1,5000,")


def test_looking_back_hides_what_is_over_and_no_tail(hedgetui, file):
    old = HEAD + (
        "cash,OLD,FARMS,ZWH26,BUY,1000,560.25,2025-10-01T15:00:00Z,,\n"
        "cash,DONE,PSHAOTCHMS,ZCEZ25,BUY,5000,433.25,2025-10-02T15:00:00Z,,\n"
        "hedge,HDONE,PSHAOTCHMS,ZCEZ25,SELL,1,433'2,2025-10-02T15:00:05Z,hm,DONE\n"
    )
    hedgetui("accounts", "import", file(WORKED + old.removeprefix(HEAD)))

    def tree(*words: object) -> list[dict[str, Any]]:
        return hedgetui("accounts", "tree", "--json", *words).json

    tails = [(row["account"], row["tail"]) for row in tree("--all")]
    assert tails == [("FARMS", 1000), ("PSHAOTCHMS", 1000)]
    for days in (1, 30):
        seen = tree("--days", days)
        assert [(row["account"], row["tail"]) for row in seen] == tails
        assert shape(seen[:1]) == {"TBD": {"OLD": (0, 1000)}}
    assert "HDONE" not in json.dumps(tree())
    assert "HDONE" in json.dumps(tree("--all"))


@pytest.mark.parametrize("words", [("--days", "0"), ("--days", "31"), ("--days", "3", "--all")])
def test_a_look_back_that_cannot_be_is_refused(hedgetui, words):
    assert hedgetui("accounts", "tree", *words).code == 2


def test_a_journal_that_was_named_has_to_exist(hedgetui, tmp_path):
    ended = hedgetui("accounts", "tree", "--db", tmp_path / "none.db", "--json")
    assert (ended.code, ended.error["code"]) == (1, "store")


# --- what a person changes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", [("PSHAOTCHMS+ZCEZ25",), ("PSHAOTCHMS:ZC 202512",), ("PSHAOTCHMS", "ZCZ25"),
            ("PSHAOTCHMS", "ZC", "202512"), ("PSHAOTCHMS + ZCZ2025",)],
)  # fmt: skip
def test_a_key_may_be_written_as_the_trade_does(hedgetui, file, key):
    hedgetui("accounts", "import", file(WORKED))
    ended = hedgetui("accounts", "mode", *key, "Sell", "--threshold", 30, "--json")
    assert ended.json["message"] == "PSHAOTCHMS ZC 202512: sell with a threshold of 30 %"
    [row] = hedgetui("accounts", "tree", "--json").json
    assert (row["mode"], row["threshold"]) == ("sell", 30)


def test_an_adjustment_is_shown_first_and_kept_with_who_and_why(hedgetui, file, state):
    hedgetui("accounts", "import", file(WORKED))
    adjust = ("accounts", "adjust", KEY, "+2,000", "--comment", "scale error")
    rows = verify(state / "sim.db").rows
    shown = hedgetui(*adjust)
    assert "auto 51 % places SELL 1 at the next start, balance -2,000 once filled" in shown.err
    assert verify(state / "sim.db").rows == rows, "nothing without --yes"
    assert hedgetui(*adjust, "--yes").out == "PSHAOTCHMS ZC 202512: HM unhedged +1,000 → +3,000\n"
    [row] = hedgetui("accounts", "tree", "--json").json
    assert (row["tail"], row["hm_unhedged"]) == (1000, 3000)
    assert "HM unhedged +3,000 ≠ by +2,000" in hedgetui("accounts", "tree").out
    fact = hedgetui("journal", "tail", "-n", 1, "--json").lines[-1]
    assert "scale error" in json.dumps(fact)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("adjust", KEY, "0", "--comment", "x"), "UNITS"),
        (("adjust", KEY, "1.5", "--comment", "x"), "UNITS"),
        (("adjust", KEY, "--comment", "x"), "UNITS is missing"),
        (("adjust", KEY, "500", "--comment", " ", "--yes"), "comment"),
        (("adjust", KEY, "500"), "--comment"),
        (("adjust", "PSHAOTCHMS", "500", "--comment", "x"), "not a key"),
        (("adjust", "PSHAOTCHMS+ZCX25", "500", "--comment", "x"), "ZCX25"),
        (("mode", KEY, "half"), "MODE"),
        (("mode", KEY, "auto", "--threshold", "50"), "auto with a threshold of 50 %"),
        (("mode", KEY, "sell", "--threshold", "0"), "threshold 0 %"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(hedgetui, file, state, words, named):
    hedgetui("accounts", "import", file(WORKED))
    head = verify(state / "sim.db").head
    ended = hedgetui("accounts", *words, "--json")
    assert ended.code == 2
    assert named in ended.error["message"]
    assert verify(state / "sim.db").head == head


def test_hedging_is_suspended_and_resumed_with_what_is_due(hedgetui, file):
    hedgetui("accounts", "import", file(HEAD + DAY_13.splitlines()[1].replace("2000", "16000")))
    assert "suspended" in hedgetui("accounts", "suspend", "--why", "harvest is over").out
    assert hedgetui("accounts", "suspend", "--json").json["code"] == "nothing-to-do"
    resumed = hedgetui("accounts", "resume")
    assert "due: SELL 3 PSHAOTCHMS ZC 202512" in resumed.err
    assert hedgetui("accounts", "resume", "--json").json["code"] == "nothing-to-do"


def test_a_journal_that_a_desk_holds_is_not_written_behind_its_back(hedgetui, file, tmp_path):
    db = tmp_path / "x.db"
    hedgetui("accounts", "import", file(WORKED), "--db", db)
    lock = WriterLock(db)
    lock.acquire()
    try:
        ended = hedgetui("accounts", "import", file(DAY_13), "--db", db, "--json")
        assert (ended.code, ended.error["code"]) == (1, "store_locked")
        assert hedgetui("accounts", "tree", "--db", db, "--json").json[0]["tail"] == 1000
    finally:
        lock.release()


# --- with a desk of one's own ------------------------------------------------------------------

RUN = ("run", "--headless", "--scenario", "elevator", "--json")


def test_an_elevator_remembers_its_month_and_is_hedged_through_the_day(hedgetui, tmp_path):
    db = ("--db", tmp_path / "e.db")
    first = hedgetui(*RUN, "--for", "20m", *db).lines
    summary = first[-1]["summary"]
    kinds = [fact["kind"] for fact in first[:-1]]
    assert kinds[0] == "EngineStarted"
    assert summary["cash"] == kinds.count("CashEntered") > 100
    assert summary["tail_orders"] == kinds.count("TailHedgePlaced") > 0
    assert (summary["violations"], verify(tmp_path / "e.db").ok) == (0, True)
    tree = hedgetui("accounts", "tree", "--json", *db).json
    assert {f"{row['account']} {row['contract']}": row["hm_unhedged"] for row in tree} == summary[
        "tails"
    ]
    textbook = {row["account"]: shape([row]) for row in tree if row["contract"] == "ZC 202603"}
    assert textbook["PSHAOTCHMS"]["PSHA-H4"] == {"PSHA-C1": (1000, 0), "PSHA-C4": (2000, 0)}
    assert textbook["PRAIRIEHMS"] == {
        "TBD": {"PRAI-C1": (0, 1000)}, "PRAI-H1": {"PRAI-C1": (15000, 1000)},
    }  # fmt: skip

    again = hedgetui(*RUN, "--for", "5m", *db)
    summary = again.lines[-1]["summary"]
    assert "elevator: " not in again.err, "no farmer is told twice"
    entered = sum(fact["kind"] == "CashEntered" for fact in again.lines[:-1])
    assert 0 < entered < 20, "the month is remembered once"
    assert (summary["violations"], verify(tmp_path / "e.db").ok) == (0, True)


def test_a_tail_is_hedged_by_a_desk_that_is_open_for_a_moment(hedgetui, file, tmp_path):
    db = ("--db", tmp_path / "x.db")
    row = "cash,C1,FARMS,ZCH26,BUY,16000,433.25,2025-11-16T15:00:00Z,,\n"
    hedgetui("accounts", "import", file(HEAD + row), *db)
    shown = hedgetui("accounts", "hedge", "FARMS+ZCH26", *db)
    assert (shown.code, "nothing done: add --yes" in shown.err) == (0, True)
    [key] = hedgetui("accounts", "tree", "--json", *db).json
    assert (key["tail"], key["mode"]) == (16000, "auto"), "no rule acts in a moment"
    assert hedgetui("accounts", "hedge", "FARMS+ZCH26", "--yes", *db).code == 0
    [key] = hedgetui("accounts", "tree", "--json", *db).json
    assert (key["tail"], key["pending"]) == (1000, 0)
    assert [one["lots"] for one in key["hedges"]] == [0, 3]
    assert verify(tmp_path / "x.db").ok


# --- with a desk that runs ---------------------------------------------------------------------


class TailsDesk(StillDesk):
    """A desk that remembers what it was told about hedge accounts."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[cm.Command] = []
        self.answer = dk.Outcome(ok=True, code="done", message="as you wish")

    def snapshot(self) -> dk.DeskSnapshot:
        tails = TailsView(instance="suspended", catch_up=("SELL 3 ZC 202512 for PSHAOTCHMS",))
        return replace(super().snapshot(), tails=tails)

    async def dispatch(self, command: cm.Command, _by: str = "trader") -> dk.Outcome:
        self.told.append(command)
        if isinstance(command, cm.PreviewTail | cm.PreviewAdjust | cm.PreviewTailRoll):
            view = dk.Preview("tail-1", "tail", "HEDGE", (), (), ("SELL 3",), True, NOON)
            return dk.Outcome(ok=True, code="preview", message="HEDGE", preview=view)
        return self.answer


@pytest.fixture
def running(tmp_path: Path) -> Iterator[TailsDesk]:
    """A desk that listens beside `x.db`."""
    with serving(TailsDesk(), tmp_path / "x.sock") as desk:
        yield desk


def test_a_running_desk_is_told_instead(hedgetui, running, file, tmp_path):
    db = ("--db", tmp_path / "x.db")
    ask = ("accounts", "mode", KEY, "sell", "--threshold", 30)
    assert hedgetui(*ask, *db).out == "as you wish\n"
    hedgetui("accounts", "suspend", "--why", "harvest is over", *db)
    assert "due: SELL 3" in hedgetui("accounts", "resume", *db).err
    many = WORKED + "".join(
        f"cash,K{n},FARMS,ZWH26,BUY,500,560.25,2025-11-10T15:00:00Z,,\n" for n in range(3_000)
    )
    assert hedgetui("accounts", "import", file(many), *db).code == 0
    assert running.told == [
        cm.SetTailMode("PSHAOTCHMS", "ZC 202512", "sell", 30), cm.SuspendTails("harvest is over"),
        cm.ResumeTails(), cm.ImportTails("orders.csv", many),
    ]  # fmt: skip


def test_what_sends_or_books_needs_a_yes(hedgetui, running, tmp_path):
    db = ("--db", tmp_path / "x.db")
    assert hedgetui("accounts", "hedge", KEY, *db).code == 0
    assert hedgetui("accounts", "hedge", "PSHAOTCHMS", "ZCZ25", "--yes", *db).code == 0
    assert hedgetui("accounts", "adjust", KEY, "-1000", "--comment", "x", "--yes", *db).code == 0
    assert hedgetui("accounts", "roll", KEY, "ZCH26", *db).code == 0
    corn = ("PSHAOTCHMS", "ZC 202512")
    assert running.told == [
        cm.PreviewTail(*corn), cm.PreviewTail(*corn), cm.Confirm("tail-1"),
        cm.PreviewAdjust(*corn, -1000, "x"), cm.Confirm("tail-1"),
        cm.PreviewTailRoll(*corn, "ZC 202603"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "ended"), [("usage", 2), ("G3-net", 4), ("link", 3), ("preview-expired", 1)]
)
def test_a_refusal_of_the_desk_keeps_its_code(hedgetui, running, tmp_path, code, ended):
    running.answer = dk.Outcome(ok=False, code=code, message="lots: no")
    told = hedgetui("accounts", "hedge", KEY, "--yes", "--db", tmp_path / "x.db", "--json")
    assert told.code == ended
    assert told.error["message"] == "lots: no"
