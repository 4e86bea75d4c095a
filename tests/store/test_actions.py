"""Actions of the defence in the journal: one in flight, one for each cycle, only legal moves."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from itertools import pairwise, product
from typing import TYPE_CHECKING

import pytest

from hedgetui.domain.dtms.model import ActionKind, ActionState
from hedgetui.domain.dtms.outbox_rules import LEGAL
from hedgetui.domain.errors import StoreError
from hedgetui.domain.events import Event, Fact
from hedgetui.domain.mt5.records import Lots, Ticket
from hedgetui.ports.journal import SlotTaken
from hedgetui.store.connection import JOURNAL, migrations, open_writer
from hedgetui.store.projections import Projection
from hedgetui.store.verify import verify
from tests.store.action_facts import moved_action, planned
from tests.store.facts import NOON, order_life, with_journal

if TYPE_CHECKING:
    from pathlib import Path

    from hedgetui.store.journal import Journal

_WAYS = {
    "PLANNED": ("PLANNED",),
    "SENT": ("PLANNED", "SENT"),
    "UNKNOWN": ("PLANNED", "SENT", "UNKNOWN"),
    "DONE": ("PLANNED", "SENT", "DONE"),
    "FAILED": ("PLANNED", "FAILED"),
}


def _led_to(state: str) -> list[Event]:
    """Return the facts that lead action A1 to `state`."""
    return [planned(1), *(moved_action(1, *step) for step in pairwise(_WAYS[state]))]


@pytest.mark.parametrize("state", ["PLANNED", "SENT", "UNKNOWN"])
def test_a_live_action_holds_its_symbol_and_no_other(tmp_path: Path, state: str):
    async def work(journal: Journal) -> None:
        await journal.append(NOON, _led_to(state))
        with pytest.raises(SlotTaken):
            await journal.append(NOON, [planned(2, kind=ActionKind.CLOSE_ALL)])
        await journal.append(NOON, [planned(3, "EURUSD")])
        assert journal.failure is None

    with_journal(tmp_path / "sim.db", work)
    assert verify(tmp_path / "sim.db").ok


@pytest.mark.parametrize("state", ["DONE", "FAILED"])
def test_an_ended_action_frees_its_symbol_but_never_its_cycle(tmp_path: Path, state: str):
    async def work(journal: Journal) -> None:
        await journal.append(NOON, _led_to(state))
        with pytest.raises(SlotTaken, match="planned before"):
            await journal.append(NOON, [planned(2, cycle=1)])
        with pytest.raises(StoreError, match="used before"):
            await journal.append(NOON, [planned(1, cycle=2)])
        await journal.append(NOON, [planned(2)])

    with_journal(tmp_path / "sim.db", work)
    assert verify(tmp_path / "sim.db").ok


@pytest.mark.parametrize(("before", "after"), product(ActionState, ActionState))
def test_only_the_legal_moves_can_be_written(
    tmp_path: Path, before: ActionState, after: ActionState
):
    async def work(journal: Journal) -> None:
        await journal.append(NOON, _led_to(before.value))
        step = [moved_action(1, before.value, after.value)]
        if after in LEGAL[before]:
            await journal.append(NOON, step)
            return
        with pytest.raises(StoreError, match="no evidence takes an action there"):
            await journal.append(NOON, step)

    with_journal(tmp_path / "sim.db", work)
    assert verify(tmp_path / "sim.db").ok


def test_a_move_from_where_the_action_is_not_is_refused(tmp_path: Path):
    async def work(journal: Journal) -> None:
        await journal.append(NOON, [planned(1)])
        for stale in (moved_action(1, "SENT", "DONE"), moved_action(9, "PLANNED", "SENT")):
            with pytest.raises(StoreError, match="not in the state"):
                await journal.append(NOON, [stale])
        with pytest.raises(StoreError, match="begins as PLANNED"):
            await journal.append(NOON, [planned(2, "EURUSD", state=ActionState.SENT)])

    with_journal(tmp_path / "sim.db", work)


def test_one_append_ends_an_action_and_plans_the_next(tmp_path: Path):
    async def work(journal: Journal) -> None:
        await journal.append(NOON, [planned(1), moved_action(1, "PLANNED", "SENT")])
        end = moved_action(1, "SENT", "FAILED", retcode=10004)
        await journal.append(NOON, [end, planned(2)])

    with_journal(tmp_path / "sim.db", work)
    with closing(sqlite3.connect(tmp_path / "sim.db")) as connection:
        rows = connection.execute("SELECT action_id, state, retcode FROM actions").fetchall()
    assert rows == [("A1", "FAILED", 10004), ("A2", "PLANNED", None)]


def _filled(path: Path) -> None:
    async def work(journal: Journal) -> None:
        await journal.append(NOON, _led_to("UNKNOWN"))
        known = {"ticket": Ticket(77), "filled": Lots(Decimal("0.20")), "retcode": 10009}
        await journal.append(NOON, [moved_action(1, "UNKNOWN", "DONE", **known)])

    with_journal(path, work)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM actions",
        "UPDATE actions SET symbol = 'EURUSD'",
        "UPDATE actions SET cycle = 9",
        "UPDATE actions SET volume = '9'",
    ],
)
def test_the_table_keeps_what_it_has(tmp_path: Path, statement: str):
    _filled(tmp_path / "sim.db")
    with (
        closing(sqlite3.connect(tmp_path / "sim.db")) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only: actions"),
    ):
        connection.execute(statement)


@pytest.mark.parametrize("change", ["state = 'FAILED'", "retcode = 10004", "filled = '0.10'"])
def test_a_table_that_was_changed_is_found(tmp_path: Path, change: str):
    path = tmp_path / "sim.db"
    _filled(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"UPDATE actions SET {change}")  # noqa: S608 - the cases above
    assert {(v.seq, v.rule) for v in verify(path).violations} == {(4, "tables agree")}


@pytest.mark.parametrize(
    ("events", "finding"),
    [
        ([planned(1), planned(2)], (2, "one live action")),
        ([*_led_to("DONE"), planned(2, cycle=1)], (4, "one action per cycle")),
        ([planned(1, state=ActionState.SENT)], (1, "legal action move")),
        ([planned(1), moved_action(1, "PLANNED", "DONE")], (2, "legal action move")),
        ([*_led_to("DONE"), moved_action(1, "DONE", "SENT")], (4, "legal action move")),
        ([moved_action(1, "PLANNED", "SENT")], (1, "legal action move")),
    ],
)
def test_each_broken_promise_is_named_with_its_row(events: list[Event], finding: tuple[int, str]):
    projection = Projection()
    found = [
        (violation.seq, violation.rule)
        for seq, event in enumerate(events, start=1)
        for violation in projection.apply(Fact(seq, NOON, event))
    ]
    assert finding in found


def test_a_journal_from_before_the_defence_is_upgraded_beside_a_copy(tmp_path: Path):
    path = tmp_path / "sim.db"
    before = migrations(JOURNAL)[:2]
    with closing(open_writer(path, JOURNAL, before)) as connection:
        connection.execute("INSERT INTO about VALUES (1, 'sim')")
    assert verify(path).ok, "an older file is whole as it is"

    async def work(journal: Journal) -> None:
        for events in order_life(1):
            await journal.append(NOON, events)
        await journal.append(NOON, _led_to("SENT"))

    with_journal(path, work)
    assert verify(path).ok
    assert path.with_name("sim.db.v2.bak").exists()
