"""A journal that was tampered with names the row; an honest one has nothing to name."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain.errors import StoreError
from hedgetui.domain.events import EngineStopped, Event, Fact, FillBooked, IntentMoved
from hedgetui.domain.orders import IntentState
from hedgetui.domain.units import Contracts
from hedgetui.store import chain, export
from hedgetui.store.connection import JOURNAL, migrations, open_writer
from hedgetui.store.projections import Projection, is_legal
from hedgetui.store.verify import verify
from tests.store.facts import (
    NOON,
    fill,
    moved,
    order_life,
    recorded,
    with_journal,
    write_orders,
)

if TYPE_CHECKING:
    from pathlib import Path

    from hedgetui.store.journal import Journal

_GUARDS = ("events_never_change", "events_never_vanish", "events_continue")


def _tamper(path: Path, *statements: str) -> None:
    """Change rows behind the guards and put the guards back, as a careful forger would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        kept = dict(
            connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        )
        for name in kept:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for text in kept.values():
            connection.execute(text)


def _found(path: Path) -> set[tuple[int, str]]:
    return {(violation.seq, violation.rule) for violation in verify(path).violations}


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return a journal of three orders in twelve rows."""
    write_orders(tmp_path / "sim.db", 3)
    return tmp_path / "sim.db"


def test_an_honest_journal_has_no_findings(journal: Path):
    report = verify(journal)
    assert report.ok
    assert report.rows == 12
    assert verify(journal, known_head=report.head).ok


def test_an_edited_payload_is_found(journal: Path):
    _tamper(journal, "UPDATE events SET payload = replace(payload, '6712.5', '6700.5')"
                     " WHERE kind = 'FillBooked' AND seq = 7")  # fmt: skip
    assert _found(journal) == {(7, "chain"), (7, "tables agree")}


@pytest.mark.parametrize("column", ["at", "kind", "hash", "prev_hash"])
def test_an_edited_column_is_found(journal: Path, column: str):
    value = "at + 1" if column == "at" else "'EngineStopped'"
    _tamper(journal, f"UPDATE events SET {column} = {value} WHERE seq = 6")  # noqa: S608
    assert (6, "chain") in _found(journal)


def test_a_deleted_row_is_found_at_the_row_behind_it(journal: Path):
    _tamper(journal, "DELETE FROM events WHERE seq = 5")
    assert (6, "chain") in _found(journal)


def test_swapped_rows_are_found(journal: Path):
    _tamper(
        journal,
        "UPDATE events SET seq = 99 WHERE seq = 2",
        "UPDATE events SET seq = 2 WHERE seq = 3",
        "UPDATE events SET seq = 3 WHERE seq = 99",
    )
    assert {(2, "chain"), (3, "chain"), (4, "chain")} <= _found(journal)


def test_a_cut_end_is_found_by_the_tables_and_by_a_noted_head(journal: Path):
    head = verify(journal).head
    _tamper(journal, "DELETE FROM events WHERE seq > 8")
    assert "tables agree" in {rule for _, rule in _found(journal)}
    _tamper(journal, "DELETE FROM intents WHERE intent_id = 'I3'",
            "DELETE FROM fills WHERE intent_id = 'I3'")  # fmt: skip
    assert verify(journal).ok
    assert not verify(journal, known_head=head).ok


def test_a_missing_guard_is_found(journal: Path):
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("DROP INDEX one_live")
    assert [v.message for v in verify(journal).violations] == [
        "index one_live is missing or was changed"
    ]


def test_a_changed_table_is_found(journal: Path):
    _tamper(journal, "UPDATE intents SET state = 'UNKNOWN' WHERE intent_id = 'I2'",
            "UPDATE fills SET quantity = 4 WHERE exec_id = 'E3'")  # fmt: skip
    assert _found(journal) == {(8, "tables agree"), (11, "tables agree")}


@pytest.mark.parametrize("payload", ["{}", "nonsense", '{"why": "x"}', "[]"])
def test_an_unreadable_row_is_a_finding_and_not_the_end(tmp_path: Path, payload: str):
    path = tmp_path / "sim.db"

    async def work(journal: Journal) -> None:
        await journal.append(NOON, [EngineStopped("x"), EngineStopped("y")])

    with_journal(path, work)
    first = chain.chained(chain.GENESIS, 1, NOON, "EngineStopped", payload)
    second = chain.chained(first.hash, 2, NOON, "EngineStopped", '{"why":"y"}')
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for name in _GUARDS:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("DELETE FROM events")
        connection.executemany("INSERT INTO events VALUES (?,?,?,?,?,?)", [first, second])
    assert (1, "readable") in _found(path)
    assert not any(rule == "chain" for _, rule in _found(path))


def _fold(*events: Event) -> list[tuple[int, str]]:
    projection = Projection()
    found = [
        violation
        for seq, event in enumerate(events, start=1)
        for violation in projection.apply(Fact(seq, NOON, event))
    ]
    return [(violation.seq, violation.rule) for violation in [*found, *projection.finish()]]


@pytest.mark.parametrize(
    ("events", "finding"),
    [
        ([recorded(1), recorded(2)], (2, "one live order")),
        ([recorded(1), moved(1, "SENDING", "FILLED")], (2, "legal move")),
        ([recorded(1), moved(1, "WORKING", "CANCELLED")], (2, "legal move")),
        ([recorded(1), moved(1, "SENDING", "WORKING"), moved(1, "WORKING", "ABANDONED")],
         (3, "legal move")),
        ([moved(1, "SENDING", "WORKING")], (1, "legal move")),
        ([recorded(1), fill(1)], (1, "fills add up")),
        ([recorded(1), fill(1, 3), moved(1, "SENDING", "FILLED", 5)], (3, "fills add up")),
        ([fill(1)], (1, "fill has an order")),
        ([recorded(1, slot="MES 202603"), fill(1), moved(1, "SENDING", "FILLED", 5)],
         (2, "fill has an order")),
        ([*(event for events in order_life(1) for event in events), recorded(1)],
         (5, "one order per intent")),
    ],
)  # fmt: skip
def test_each_broken_promise_is_named_with_its_row(events: list[Event], finding: tuple[int, str]):
    assert finding in _fold(*events)


_PUT, _CALL = "XSP 20251219 510 P", "XSP 20251219 560 C"


def _leg(key: str, quantity: int, exec_id: str) -> FillBooked:
    return replace(fill(1, quantity, exec_id), instrument_key=key)


def test_the_fills_of_a_combo_are_those_of_its_legs_and_add_up_by_units():
    combo = recorded(1, slot=f"{_PUT} + {_CALL}")
    legs = [_leg(_PUT, 5, "E1"), moved(1, "SENDING", "WORKING")]
    assert _fold(combo, *legs) == []
    assert _fold(combo, *legs, _leg(_CALL, 5, "E2"), moved(1, "WORKING", "FILLED", 5)) == []
    assert (3, "fills add up") in _fold(
        combo, _leg(_PUT, 5, "E1"), moved(1, "SENDING", "FILLED", 5)
    )
    assert (2, "fill has an order") in _fold(combo, fill(1))
    assert (2, "one live order") in _fold(combo, recorded(2, slot=_CALL))


def test_a_journal_of_an_older_schema_is_whole_as_it_is(tmp_path: Path):
    path = tmp_path / "sim.db"
    with closing(open_writer(path, JOURNAL, migrations(JOURNAL)[:1])):
        pass
    assert verify(path).ok


def test_an_execution_that_is_not_ours_needs_no_order():
    foreign = fill(1)
    external = type(foreign)(
        foreign.exec_id, 1, "", foreign.instrument_key, foreign.side, foreign.quantity,
        foreign.price, foreign.executed_at,
    )  # fmt: skip
    assert _fold(external) == []


def test_a_correction_may_lower_what_is_filled():
    assert (
        _fold(
            recorded(1),
            fill(1, 5),
            moved(1, "SENDING", "FILLED", 5),
            fill(1, 4, revision=2),
            moved(1, "FILLED", "FILLED", 4),
        )
        == []
    )


@given(st.sampled_from(IntentState), st.sampled_from(IntentState))
def test_no_evidence_without_a_fill_brings_an_ended_order_back(
    before: IntentState, after: IntentState
):
    intent = recorded(1).intent
    ended = type(intent)(**{
        name: getattr(intent, name) for name in type(intent).__slots__
    } | {"state": before})  # fmt: skip
    move = IntentMoved("I1", before, after, "", Contracts(0))
    if not ended.live and after is not before:
        assert not is_legal(ended, move)


def test_a_check_runs_beside_the_writer(tmp_path: Path):
    path = tmp_path / "sim.db"

    async def work(journal: Journal) -> None:
        for events in order_life(1):
            await journal.append(NOON, events)
            report = verify(path, known_head=journal.head)
            assert report.violations == ()
            assert report.head == journal.head

    with_journal(path, work)


@pytest.mark.parametrize("content", [b"", b"no database at all " * 400])
def test_what_is_no_journal_is_an_error_and_not_a_verdict(tmp_path: Path, content: bytes):
    path = tmp_path / "sim.db"
    path.write_bytes(content)
    with pytest.raises(StoreError):
        verify(path)


def test_json_lines_let_anyone_check_the_chain(journal: Path):
    head = "0" * 64
    for line in export.json_lines(export.rows(journal)):
        row = json.loads(line)
        body = {name: row[name] for name in ("seq", "at", "kind", "payload")}
        text = json.dumps(body, sort_keys=True, separators=(",", ":"))
        assert row["prev_hash"] == head
        head = sha256((head + text).encode()).hexdigest()
        assert row["hash"] == head
    assert head == verify(journal).head


def test_csv_has_a_header_and_every_row(journal: Path):
    header, *rows = csv.reader(export.csv_lines(export.rows(journal)))
    assert tuple(header) == export.CSV_HEADER
    assert [int(row[0]) for row in rows] == list(range(1, 13))
    assert rows[0][1] == "2025-11-19T12:00:00.250Z"
    assert json.loads(rows[0][4])["intent"]["intent_id"] == "I1"


def test_a_part_can_be_exported(journal: Path):
    assert [row.seq for row in export.rows(journal, last=2)] == [11, 12]
    assert [row.seq for row in export.rows(journal, after=10)] == [11, 12]
    assert list(export.rows(journal, last=0)) == []
