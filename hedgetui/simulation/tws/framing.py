"""The wire of the TWS protocol: length-prefixed frames of NUL-terminated text fields.

Everything is text. Numbers are spelled without exponents and without binary noise, the unset double
as Java spells it, because that is what every client was written against.
"""

from __future__ import annotations

import math
import struct
from decimal import Decimal

UNSET_DOUBLE = "1.7976931348623157E308"
UNSET_INTEGER = "2147483647"
_UNSET_MAGNITUDE = 1.797e308
_UNSET_INTEGERS = frozenset({UNSET_INTEGER, "9223372036854775807"})

GREETING = b"API\0"
MAX_FRAME = 0xFFFFFF
_HEADER = 4
_DIGITS = 12

Field = str | int | float | Decimal | bool | None


class FramingError(ValueError):
    """The bytes are no frames; the connection cannot go on."""


def spell(value: Field) -> str:
    """Return a field's text; `None` is the empty field, which means unset."""
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case Decimal():
            return _plain(value)
        case float():
            return _spell_float(value)
        case _:
            return str(value).replace("\0", "")


def _spell_float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if abs(value) >= _UNSET_MAGNITUDE:
        return UNSET_DOUBLE
    return _plain(Decimal(f"{value:.{_DIGITS}g}"))


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def unset(text: str) -> bool:
    """Whether a client's field says "no value": empty, zero or one of the unset sentinels."""
    if text == "" or text in _UNSET_INTEGERS:
        return True
    try:
        value = float(text)
    except ValueError:
        return False
    return value == 0 or (math.isfinite(value) and abs(value) >= _UNSET_MAGNITUDE)


def frame(*fields: Field) -> bytes:
    """Return one framed message."""
    payload = "".join(f"{spell(field)}\0" for field in fields).encode()
    return struct.pack(">I", len(payload)) + payload


class FrameBuffer:
    """Cuts a byte stream into messages, however it is segmented."""

    def __init__(self) -> None:
        """Start before the greeting."""
        self._data = bytearray()
        self._greeted = False
        self._first = True

    def feed(self, data: bytes) -> list[list[str]]:
        """Take bytes and return the messages that are complete now, as lists of fields.

        Raises:
            FramingError: the stream does not begin as a client's, or a frame is absurdly long.
        """
        self._data += data
        if not self._greeted and not self._greet():
            return []
        messages: list[list[str]] = []
        while len(self._data) >= _HEADER:
            (size,) = struct.unpack_from(">I", self._data)
            if size > MAX_FRAME:
                raise FramingError(f"a frame of {size} bytes")
            if len(self._data) < _HEADER + size:
                break
            payload = bytes(self._data[_HEADER : _HEADER + size])
            del self._data[: _HEADER + size]
            messages.append(self._fields(payload.decode(errors="replace")))
        return messages

    def _fields(self, text: str) -> list[str]:
        """Split a message; only the first, the offer of versions, does not end its field."""
        first, self._first = self._first, False
        return [text.rstrip("\0")] if first else text.split("\0")[:-1]

    def _greet(self) -> bool:
        if not GREETING.startswith(bytes(self._data[:_HEADER])):
            raise FramingError("not a client of this protocol")
        if len(self._data) < _HEADER:
            return False
        del self._data[:_HEADER]
        self._greeted = True
        return True
