"""What an order of ours became at the broker: another price, size or life than was sent.

TWS presets, its rounding and people's hands all change orders. The broker's terms stand; the desk
says what differs, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hedgetui.adapters.ibkr.parse import exact, whole
from hedgetui.domain.orders import OrderDraft, OrderType
from hedgetui.domain.text import safe

_FIELDS = 25
_QUANTITY, _TYPE, _LIMIT, _TIF, _REFERENCE = 14, 15, 16, 18, 23


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """What of an order may be changed."""

    quantity: int
    order_type: str
    limit: Decimal | None
    tif: str


def drafted(draft: OrderDraft) -> OrderTerms:
    """Return the terms of a draft."""
    limit = draft.limit_price if draft.order_type is OrderType.LIMIT else None
    return OrderTerms(draft.quantity, str(draft.order_type), limit, str(draft.tif))


def listed(fields: list[str]) -> tuple[str, OrderTerms] | None:
    """Return (order reference, terms) of an openOrder message, or None when it has none."""
    quantity = whole(fields[_QUANTITY]) if len(fields) > _FIELDS else None
    if quantity is None or not fields[_REFERENCE]:
        return None
    kind = str(safe(fields[_TYPE], 10))
    limit = exact(fields[_LIMIT]) if kind == OrderType.LIMIT else None
    return fields[_REFERENCE], OrderTerms(quantity, kind, limit, safe(fields[_TIF], 10))


def changes(before: OrderTerms, after: OrderTerms) -> str:
    """Return what differs, in words; empty when nothing does."""
    pairs = (
        ("quantity", before.quantity, after.quantity),
        ("type", before.order_type, after.order_type),
        ("limit", before.limit, after.limit),
        ("life", before.tif, after.tif),
    )
    return ", ".join(f"{name} {old} became {new}" for name, old, new in pairs if old != new)
