"""Dollars as people type them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from hedgetui.domain.errors import UsageError
from hedgetui.domain.text import safe

_MOST = Decimal(10**9)


def dollars(text: str) -> Decimal:
    """Return a number of dollars from 0: `500`, `$1,250.50`.

    Raises:
        UsageError: it is none.
    """
    try:
        value = Decimal(text.strip().removeprefix("$").replace(",", ""))
    except InvalidOperation as error:
        raise UsageError(f"{safe(text, 40)!r} is not a number of dollars") from error
    if not value.is_finite() or not 0 <= value <= _MOST:
        raise UsageError(f"{safe(text, 40)!r} is not a number of dollars from 0")
    return value
