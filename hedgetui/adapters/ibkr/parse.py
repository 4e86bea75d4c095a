"""Wire fields to records, at the door: pure, total, and without trust.

Orders' statuses, executions, charges and errors are read from the fields themselves, not from the
library's objects: it forces an order to Cancelled for a code that only informs, swallows an
execution of an order it does not know, and reads a time without a zone as the machine's own. A
frame that cannot be read is None, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from hedgetui.adapters.ibkr.hours import zone_of
from hedgetui.domain.orders import Side
from hedgetui.domain.quotes import number
from hedgetui.domain.text import SafeText, safe
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.ports.broker import Commission

NEW_YORK = ZoneInfo("America/New_York")

ERROR, STATUS, OPEN_ORDER, EXECUTION, COMMISSION = 4, 3, 5, 11, 59
"""Message numbers this module reads."""

LIVE_REQUEST = -1
"""Request id of an execution that was not asked for."""

_LARGEST = 2**53
"""No count, id or number of the broker is larger."""

_SIDES = {"BOT": Side.BUY, "SLD": Side.SELL, "BUY": Side.BUY, "SELL": Side.SELL}


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One orderStatus, as the wire said it."""

    order_id: int
    status: str
    filled: Contracts
    perm_id: int
    client_id: int


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One code with its words; `about` is a request, an order, or -1 for the session."""

    about: int
    code: int
    text: SafeText


@dataclass(frozen=True, slots=True)
class Terms:
    """What a message says of a contract, as text."""

    con_id: int
    symbol: str
    sec_type: str
    expiry: str = ""
    strike: str = ""
    right: str = ""
    multiplier: str = ""
    trading_class: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class ExecutionRow:
    """One execution, before its contract has a name and its order an owner."""

    request: int
    order_id: int
    client_id: int
    terms: Terms
    exec_id: str
    revision: int
    at: Timestamp
    account: str
    side: Side
    quantity: Contracts
    price: Decimal
    perm_id: int
    order_ref: str


def whole(text: str) -> int | None:
    """Return an integer, also one spelled `5.0`; None for anything else, or absurdly large."""
    try:
        value = int(text)
    except ValueError:
        float_value = real(text)
        if float_value is None or float_value != int(float_value):
            return None
        value = int(float_value)
    return value if abs(value) <= _LARGEST else None


def real(text: object) -> float | None:
    """Return a finite float; None for nothing, nonsense and the unset double in any spelling."""
    try:
        return number(float(text))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None


def exact(text: object) -> Decimal | None:
    """Return a decimal number as it was spelled; None for what `real` calls missing."""
    if real(text) is None:
        return None
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return None


def status_row(fields: list[str]) -> StatusRow | None:
    """Read an orderStatus message."""
    if len(fields) < 10:
        return None
    order_id, perm_id, client_id = whole(fields[1]), whole(fields[6]), whole(fields[9])
    filled = whole(fields[3])
    if order_id is None or client_id is None or filled is None or filled < 0:
        return None
    return StatusRow(order_id, fields[2], Contracts(filled), perm_id or 0, client_id)


def error_row(fields: list[str]) -> ErrorRow | None:
    """Read an error message."""
    if len(fields) < 5:
        return None
    about, code = whole(fields[2]), whole(fields[3])
    if about is None or code is None:
        return None
    return ErrorRow(about, code, safe(" ".join(fields[4].split())))


def execution_row(fields: list[str]) -> ExecutionRow | None:
    """Read an execution message."""
    if len(fields) < 27:
        return None
    request, con_id, perm_id = whole(fields[1]), whole(fields[3]), whole(fields[21])
    quantity, price = whole(fields[19]), exact(fields[20])
    side, at = _SIDES.get(fields[18]), moment(fields[15])
    root, _, revision = fields[14].rpartition(".")
    order_id, client_id = whole(fields[2]) or 0, whole(fields[22]) or 0
    if request is None or not quantity or price is None or side is None or at is None:
        return None
    if quantity < 0 or not fields[14]:
        return None
    if not root or not revision.isdigit():
        root, revision = fields[14], "1"
    terms = Terms(
        con_id or 0, fields[4], fields[5], fields[6], fields[7], fields[8], fields[9], fields[13],
        fields[11],
    )  # fmt: skip
    return ExecutionRow(
        request=request,
        order_id=order_id,
        client_id=client_id,
        terms=terms,
        exec_id=root,
        revision=int(revision),
        at=at,
        account=fields[16],
        side=side,
        quantity=Contracts(quantity),
        price=price,
        perm_id=perm_id or 0,
        order_ref=fields[26],
    )


def commission(fields: list[str]) -> Commission | None:
    """Read a charge; one that is not known yet (empty, unset) is None, a rebate is negative."""
    if len(fields) < 4 or not fields[2]:
        return None
    amount = exact(fields[3])
    return None if amount is None else Commission(exec_root(fields[2]), amount)


def exec_root(wire_id: str) -> str:
    """Return an execution's id without its revision."""
    root, _, revision = wire_id.rpartition(".")
    return root if root and revision.isdigit() else wire_id


def moment(text: str) -> Timestamp | None:
    """Read `20251119 09:31:00 US/Eastern`, `20251119-14:31:00` in UTC, or a time in New York."""
    day, _, rest = text.strip().replace("  ", " ").partition(" ")
    clock, _, zone_name = rest.partition(" ")
    zone: ZoneInfo | None = NEW_YORK
    try:
        if not clock and "-" in day:
            stamp = datetime.strptime(day, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
            return Timestamp(stamp.timestamp())
        if zone_name:
            zone = zone_of(zone_name)
        if zone is None:
            return None
        local = datetime.strptime(f"{day} {clock}", "%Y%m%d %H:%M:%S").replace(tzinfo=zone)
        return Timestamp(local.timestamp())
    except ValueError:
        return None
