"""Reading a placeOrder message, whole or not at all.

The message has some 115 fields, most of which ask for things this exchange does not do. Each of
those must be at its default: an order that would behave differently from what was asked is refused
with the field's name, and a message that is one field too long or too short is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hedgetui.domain.instruments import is_security
from hedgetui.domain.orders import OrderDraft, OrderType, Purpose, Side, TimeInForce
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.simulation.tws.contracts import Listed
from hedgetui.simulation.tws.fields import BAD_REQUEST, BadMessage, Cursor, WireContract, WireLeg
from hedgetui.simulation.tws.hours import EASTERN

REJECTED = 201
UNSUPPORTED_TYPE = 387
ZERO_SIZE = 434

_FA_PROFILE_UNTIL = 177
_DURATION, _POST_TO_ATS, _AUTO_CANCEL_PARENT = 158, 160, 162
_ADVANCED_OVERRIDE, _MANUAL_TIME = 166, 169
_BAG = "BAG"
_MOST_LEGS = 4
_ORDER_TYPES = {kind.value: kind for kind in OrderType}
_TIFS = {"": TimeInForce.DAY, **{tif.value: tif for tif in TimeInForce}}

_FLAG = ("0", "1")
_ANY = None
_NOTHING: tuple[str, ...] = ()

_Allowed = tuple[str, ...] | None

_BEFORE_GOOD_TILL: tuple[tuple[str, _Allowed], ...] = (
    ("sharesAllocation", _NOTHING), ("discretionaryAmt", _NOTHING), ("goodAfterTime", _NOTHING),
)  # fmt: skip
_FINANCIAL_ADVISOR: tuple[tuple[str, _Allowed], ...] = (
    ("faGroup", _NOTHING), ("faMethod", _NOTHING), ("faPercentage", _NOTHING),
)  # fmt: skip
_AFTER_ADVISOR: tuple[tuple[str, _Allowed], ...] = (
    ("modelCode", _NOTHING), ("shortSaleSlot", _NOTHING), ("designatedLocation", _NOTHING),
    ("exemptCode", ("-1",)), ("ocaType", ("1", "2", "3")), ("rule80A", _NOTHING),
    ("settlingFirm", _NOTHING), ("allOrNone", _NOTHING), ("minQty", _NOTHING),
    ("percentOffset", _NOTHING), ("eTradeOnly", _FLAG), ("firmQuoteOnly", _FLAG),
    ("nbboPriceCap", _NOTHING), ("auctionStrategy", _NOTHING), ("startingPrice", _NOTHING),
    ("stockRefPrice", _NOTHING), ("delta", _NOTHING), ("stockRangeLower", _NOTHING),
    ("stockRangeUpper", _NOTHING), ("overridePercentageConstraints", _FLAG),
    ("volatility", _NOTHING), ("volatilityType", _NOTHING),
)  # fmt: skip
_DELTA_NEUTRAL: tuple[tuple[str, _Allowed], ...] = tuple(
    (f"deltaNeutral{name}", ("?",)) for name in (
        "ConId", "SettlingFirm", "ClearingAccount", "ClearingIntent", "OpenClose", "ShortSale",
        "ShortSaleSlot", "DesignatedLocation",
    )
)  # fmt: skip
_BEFORE_WHAT_IF: tuple[tuple[str, _Allowed], ...] = (
    ("continuousUpdate", _NOTHING), ("referencePriceType", _NOTHING),
    ("trailStopPrice", _NOTHING), ("trailingPercent", _NOTHING),
    ("scaleInitLevelSize", _NOTHING), ("scaleSubsLevelSize", _NOTHING),
    ("scalePriceIncrement", _NOTHING), ("scaleTable", _NOTHING), ("activeStartTime", _NOTHING),
    ("activeStopTime", _NOTHING), ("hedgeType", _NOTHING), ("optOutSmartRouting", _FLAG),
    ("clearingAccount", _NOTHING), ("clearingIntent", ("IB", "Away", "PTA")), ("notHeld", _FLAG),
    ("deltaNeutralContract", _NOTHING), ("algoStrategy", _NOTHING), ("algoId", _NOTHING),
)  # fmt: skip
_AFTER_WHAT_IF: tuple[tuple[str, _Allowed], ...] = (
    ("orderMiscOptions", _NOTHING), ("solicited", _FLAG), ("randomizeSize", _NOTHING),
    ("randomizePrice", _NOTHING), ("conditions", _NOTHING), ("adjustedOrderType", ("None",)),
    ("triggerPrice", _NOTHING), ("lmtPriceOffset", _NOTHING), ("adjustedStopPrice", _NOTHING),
    ("adjustedStopLimitPrice", _NOTHING), ("adjustedTrailingAmount", _NOTHING),
    ("adjustableTrailingUnit", _NOTHING), ("extOperator", _ANY), ("softDollarTierName", _NOTHING),
    ("softDollarTierValue", _NOTHING), ("cashQty", _NOTHING), ("mifid2DecisionMaker", _ANY),
    ("mifid2DecisionAlgo", _ANY), ("mifid2ExecutionTrader", _ANY), ("mifid2ExecutionAlgo", _ANY),
    ("dontUseAutoPriceForHedge", _FLAG), ("isOmsContainer", _NOTHING),
    ("discretionaryUpToLimitPrice", _NOTHING), ("usePriceMgmtAlgo", _FLAG),
)  # fmt: skip
_LATER: tuple[tuple[int, str, _Allowed], ...] = (
    (_DURATION, "duration", _NOTHING), (_POST_TO_ATS, "postToAts", _NOTHING),
    (_AUTO_CANCEL_PARENT, "autoCancelParent", _FLAG),
    (_ADVANCED_OVERRIDE, "advancedErrorOverride", _ANY), (_MANUAL_TIME, "manualOrderTime", _ANY),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order as a client asked for it."""

    order_id: int
    contract: WireContract
    action: str
    quantity: int
    order_type: str
    limit_price: Decimal | None
    tif: str
    account: str
    order_ref: str
    outside_rth: bool = False
    good_till: str = ""
    what_if: bool = False


