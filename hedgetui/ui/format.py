"""Numbers as text, with one rule above all: what is not known is never shown as zero.

Every cell, line and dialog takes its figures from here, so a missing value is `?` everywhere, a
sign is always written, and direction is told by ▲ and ▼ as well as by colour.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hedgetui.ui.glyphs import IconSet

UNKNOWN = "?"
"""A number that should exist and is missing."""

NOT_APPLICABLE = "n/a"
"""A number that has no meaning here, such as an IV rank without history."""


def known(value: float | None) -> bool:
    """Tell whether a value may be shown as a number."""
    return value is not None and math.isfinite(value)


def signed(value: float | None, digits: int = 1) -> str:
    """Return `+24.6`, `-11.0`, `0.0`, or `?`; a value that rounds to zero has no sign."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    text = f"{value:+,.{digits}f}"
    return text[1:] if float(text.replace(",", "")) == 0 else text


def plain(value: float | None, digits: int = 1) -> str:
    """Return `38.1`, or `?`."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    text = f"{value:,.{digits}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text


def dollars(value: float | None, digits: int = 0) -> str:
    """Return `$900`, `-$12`, or `?`."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    text = plain(abs(value), digits)
    negative = value < 0 and float(text.replace(",", "")) != 0
    return f"-${text}" if negative else f"${text}"


def pnl(value: float | None, icons: IconSet, digits: int = 0) -> str:
    """Return `▲+162`, `▼-38`, `0`, or `?`: sign and shape say what the colour says."""
    text = signed(value, digits)
    if text.startswith("+"):
        return icons.up + text
    if text.startswith("-"):
        return icons.down + text
    return text


def tone(value: float | None, digits: int = 0) -> str:
    """Return the meaning of a number, for its colour: `pos`, `neg`, `` or `muted` (unknown)."""
    text = signed(value, digits)
    if text == UNKNOWN:
        return "muted"
    return {"+": "pos", "-": "neg"}.get(text[0], "")


def percent(value: float | None, digits: int = 0) -> str:
    """Return `12%` for 12, or `n/a`."""
    if value is None or not math.isfinite(value):
        return NOT_APPLICABLE
    return f"{value:.{digits}f}%"


def age(seconds: float | None) -> str:
    """Return `0.4s`, `23s`, `4m`, `3h` or `2d`; `?` when there never was a value."""
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    seconds = max(0.0, seconds)
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    if seconds < 99.5:
        return f"{seconds:.0f}s"
    if seconds < 99.5 * 60:
        return f"{seconds / 60:.0f}m"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f}h"
    return f"{seconds / 86400:.0f}d"


def whole_age(seconds: float | None) -> str:
    """Return a whole age, `12s` or `4m`; it moves at most once a second."""
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    whole = max(0, math.floor(seconds))
    for size, unit, most in ((1, "s", 60), (60, "m", 60), (3_600, "h", 48)):
        if whole < size * most:
            return f"{whole // size}{unit}"
    return f"{whole // 86_400}d"


def contracts(count: int, symbol: str) -> str:
    """Return `-5 MES`, `+4 MES`, or `none`."""
    return f"{count:+d} {symbol}" if count else "none"


def estimated(text: str, icons: IconSet, *, is_estimate: bool) -> str:
    """Mark a figure that comes from our own model; an unknown one stays `?`."""
    return icons.about + text if is_estimate and text not in {UNKNOWN, NOT_APPLICABLE} else text


@lru_cache(maxsize=8)
def zone(name: str) -> tuple[tzinfo, str]:
    """Return a time zone and its short label; UTC where the machine has no zone data."""
    try:
        found = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC, "UTC"
    return found, "CT" if name == "America/Chicago" else ""


def clock(at: float | None, zone_name: str, *, seconds: bool = True) -> str:
    """Return the time of day `09:41:07` in a zone, or dashes."""
    if at is None or not math.isfinite(at):
        return "--:--:--" if seconds else "--:--"
    where, _ = zone(zone_name)
    return datetime.fromtimestamp(at, where).strftime("%H:%M:%S" if seconds else "%H:%M")


def zone_label(at: float, zone_name: str) -> str:
    """Return `CT` for Chicago, else the zone's own abbreviation at that moment."""
    where, label = zone(zone_name)
    return label or datetime.fromtimestamp(at, where).strftime("%Z")


def account(name: str) -> str:
    """Return an account with its middle hidden: `DU-SIM-01`, but `U•••4821` for a broker's own."""
    digits = sum(character.isdigit() for character in name)
    if digits < 6:
        return name
    return f"{name[0]}•••{name[-4:]}"


def day(at: float, zone_name: str) -> str:
    """Return the date `20251119` in a zone, for file names."""
    where, _ = zone(zone_name)
    return datetime.fromtimestamp(at, where).strftime("%Y%m%d")
