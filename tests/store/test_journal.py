"""The durable journal: one decision is at most one order, and nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain.errors import DataError, StoreError
from hedgetui.domain.events import (
    BandSet,
    EngineStopped,
    Fact,
    IntentMoved,
    IntentRecorded,
    StrategyEnabled,
)
from hedgetui.domain.orders import (
    LIVE,
    TERMINAL,
    CancelAsked,
    Ended,
    Evidence,
    Executed,
    Intent,
    IntentState,
    Listed,
    NeverSent,
    WentDark,
    step,
)
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.ports.journal import SlotTaken
from hedgetui.simulation.virtual_loop import run_virtual
from hedgetui.store.chain import GENESIS
from hedgetui.store.journal import MAX_APPEND, MAX_ROWS, Journal, Run
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


def test_what_was_appended_comes_back_in_order_after_a_restart(tmp_path: Path):
    path = tmp_path / "sim.db"

    async def write(journal: Journal) -> tuple[list[Fact], str]:
        assert journal.head == GENESIS
        written: list[Fact] = []
        for events in order_life(1):
            written += await journal.append(NOON, events)
        assert await journal.append(NOON, []) == ()
        return written, journal.head

    async def read(journal: Journal) -> tuple[list[Fact], str]:
        return list(await journal.facts()), journal.head

    written = with_journal(path, write)
    assert with_journal(path, read) == written
    assert [fact.seq for fact in written[0]] == [1, 2, 3, 4]
    assert written[1] == verify(path).head


def test_a_head_is_the_same_in_two_runs_over_the_same_facts(tmp_path: Path):
    assert write_orders(tmp_path / "a.db", 3) == write_orders(tmp_path / "b.db", 3)


def test_an_append_is_all_or_nothing(tmp_path: Path):
    async def work(journal: Journal) -> None:
        before = journal.head
        with pytest.raises(SlotTaken):
            await journal.append(NOON, [StrategyEnabled(on=True, by="t"), recorded(1), recorded(2)])
        assert journal.head == before
        assert await journal.facts() == ()
        await journal.append(NOON, [recorded(2)])

    with_journal(tmp_path / "sim.db", work)


@pytest.mark.parametrize("state", sorted(LIVE))
def test_a_live_order_holds_its_slot_and_no_other(tmp_path: Path, state: IntentState):
    async def work(journal: Journal) -> None:
        await journal.append(NOON, [recorded(1), moved(1, "SENDING", state)])
        with pytest.raises(SlotTaken):
            await journal.append(NOON, [recorded(2)])
        await journal.append(NOON, [recorded(3, slot="MES 202603")])

    with_journal(tmp_path / "sim.db", work)


_COMBO = "XSP 20251219 510 P + XSP 20251219 560 C"


@pytest.mark.parametrize(
    "other", ["XSP 20251219 510 P", "XSP 20251219 560 C", _COMBO,
              "XSP 20251219 500 P + XSP 20251219 560 C"],
)  # fmt: skip
@pytest.mark.parametrize("turned", [False, True])
def test_a_live_combo_holds_the_slot_of_each_leg(tmp_path: Path, other: str, turned: bool):
    first, second = (other, _COMBO) if turned else (_COMBO, other)

    async def work(journal: Journal) -> None:
        await journal.append(NOON, [recorded(1, slot=first), moved(1, "SENDING", "UNKNOWN")])
        with pytest.raises(SlotTaken):
            await journal.append(NOON, [recorded(2, slot=second)])
        await journal.append(NOON, [recorded(3, slot="XSP 20251219 505 P")])
        await journal.append(NOON, [moved(1, "UNKNOWN", "CANCELLED")])
        await journal.append(NOON, [recorded(4, slot=second)])

    with_journal(tmp_path / "sim.db", work)
    assert verify(tmp_path / "sim.db").ok


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_an_ended_order_frees_its_slot_but_never_its_identity(tmp_path: Path, state: IntentState):
    async def work(journal: Journal) -> None:
        await journal.append(NOON, [recorded(1), moved(1, "SENDING", state)])
        with pytest.raises(StoreError, match="used before"):
            await journal.append(NOON, [recorded(1)])
        await journal.append(NOON, [recorded(2)])
        assert journal.failure is None

    with_journal(tmp_path / "sim.db", work)


def test_a_move_from_a_state_the_order_is_not_in_is_refused(tmp_path: Path):
    async def work(journal: Journal) -> None:
        await journal.append(NOON, [recorded(1)])
        for stale in (moved(1, "WORKING", "FILLED"), moved(9, "SENDING", "WORKING")):
            with pytest.raises(StoreError, match="not in the state"):
                await journal.append(NOON, [stale])
        await journal.append(NOON, [moved(1, "SENDING", "WORKING")])

    with_journal(tmp_path / "sim.db", work)


def test_the_higher_revision_of_a_fill_wins_in_any_order(tmp_path: Path):
    path = tmp_path / "sim.db"

    async def work(journal: Journal) -> None:
        await journal.append(NOON, [recorded(1)])
        for revision, quantity in ((2, 4), (1, 5), (2, 3)):
            await journal.append(NOON, [fill(1, quantity, "E1", revision)])

    with_journal(path, work)
    with closing(sqlite3.connect(path)) as connection:
        stored = connection.execute("SELECT revision, quantity, price FROM fills").fetchall()
    assert stored == [(2, 4, "6712.50")]


def test_appends_at_the_same_time_share_commits_and_only_the_guilty_fail(tmp_path: Path):
    async def work(journal: Journal) -> None:
        statements: list[str] = []
        await journal._connection.set_trace_callback(
            lambda sql: statements.append(sql) if sql.startswith("INSERT INTO events") else None
        )
        clean = [BandSet("custom", float(n), "t") for n in range(1, 51)]
        facts = await asyncio.gather(*(journal.append(NOON, [event]) for event in clean))
        assert len(set(statements)) == 1, "fifty appends, one commit"
        assert [fact.event for (fact,) in facts] == clean
        numbers = (1, 2, 1, 3)
        outcomes = await asyncio.gather(
            *(journal.append(NOON, [recorded(n, slot=f"S{n % 2}")]) for n in numbers),
            return_exceptions=True,
        )
        kinds = [type(outcome) for outcome in outcomes]
        assert kinds[:2] == [tuple, tuple]
        assert kinds[3] is SlotTaken
        assert isinstance(outcomes[2], StoreError | SlotTaken)
        assert [fact.seq for fact in await journal.facts()] == list(range(1, 53))

    with_journal(tmp_path / "sim.db", work)


def test_a_cancelled_caller_proves_nothing_about_the_write(tmp_path: Path):
    async def work(journal: Journal) -> int:
        task = asyncio.ensure_future(journal.append(NOON, [recorded(1)]))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(SlotTaken):
            await journal.append(NOON, [recorded(2)])
        return len(await journal.facts())

    assert with_journal(tmp_path / "sim.db", work) == 1


def test_close_waits_for_what_is_being_written_and_refuses_the_rest(tmp_path: Path):
    path = tmp_path / "sim.db"

    async def main() -> None:
        journal = await Journal.open(path, profile="sim")
        task = asyncio.ensure_future(journal.append(NOON, [recorded(1)]))
        await asyncio.sleep(0)
        await journal.close()
        assert [fact.seq for fact in await task] == [1]
        with pytest.raises(StoreError, match="closed"):
            await journal.append(NOON, [recorded(2)])
        await journal.close()

    asyncio.run(main())
    assert verify(path).rows == 1


def test_a_virtual_clock_stands_still_while_the_disk_writes(tmp_path: Path):
    async def day() -> float:
        loop = asyncio.get_running_loop()
        journal = await Journal.open(tmp_path / "sim.db", profile="sim")
        loop.call_later(3_600, lambda: None)
        for events in order_life(1):
            await journal.append(Timestamp(loop.time()), events)
        await journal.facts()
        await journal.close()
        return loop.time()

    assert run_virtual(day) == 0.0


@pytest.mark.parametrize("at", [float("nan"), float("inf")])
def test_a_time_that_is_no_number_is_refused(tmp_path: Path, at: float):
    async def work(journal: Journal) -> None:
        with pytest.raises(DataError):
            await journal.append(Timestamp(at), [EngineStopped("t")])
        with pytest.raises(DataError):
            await journal.append(NOON, [BandSet("custom", at, "t")])
        assert len(await journal.append(NOON, [EngineStopped("t")])) == 1

    with_journal(tmp_path / "sim.db", work)


def test_more_rows_than_one_commit_takes_are_split_between_appends_only(tmp_path: Path):
    async def work(journal: Journal) -> None:
        with pytest.raises(StoreError, match="at once"):
            await journal.append(NOON, [EngineStopped("t")] * (MAX_APPEND + 1))
        half = [EngineStopped("t")] * (MAX_ROWS // 2 + 1)
        first, second = await asyncio.gather(journal.append(NOON, half), journal.append(NOON, half))
        assert second[0].seq == first[-1].seq + 1
        assert await journal.facts() == first + second

    with_journal(tmp_path / "sim.db", work)


def test_an_append_of_more_rows_is_one_statement_and_leaves_no_part_behind(tmp_path: Path):
    at = Timestamp(NOON + 0.1 + 1e-7)

    async def work(journal: Journal) -> None:
        many = [EngineStopped(f"t{n} ü\n'\"") for n in range(MAX_ROWS + 1)]
        written = await journal.append(at, many)
        assert await journal.facts() == written, "times to the last bit, texts to the last sign"
        with pytest.raises(StoreError, match="refused a row"):
            await journal.append(at, [*many, moved(7, "SENDING", "WORKING")])
        assert await journal.facts() == written

    with_journal(tmp_path / "sim.db", work)
    assert verify(tmp_path / "sim.db").ok


def test_runs_are_counted_and_a_missing_end_is_a_crash(tmp_path: Path):
    path = tmp_path / "sim.db"

    async def orderly(journal: Journal) -> Run:
        run = await journal.begin_run(NOON)
        await journal.end_run(Timestamp(NOON + 5))
        return run

    async def killed(journal: Journal) -> Run:
        return await journal.begin_run(NOON)

    assert with_journal(path, killed) == (1, False)
    assert with_journal(path, orderly) == (2, True)
    assert with_journal(path, orderly) == (3, False)
    with closing(sqlite3.connect(path)) as connection:
        stored = connection.execute("SELECT epoch, status, ended FROM runs").fetchall()
    assert stored == [
        (1, "CrashedRecovered", None),
        (2, "Ended", NOON + 5),
        (3, "Ended", NOON + 5),
    ]


@pytest.mark.parametrize("recursive", ["ON", "OFF"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET payload = '{}' WHERE seq = 1",
        "DELETE FROM events WHERE seq = 1",
        "INSERT OR REPLACE INTO events SELECT seq, at, kind, '{}', prev_hash, hash FROM events",
        "INSERT INTO events SELECT seq + 9, at, kind, payload, prev_hash, hash FROM events",
        "DELETE FROM intents",
        "UPDATE intents SET client_key = 'other'",
        "DELETE FROM fills",
    ],
)
def test_rows_cannot_be_changed_through_sql(tmp_path: Path, statement: str, recursive: str):
    path = tmp_path / "sim.db"
    write_orders(path, 1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA recursive_triggers={recursive}")
        with pytest.raises(sqlite3.IntegrityError, match=r"append-only|chain"):
            connection.execute(statement)
    assert verify(path).ok


def test_the_journal_commits_to_the_disk_before_it_answers(tmp_path: Path):
    async def work(journal: Journal) -> list[object]:
        names = ("journal_mode", "synchronous", "recursive_triggers", "busy_timeout")
        return [(await journal._query(f"PRAGMA {name}"))[0][0] for name in names]

    assert with_journal(tmp_path / "sim.db", work) == ["wal", 2, 1, 5_000]


_EVIDENCE: list[Evidence] = [
    Listed("77"),
    Executed(Contracts(2)),
    Executed(Contracts(3)),
    Ended(rejected=False, reason=""),
    Ended(rejected=True, reason=""),
    CancelAsked(),
    WentDark("t"),
    NeverSent("t"),
]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, len(_EVIDENCE))), max_size=40))
def test_any_history_keeps_one_live_order_per_slot_and_verifies(
    tmp_path_factory: pytest.TempPathFactory, script: list[tuple[int, int]]
):
    """Ops on four slots against a model: choice 0 sends an order, the others are evidence."""
    path = tmp_path_factory.mktemp("history") / "sim.db"
    latest: dict[int, Intent] = {}

    async def work(journal: Journal) -> None:
        for number, (slot, choice) in enumerate(script, start=1):
            intent = latest.get(slot)
            if choice == 0:
                event = recorded(number, slot=f"S{slot}")
                if intent is not None and intent.live:
                    with pytest.raises(SlotTaken):
                        await journal.append(NOON, [event])
                else:
                    await journal.append(NOON, [event])
                    latest[slot] = event.intent
            elif intent is not None:
                latest[slot] = await _learn(journal, number, intent, _EVIDENCE[choice - 1])

    with_journal(path, work)
    report = verify(path)
    assert report.violations == ()
    assert with_journal(path, _live) == {i.intent_id for i in latest.values() if i.live}


async def _learn(journal: Journal, number: int, intent: Intent, evidence: Evidence) -> Intent:
    after = step(intent, evidence).intent
    if after == intent:
        return intent
    event = IntentMoved(
        intent.intent_id, intent.state, after.state, "t", after.filled, after.broker_order,
        after.cancel_wanted,
    )  # fmt: skip
    if isinstance(evidence, Executed):
        number_of = int(intent.intent_id[1:])
        execution = fill(number_of, evidence.quantity, f"E{number}")
        slot = intent.draft.instrument_key
        await journal.append(NOON, [replace(execution, instrument_key=slot), event])
    else:
        await journal.append(NOON, [event])
    return after


async def _live(journal: Journal) -> set[str]:
    states: dict[str, IntentState] = {}
    for fact in await journal.facts():
        if isinstance(fact.event, IntentRecorded):
            states[fact.event.intent.intent_id] = IntentState.SENDING
        elif isinstance(fact.event, IntentMoved):
            states[fact.event.intent_id] = fact.event.after
    return {intent_id for intent_id, state in states.items() if state in LIVE}
