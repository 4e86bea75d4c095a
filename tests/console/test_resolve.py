"""`hedgetui resolve`: a person's word about an unknown order reaches the desk that runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from hedgetui.adapters.control.server import ControlServer
from hedgetui.domain import commands as cm
from hedgetui.domain.orders import IntentState
from tests.engine.bench import START, Bench, play

Ask = Callable[..., Awaitable]
WHY = "never arrived: no such order in TWS"


def doubtful(story: Callable[[Bench, Ask], Awaitable[None]], process, folder: Path) -> None:
    """Play `story` on a desk with one order in doubt that listens beside `folder`/x.db."""

    async def act(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "lost"
        bench.broker.since = START + 86_400.0
        await bench.ready()
        await bench.wait(30)
        assert bench.last().state is IntentState.UNKNOWN
        await bench.do(cm.SwitchAuto(on=False))
        bench.journal.delay = 0.0  # no time passes while the verb, on a thread, waits for us
        server = ControlServer(bench.kernel, folder / "x.sock")
        await server.start()

        async def ask(*words: object):
            return await asyncio.to_thread(
                process, "--db", folder / "x.db", "resolve", bench.last().number, *words
            )

        try:
            await story(bench, ask)
        finally:
            await server.close()

    play(act)


def test_the_word_of_a_person_frees_the_slot(process, tmp_path) -> None:
    async def story(bench: Bench, ask: Ask) -> None:
        order = bench.last()
        shown = await ask()
        assert shown.code == 1
        assert shown.out.splitlines() == [
            f"#{order.number} SELL 2 MES 202512 MKT",
            "  state      UNKNOWN for 30 s, 0 of 2 filled",
            "  missing    needs a new session to be proven absent",
            f"  reference  {order.client_key}",
            f"  type       {order.client_key[-6:]}",
        ]
        assert cm.LOOK_FIRST in shown.err
        assert f"--typed {order.client_key[-6:]} --why" in shown.err
        assert bench.last().state is IntentState.UNKNOWN
        done = await ask("--typed", order.client_key[-6:].lower(), "--why", WHY, "--json")
        assert (done.code, done.json) == (
            0, {"code": "done", "message": f"#{order.number} resolved by console"},
        )  # fmt: skip
        assert bench.last().state is IntentState.RESOLVED_BY_HUMAN
        assert (
            bench.heard(f"⚠ #{order.number} SELL 2 MES 202512 MKT resolved by console: {WHY}") == 1
        )
        moved = [fact.event for fact in bench.journal.kept if fact.kind == "IntentMoved"][-1]
        assert moved.cause == f"console: {WHY}"
        again = await ask("--typed", order.client_key, "--why", WHY, "--json")
        assert (again.code, again.error["code"]) == (2, "no-such-order")
        assert again.error["hint"] == "no order is unknown"

    doubtful(story, process, tmp_path)


def test_what_is_not_said_rightly_changes_nothing(process, tmp_path) -> None:
    async def story(bench: Bench, ask: Ask) -> None:
        order, facts = bench.last(), len(bench.journal.kept)
        tail = order.client_key[-6:]
        shown = await ask("--json")
        assert shown.code == 1
        assert shown.json["code"] == "not-typed"
        row = shown.json["order"]
        assert (row["type"], row["client_key"], row["state"]) == (tail, order.client_key, "UNKNOWN")
        assert 20 < row["age_s"] < 60
        assert row["missing"]
        wrong = await ask("--typed", "nonsense", "--why", WHY, "--json")
        assert (wrong.code, wrong.error["code"]) == (1, "not-typed")
        assert wrong.error["hint"] == f"it ends in …{tail}"
        mute = await ask("--typed", tail, "--why", " ")
        assert (mute.code, mute.out) == (2, "")
        assert "--why is missing" in mute.err
        other = await asyncio.to_thread(
            process, "--db", tmp_path / "x.db", "resolve", 99, "--typed", tail, "--json"
        )
        assert (other.code, other.error["code"]) == (2, "no-such-order")
        assert other.error["hint"] == f"unknown now: #{order.number}"
        assert bench.last() == order
        assert len(bench.journal.kept) == facts

    doubtful(story, process, tmp_path)


@pytest.mark.parametrize("profile", ["sim", "paper"])
@pytest.mark.parametrize("words", [(), ("--typed", "ABCDEF", "--why", "x")])
def test_without_a_running_desk_nobody_is_told(hedgetui, tmp_path, profile, words) -> None:
    db = tmp_path / "x.db"
    ended = hedgetui("--profile", profile, "--db", db, "resolve", 1, *words, "--json")
    assert (ended.code, ended.error["code"]) == (1, "no-desk")
    assert "start `hedgetui`" in ended.error["hint"]
    assert not db.exists()


@pytest.mark.parametrize("words", [(), ("twelve",), ("1.5",), ("1", "--type", "x")])
def test_what_cannot_be_read_is_usage(hedgetui, words) -> None:
    assert hedgetui("resolve", *words).code == 2
