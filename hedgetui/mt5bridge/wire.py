"""Reading what a terminal's side sent, without believing it.

Only what `answering` describes is let in, in bounded number, length and depth; text becomes
`safe` at this door. A number may still be nonsense: whoever reads a field decides what it may be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.text import safe
from hedgetui.mt5bridge.answering import FAILED, OK, REFUSED
from hedgetui.mt5bridge.calls import MAX_BARS
from hedgetui.mt5bridge.errors import HostileAnswer

RATES: Final = np.dtype(
    [
        ("time", "<i8"),
        ("open", "<f8"),
        ("high", "<f8"),
        ("low", "<f8"),
        ("close", "<f8"),
        ("tick_volume", "<u8"),
        ("spread", "<i4"),
        ("real_volume", "<u8"),
    ]
)
"""A bar as the terminal gives it; times are the server's, spread is in points."""

MAX_ROWS: Final = 20_000
MAX_FIELDS: Final = 128
MAX_TEXT: Final = 4_096
_MAX_DEPTH = 3
_FORM = tuple((str(part[0]), str(part[1])) for part in RATES.descr)

Scalar = None | bool | int | float | str
Row = Mapping[str, "Value"]
Value = Scalar | tuple["Value", ...] | Row | NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call came to."""

    value: Value
    code: int = 1
    """`last_error` of a call that failed, else 1."""
    words: str = ""
    refused: bool = False
    """The server did not let the call reach the terminal."""

    @property
    def failed(self) -> bool:
        """Whether there is no answer."""
        return self.code != 1 or self.refused

    @property
    def why(self) -> str:
        """What the terminal says of a failure."""
        return self.words if self.refused else f"{self.words or 'no words'} ({self.code})"


def read_outcomes(raw: object, expected: int) -> tuple[Outcome, ...]:
    """Read the answers to one question.

    Raises:
        HostileAnswer: they are not `expected` answers in the form of `answering`.
    """
    if type(raw) is not tuple or len(raw) != expected:
        raise HostileAnswer("the answer has another number of parts than the question")
    return tuple(_outcome(one) for one in raw)


def _outcome(raw: object) -> Outcome:
    if type(raw) is not tuple or len(raw) != 3:
        raise HostileAnswer("a part of the answer is not an answer")
    kind, result, error = raw
    if kind == OK and error is None:
        return Outcome(decode(result))
    if kind == FAILED and (result is None or result is False):
        code, words = _error(error)
        return Outcome(result, 0 if code == 1 else code, words)
    if kind == REFUSED and result is None:
        return Outcome(None, *_error(error), refused=True)
    raise HostileAnswer("a part of the answer is of an unknown kind")


def _error(raw: object) -> tuple[int, str]:
    if type(raw) is tuple and len(raw) == 2:
        code, words = raw
        if type(code) is int and abs(code) < 1 << 31 and type(words) is str:
            return code, safe(words)
    raise HostileAnswer("the answer's error is not a number and its words")


def decode(raw: object, depth: int = 0) -> Value:
    """Read one value.

    Raises:
        HostileAnswer: it is not in the form `answering` gives it, or too large.
    """
    if raw is None or type(raw) is bool or type(raw) is float:
        return raw
    if type(raw) is int:
        if raw.bit_length() > 64:
            raise HostileAnswer("the answer holds a number of more than 64 bits")
        return raw
    if type(raw) is str:
        if len(raw) > MAX_TEXT:
            raise HostileAnswer("the answer holds a text that is too long")
        return safe(raw)
    if type(raw) is tuple and raw and depth <= _MAX_DEPTH:
        return _compound(raw, depth)
    raise HostileAnswer("the answer holds something that is not a plain value")


def _compound(raw: tuple[object, ...], depth: int) -> Value:
    match raw:
        case ("struct", fields, values):
            return _named(_fields(fields), values, depth)
        case ("table", fields, tuple(rows)) if len(rows) <= MAX_ROWS:
            names = _fields(fields)
            return tuple(_named(names, row, depth) for row in rows)
        case ("tuple", *items) if len(items) <= MAX_ROWS:
            return tuple(decode(one, depth + 1) for one in items)
        case ("array", form, bytes(data), count):
            return _array(form, data, count)
    raise HostileAnswer("the answer holds a structure of an unknown kind")


def _fields(raw: object) -> tuple[str, ...]:
    if type(raw) is not tuple or len(raw) > MAX_FIELDS:
        raise HostileAnswer("the answer's field names are not a short list")
    for name in raw:
        if type(name) is not str or not name.isidentifier() or len(name) > 40:
            raise HostileAnswer("the answer names a field that is not a name")
    if len(set(raw)) != len(raw):
        raise HostileAnswer("the answer names a field twice")
    return raw


def _named(fields: tuple[str, ...], raw: object, depth: int) -> Row:
    if type(raw) is not tuple or len(raw) != len(fields):
        raise HostileAnswer("the answer has another number of values than fields")
    return {name: decode(one, depth + 1) for name, one in zip(fields, raw, strict=True)}


def _array(form: object, data: bytes, count: object) -> NDArray[np.void]:
    if form != _FORM:
        raise HostileAnswer("the answer holds an array that is not bars")
    if type(count) is not int or not 0 <= count <= MAX_BARS:
        raise HostileAnswer("the answer holds too many bars")
    if len(data) != count * RATES.itemsize:
        raise HostileAnswer("the answer's bars are cut off")
    return np.frombuffer(data, dtype=RATES)
