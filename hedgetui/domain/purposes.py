"""Why an order is sent. Risk rules differ by it."""

from __future__ import annotations

from enum import StrEnum


class Purpose(StrEnum):
    """Why an order is sent. Tails and tickets are no part of the book of strangles."""

    HEDGE = "hedge"
    UNWIND = "unwind"
    ROLL = "roll"
    ENTRY = "entry"
    EXIT = "exit"
    TAIL = "tail"
    TICKET = "ticket"
    """A trade in securities that a person sends to offset, insure or grow a portfolio."""
    TRIM = "trim"
    """The same, where it makes what the account holds smaller."""

    @property
    def is_hedge(self) -> bool:
        """Whether the order trades the hedge instrument of the book."""
        return self in {Purpose.HEDGE, Purpose.UNWIND, Purpose.ROLL}

    @property
    def is_ticket(self) -> bool:
        """Whether the order trades securities of the portfolio."""
        return self in {Purpose.TICKET, Purpose.TRIM}

    @property
    def changes_delta(self) -> bool:
        """Whether the order is a hedge that changes the book's delta; a roll changes none."""
        return self.is_hedge and self is not Purpose.ROLL

    @property
    def reduces(self) -> bool:
        """Whether the order only takes risk off."""
        return self in {Purpose.EXIT, Purpose.UNWIND, Purpose.TRIM}

    @property
    def needs_strategy(self) -> bool:
        """Whether the order waits while the strategy is off."""
        return not self.reduces and self not in {Purpose.TAIL, Purpose.TICKET}
