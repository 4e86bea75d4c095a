"""Market data and numbers that are missing, old, absurd, of something else, or too many."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.adapters.ibkr import ticks
from hedgetui.domain import commands as cm
from hedgetui.domain.events import LinkState
from hedgetui.domain.instruments import parse_key
from hedgetui.domain.units import DollarsPerPoint, Timestamp
from hedgetui.domain.vega import sizing
from hedgetui.domain.vega.decide import Action, BookDelta, HedgeRule, Trigger, decide
from tests.faults.proxy import body_of, fields, message_id
from tests.faults.wire_desk import WireDesk, play
from tests.unit.test_config_load import outcome
from tests.unit.test_risk import code, context, draft

DEC, MAR = "MES 202512", "MES 202603"
PUT, CALL = "XSP 20251126 539 P", "XSP 20251126 541 C"
KINDS = ["unset", "minus", "nan", "inf", "max", "none"]

_REQUEST_AT = {"1": 2, "2": 2, "21": 1, "45": 2, "46": 2}
_SUBSCRIBE, _PRICE, _MODEL, _DETAILS = "1", "1", "21", "10"
_BID, _ASK = "1", "2"

Change = Callable[[str, list[str]], list[list[str]]]


class Edited:
    """A rewrite of the market data of lines that `wanted` picks by what was subscribed to."""

    def __init__(self, wire: WireDesk, wanted: Callable[[list[str]], bool], change: Change) -> None:
        self._wire, self._wanted, self._change = wire, wanted, change
        self._seen = 0
        self._cable = wire.proxy.cable
        self._lines: dict[str, bool] = {}

    def __call__(self, body: bytes) -> list[bytes]:
        number = message_id(body)
        if number not in _REQUEST_AT:
            return [body]
        self._learn()
        parts = fields(body)
        if not self._lines.get(parts[_REQUEST_AT[number]]):
            return [body]
        return [body_of(*one) for one in self._change(number, parts)]

    def _learn(self) -> None:
        cable = self._wire.proxy.cable
        if cable is not self._cable:
            self._cable, self._seen, self._lines = cable, 0, {}
        said, self._seen = cable.said[self._seen :], len(cable.said)
        for body in said:
            if message_id(body) == _SUBSCRIBE:
                parts = fields(body)
                self._lines[parts[2]] = self._wanted(parts)


def is_future(parts: list[str]) -> bool:
    return parts[5] == "FUT"


def is_option(parts: list[str]) -> bool:
    return parts[5] == "OPT"


def is_call(parts: list[str]) -> bool:
    return is_option(parts) and parts[8].startswith("C")


def silenced(_number: str, _parts: list[str]) -> list[list[str]]:
    return []


def prices(**wanted: float) -> Change:
    """A change of bid or ask to a price."""
    kinds = {"bid": _BID, "ask": _ASK}
    by_kind = {kinds[name]: price for name, price in wanted.items()}

    def change(number: str, parts: list[str]) -> list[list[str]]:
        if number == _PRICE and parts[3] in by_kind:
            parts[4] = str(by_kind[parts[3]])
        return [parts]

    return change


def passed(body: bytes) -> list[bytes]:
    return [body]


def legs(wire: WireDesk) -> list[str]:
    """Short names of the held options."""
    return [
        leg.instrument.short for trade in wire.state.open_strangles for leg in trade.legs
    ]  # fmt: skip


# --- F50 to F53: missing, old, not live


def test_F50_no_sentinel_is_ever_a_number_and_the_leg_is_named(tmp_path) -> None:
    """Without greeks and without a mid for own ones nothing is hedged, whatever stands there."""

    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        one_sided = Edited(wire, is_option, prices(ask=-1))
        for number, kind in enumerate(KINDS):
            delta, held = ((30, -6), (12, -2))[number % 2]
            wire.lines.clear()
            wire.control.greeks_sentinels = kind
            wire.proxy.down = one_sided
            await wire.drift(delta)
            await wire.wait(40)
            assert wire.hedge_orders_at_exchange() == 1 + number, kind
            assert wire.kernel.snapshot().book.option_delta is None
            told = [line for line in wire.lines if "greeks stale" in line]
            assert len(told) == 1, told
            assert any(name in told[0] for name in legs(wire))
            assert "greeks stale" in wire.kernel.snapshot().book.blocked
            wire.control.greeks_sentinels = ""
            wire.proxy.down = passed
            await wire.until(lambda held=held: wire.filled_hedges() == held, 45)

    play(tmp_path, story)


@pytest.mark.parametrize("kind", KINDS)
def test_F50_with_a_mid_the_desk_computes_greeks_itself_and_says_so(tmp_path, kind) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        wire.control.greeks_sentinels = kind
        await wire.wait(40)
        book = wire.kernel.snapshot().book
        assert book.estimated
        assert book.option_delta is not None
        assert abs(book.option_delta) < 40
        for intent in wire.hedge_intents():
            assert intent.draft.quantity <= 2

    play(tmp_path, story)


SENTINELS = ["-2", "-1", "NaN", "Infinity", "-Infinity", "1.7976931348623157E308", "", "1e999"]
number_text = st.one_of(st.sampled_from(SENTINELS), st.floats().map(str))


@given(st.lists(number_text, min_size=8, max_size=8), st.sampled_from([PUT, CALL]))
def test_F50_whatever_a_model_says_what_is_published_can_be(values, key) -> None:
    tick = ticks.read(21, ["21", "7", "13", "0", *values])
    assert tick is not None
    assert tick.model is not None
    greeks = tick.model.greeks(key, Timestamp(1.0))
    if greeks is not None:
        assert greeks.usable
        assert -1 <= greeks.delta <= 0 if key == PUT else 0 <= greeks.delta <= 1


def test_F50_a_delta_of_minus_one_is_a_delta_and_minus_two_is_none() -> None:
    def delta_of(text: str) -> float | None:
        tick = ticks.read(21, ["21", "7", "13", "0", "0.2", text, "3", "0", "0", "0", "0", "535"])
        assert tick is not None
        assert tick.model is not None
        greeks = tick.model.greeks(PUT, Timestamp(1.0))
        return None if greeks is None else greeks.delta

    assert delta_of("-1") == -1.0
    assert delta_of("-1.0000001") is None
    assert delta_of("-2") is None


def test_F51_one_stale_leg_stops_auto_and_a_person_has_to_accept_it(tmp_path) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        call = next(name for name in legs(wire) if name.endswith("C"))
        wire.proxy.down = Edited(wire, is_call, silenced)
        await wire.wait(17)
        await wire.drift(30)
        await wire.wait(60)
        assert wire.hedge_orders_at_exchange() == 1
        assert call in wire.kernel.snapshot().book.blocked
        assert sum("greeks stale" in line and call in line for line in wire.lines) == 1
        refused = await wire.do(cm.PreviewHedge())
        assert (refused.ok, refused.code) == (False, "stale-greeks")
        accepted = await wire.do(cm.PreviewHedge(accept_stale=True))
        assert accepted.ok or accepted.code == "nothing-to-do"
        wire.proxy.down = passed
        await wire.until(lambda: wire.filled_hedges() == -6, 45)

    play(tmp_path, story)


@pytest.mark.parametrize("kind", ["delayed", "frozen"])
def test_F52_data_that_are_not_live_are_shown_and_never_traded_on(tmp_path, kind) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        setattr(wire.control, f"{kind}_data", True)
        await wire.until(lambda: wire.link is LinkState.DEGRADED, 15)
        await wire.drift(30)
        await wire.wait(60)
        assert wire.hedge_orders_at_exchange() == 1
        health = wire.kernel.snapshot().health
        assert health.data_type == kind
        assert any(f"{kind} data" in reason for reason in health.reasons)
        assert wire.heard(f"Link degraded: {kind} data") >= 1
        assert wire.kernel.parts.board.quotes[DEC].data_type == kind
        outcome = await wire.do(cm.PreviewHedge())
        assert outcome.preview is None or not outcome.preview.sendable
        setattr(wire.control, f"{kind}_data", False)
        await wire.ready(30)
        await wire.until(lambda: wire.filled_hedges() == -6, 45)

    play(tmp_path, story)


def test_F52_without_a_subscription_delayed_data_are_for_looking_only(tmp_path) -> None:
    """354 at the first subscription of a session: delayed data are asked for and shown as such."""

    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        await wire.drift(30)
        wire.control.no_data = True
        wire.control.drop()
        await wire.until(lambda: wire.link is LinkState.DEGRADED, 30)
        await wire.wait(60)
        assert wire.hedge_orders_at_exchange() == 1
        health = wire.kernel.snapshot().health
        assert health.data_type in {"", "delayed"}
        assert any("no live market data" in hint for hint in health.hints)
        wire.control.no_data = False
        wire.control.drop()
        await wire.wait(5)
        await wire.ready(60)
        await wire.until(lambda: wire.filled_hedges() == -6, 60)

    play(tmp_path, story)


@pytest.mark.parametrize("data_type", ["delayed", "frozen"])
def test_F52_the_seventh_gate_denies_what_is_not_live(data_type) -> None:
    ctx = context()
    assert ctx.quote is not None
    assert (
        code(draft(), replace(ctx, quote=replace(ctx.quote, data_type=data_type))) == "G7-delayed"
    )


def test_F53_a_feed_that_fell_silent_on_a_healthy_link_degrades_and_is_asked_for_again(
    tmp_path,
) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        orders = len(wire.exchange.book.orders)
        wire.control.lose_subscriptions()
        await wire.drift(30)
        await wire.until(lambda: wire.heard("no market data although the venue trades"), 25)
        assert len(wire.exchange.book.orders) == orders
        await wire.ready(90)
        await wire.until(lambda: wire.filled_hedges() == -6, 60)

    play(tmp_path, story)


def test_F53_a_silent_future_alone_blocks_its_hedge(tmp_path) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        wire.proxy.down = Edited(wire, is_future, silenced)
        await wire.wait(7)
        await wire.drift(30)
        await wire.wait(60)
        assert wire.link is LinkState.READY
        assert wire.hedge_orders_at_exchange() == 1
        assert wire.heard("Hedge not sent (G7-stale)") >= 1
        wire.proxy.down = passed
        await wire.until(lambda: wire.filled_hedges() == -6, 45)

    play(tmp_path, story)


# --- F54 to F56: absurd, crossed, of something else


@pytest.mark.parametrize("bad", [68_000.0, 680.0, 0.25, 0.0, -5_400.0])
def test_F54_a_bad_tick_is_dropped_and_the_hedge_is_the_same(tmp_path, bad) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        believed: list[float | None] = []
        await wire.drift(30)
        for _ in range(50):
            wire.control.bad_tick(DEC, bad)
            await wire.wait(0.3)
            book = wire.kernel.snapshot().book
            believed += [book.hedge_bid, book.hedge_ask]
            await wire.wait(2.7)
        prices_seen = [one for one in believed if one is not None]
        assert prices_seen
        assert all(5_000 < one < 6_000 for one in prices_seen), set(prices_seen)
        await wire.until(lambda: wire.filled_hedges() == -6, 45)
        assert wire.hedge_orders_at_exchange() == 2

    play(tmp_path, story)


@pytest.mark.parametrize("bad", [68_000.0, 680.0, 0.0, -1.0])
def test_F54_a_bad_index_tick_moves_no_hedge(tmp_path, bad) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        await wire.drift(30)
        for _ in range(15):
            wire.control.bad_tick("XSP", bad)
            await wire.wait(3)
        await wire.until(lambda: wire.filled_hedges() == -6, 45)
        assert wire.hedge_orders_at_exchange() == 2

    play(tmp_path, story)


good = st.floats(6_500, 7_100)
absurd = st.sampled_from([68_000.0, 680.0, 0.25, 1.0, 1e9])


@given(st.lists(good, min_size=1, max_size=6), absurd, st.lists(good, min_size=1, max_size=6))
def test_F54_one_absurd_price_among_good_ones_is_never_believed(before, bad, after) -> None:
    collar = ticks.Collar()
    now = 0.0
    for price in (*before, bad, *after):
        now += 1.0
        admitted = collar.admits(price, Timestamp(now), 6_800.0)
        if price == bad:
            assert not admitted
    assert collar.dropped >= 1


@pytest.mark.parametrize("text", ["0", "-1", "-6800", "NaN", "1.7976931348623157E308", "", "x"])
def test_F54_what_is_no_price_leaves_no_quote(text) -> None:
    fold = ticks.Fold(collars={})
    for value in ("6800", text):
        tick = ticks.read(1, ["1", "6", "7", "1", value, "3", "0"])
        assert tick is not None
        fold.take(tick, Timestamp(1.0))
    assert fold.bid is None


@pytest.mark.parametrize(
    ("change", "trades"),
    [
        (prices(bid=5_600.0, ask=5_599.75), False),
        (prices(ask=-1), False),
        (prices(bid=-1), False),
        (prices(bid=-1, ask=-1), False),
        (prices(bid=5_413.0, ask=5_413.0), True),
    ],
    ids=["crossed", "no ask", "no bid", "empty", "locked"],
)
def test_F55_a_book_that_is_none_has_no_price_and_no_hedge(tmp_path, change, trades) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        wire.proxy.down = Edited(wire, is_future, change)
        await wire.wait(3)
        await wire.drift(30)
        await wire.wait(40)
        assert wire.hedge_orders_at_exchange() == (2 if trades else 1)
        assert (wire.heard(f"no two-sided quote for {DEC}") == 1) is not trades
        wire.proxy.down = passed
        await wire.until(lambda: wire.filled_hedges() == -6, 45)

    play(tmp_path, story)


@pytest.mark.parametrize("other", ["XSP", "option", MAR], ids=["the index", "an option", "a month"])
def test_F56_quotes_of_something_else_send_no_wrong_hedge(tmp_path, other) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        key = next(iter(wire.state.positions)) if other == "option" else other
        wire.control.swap_quotes(DEC, key)
        await wire.wait(20)
        await wire.drift(30)
        await wire.wait(60)
        if other == MAR:
            # A month of the same index is a future of it: its price is as good for a size.
            assert wire.held() == -6
        else:
            assert wire.hedge_orders_at_exchange() == 1
            why = f"{DEC} at " if other == "option" else f"no two-sided quote for {DEC}"
            assert wire.heard(why) == 1
            assert wire.heard("does not belong to an index at") == (other == "option")
        wire.control.swap_quotes()
        await wire.until(lambda: wire.filled_hedges() == -6, 60)
        assert wire.held() == -6

    play(tmp_path, story)


def test_F56_models_of_put_and_call_that_change_places_are_not_believed(tmp_path) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()
        requests: dict[str, str] = {}
        for body in wire.proxy.cable.said:
            parts = fields(body)
            if message_id(body) == _SUBSCRIBE and is_option(parts) and parts[3] != "0":
                key = f"XSP {parts[6]} {parts[7].removesuffix('.0')} {parts[8][:1]}"
                if key in wire.state.positions:
                    requests[parts[2]] = key
        one, other = requests
        swapped = {one: other, other: one}

        def swap(body: bytes) -> list[bytes]:
            if message_id(body) != _MODEL:
                return [body]
            parts = fields(body)
            parts[1] = swapped.get(parts[1], parts[1])
            return [body_of(*parts)]

        wire.proxy.down = swap
        await wire.wait(30)
        for key in requests.values():
            greeks = wire.kernel.parts.board.greeks[key]
            assert greeks.age(wire.clock.now()) > 15
            assert (greeks.delta < 0) is (parse_key(key).right == "P")

    play(tmp_path, story)


# --- F57 to F61: too many, of the wrong size, no number, on the edge


def test_F57_a_burst_of_greeks_is_coalesced_and_the_desk_keeps_deciding(tmp_path) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        await wire.hedged()

        def burst(number: str, parts: list[str]) -> list[list[str]]:
            return [parts] * 200 if number == _MODEL and parts[2] == "13" else [parts]

        wire.proxy.down = Edited(wire, is_option, burst)
        heard = len(wire.proxy.cable.heard)
        queue = wire.kernel._inbox._queue
        taken = deepest = 0
        original = queue.put_nowait

        def watched(message) -> None:
            nonlocal taken, deepest
            taken += 1
            original(message)
            deepest = max(deepest, queue.qsize())

        queue.put_nowait = watched
        await wire.drift(30)
        await wire.until(lambda: wire.filled_hedges() == -6, 5)
        await wire.wait(20)
        frames = len(wire.proxy.cable.heard) - heard
        assert frames > 100
        # Two legs and 400 models a second; what reaches the desk is a handful a second.
        assert taken < 20 * 20
        assert deepest < 50
        assert queue.qsize() == 0
        assert wire.hedge_orders_at_exchange() == 2

    play(tmp_path, story)


def test_F58_a_future_of_another_multiplier_is_not_ours(tmp_path) -> None:
    """Ten times the multiplier is ten times the hedge: such a contract has no name here."""

    def fifty(body: bytes) -> list[bytes]:
        if message_id(body) != _DETAILS:
            return [body]
        parts = fields(body)
        if parts[2:4] == ["MES", "FUT"]:
            parts[parts.index("5", 12)] = "50"
        return [body_of(*parts)]

    async def story(wire: WireDesk) -> None:
        wire.proxy.down = fifty
        await wire.ready()
        await wire.until(lambda: wire.kernel.snapshot().candidates, 120)
        entry = await wire.do(cm.PreviewEntry(1, 4))
        assert entry.preview is not None
        assert not (await wire.do(cm.Confirm(entry.preview.preview_id))).ok
        await wire.wait(60)
        assert wire.held() == 0
        assert wire.hedge_orders_at_exchange() == 0
        assert wire.heard("MES not initialized") >= 1
        assert wire.heard("the broker lists no MES months") == 1

    play(tmp_path, story)


def test_F58_an_option_of_another_multiplier_is_not_ours(tmp_path) -> None:
    def ten(body: bytes) -> list[bytes]:
        if message_id(body) != _DETAILS:
            return [body]
        parts = fields(body)
        if parts[2:4] == ["XSP", "OPT"]:
            parts[parts.index("100", 12)] = "10"
        return [body_of(*parts)]

    async def story(wire: WireDesk) -> None:
        wire.proxy.down = ten
        await wire.ready()
        await wire.until(lambda: wire.kernel.snapshot().candidates, 120)
        outcome = await wire.do(cm.PreviewEntry(1, 4))
        assert outcome.preview is None or not outcome.preview.sendable
        await wire.wait(20)
        assert wire.exchange.book.orders == {}

    play(tmp_path, story)


@given(
    st.one_of(
        st.integers(max_value=0),
        st.integers(min_value=6),
        st.floats().filter(lambda value: value != int(value) if math.isfinite(value) else True),
        st.sampled_from([-0.0, 1e308, -1e308, 2.5, math.nan, math.inf]),
    )
)
def test_F59_a_quantity_that_is_none_is_refused_with_its_code(quantity) -> None:
    assert code(draft(quantity=quantity), context()) == "G3-quantity"


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "-1.0", "0.0", "1e400"])
@pytest.mark.parametrize("key", ["max_delta", "monitor_interval_s", "max_cost"])
def test_F60_a_setting_that_is_no_number_stops_the_start_at_its_line(
    tmp_path,
    key,
    value,
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"[vega]\n# a comment\n{key} = {value}\n")
    words = outcome(config_file=path)
    assert isinstance(words, str)
    assert f"{path}:3" in words
    assert f"vega.{key}" in words


halves = st.integers(-40, 40).map(lambda n: n * 5 + 2.5)
anything = st.floats(-2_000, 2_000)


@given(st.one_of(halves, anything))
def test_F61_rounding_is_the_same_for_both_signs(net) -> None:
    order = sizing.hedge_contracts(DollarsPerPoint(net))
    assert sizing.hedge_contracts(DollarsPerPoint(-net)) == -order
    assert abs(net + 5 * order) <= 2.5 + 1e-6


wiggle = st.floats(-1.2, 1.2)


@given(st.one_of(halves, anything), wiggle, st.sampled_from([5.0, 10.0, 15.0, 20.0]))
def test_F61_a_book_on_the_edge_is_hedged_once_and_not_to_and_fro(net, noise, band) -> None:
    """With every preset's band a wiggle of half a contract to and fro asks for no second order."""
    rule = HedgeRule(band=band)
    held, orders = 0, []
    for options in (net, net + noise, net - noise, net, net + noise):
        book = BookDelta(DollarsPerPoint(options), held, 0)
        decision = decide(book, rule, Trigger.MONITOR, trades=1)
        if decision.action is Action.ORDER:
            orders.append(decision.contracts)
            held += decision.contracts
    assert len(orders) <= 1
