"""What a setting may hold: the types shared by every table of the file.

Exact in type, finite, in range and printable, or refused at the door.
"""

from __future__ import annotations

from datetime import datetime
from difflib import get_close_matches
from ipaddress import ip_address
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)


def _instant(value: object) -> object:
    """Read an ISO 8601 text; TOML's own date-times pass through, the rest pydantic refuses."""
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a time with its zone, as in 2025-11-19T14:31:00Z") from None


def _printable(value: str) -> str:
    """Refuse control, bidirectional and zero-width characters: settings reach the terminal."""
    if not value.isprintable():
        raise ValueError("holds a character that cannot be shown")
    return value


def _zone(value: str) -> str:
    """Refuse a zone this machine does not know, unless it knows none at all."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        if known := available_timezones():
            nearest = get_close_matches(value, sorted(known), n=1, cutoff=0.0)[0]
            raise ValueError(f"no such time zone; nearest: {nearest}") from None
    return value


def _list(value: object) -> object:
    """Take a TOML list for a tuple; anything else pydantic refuses."""
    return tuple(value) if isinstance(value, list) else value


Count = Annotated[int, Field(ge=1, le=100_000)]
Dollars = Annotated[float, Field(gt=0, le=1e12)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
SecondsOrNone = Annotated[float, Field(ge=0, le=86_400)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Fee = Annotated[float, Field(ge=0, le=1_000)]
Days = Annotated[int, Field(ge=0, le=3_660)]
Text = Annotated[str, AfterValidator(_printable)]
Zone = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_zone)]
Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Host = Annotated[Text, Field(min_length=1, max_length=255)]
_Item = TypeVar("_Item")
ListOf = Annotated[tuple[_Item, ...], BeforeValidator(_list), Field(max_length=256)]
"""A TOML list, kept as a tuple so that nobody can change it."""


class Section(BaseModel):
    """One table of the file: immutable, exact in types, finite in numbers, closed to typos."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def is_loopback(host: str) -> bool:
    """Say whether `host` can only be this machine; other names are not resolved but refused."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
