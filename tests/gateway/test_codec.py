"""The wire, field by field: what real clients encode is read exactly, everything else refused."""

from __future__ import annotations

import dataclasses
import logging
import struct
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain.instruments import parse_key
from hedgetui.domain.orders import Side
from hedgetui.domain.units import parse_utc
from hedgetui.simulation.tws.contracts import listed
from hedgetui.simulation.tws.fields import BadMessage, Cursor
from hedgetui.simulation.tws.framing import (
    UNSET_DOUBLE,
    FrameBuffer,
    FramingError,
    frame,
    spell,
    unset,
)
from hedgetui.simulation.tws.orders_in import OrderRequest, draft_of, good_till, read_order
from hedgetui.simulation.tws.orders_out import OrderView, completed_order, open_order, order_status
from tests.gateway.stage import (
    ACCOUNT,
    CALL,
    LIBRARY,
    MES,
    PUT,
    Complaints,
    library,
    market_order,
    play,
)

VERSIONS = (157, 163, 176, 178)
FA_PROFILE_PLACE = 42
NOTICES = {"2104", "2106", "2158"}
LIB = library()


def encoded(order: Any, contract: Any, version: int, order_id: int = 9) -> list[str]:
    """Return the fields the client library sends for an order."""
    sent: list[str] = []
    client = LIB.client.Client(wrapper=object())
    client._serverVersion, client.connState = version, client.CONNECTED
    client.sendMsg = sent.append
    client.placeOrder(order_id, contract, order)
    fields = sent[0].split("\0")[:-1]
    if version >= 177 and LIBRARY == "ib_insync":  # it ends at 176 and knows the field as there
        del fields[FA_PROFILE_PLACE + _combination_fields(contract)]
    return fields


def _combination_fields(contract: Any) -> int:
    legs = contract.comboLegs or []
    return 3 + 8 * len(legs) if contract.secType == "BAG" else 0


def wire_contract(key: str) -> Any:
    one = listed(parse_key(key))
    return LIB.Contract(
        conId=one.con_id, symbol=one.symbol, secType=one.sec_type, exchange=one.exchange,
        lastTradeDateOrContractMonth=one.expiry, strike=float(one.strike), right=one.right,
        multiplier=one.multiplier, currency="USD", localSymbol=one.local_symbol,
        tradingClass=one.trading_class,
        comboLegs=[
            LIB.ComboLeg(conId=leg.con_id, ratio=1, action="BUY", exchange="SMART")
            for leg in one.legs
        ],
    )  # fmt: skip


REFERENCES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
ORDERS = st.fixed_dictionaries(
    {
        "action": st.sampled_from(["BUY", "SELL"]),
        "totalQuantity": st.integers(1, 500),
        "orderType": st.sampled_from(["MKT", "LMT"]),
        "lmtPrice": st.integers(1, 1_000_000).map(lambda cents: cents / 100),
        "tif": st.sampled_from(["DAY", "IOC", ""]),
        "orderRef": REFERENCES,
        "account": st.sampled_from([ACCOUNT, ""]),
        "whatIf": st.booleans(),
        "outsideRth": st.booleans(),
    }
)
KEYS = st.sampled_from([MES, CALL, f"{PUT} + {CALL}"])


@given(values=ORDERS, key=KEYS, version=st.sampled_from(VERSIONS))
def test_what_the_client_encodes_is_read_to_the_same_order(values, key, version):
    fields = encoded(LIB.Order(**values), wire_contract(key), version)
    request = read_order(fields, version)
    assert request.what_if is values["whatIf"]
    assert (request.order_id, request.order_ref) == (9, values["orderRef"])
    assert (request.account, request.outside_rth) == (values["account"], values["outsideRth"])
    draft = draft_of(request, listed(parse_key(key)))
    assert (draft.instrument_key, draft.side) == (key, Side(values["action"]))
    assert (draft.quantity, draft.order_type) == (values["totalQuantity"], values["orderType"])
    assert draft.tif == (values["tif"] or "DAY")
    limit = Decimal(str(values["lmtPrice"])) if values["orderType"] == "LMT" else None
    assert draft.limit_price == limit
    assert request.contract.con_id == listed(parse_key(key)).con_id
    assert len(request.contract.legs) == (2 if "+" in key else 0)


@given(
    values=ORDERS, key=KEYS, version=st.sampled_from(VERSIONS),
    cut=st.lists(st.integers(0, 140), min_size=1, max_size=4),
)  # fmt: skip
def test_a_message_with_fields_missing_is_no_order(values, key, version, cut):
    fields = encoded(LIB.Order(**values), wire_contract(key), version)
    for place in cut:
        del fields[place % (len(fields) - 1) + 1]
    with pytest.raises(BadMessage):
        read_order(fields, version)


