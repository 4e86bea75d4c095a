"""The adapter and the simulated broker at the two ends of a real socket."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from hedgetui.adapters.mt5.broker import Mt5Broker
from hedgetui.adapters.mt5.connection import Mt5Connection
from hedgetui.domain.dtms.bars import Bars, Timeframe
from hedgetui.domain.mt5.records import (
    Answered,
    Look,
    Lots,
    MarginCheck,
    NotSent,
    Request,
    Side,
    SymbolSpec,
    TradeAction,
)
from hedgetui.domain.units import Timestamp
from hedgetui.mt5bridge.token_file import create_token
from hedgetui.ports.clock import LoopClock
from hedgetui.simulation.mt5.venue import Venue
from hedgetui.simulation.mt5.worlds import world
from hedgetui.simulation.mt5_gateway import Mt5Gateway
from hedgetui.simulation.virtual_loop import run_virtual
from tests.mt5.fake.MetaTrader5.scripted import OFFSET, START
from tests.mt5.requests_made import committed


def buy(volume: str, **changes: object) -> Request:
    known: dict[str, object] = {
        "action": TradeAction.DEAL,
        "symbol": "BTCUSD",
        "side": Side.BUY,
        "volume": Lots(Decimal(volume)),
        "comment": "by test",
    }
    return Request(**(known | changes))


def test_a_position_is_opened_moved_and_closed_over_the_socket(tmp_path: Path):
    async def story() -> None:
        clock = LoopClock(Timestamp(START))
        venue = Venue(world("quiet"), seed=3, start=Timestamp(START))
        token_file = tmp_path / "token"
        gateway = Mt5Gateway(venue, clock.now, create_token(token_file), port=0)
        broker = Mt5Broker(Mt5Connection(port=gateway.start(), token_file=token_file), clock)
        try:
            await _trade(broker, clock)
        finally:
            await broker.disconnect()
            gateway.close()

    run_virtual(story)


async def _trade(broker: Mt5Broker, clock: LoopClock) -> None:
    session = await broker.connect()
    assert session.server_offset == OFFSET
    spec = await broker.symbol("BTCUSD")
    assert isinstance(spec, SymbolSpec)
    for timeframe, count in ((Timeframe.M5, 900), (Timeframe.M15, 300), (Timeframe.H1, 200)):
        bars = await broker.bars("BTCUSD", timeframe, count)
        assert isinstance(bars, Bars)
        assert len(bars) == count
        assert 0 <= clock.now() - bars.at[-1] < timeframe.seconds
    assert isinstance(await broker.check(buy("0.05")), MarginCheck)
    opened = await broker.send(committed(buy("0.05")))
    assert isinstance(opened, Answered)
    assert opened.retcode == 10009
    seen = await broker.look()
    assert isinstance(seen, Look)
    (held,) = seen.positions
    assert (held.volume, held.comment, held.opened_at) == (Decimal("0.05"), "by test", clock.now())
    stop = Decimal(round(held.price_open * 0.9))
    moved = await broker.send(
        committed(Request(TradeAction.SLTP, "BTCUSD", position=held.ticket, sl=stop))
    )
    assert isinstance(moved, Answered)
    ended = await broker.send(committed(buy("0.05", side=Side.SELL, position=held.ticket)))
    assert isinstance(ended, Answered)
    await clock.sleep(10)
    deals = await broker.deals_of(held.identifier)
    assert [deal.side for deal in deals] == [Side.BUY, Side.SELL]
    assert isinstance(await broker.send(committed(buy("0.05", symbol="NOPE"))), NotSent)
