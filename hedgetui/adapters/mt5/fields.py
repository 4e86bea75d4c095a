"""Fields of what a terminal sent, each read as what it must be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, cast

from hedgetui.domain.mt5.records import Lots, Magic, PositionId, Ticket
from hedgetui.domain.orders import Side
from hedgetui.domain.text import safe
from hedgetui.mt5bridge.wire import Row, Value

FOREIGN_MAGIC: Final = Magic((1 << 63) - 1)
"""Stands for every magic of somebody else that is too large to be kept."""
_VOLUME_DIGITS = 8
_TEXT = 64


class Unreadable(ValueError):  # noqa: N818 - the state is named
    """A field is missing or holds what it cannot."""


def row(value: Value) -> Row:
    """Read one structure.

    Raises:
        Unreadable: it is something else.
    """
    if not isinstance(value, Mapping):
        raise Unreadable("a structure is missing")
    return value


def rows(value: Value) -> tuple[Row, ...]:
    """Read a list of structures, which may be empty.

    Raises:
        Unreadable: it is something else.
    """
    if type(value) is not tuple:
        raise Unreadable("a list is missing")
    return tuple(row(one) for one in value)


def number(source: Row, name: str) -> float:
    """Read a finite number.

    Raises:
        Unreadable: it is none.
    """
    value = source.get(name)
    if type(value) not in {int, float} or not math.isfinite(cast("float", value)):
        raise Unreadable(f"{name} is not a number")
    return float(cast("float", value))


def positive(source: Row, name: str) -> float:
    """Read a number above zero.

    Raises:
        Unreadable: it is none.
    """
    value = number(source, name)
    if value <= 0:
        raise Unreadable(f"{name} is not positive")
    return value


def whole(source: Row, name: str) -> int:
    """Read an integer.

    Raises:
        Unreadable: it is none.
    """
    value = source.get(name)
    if type(value) is not int:
        raise Unreadable(f"{name} is not a whole number")
    return value


def flag(source: Row, name: str) -> bool:
    """Read a yes or no.

    Raises:
        Unreadable: it is neither.
    """
    value = source.get(name)
    if type(value) is not bool and value not in {0, 1}:
        raise Unreadable(f"{name} is neither yes nor no")
    return bool(value)


def text(source: Row, name: str) -> str:
    """Read text, made safe; absent text is empty.

    Raises:
        Unreadable: it is something else.
    """
    value = source.get(name, "")
    if type(value) is not str:
        raise Unreadable(f"{name} is not text")
    return safe(value, _TEXT)


def volume(source: Row, name: str) -> Lots:
    """Read lots, not negative, to the eighth digit.

    Raises:
        Unreadable: they are none.
    """
    value = number(source, name)
    if value < 0:
        raise Unreadable(f"{name} is negative")
    return Lots(Decimal(repr(round(value, _VOLUME_DIGITS))))


def level(source: Row, name: str) -> float | None:
    """Read a stop or target; 0 means that there is none.

    Raises:
        Unreadable: it is no price.
    """
    value = number(source, name)
    if value < 0:
        raise Unreadable(f"{name} is negative")
    return value or None


def side(source: Row, name: str = "type") -> Side:
    """Read a direction.

    Raises:
        Unreadable: it is none.
    """
    match whole(source, name):
        case 0:
            return Side.BUY
        case 1:
            return Side.SELL
    raise Unreadable(f"{name} is neither buy nor sell")


def ticket(source: Row, name: str) -> Ticket:
    """Read a ticket; 0 is none.

    Raises:
        Unreadable: it is no ticket.
    """
    value = whole(source, name)
    if not 0 <= value < 1 << 63:
        raise Unreadable(f"{name} is not a ticket")
    return Ticket(value)


def position_id(source: Row, name: str) -> PositionId:
    """Read a position's identifier; 0 is none.

    Raises:
        Unreadable: it is no identifier.
    """
    return PositionId(int(ticket(source, name)))


def magic(source: Row) -> Magic:
    """Read who sent it.

    Raises:
        Unreadable: it is no number.
    """
    value = whole(source, "magic")
    if value < 0:
        raise Unreadable("magic is negative")
    return Magic(value) if value < FOREIGN_MAGIC else FOREIGN_MAGIC
