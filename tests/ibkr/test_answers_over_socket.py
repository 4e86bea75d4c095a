"""Answers that are broken or have no end: they say nothing, and the next one is whole again."""

from __future__ import annotations

import pytest

from hedgetui.domain import commands as cm
from tests.faults.proxy import body_of, fields, message_id
from tests.faults.wire_desk import WireDesk, play

_POSITION, _SUMMARY, _NO_SUMMARY = "61", "62", "63"
_SYMBOL_AT, _COUNT_AT = 4, 14


@pytest.mark.parametrize("count", ["-2.5", "NaN", "1E30"])
def test_a_position_that_cannot_be_read_is_not_flat(tmp_path, count):
    async def story(wire: WireDesk) -> None:
        def spoil(body: bytes) -> list[bytes]:
            row = fields(body)
            if message_id(body) != _POSITION or row[_SYMBOL_AT] != "MES":
                return [body]
            row[_COUNT_AT] = count
            return [body_of(*row)]

        await wire.hedged()
        wire.proxy.down = spoil
        outcome = await wire.do(cm.Reconcile())
        assert (outcome.code, wire.state.differences) == ("incomplete", ())
        assert "MES 202512" in outcome.message
        wire.proxy.down = lambda body: [body]
        assert (await wire.do(cm.Reconcile())).ok

    play(tmp_path, story)


def test_an_account_summary_without_an_end_is_given_back(tmp_path):
    """TWS keeps few of them open for a client and refuses more."""

    async def story(wire: WireDesk) -> None:
        await wire.ready()
        before = len(wire.proxy.cable.said)
        wire.control.omit_end("accountSummaryEnd")
        await wire.wait(150)
        said = [message_id(body) for body in wire.proxy.cable.said[before:]]
        assert said.count(_SUMMARY) > 1
        assert abs(said.count(_SUMMARY) - said.count(_NO_SUMMARY)) <= 1
        wire.control.omit_end("accountSummaryEnd", on=False)
        await wire.wait(20)
        assert (await wire.do(cm.Reconcile())).ok

    play(tmp_path, story)
