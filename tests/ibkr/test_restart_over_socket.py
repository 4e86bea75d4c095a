"""A desk that died while its hedge was under way, and the one that comes after it."""

from __future__ import annotations

import shutil
from contextlib import AsyncExitStack

from hedgetui import config
from hedgetui.bootstrap.desk import open_desk
from tests.faults.wire_desk import WireDesk, play


def test_an_order_held_by_a_dialog_is_not_hedged_again_after_a_restart(tmp_path) -> None:
    """Killed after the order left; TWS lists it nowhere; somebody answers its dialog later."""

    async def story(wire: WireDesk) -> None:
        await wire.enter()
        wire.control.stick_pending = True
        await wire.until(wire.hedge_intents, 30)
        await wire.wait(1)
        for name in ("paper.db", "paper.db-wal"):
            shutil.copy(tmp_path / name, tmp_path / f"next{name.removeprefix('paper')}")
        wire.control.stick_pending = False
        wire.proxy.hold()  # the dead desk says nothing more and hears nothing
        wire.proxy.cable.abort()
        await wire.until(lambda: not wire.gateway.clients, 10)
        async with AsyncExitStack() as stack:
            loaded = config.load(
                flags={
                    "general.profile": "paper",
                    "profile.paper.port": wire.proxy._upstream(),
                    "vega.enabled": True,
                    "vega.auto": True,
                }
            )
            desk = await stack.enter_async_context(
                open_desk(loaded, db=tmp_path / "next.db", deterministic=True)
            )
            wire.desk = desk
            await wire.ready()
            await wire.wait(90)
            assert wire.hedges() == ["SELL 2 UNKNOWN"]
            wire.control.release_pending()
            await wire.wait(60)
            assert wire.hedges() == ["SELL 2 FILLED"]
            assert wire.held() == -2

    play(tmp_path, story, audited=False)