@given(
    values=ORDERS, key=KEYS, version=st.sampled_from(VERSIONS), place=st.integers(0, 140),
    added=st.lists(st.sampled_from(["", "0", "1", "2", "x", "None", "-1", "D"]), min_size=1,
                   max_size=9),
)  # fmt: skip
def test_a_message_with_fields_too_many_is_no_order(values, key, version, place, added):
    fields = encoded(LIB.Order(**values), wire_contract(key), version)
    whole = list(fields)
    at = place % len(fields) + 1
    fields[at:at] = added
    try:
        request = read_order(fields, version)
    except BadMessage:
        return
    # Eight fields after a "None" are something the protocol has: it must be the same order.
    assert request == read_order(whole, version)


@given(
    values=ORDERS, version=st.sampled_from(VERSIONS), place=st.integers(2, 140),
    value=st.text(max_size=4),
)  # fmt: skip
def test_a_changed_field_never_turns_a_question_into_an_order(values, version, place, value):
    fields = encoded(LIB.Order(**values | {"whatIf": True}), wire_contract(MES), version)
    flag = len(encoded(LIB.Order(), wire_contract(MES), version)) - _after_what_if(version) - 1
    assert fields[flag] == "1"
    at = place % len(fields)
    if at == flag or "\0" in value:
        return
    fields[at] = value
    with suppress(BadMessage):
        assert read_order(fields, version).what_if


def _after_what_if(version: int) -> int:
    return 24 + sum(version >= since for since in (158, 160, 162, 166, 169))


@pytest.mark.parametrize("version", [157, 178])
def test_frames_that_are_no_orders_change_nothing_at_the_exchange(version):
    whole = [str(f) for f in encoded(LIB.MarketOrder("BUY", 1), wire_contract(MES), version, 1)]

    async def scene(stage):
        client = await stage.raw(version=version)
        before = stage.state()
        for end in range(2, len(whole)):
            client.send(*whole[:end])
        for place in range(1, len(whole)):
            client.send(*whole[:place], *whole[place + 1 :])
        heard = await client.heard(3.0)
        refused = stage.state() == before
        client.send(*whole)
        await client.heard()
        return (
            refused,
            {fields[3] for fields in heard if fields[0] == "4"} - NOTICES,
            stage.state() == before,
        )

    refused, codes, unchanged = play(scene)
    assert refused
    assert codes <= {"320", "321", "387", "434", "200", "201"}
    assert not unchanged, "the whole message must be an order, or the test proves nothing"


def test_a_question_about_margin_in_every_version_leaves_the_exchange_alone():
    async def scene(stage):
        before = stage.state()[:4]
        for number, version in enumerate((157, 158, 160, 162, 163, 166, 169, 170, 176, 177, 178)):
            client = await stage.raw(number, version)
            order = LIB.MarketOrder("BUY", 1, whatIf=True)
            client.send(*encoded(order, wire_contract(MES), version, number + 50))
            answers = [fields for fields in await client.heard() if fields[0] in {"4", "5"}]
            assert [fields[0] for fields in answers if fields[2] == str(620202512)] == ["5"]
        await stage.sleep(5)
        return stage.state()[:4] == before

    assert play(scene)


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=6),
                         min_size=1, max_size=5), max_size=4), st.data())  # fmt: skip
def test_a_stream_is_read_alike_however_it_is_cut(messages, data):
    stream = b"API\0" + struct.pack(">I", 9) + b"v157..178"
    stream += b"".join(frame(*fields) for fields in messages)
    buffer, read = FrameBuffer(), []
    while stream:
        size = data.draw(st.integers(1, 7))
        read += buffer.feed(stream[:size])
        stream = stream[size:]
    assert read == [["v157..178"], *messages]


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1", b"APX\0", b"API\0\xff\xff\xff\xff"])
def test_what_is_no_client_is_refused_at_once(data):
    with pytest.raises(FramingError):
        FrameBuffer().feed(data)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (True, "1"), (False, "0"), (0.1 + 0.2, "0.3"), (1e-7, "0.0000001"),
        (Decimal("5.10"), "5.1"), (Decimal("1E+2"), "100"), (-0.0, "0"), (float("nan"), "NaN"),
        (float("inf"), "Infinity"), (1.7976931348623157e308, UNSET_DOUBLE), ("a\0b", "ab"),
        (5411.75, "5411.75"), (7, "7"),
    ],
)  # fmt: skip
def test_numbers_are_spelled_without_noise(value, text):
    assert spell(value) == text


