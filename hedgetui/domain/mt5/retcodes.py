"""What the answer to a trade request means, and what is to be done about it.

One table for every code a server may send; the vendor's constants lack some. A code that is not in
the table is treated as no answer at all: look before anything else is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from hedgetui.domain.mt5.records import Answered, NotSent, Reply, Silent
from hedgetui.domain.text import safe


class Meaning(StrEnum):
    """Classes of answers; each has one way to go on."""

    DONE = "done"
    """Executed: confirm by position and deal."""
    PLACED = "placed"
    """Accepted, not yet executed: wait for the deal."""
    PARTIAL = "partial"
    """Part filled: record what was; the rest is decided at the next evaluation."""
    NO_CHANGES = "no changes"
    """The levels are as asked: the target holds."""
    REQUOTE = "requote"
    """The price moved: try with a fresh tick, then leave it to the next evaluation."""
    UNCLEAR = "unclear"
    """May have happened: look for it before anything else."""
    TOO_MANY = "too many requests"
    """Slow down everywhere."""
    FROZEN = "frozen"
    """Price is within the freeze level: wait until it leaves."""
    STALE_VIEW = "stale view"
    """Our picture of symbol or position is old: read again, compute once more."""
    GONE = "position closed"
    """The position is closed already: the goal of a close is reached; prove it by its deal."""
    BAD_LEVEL = "bad level"
    """A stop or price is refused: compute again; a hedge opens without, then sets."""
    BAD_FILL = "bad filling mode"
    """The next filling mode, once."""
    NO_MONEY = "no money"
    """No retry: the ladder."""
    MARKET_CLOSED = "market closed"
    """Keep the intent, decide again at the first tick."""
    PERMISSION = "no permission"
    """Nothing can be traded until a person acts."""
    LIMITS = "limit reached"
    """No more volume or positions: reduce instead."""
    RULE = "rule"
    """The symbol or account does not allow a hedge: reduce instead."""
    BUG = "invalid request"
    """Our own mistake: no retry, log the request."""
    NOT_SENT = "not sent"
    """It never left."""

    @property
    def accepted(self) -> bool:
        """Whether the server took the request."""
        return self in _ACCEPTED

    @property
    def refused(self) -> bool:
        """Whether it is certain that nothing happened."""
        return not self.accepted and self is not Meaning.UNCLEAR


_ACCEPTED = frozenset({Meaning.DONE, Meaning.PLACED, Meaning.PARTIAL, Meaning.NO_CHANGES})


@dataclass(frozen=True, slots=True)
class Judgement:
    """One answer, read."""

    meaning: Meaning
    code: int | None
    """None where the server said nothing."""
    name: str
    words: str
    """For people; foreign text in it is harmless."""

    @property
    def retry_once(self) -> bool:
        """Whether the action may be tried once more after it is proven absent."""
        return self.code in RETRY_ONCE


CODES: MappingProxyType[int, tuple[str, Meaning, str]] = MappingProxyType(
    {
        10004: ("REQUOTE", Meaning.REQUOTE, "requote"),
        10006: ("REJECT", Meaning.UNCLEAR, "rejected"),
        10007: ("CANCEL", Meaning.UNCLEAR, "cancelled by the trader or dealer"),
        10008: ("PLACED", Meaning.PLACED, "order placed"),
        10009: ("DONE", Meaning.DONE, "done"),
        10010: ("DONE_PARTIAL", Meaning.PARTIAL, "done in part"),
        10011: ("ERROR", Meaning.UNCLEAR, "processing error"),
        10012: ("TIMEOUT", Meaning.UNCLEAR, "timeout at the server"),
        10013: ("INVALID", Meaning.BUG, "invalid request"),
        10014: ("INVALID_VOLUME", Meaning.STALE_VIEW, "invalid volume"),
        10015: ("INVALID_PRICE", Meaning.BAD_LEVEL, "invalid price"),
        10016: ("INVALID_STOPS", Meaning.BAD_LEVEL, "invalid stops"),
        10017: ("TRADE_DISABLED", Meaning.PERMISSION, "trading is disabled"),
        10018: ("MARKET_CLOSED", Meaning.MARKET_CLOSED, "market closed"),
        10019: ("NO_MONEY", Meaning.NO_MONEY, "not enough money"),
        10020: ("PRICE_CHANGED", Meaning.REQUOTE, "price changed"),
        10021: ("PRICE_OFF", Meaning.REQUOTE, "no quotes"),
        10022: ("INVALID_EXPIRATION", Meaning.BUG, "invalid expiration"),
        10023: ("ORDER_CHANGED", Meaning.UNCLEAR, "order state changed"),
        10024: ("TOO_MANY_REQUESTS", Meaning.TOO_MANY, "too many requests"),
        10025: ("NO_CHANGES", Meaning.NO_CHANGES, "no changes"),
        10026: ("SERVER_DISABLES_AT", Meaning.PERMISSION, "the server disables algo trading"),
        10027: ("CLIENT_DISABLES_AT", Meaning.PERMISSION, "the terminal disables algo trading"),
        10028: ("LOCKED", Meaning.UNCLEAR, "locked for processing"),
        10029: ("FROZEN", Meaning.FROZEN, "order or position frozen"),
        10030: ("INVALID_FILL", Meaning.BAD_FILL, "invalid filling mode"),
        10031: ("CONNECTION", Meaning.UNCLEAR, "no connection with the trade server"),
        10032: ("ONLY_REAL", Meaning.PERMISSION, "only for real accounts"),
        10033: ("LIMIT_ORDERS", Meaning.LIMITS, "limit of orders reached"),
        10034: ("LIMIT_VOLUME", Meaning.LIMITS, "limit of volume reached"),
        10035: ("INVALID_ORDER", Meaning.BUG, "invalid order type"),
        10036: ("POSITION_CLOSED", Meaning.GONE, "position already closed"),
        10038: ("INVALID_CLOSE_VOLUME", Meaning.STALE_VIEW, "close volume exceeds the position"),
        10039: ("CLOSE_ORDER_EXIST", Meaning.UNCLEAR, "a close order exists already"),
        10040: ("LIMIT_POSITIONS", Meaning.LIMITS, "limit of positions reached"),
        10041: ("REJECT_CANCEL", Meaning.BUG, "activation rejected, order cancelled"),
        10042: ("LONG_ONLY", Meaning.RULE, "only long positions allowed"),
        10043: ("SHORT_ONLY", Meaning.RULE, "only short positions allowed"),
        10044: ("CLOSE_ONLY", Meaning.RULE, "only closing allowed"),
        10045: ("FIFO_CLOSE", Meaning.RULE, "only first-in-first-out closing allowed"),
        10046: ("HEDGE_PROHIBITED", Meaning.RULE, "opposite positions are prohibited"),
    }
)
"""Code → name, meaning, words."""
RETRY_ONCE = frozenset({10006, 10028})
"""Rejected in words: once proven absent they are tried once more."""


def judge(reply: Reply) -> Judgement:
    """Return what an answer means; an unknown code means that nobody knows."""
    match reply:
        case NotSent(why):
            return Judgement(Meaning.NOT_SENT, None, "NOT_SENT", f"not sent: {safe(why)}")
        case Silent(why):
            return Judgement(Meaning.UNCLEAR, None, "SILENT", f"no answer: {safe(why)}")
        case Answered():
            name, meaning, words = CODES.get(
                reply.retcode, (str(reply.retcode), Meaning.UNCLEAR, "a code nobody knows")
            )
            said = f" ({safe(reply.comment, 60)})" if reply.comment else ""
            return Judgement(meaning, reply.retcode, name, f"{reply.retcode} {words}{said}")
        case _:
            assert_never(reply)
