"""Two lanes to a subscriber: nothing of the log is lost, quotes are only the latest."""

from __future__ import annotations

import asyncio

from hedgetui.domain.units import Timestamp
from hedgetui.engine.bus import Bus
from hedgetui.ports.desk import Update
from hedgetui.ports.journal import LogRecord


def _line(number: int) -> LogRecord:
    return LogRecord(Timestamp(float(number)), "info", f"line {number}", seq=number)


def test_a_slow_subscriber_gets_every_line_and_fact_in_one_batch() -> None:
    async def main() -> list[Update]:
        bus = Bus(recent=3)
        for number in range(5):
            bus.log(_line(number))
        box = bus.subscribe()
        updates: list[Update] = []

        async def read() -> None:
            updates.extend([update async for update in box])

        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        for number in range(5, 25):
            bus.log(_line(number))
            bus.facts(2)
            bus.quotes()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        bus.quotes()
        bus.close()
        bus.log(_line(99))
        bus.forget(box)
        await reading
        return updates

    first, second, last = asyncio.run(main())
    assert [record.seq for record in first.log] == [2, 3, 4]
    assert (first.facts, first.quotes) == (1, True)
    assert [record.seq for record in second.log] == list(range(5, 25))
    assert (second.facts, second.quotes) == (40, True)
    assert (last.log, last.facts, last.quotes) == ((), 0, True)


def test_a_closed_mailbox_without_news_says_nothing_more() -> None:
    async def main() -> list[Update]:
        bus = Bus()
        box = bus.subscribe()
        box.close()
        box.close()
        return [update async for update in box]

    (only,) = asyncio.run(main())
    assert only.facts == 1
