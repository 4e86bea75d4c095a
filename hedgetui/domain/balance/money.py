"""Dollars as people type them."""

from __future__ import annotations

import re
from decimal import Decimal

from hedgetui.domain.errors import UsageError
from hedgetui.domain.text import safe

_MOST = Decimal(10**9)
_DOLLARS = re.compile(r"\$?((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d{1,2})?)", re.ASCII)
"""A comma sets off thousands and nothing else: `500,00` would be a hundred times too much."""


def dollars(text: str) -> Decimal:
    """Return a number of dollars from 0: `500`, `$1,250.50`.

    Raises:
        UsageError: it is none.
    """
    found = _DOLLARS.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{safe(text, 40)!r} is not a number of dollars")
    value = Decimal(found[1].replace(",", ""))
    if value > _MOST:
        raise UsageError(f"{safe(text, 40)!r} is not a number of dollars from 0")
    return value