@pytest.mark.parametrize(
    ("text", "is_unset"),
    [("", True), ("0", True), ("0.0", True), (UNSET_DOUBLE, True),
     ("1.7976931348623157e+308", True),
     ("2147483647", True), ("1", False), ("-1", False), ("x", False), ("nan", False)],
)  # fmt: skip
def test_every_spelling_of_unset_is_known(text, is_unset):
    assert unset(text) is is_unset


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "one", "1,5"])
def test_a_price_that_is_none_is_refused(text):
    with pytest.raises(BadMessage):
        Cursor([text]).number("price")


def test_good_till_is_read_in_its_zone():
    assert good_till("20251119 15:30:00 US/Eastern") == parse_utc("2025-11-19T20:30:00Z")
    assert good_till("20251119 15:30:00") == parse_utc("2025-11-19T20:30:00Z")
    assert good_till("20250701 15:30:00 US/Central") == parse_utc("2025-07-01T20:30:00Z")
    assert good_till("20251119-20:30:00") == parse_utc("2025-11-19T20:30:00Z")
    for text in ("", "20251119", "20251119 25:00:00", "20251119 10:00:00 Mars/North", "../etc"):
        with pytest.raises(BadMessage):
            good_till(text)


# --- outgoing

VIEWS = [
    OrderView(
        7, 17, 1_000_001, listed(parse_key(key)), "SELL", 3, "LMT", Decimal("1.25"), "GTD",
        "20251119 15:30:00 US/Eastern", "HT-1", outside_rth=True, account=ACCOUNT,
        status="Submitted", filled=1, average=Decimal("1.25"), last=Decimal("1.2"), reason="why",
    )
    for key in (MES, CALL, f"{PUT} + {CALL}")
]  # fmt: skip


class Heard:
    """A wrapper that keeps what the decoder says."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *values: self.calls.append((name, values))


def decoded(fields: tuple[Any, ...], version: int) -> tuple[Any, ...]:
    """Return what the client library makes of a message."""
    complaints, logger = Complaints(), logging.getLogger(f"{LIBRARY}.Decoder")
    logger.addHandler(complaints)
    heard = Heard()
    try:
        LIB.decoder.Decoder(heard, version).interpret([spell(field) for field in fields])
    finally:
        logger.removeHandler(complaints)
    assert complaints.lines == []
    ((_, values),) = heard.calls
    return values


@pytest.mark.parametrize("version", [157, 158, 159, 160, 162, 163, 164, 166, 169, 170, 175, 176])
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.contract.sec_type)
def test_orders_are_decoded_by_the_library_as_they_are(view, version):
    number, contract, order, state = decoded(open_order(view, version), version)
    assert (number, order.orderId, order.clientId, order.permId) == (7, 7, 17, 1_000_001)
    assert (contract.conId, contract.secType) == (view.contract.con_id, view.contract.sec_type)
    assert (order.action, order.totalQuantity, order.lmtPrice) == ("SELL", 3, 1.25)
    assert (order.tif, order.goodTillDate, order.orderRef) == ("GTD", view.good_till, "HT-1")
    assert (order.outsideRth, order.whatIf, state.status) == (True, False, "Submitted")
    assert [leg.conId for leg in contract.comboLegs] == [one.con_id for one in view.contract.legs]
    number, status, filled, remaining, average, *_ = decoded(order_status(view), version)
    assert (number, status, filled, remaining, average) == (7, "Submitted", 1, 2, 1.25)
    done = dataclasses.replace(view, status="Cancelled")
    contract, order, state = decoded(completed_order(done, version, "20251119 10:00:00"), version)
    assert (order.permId, order.orderRef, order.filledQuantity) == (1_000_001, "HT-1", 1)
    assert (state.status, state.completedTime) == ("Cancelled", "20251119 10:00:00")
    assert state.completedStatus == "Cancelled: why"


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.contract.sec_type)
def test_later_versions_differ_by_the_fields_they_are_known_to_differ_by(view):
    assert len(open_order(view, 176)) - len(open_order(view, 177)) == 1
    assert open_order(view, 177) == open_order(view, 178)
    before, after = completed_order(view, 176, "t"), completed_order(view, 177, "t")
    assert len(before) - len(after) == 1


def test_hand_written_and_library_messages_have_one_shape():
    by_hand = [str(field) for field in market_order(9, "BUY", 1)]
    by_library = encoded(LIB.MarketOrder("BUY", 1, tif="DAY"), wire_contract(MES), 178)
    assert len(by_hand) == len(by_library)
    assert isinstance(read_order(by_hand, 178), OrderRequest)
