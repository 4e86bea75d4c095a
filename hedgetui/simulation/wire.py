"""One session between a client and the exchange: latency both ways, in order, lost when it dies.

A message is never replayed to the next session; whoever wants to know what became of an order asks
for the truth. When a link drops, what was under way to the exchange arrived or did not, and the
client cannot know which: exactly the doubt an engine has to survive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TypeVar

from hedgetui.domain.units import Timestamp
from hedgetui.ports.broker import BrokerMessage, Execution, LinkReport, MessageSink
from hedgetui.simulation.agenda import Agenda
from hedgetui.simulation.faults import Faults

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Latency:
    """One-way delay in seconds, uniform between two bounds."""

    least: float = 0.015
    most: float = 0.06

    def draw(self, random: Random) -> float:
        """Return one delay."""
        return random.uniform(self.least, self.most)


class Wire:
    """The link of one session; `up` goes to the exchange, `down` to the client.

    What is asked aside shares neither order nor chance with the rest: looking at a portfolio delays
    no order.
    """

    def __init__(
        self,
        session: int,
        sink: MessageSink,
        *,
        agenda: Agenda,
        now: Callable[[], Timestamp],
        latency: Latency,
        faults: Faults,
        random: Random,
        aside: Random,
    ) -> None:
        """Open session number `session`; what is asked aside draws from `aside`."""
        self.session = session
        self.alive = True
        self._sink = sink
        self._agenda = agenda
        self._now = now
        self._latency = latency
        self._faults = faults
        self._random = random
        self._aside = aside
        self._under_way: dict[int, Callable[[], None]] = {}
        self._sent = 0
        self._last_up = 0.0
        self._last_down = 0.0

    def up(self, action: Callable[[], None]) -> None:
        """Let `action` happen at the exchange when the message arrives."""
        self._sent += 1
        number = self._sent
        self._under_way[number] = action
        self._last_up = max(self._last_up, self._now() + self._latency.draw(self._random))
        self._agenda.add(self._last_up, partial(self._arrive, number))

    def down(self, message: BrokerMessage) -> None:
        """Send a message to the client; the scenario may lose or repeat it."""
        if not self.alive or self._random.random() < self._faults.lost_rate:
            return
        repeats = isinstance(message, Execution) and (
            self._random.random() < self._faults.duplicate_rate
        )
        for _ in range(1 + repeats):
            self._call_down(partial(self._sink, message))

    def ask(self, question: Callable[[], _T], answer: Callable[[_T], None]) -> None:
        """Answer a question, after every message that was sent before the answer."""

        def at_exchange() -> None:
            self._call_down(partial(answer, question()))

        self.up(at_exchange)

    def ask_aside(self, question: Callable[[], _T], answer: Callable[[_T], None]) -> None:
        """Answer a question that changes nothing; it is lost when the session ends."""

        def at_exchange() -> None:
            if self.alive:
                later = self._now() + self._latency.draw(self._aside)
                self._agenda.add(later, partial(self._deliver, partial(answer, question())))

        self._agenda.add(self._now() + self._latency.draw(self._aside), at_exchange)

    def close(self) -> None:
        """End the session in order: what was sent arrives, nothing comes back."""
        self.alive = False
        for number in tuple(self._under_way):
            self._arrive(number)

    def drop(self, report: LinkReport) -> None:
        """Break the session: what is under way arrives or is lost, and the client is told."""
        self.alive = False
        for number in tuple(self._under_way):
            if self._random.random() < self._faults.arrival_rate:
                self._arrive(number)
        self._under_way.clear()
        self._sink(report)

    def _arrive(self, number: int) -> None:
        action = self._under_way.pop(number, None)
        if action is not None:
            action()

    def _call_down(self, deliver: Callable[[], None]) -> None:
        self._last_down = max(self._last_down, self._now() + self._latency.draw(self._random))
        self._agenda.add(self._last_down, partial(self._deliver, deliver))

    def _deliver(self, deliver: Callable[[], None]) -> None:
        if self.alive:
            deliver()