def read_order(fields: Sequence[str], version: int) -> OrderRequest:
    """Read a placeOrder message of a client that speaks protocol `version`.

    Raises:
        BadMessage: a field asks for what is not offered, or the message is not one order.
    """
    cursor = Cursor(fields, 1)
    order_id = cursor.integer("orderId")
    if order_id <= 0:
        raise BadMessage(f"orderId {order_id} is not positive", BAD_REQUEST)
    contract = cursor.contract()
    cursor.default("secIdType")
    cursor.default("secId")
    request = _head(cursor, order_id, contract)
    if contract.sec_type == _BAG:
        request = replace(request, contract=replace(contract, legs=_legs(cursor)))
    _defaults(cursor, _BEFORE_GOOD_TILL)
    good_till = cursor.text("goodTillDate")
    _defaults(cursor, _FINANCIAL_ADVISOR)
    if version < _FA_PROFILE_UNTIL:
        cursor.default("faProfile")
    _defaults(cursor, _AFTER_ADVISOR)
    delta_neutral = cursor.text("deltaNeutralOrderType")
    if delta_neutral not in {"", "None"}:
        raise BadMessage(f"deltaNeutralOrderType is not supported: {delta_neutral!r}", BAD_REQUEST)
    cursor.default("deltaNeutralAuxPrice")
    _defaults(cursor, _DELTA_NEUTRAL if delta_neutral else ())
    _defaults(cursor, _BEFORE_WHAT_IF)
    what_if = cursor.text("whatIf")
    if what_if not in _FLAG:
        raise BadMessage(f"whatIf is neither 0 nor 1: {what_if!r}")
    _defaults(cursor, _AFTER_WHAT_IF)
    _defaults(cursor, tuple((name, allowed) for since, name, allowed in _LATER if version >= since))
    cursor.end()
    return replace(request, good_till=good_till, what_if=what_if == "1")


