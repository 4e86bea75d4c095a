"""Facts for the store's tests: small, valid and easy to read in a failure."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from hedgetui.domain.events import FillBooked, IntentMoved, IntentRecorded
from hedgetui.domain.orders import Intent, IntentState, OrderDraft, OrderType, Purpose, Side
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.store.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hedgetui.domain.events import Event

T = TypeVar("T")
NOON = Timestamp(1_763_553_600.25)


def recorded(number: int, slot: str = "MES 202512", quantity: int = 5) -> IntentRecorded:
    """Return the intent `I<number>` to sell."""
    draft = OrderDraft(
        purpose=Purpose.HEDGE,
        instrument_key=slot,
        side=Side.SELL,
        quantity=Contracts(quantity),
        order_type=OrderType.LIMIT,
        limit_price=Decimal("6712.25"),
        reason="net Δ$ +27.4",
    )
    return IntentRecorded(
        Intent(
            intent_id=f"I{number}",
            client_key=f"HT1.{number}",
            number=number,
            account="DU1",
            strategy="vega",
            draft=draft,
            created_at=NOON,
            epoch=1,
            session=1,
            position_before=0,
        ),
        notional=33_561.25,
    )


def moved(number: int, before: str, after: str, filled: int = 0) -> IntentMoved:
    """Return a move of `I<number>` between two states given by name."""
    return IntentMoved(
        f"I{number}", IntentState(before), IntentState(after), "evidence", Contracts(filled)
    )


def fill(number: int, quantity: int = 5, exec_id: str = "", revision: int = 1) -> FillBooked:
    """Return a fill of `I<number>`."""
    return FillBooked(
        exec_id=exec_id or f"E{number}",
        revision=revision,
        intent_id=f"I{number}",
        instrument_key="MES 202512",
        side=Side.SELL,
        quantity=Contracts(quantity),
        price=Decimal("6712.50"),
        executed_at=NOON,
    )


def order_life(number: int) -> list[list[Event]]:
    """Return the appends of one order from intent to fill."""
    return [
        [recorded(number)],
        [moved(number, "SENDING", "WORKING")],
        [fill(number), moved(number, "WORKING", "FILLED", 5)],
    ]


def with_journal(path: Path, work: Callable[[Journal], Awaitable[T]]) -> T:
    """Open the journal at `path`, run `work` on it and close it."""

    async def main() -> T:
        journal = await Journal.open(path, profile="sim")
        try:
            return await work(journal)
        finally:
            await journal.close()

    return asyncio.run(main())


def write_orders(path: Path, count: int) -> str:
    """Write the whole life of `count` orders and return the head."""

    async def work(journal: Journal) -> str:
        for number in range(1, count + 1):
            for events in order_life(number):
                await journal.append(NOON, events)
        return journal.head

    return with_journal(path, work)


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Act as someone whom file modes bind: root ignores them."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)
