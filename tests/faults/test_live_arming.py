"""Real money over the wire: disarmed by every start and session, armed by typed characters."""

from __future__ import annotations

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from tests.faults.wire_desk import WireDesk, play

LIVE = "U7654321"
FLAGS: dict[str, object] = {"profile.live.account": LIVE}


def test_live_money_is_armed_by_hand_and_disarmed_by_every_new_session(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        assert not wire.state.armed
        await wire.until(lambda: wire.kernel.snapshot().candidates, 120)
        preview = (await wire.do(cm.PreviewEntry(1, 4))).preview
        assert preview is not None
        assert not preview.sendable
        for typed in ("", "1234", LIVE, "654321"):
            outcome = await wire.do(cm.Arm(typed))
            assert (outcome.ok, wire.state.armed) == (False, False), typed
        assert (await wire.do(cm.Arm("4321"))).ok
        await wire.hedged()
        sent = [order.draft for order in wire.exchange.book.orders.values()]
        hedge = next(one for one in sent if one.instrument_key.startswith("MES"))
        assert (hedge.order_type, hedge.tif) == ("LMT", "IOC"), "live hedges are protected"

        wire.control.drop()
        await wire.until(lambda: wire.link is ev.LinkState.DOWN, 10)
        await wire.ready()
        assert not wire.state.armed
        orders = len(wire.exchange.book.orders)
        await wire.drift(40.0)
        await wire.wait(120)
        assert len(wire.exchange.book.orders) == orders, "nothing leaves while disarmed"
        assert wire.heard("DISARMED: a new session on live money") == 1
        assert (await wire.do(cm.Arm("4321"))).ok
        await wire.until(lambda: wire.held() == -7, 60)  # five contracts at most in one order

    play(tmp_path, story, profile="live", account=LIVE, flags=FLAGS)


@pytest.mark.parametrize(
    ("account", "flags", "words"),
    [
        (LIVE, {}, "needs its account in the settings"),
        ("DU1234567", {"profile.live.account": "DU1234567"}, "is a paper account"),
        (LIVE, {"profile.live.account": "U1111111"}, "is not among those of the login"),
    ],
)
def test_live_money_is_never_guessed(tmp_path, account, flags, words):
    async def story(wire: WireDesk) -> None:
        await wire.wait(30)
        outcome = await wire.do(cm.Arm(account[-4:]))
        assert not outcome.ok
        assert not wire.state.armed
        said = [outcome.message, *wire.lines]
        assert any(words in one for one in said), said

    play(tmp_path, story, profile="live", account=account, flags=flags, audited=False)
