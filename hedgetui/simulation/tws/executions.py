"""Executions as clients know them: their ids, their messages, and whose they are.

An id is `0000e0d5.<number>.<part>.<revision>`; everything before the last point stays the same when
the exchange corrects a price. A combination has part 01 for the whole and 02, 03 for its legs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from hedgetui.domain.orders import Side
from hedgetui.domain.units import Timestamp
from hedgetui.ports.broker import BrokerTruth, Commission, Execution
from hedgetui.simulation.tws.contracts import Listed
from hedgetui.simulation.tws.framing import UNSET_DOUBLE, Field
from hedgetui.simulation.tws.hours import EASTERN, eastern
from hedgetui.simulation.tws.ledger import cumulative
from hedgetui.simulation.tws.orders_out import OrderView, contract_fields

EXECUTION, COMMISSION = 11, 59
_PREFIX = "0000e0d5"
_FIRST_NUMBER = 0x6740_0000
_ZONED_TIME, _PRICE_REVISION = 170, 178
_WHOLE, _FIRST_LEG = 1, 2


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution message: of a contract, a leg, or a whole combination."""

    exec_id: str
    contract: Listed
    side: Side
    quantity: int
    price: Decimal
    cumulative: int
    average: Decimal
    at: Timestamp
    of: Execution
    """What the exchange booked; of a whole combination its first leg."""
    whole: bool = False


def wire_id(exec_id: str, part: int, revision: int) -> str:
    """Return the id of an exchange's execution as clients see it."""
    return f"{_PREFIX}.{_FIRST_NUMBER + _number(exec_id):08x}.{part:02d}.{revision:02d}"


def root_of(wire: str) -> str:
    """Return the exchange's id of what clients know as `wire`, with or without its revision."""
    return f"SIM{int(wire.split('.')[1], 16) - _FIRST_NUMBER:08d}"


def fills_of(execution: Execution, view: OrderView, truth: BrokerTruth) -> list[Fill]:
    """Return the messages one booked execution makes; the first leg brings the whole with it."""
    own = [
        one for one in truth.executions
        if one.client_key == execution.client_key and one.client_key
        and one.instrument_key == execution.instrument_key
    ] or [execution]  # fmt: skip
    shares, average = cumulative(own, execution)
    legs = view.contract.legs
    index = next((n for n, leg in enumerate(legs) if leg.key == execution.instrument_key), 0)
    part = _FIRST_LEG + index if legs else _WHOLE
    contract = legs[index] if legs else view.contract
    fill = Fill(
        wire_id(execution.exec_id, part, execution.revision), contract, execution.side,
        execution.quantity, execution.price, shares, average, execution.at, execution,
    )  # fmt: skip
    if not legs or index:
        return [fill]
    return [_whole(fill, view, truth), fill]


def _whole(first: Fill, view: OrderView, truth: BrokerTruth) -> Fill:
    """Return the combination's own message, made of the legs that traded with its first."""
    legs = view.contract.legs
    number = _number(first.of.exec_id)
    so_far = [
        one for one in truth.executions
        if one.client_key == first.of.client_key and _number(one.exec_id) < number + len(legs)
    ]  # fmt: skip
    by_leg = [[one for one in so_far if one.instrument_key == leg.key] for leg in legs]
    price = sum((own[-1].price for own in by_leg if own), Decimal(0))
    average = sum((cumulative(own, own[-1])[1] for own in by_leg if own), Decimal(0))
    return Fill(
        wire_id(first.of.exec_id, _WHOLE, first.of.revision), view.contract, first.side,
        first.quantity, price, first.cumulative, average, first.at, first.of, whole=True,
    )  # fmt: skip


def _number(exec_id: str) -> int:
    return int("".join(filter(str.isdigit, exec_id)))


def execution_fields(request: int, fill: Fill, view: OrderView, version: int) -> tuple[Field, ...]:
    """Return an execDetails message; `request` is -1 for a live one."""
    one = fill.contract
    venue = one.exchange if one.sec_type != "OPT" else "CBOE"
    local = datetime.fromtimestamp(fill.at, EASTERN)
    at = eastern(fill.at) if version >= _ZONED_TIME else f"{local:%Y%m%d  %H:%M:%S}"
    return (
        EXECUTION, request, view.order_id, *contract_fields(one), fill.exec_id, at, view.account,
        venue, "BOT" if fill.side is Side.BUY else "SLD", fill.quantity, fill.price, view.perm_id,
        view.client_id, 0, fill.cumulative, fill.average, view.order_ref, "", "", "", 2,
        *((0,) if version >= _PRICE_REVISION else ()),
    )  # fmt: skip


def commission_fields(
    fill: Fill, commission: Commission, realised: Decimal | None, *, sentinel: bool = False
) -> tuple[Field, ...]:
    """Return a commissionReport message; what opens a position realises nothing."""
    charge: Field = UNSET_DOUBLE if sentinel else commission.amount
    profit: Field = UNSET_DOUBLE if realised is None else realised
    return (COMMISSION, 1, fill.exec_id, charge, "USD", profit, UNSET_DOUBLE, "")
