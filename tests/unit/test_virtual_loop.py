"""Virtual time: what jumps, what really waits, and what comes out the same twice."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator

import pytest

from hedgetui.domain.units import Timestamp
from hedgetui.ports.clock import LoopClock, outside_work
from hedgetui.simulation.virtual_loop import VirtualDeadlock, VirtualLoop, run_virtual


def test_a_trading_day_of_timers_takes_no_wall_time():
    async def day() -> tuple[int, float]:
        loop = asyncio.get_running_loop()
        count = 0
        while loop.time() < 23_400:
            await asyncio.sleep(1)
            count += 1
        return count, loop.time()

    began = time.monotonic()
    assert run_virtual(day) == (23_400, 23_400.0)
    assert time.monotonic() - began < 20


def test_timers_fire_in_order_of_time_and_then_of_their_making():
    async def main() -> list[tuple[str, float]]:
        loop = asyncio.get_running_loop()
        seen: list[tuple[str, float]] = []
        for name, delay in (("c", 3.0), ("a", 1.0), ("b", 2.0), ("a2", 1.0)):
            loop.call_later(delay, lambda name=name: seen.append((name, loop.time())))
        await asyncio.sleep(5)
        return seen

    seen = run_virtual(main, start=100.0)
    assert sorted(seen, key=lambda item: item[1]) == seen
    assert dict(seen) == {"a": 101.0, "a2": 101.0, "b": 102.0, "c": 103.0}


def test_a_clock_of_timestamps_keeps_microseconds_over_a_year():
    async def main() -> tuple[float, float]:
        clock = LoopClock(Timestamp(1_763_562_660.0))
        for _ in range(366):
            await clock.sleep(86_400)
        first = clock.now()
        await clock.sleep(0.000_25)
        return first, clock.now()

    first, second = run_virtual(main)
    assert first == 1_763_562_660.0 + 366 * 86_400
    assert second - first == pytest.approx(0.000_25, abs=1e-6)


def test_time_stands_still_while_a_thread_works():
    async def main() -> tuple[float, int]:
        loop = asyncio.get_running_loop()
        ticks = 0

        def tick() -> None:
            nonlocal ticks
            ticks += 1
            loop.call_later(0.001, tick)

        loop.call_later(0.001, tick)
        released = threading.Event()
        answer = loop.create_future()

        def work() -> None:
            released.wait(5)
            loop.call_soon_threadsafe(answer.set_result, None)

        thread = threading.Thread(target=work)
        thread.start()
        with outside_work():
            loop.call_soon(released.set)
            await answer
        thread.join()
        return loop.time(), ticks

    assert run_virtual(main) == (0.0, 0)


def test_the_default_executor_counts_as_outside_work_by_itself():
    async def main() -> tuple[float, int]:
        loop = asyncio.get_running_loop()
        loop.call_later(1, lambda: None)
        value = await asyncio.to_thread(sum, range(100_000))
        return loop.time(), value

    assert run_virtual(main) == (0.0, 4_999_950_000)


@pytest.mark.parametrize("delay_s", [0.0, 0.002, 0.01])
def test_answers_of_a_thread_land_at_a_place_that_does_not_depend_on_its_speed(delay_s: float):
    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        seen: list[str] = []

        async def chatter(name: str) -> None:
            for step in range(3):
                seen.append(f"{name}{step}")
                await asyncio.sleep(0)

        def work(answers: list[asyncio.Future[None]]) -> None:
            for answer in answers:
                time.sleep(delay_s)
                loop.call_soon_threadsafe(answer.set_result, None)

        async def write(name: str, answer: asyncio.Future[None]) -> None:
            with outside_work():
                await answer
            seen.append(f"{name} done")
            await chatter(name)

        answers = [loop.create_future() for _ in range(2)]
        writers = [
            asyncio.ensure_future(write(name, answer))
            for name, answer in zip("xy", answers, strict=True)
        ]
        await asyncio.sleep(0)
        thread = threading.Thread(target=work, args=(answers,))
        thread.start()
        await chatter("m")
        await asyncio.gather(*writers)
        thread.join()
        return seen

    expected = ["m0", "m1", "m2", "x done", "x0", "x1", "x2", "y done", "y0", "y1", "y2"]
    assert run_virtual(main) == expected


def test_real_sockets_work():
    async def main() -> bytes:
        left, right = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=left)
        thread = threading.Thread(target=lambda: (right.sendall(b"fill\n"), right.close()))
        thread.start()
        line = await reader.readline()
        writer.close()
        await writer.wait_closed()
        thread.join()
        return line

    assert run_virtual(main) == b"fill\n"


def test_a_loop_with_an_open_socket_waits_for_it_really():
    async def main() -> bytes:
        left, right = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=left)
        sender = threading.Timer(0.01, lambda: (right.sendall(b"late\n"), right.close()))
        sender.start()
        line = await reader.readline()
        writer.close()
        await writer.wait_closed()
        sender.join()
        return line

    assert run_virtual(main) == b"late\n"


def test_signals_are_delivered_while_nothing_else_is_scheduled():
    async def main() -> str:
        loop = asyncio.get_running_loop()
        caught = loop.create_future()
        loop.add_signal_handler(signal.SIGUSR1, caught.set_result, "caught")
        sender = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGUSR1))
        sender.start()
        try:
            return await caught
        finally:
            loop.remove_signal_handler(signal.SIGUSR1)
            sender.join()

    assert run_virtual(main) == "caught"


def test_a_deadlock_is_named_and_not_waited_for():
    async def main() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(VirtualDeadlock, match=r"nothing is scheduled at virtual second 7.*Task-"):
        run_virtual(main, start=7.0)


def test_pace_bounds_virtual_time_against_the_wall():
    async def main() -> float:
        began = time.monotonic()
        await asyncio.sleep(20)
        return time.monotonic() - began

    assert run_virtual(main, pace=200.0) >= 0.099
    with pytest.raises(ValueError, match="pace"):
        VirtualLoop(pace=0.0)


def test_pace_can_change_while_running():
    async def main() -> float:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        await asyncio.sleep(1_000)
        began = time.monotonic()
        loop.set_pace(100.0)
        await asyncio.sleep(5)
        assert loop.pace == 100.0
        return time.monotonic() - began

    assert run_virtual(main) >= 0.049


def test_a_suspended_machine_is_not_made_up_for(monkeypatch: pytest.MonkeyPatch):
    asleep = 0.0

    class Wall:
        @staticmethod
        def monotonic() -> float:
            return time.monotonic() + asleep

    monkeypatch.setattr("hedgetui.simulation.virtual_loop.time", Wall)

    async def main() -> float:
        nonlocal asleep
        await asyncio.sleep(1)
        asleep = 3_600.0
        await asyncio.sleep(1)
        began = time.monotonic()
        for _ in range(10):
            await asyncio.sleep(1)
        return time.monotonic() - began

    assert run_virtual(main, pace=100.0) >= 0.099


def test_leftovers_are_cancelled_and_everything_is_closed():
    seen: list[str] = []

    async def main() -> asyncio.AbstractEventLoop:
        async def numbers() -> AsyncIterator[int]:
            try:
                yield 1
            finally:
                seen.append("generator closed")

        async def forever() -> None:
            try:
                await asyncio.sleep(1e9)
            except asyncio.CancelledError:
                seen.append("task cancelled")
                raise

        task = asyncio.ensure_future(forever())
        stream = numbers()
        await anext(stream)
        await asyncio.to_thread(int)
        await asyncio.sleep(0)
        seen.append(str(task.done()))
        seen.append(str(stream.ag_running))
        return asyncio.get_running_loop()

    loop = run_virtual(main)
    assert loop.is_closed()
    assert seen[:2] == ["False", "False"]
    assert set(seen[2:]) == {"task cancelled", "generator closed"}
    with pytest.raises(RuntimeError, match="closed"):
        loop.call_soon_threadsafe(int)


def test_ending_work_that_never_began_is_a_defect():
    loop = VirtualLoop()
    with pytest.raises(RuntimeError, match="without outside_began"):
        loop.outside_ended()
    loop.close()