def _head(cursor: Cursor, order_id: int, contract: WireContract) -> OrderRequest:
    action = cursor.text("action")
    if action not in {side.value for side in Side}:
        raise BadMessage(f"Invalid side: {action!r}", BAD_REQUEST)
    quantity = cursor.number("totalQuantity")
    order_type = cursor.text("orderType")
    if order_type not in _ORDER_TYPES:
        words = f"Unsupported order type for this exchange and security type: {order_type!r}"
        raise BadMessage(words, UNSUPPORTED_TYPE)
    limit = cursor.number("lmtPrice")
    cursor.default("auxPrice")
    tif = cursor.text("tif")
    cursor.default("ocaGroup")
    account = cursor.text("account")
    cursor.default("openClose", "O", "C")
    cursor.default("origin", "1")
    order_ref = cursor.text("orderRef")
    if not cursor.flag("transmit"):
        raise BadMessage("orders that are not to be transmitted are not supported", BAD_REQUEST)
    for name in ("parentId", "blockOrder", "sweepToFill", "displaySize"):
        cursor.default(name)
    cursor.integer("triggerMethod")
    outside_rth = cursor.flag("outsideRth")
    cursor.default("hidden")
    if quantity is None or quantity <= 0:
        raise BadMessage("The order size cannot be zero.", ZERO_SIZE)
    if quantity != int(quantity):
        raise BadMessage(f"The order size {quantity} is not whole.", BAD_REQUEST)
    return OrderRequest(
        order_id, contract, action, int(quantity), order_type, limit, tif, account, order_ref,
        outside_rth,
    )  # fmt: skip


def _legs(cursor: Cursor) -> tuple[WireLeg, ...]:
    legs: list[WireLeg] = []
    for _ in range(_count(cursor, "comboLegs")):
        con_id, ratio = cursor.integer("conId"), cursor.integer("ratio")
        legs.append(WireLeg(con_id, ratio, cursor.text("action"), cursor.text("exchange")))
        cursor.integer("openClose")
        cursor.default("shortSaleSlot")
        cursor.default("designatedLocation")
        cursor.default("exemptCode", "-1")
    for _ in range(_count(cursor, "orderComboLegs")):
        cursor.default("legPrice")
    for _ in range(_count(cursor, "smartComboRoutingParams")):
        cursor.text("tag")
        cursor.text("value")
    return tuple(legs)


def _count(cursor: Cursor, name: str) -> int:
    number = cursor.integer(name)
    if not 0 <= number <= _MOST_LEGS:
        raise BadMessage(f"{number} {name}", BAD_REQUEST)
    return number


def _defaults(cursor: Cursor, names: Sequence[tuple[str, _Allowed]]) -> None:
    for name, allowed in names:
        if allowed is None:
            cursor.text(name)
        else:
            cursor.default(name, *allowed)


def draft_of(request: OrderRequest, contract: Listed) -> OrderDraft:
    """Return the order as the exchange takes it.

    Raises:
        BadMessage: a time in force that is not offered, a time that is none, or a combination
            whose legs are not bought together.
    """
    tif = _TIFS.get(request.tif)
    if tif is None:
        raise BadMessage(_rejected(f"time in force {request.tif!r} is not offered"), REJECTED)
    if any(leg.action != Side.BUY or leg.ratio != 1 for leg in request.contract.legs):
        raise BadMessage(_rejected("only combinations of bought legs, one each"), REJECTED)
    till = good_till(request.good_till) if tif is TimeInForce.GOOD_TILL else None
    order_type = _ORDER_TYPES[request.order_type]
    purpose = Purpose.HEDGE if contract.sec_type == "FUT" else Purpose.ENTRY
    return OrderDraft(
        Purpose.TICKET if is_security(contract.key) else purpose,
        contract.key,
        Side(request.action),
        Contracts(request.quantity),
        order_type,
        tif,
        request.limit_price if order_type is OrderType.LIMIT else None,
        till,
    )


def _rejected(words: str) -> str:
    return f"Order rejected - reason:{words}"


def good_till(text: str) -> Timestamp:
    """Read `20251119 15:30:00 US/Eastern`, the same without a zone, or `20251119-20:30:00` UTC.

    Raises:
        BadMessage: it is none of these.
    """
    words = f"The date, time, or time-zone entered is invalid: {text!r}"
    clock, _, zone_name = text.partition(" ")[2].partition(" ")
    try:
        if clock:
            moment = datetime.strptime(f"{text[:8]} {clock}", "%Y%m%d %H:%M:%S")  # noqa: DTZ007 - the zone follows
            zone = ZoneInfo(zone_name) if zone_name else EASTERN
        else:
            moment = datetime.strptime(text, "%Y%m%d-%H:%M:%S")  # noqa: DTZ007 - the zone follows
            zone = ZoneInfo("UTC")
    except (ValueError, ZoneInfoNotFoundError, OSError):
        raise BadMessage(words, BAD_REQUEST) from None
    return Timestamp(moment.replace(tzinfo=zone).astimezone(UTC).timestamp())
