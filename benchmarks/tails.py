"""The tail ledger at a merchant's size: replay, the whole tree, and one key after a fill.

The replay is what a restart does. The tree is projected as the Accounts screen asks for it: once in
full, then again after each execution, when only one key has changed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from time import perf_counter

import report
from pty_probe import ROOT

sys.path.insert(0, str(ROOT))

from hedgetui.domain import events as ev
from hedgetui.domain.orders import IntentState, Side
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.ledger import Ledger
from hedgetui.domain.tails.model import CashId, HedgeId, Key, Lots, Mode, Origin, Policy, Units
from hedgetui.domain.tails.policy import Levels
from hedgetui.domain.tails.tree import Market, Outlook, Tree, tree_document
from hedgetui.domain.units import Contracts, Timestamp

KEYS, HEDGES, CASH, FACTS = 200, 5_000, 10_000, 100_000
DAYS, TURNS, FRESH = 30, 100, 5
START = datetime(2025, 11, 3, 14, 30, tzinfo=UTC).timestamp()
PRICE = Decimal("433.25")
CONTRACTS = ("ZC 202512", "ZW 202512", "ZS 202511", "ZC 202603")
LEVELS = Levels(Policy(Mode.AUTO, 51))
REPLAY_GOAL_S, TREE_GOAL_MS, KEY_GOAL_MS = 2.0, 150.0, 15.0


def key(number: int) -> Key:
    """Return the key of an order."""
    return Key(f"ACCOUNT{number % KEYS // len(CONTRACTS):02d}", CONTRACTS[number % len(CONTRACTS)])


def bought(number: int, at: Timestamp) -> Iterator[ev.Event]:
    """Yield a cash order and its fill."""
    name, units = CashId(f"C{number}"), Units(1_000 + 10 * (number * 37 % 400))
    yield tf.CashEntered(name, key(number), Side.BUY, units, PRICE, at, "bench")
    yield tf.CashFilled(name, "1", 1, units, PRICE, at)


def hedged(number: int, at: Timestamp) -> Iterator[ev.Event]:
    """Yield a hedge of ours as the desk tells it: placed, working, executed, ended."""
    name, intent, which = HedgeId(f"H{number}"), f"01J{number:023d}", key(number * 2)
    trigger = CashId(f"C{number * 2}")
    yield tf.TailHedgePlaced(
        name, which, Side.SELL, Lots(1), intent, Origin.HM, trigger, "bench", Units(0), Units(0),
        "rule",
    )  # fmt: skip
    yield ev.IntentMoved(intent, IntentState.SENDING, IntentState.WORKING, "bench", Contracts(0))
    yield executed(number, intent, which, at)
    yield ev.IntentMoved(intent, IntentState.WORKING, IntentState.FILLED, "bench", Contracts(1))
    yield ev.CommissionBooked(f"X{number}", Decimal("2.10"))


def executed(number: int, intent: str, which: Key, at: Timestamp) -> ev.FillBooked:
    """Return the execution of one lot."""
    return ev.FillBooked(
        f"X{number}", 1, intent, which.contract, Side.SELL, Contracts(1), PRICE, at
    )  # fmt: skip


def journal(cash: int, hedges: int) -> list[ev.Fact]:
    """Return facts of so many orders, spread over the days of the longest look-back."""
    seq, found = count(1), []
    for number in range(cash):
        at = Timestamp(START + number * DAYS * 86_400.0 / cash)
        found += [ev.Fact(next(seq), at, event) for event in bought(number, at)]
        if number % 2 == 0 and number // 2 < hedges:
            found += [ev.Fact(next(seq), at, event) for event in hedged(number // 2, at)]
    return found


def replay() -> float:
    """Return seconds of folding a hundred thousand facts."""
    orders = FACTS // 9 * 2
    facts = journal(orders, orders // 2)
    facts = facts[:FACTS]
    began = perf_counter()
    Ledger(LEVELS, facts=facts)
    return (perf_counter() - began) * FACTS / len(facts)


def trees() -> tuple[float, float, float, int]:
    """Return ms of the whole tree, of one after a fill, of its JSON, and the rows shown."""
    ledger = Ledger(LEVELS, facts=journal(CASH, HEDGES))
    now = Timestamp(START + DAYS * 86_400.0 - 1)
    outlook = Outlook({name: Market(PRICE, PRICE + 1, 0.08) for name in CONTRACTS})
    whole, again = [], []
    for _ in range(FRESH):
        tree = Tree(ledger)
        began = perf_counter()
        rows = tree.rows(now, DAYS, outlook)
        whole.append(perf_counter() - began)
    for turn in range(TURNS):
        name, which = f"again{turn}", key(turn)
        placed = tf.TailHedgePlaced(
            HedgeId(name), which, Side.SELL, Lots(1), name, Origin.HM, CashId(""), "bench",
            Units(0), Units(0), "rule",
        )  # fmt: skip
        ledger.take(ev.Fact(0, now, placed))
        ledger.take(ev.Fact(0, now, executed(HEDGES + turn, name, which, now)))
        began = perf_counter()
        rows = tree.rows(now, DAYS, outlook)
        again.append(perf_counter() - began)
    began = perf_counter()
    tree_document(rows)
    document = perf_counter() - began
    shown = sum(1 + len(row.hedges) + sum(len(one.cash) for one in row.hedges) for row in rows)
    return 1e3 * report.p50(whole), 1e3 * report.p99(again), 1e3 * document, shown


def main() -> int:
    """Print one table and the goals; exit 1 if one is missed."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    seconds = replay()
    whole, again, document, shown = trees()
    rows = [
        (f"replay of {FACTS:,} facts, s", f"{seconds:.3g}"),
        (f"whole tree of {shown:,} rows, median ms", f"{whole:.3g}"),
        ("tree after one fill, p99 ms", f"{again:.3g}"),
        ("its JSON document, ms", f"{document:.3g}"),
    ]
    print(report.table((f"{KEYS} keys, {HEDGES:,} hedges, {CASH:,} cash", ""), rows))
    print(report.machine())
    return report.verdict(
        [
            report.Goal("replay", seconds, REPLAY_GOAL_S, "s"),
            report.Goal("whole tree", whole, TREE_GOAL_MS, "ms"),
            report.Goal("tree after one fill", again, KEY_GOAL_MS, "ms"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
