"""The requests of the defence, from what is there: a plan with its target, or a refusal in words.

Each plan says what must hold afterwards, so that repeating it is harmless and a restart can tell
whether it happened. Volumes are rounded down, stops never loosened, a target level is always sent
back as it was.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from hedgetui.domain.dtms.model import ActionKind, HedgeMode, Rules, Trade
from hedgetui.domain.mt5.identity import label, magic_of, parse_magic
from hedgetui.domain.mt5.lots import (
    NOTHING,
    Rounding,
    floor_lots,
    freeze_distance,
    share_of,
    stop_distance,
    tick_size,
    to_grid,
)
from hedgetui.domain.mt5.records import (
    Account,
    Lots,
    Magic,
    Position,
    Request,
    SymbolSpec,
    Tick,
    TradeAction,
)
from hedgetui.domain.orders import Side

_DISABLED, _LONG_ONLY, _SHORT_ONLY, _CLOSE_ONLY = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Plan:
    """One request that could be sent now."""

    kind: ActionKind
    request: Request
    volume: Lots
    """Asked for; 0 for a stop."""
    level: float | None
    """The stop in the request."""
    target: str
    """What must hold afterwards."""
    note: str = ""
    """What differs from the rule, and why."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Why nothing is sent."""

    code: str
    """`holds`, `too-small`, `no-atr`, `frozen`, `too-near`, `not-allowed`, `off`, `done`."""
    words: str


def opposite(side: Side) -> Side:
    """Return the other side."""
    return Side.SELL if side is Side.BUY else Side.BUY


def reduces(spec: SymbolSpec, account: Account, side: Side, rules: Rules) -> bool:
    """Return whether a hedge of `side` is made by closing a part of the position.

    Always on netting and exchange accounts, whatever the rules say: there an opposite order would
    not open a position but eat the one that is to be defended. Where the oldest position must be
    closed first, a hedge could not be closed before it.
    """
    forbidden = _LONG_ONLY if side is Side.SELL else _SHORT_ONLY
    return (
        not account.hedging
        or account.fifo_close
        or rules.hedge_mode is HedgeMode.REDUCE
        or spec.trade_mode in {forbidden, _CLOSE_ONLY}
    )


def tighten(
    trade: Trade, position: Position, spec: SymbolSpec, tick: Tick, rules: Rules
) -> Plan | Skip:
    """Bring the stop to `tighten_r` R behind the closing-side price, if that is tighter.

    A level nearer than the broker allows is set as near as allowed.
    """
    away = max(rules.tighten_r * trade.risk, stop_distance(spec, tick))
    level = _behind(position.side, tick.closing(position.side), away, spec)
    return _stop(ActionKind.TIGHTEN_SL, trade, position, spec, tick, level)


def breakeven(trade: Trade, position: Position, spec: SymbolSpec, tick: Tick) -> Plan | Skip:
    """Bring the stop to the entry; refused while that is on the wrong side of the market."""
    side = position.side
    rounding = Rounding.UP if side is Side.BUY else Rounding.DOWN
    level = to_grid(position.price_open, spec, rounding)
    room = side.sign * (tick.closing(side) - float(level))
    if room < stop_distance(spec, tick):
        return Skip("too-near", f"break-even {level} is too near to {tick.closing(side)}")
    return _stop(ActionKind.BREAKEVEN_SL, trade, position, spec, tick, level)


def halve(
    trade: Trade,
    position: Position,
    spec: SymbolSpec,
    tick: Tick,
    rules: Rules,
    *,
    by_hand: bool = False,
) -> Plan | Skip:
    """Close `partial_ratio` of the initial volume, once a trade.

    The target is a volume, not an amount: what a person closed already counts. `by_hand` takes the
    ratio of the present volume instead, as often as asked.
    """
    if trade.halved and not by_hand:
        return Skip("done", "the partial close is done once a trade")
    base = position.volume if by_hand else trade.initial_volume
    share = floor_lots(share_of(base, rules.partial_ratio), spec)
    if not share:
        return Skip("too-small", f"⚠️ {position.volume} cannot be halved")
    most = base - share
    if position.volume <= most:
        return Skip("holds", f"{position.volume} is at most {most} already")
    volume = floor_lots(position.volume - most, spec)
    rest = position.volume - volume
    if not volume or rest < spec.volume_min:
        return Skip("too-small", f"⚠️ {position.volume} cannot be halved: {rest} would remain")
    request = _closing(ActionKind.PARTIAL_CLOSE, trade, position, spec, tick, volume)
    return Plan(ActionKind.PARTIAL_CLOSE, request, volume, None, f"volume ≤ {rest}")


def hedge(  # noqa: PLR0917 - each is one thing the size or the stop depends on
    trade: Trade,
    position: Position,
    spec: SymbolSpec,
    tick: Tick,
    atr: float | None,
    rules: Rules,
    account: Account,
    ratio: float = 1.0,
) -> Plan | Skip:
    """Take `hedge_ratio` of the position off the market: by an opposite position, or by reducing.

    Args:
        trade: the trade to defend.
        position: as it is now.
        spec: of its symbol.
        tick: a fresh one.
        atr: Wilder ATR14 of the hedge's timeframe, price units; None or NaN while not known.
        rules: ratio, base and distance of the stop.
        account: decides whether an opposite position is possible.
        ratio: of the planned volume, for the steps of the ladder.
    """
    side = opposite(position.side)
    if spec.trade_mode == _DISABLED:
        return Skip("not-allowed", f"{spec.name} is not traded")
    base = trade.initial_volume if rules.hedge_of_initial else position.volume
    wanted = min(share_of(base, rules.hedge_ratio), position.volume)
    volume = floor_lots(share_of(wanted, ratio), spec)
    if not volume:
        return Skip("too-small", f"⚠️ too small to hedge: {position.volume}")
    if reduces(spec, account, side, rules):
        return _reduction(trade, position, spec, tick, volume)
    if atr is None or not math.isfinite(atr) or atr <= 0:
        return Skip("no-atr", "no ATR for the stop of the hedge")
    if spec.volume_limit > 0 and volume > spec.volume_limit:
        return Skip("not-allowed", f"{volume} exceeds the limit of {spec.volume_limit}")
    touch = tick.bid if side is Side.SELL else tick.ask
    planned = rules.hedge_sl_atr * atr
    level, note = _legal_stop(side, touch, planned, spec, tick)
    request = Request(
        TradeAction.DEAL, spec.name, side, volume, to_grid(touch, spec), sl=level,
        magic=magic_of(ActionKind.OPEN_HEDGE, trade.cycle + 1, trade.identifier),
        comment=label(ActionKind.OPEN_HEDGE, trade.ticket),
    )  # fmt: skip
    target = f"one hedge of {volume} stands for #{trade.ticket}"
    return Plan(ActionKind.OPEN_HEDGE, request, volume, float(level), target, note)


def reduce(
    trade: Trade, position: Position, spec: SymbolSpec, tick: Tick, volume: Lots
) -> Plan | Skip:
    """Close `volume` of the position in place of a hedge; never more than it has."""
    floored = floor_lots(min(volume, position.volume), spec)
    if not floored:
        return Skip("too-small", f"⚠️ too small to hedge: {position.volume}")
    return _reduction(trade, position, spec, tick, floored)


def close(
    position: Position,
    spec: SymbolSpec,
    tick: Tick,
    magic: Magic,
    volume: Lots | None = None,
) -> Plan | Skip:
    """Close a position by its ticket, at its actual volume or a part of it.

    The kind of the plan is that of the magic number. A position above the symbol's largest order
    is closed in pieces: the target stays until it is gone.
    """
    mark = parse_magic(magic)
    kind = ActionKind.CLOSE_ALL if mark is None else mark.kind
    wanted = position.volume if volume is None else min(volume, position.volume)
    # What is left of a position may be off the step; it is closed as it is.
    whole = wanted == position.volume and wanted <= spec.volume_max
    lots = Lots(wanted) if whole else floor_lots(wanted, spec)
    rest = position.volume - lots
    if not lots or 0 < rest < spec.volume_min:
        return Skip("too-small", f"⚠️ {wanted} of {position.volume} cannot be closed")
    request = Request(
        TradeAction.DEAL, spec.name, opposite(position.side), lots,
        to_grid(tick.closing(position.side), spec), position=position.ticket, magic=magic,
        comment=label(kind, position.ticket),
    )  # fmt: skip
    target = f"#{position.ticket} is gone" if volume is None else f"volume ≤ {rest}"
    return Plan(kind, request, lots, None, target)


def close_by(position: Position, other: Position, spec: SymbolSpec, magic: Magic) -> Plan | Skip:
    """Close two opposite positions by each other, at one spread less."""
    mark = parse_magic(magic)
    kind = ActionKind.CLOSE_ALL if mark is None else mark.kind
    if not spec.close_by:
        return Skip("not-allowed", f"{spec.name} has no close-by")
    if position.side is other.side or position.symbol != other.symbol:
        return Skip("not-allowed", "close-by needs two opposite positions of one symbol")
    volume = Lots(min(position.volume, other.volume))
    request = Request(
        TradeAction.CLOSE_BY, spec.name, position=position.ticket, position_by=other.ticket,
        magic=magic, comment=label(kind, position.ticket),
    )  # fmt: skip
    target = f"{volume} of #{position.ticket} and #{other.ticket} are gone"
    return Plan(kind, request, volume, None, target)


def re_add(
    trade: Trade, spec: SymbolSpec, tick: Tick, rules: Rules, account: Account
) -> Plan | Skip:
    """Open `re_add_ratio` of what was closed again, as a new trade with the old levels."""
    if not rules.re_add:
        return Skip("off", "re_add is off")
    if not account.hedging:
        return Skip("not-allowed", "a netting account would change the position's own price")
    if spec.trade_mode in {_DISABLED, _CLOSE_ONLY}:
        return Skip("not-allowed", f"{spec.name} is closed for opening")
    volume = floor_lots(share_of(trade.closed_volume, rules.re_add_ratio), spec)
    if not volume:
        return Skip("too-small", f"⚠️ too small to add: half of {trade.closed_volume}")
    request = _again(ActionKind.RE_ADD, trade, spec, tick, volume)
    return Plan(
        ActionKind.RE_ADD, request, volume,
        None if request.sl is None else float(request.sl), f"one trade of {volume} was added",
    )  # fmt: skip


def buy_back(trade: Trade, spec: SymbolSpec, tick: Tick, rules: Rules) -> Plan | Skip:
    """Take back what a virtual hedge closed; its kind is CLOSE_HEDGE, levels stay the position's.

    Only where it is switched on: without it a virtual hedge simply ends.
    """
    if not rules.rebuy:
        return Skip("off", "a virtual hedge is not bought back")
    if trade.hedge is None or not trade.hedge.virtual:
        return Skip("done", "there is no virtual hedge")
    volume = floor_lots(trade.hedge.volume, spec)
    if not volume:
        return Skip("too-small", f"⚠️ {trade.hedge.volume} cannot be bought back")
    request = _again(ActionKind.CLOSE_HEDGE, trade, spec, tick, volume)
    return Plan(ActionKind.CLOSE_HEDGE, request, volume, None, f"volume ≥ {trade.volume + volume}")


def set_stop(
    trade: Trade, position: Position, spec: SymbolSpec, tick: Tick, level: float
) -> Plan | Skip:
    """Give a hedge its stop, at least as far away as the broker allows."""
    closing = tick.closing(position.side)
    away = position.side.sign * (closing - level)
    legal, note = _legal_stop(position.side, closing, away, spec, tick)
    plan = _stop(ActionKind.SET_STOP, trade, position, spec, tick, legal)
    if isinstance(plan, Skip):
        return plan
    return Plan(plan.kind, plan.request, plan.volume, plan.level, plan.target, note)


def _reduction(
    trade: Trade, position: Position, spec: SymbolSpec, tick: Tick, volume: Lots
) -> Plan | Skip:
    rest = position.volume - volume
    if rest < spec.volume_min:
        return Skip("too-small", f"⚠️ too small to hedge: {rest} would remain")
    request = _closing(ActionKind.OPEN_HEDGE, trade, position, spec, tick, volume)
    note = "virtual hedge: the position is reduced, no stop is sent"
    return Plan(ActionKind.OPEN_HEDGE, request, volume, None, f"volume ≤ {rest}", note)


def _closing(
    kind: ActionKind,
    trade: Trade,
    position: Position,
    spec: SymbolSpec,
    tick: Tick,
    volume: Lots,
) -> Request:
    """Return the request that closes a part of the trade's position."""
    return Request(
        TradeAction.DEAL, spec.name, opposite(position.side), volume,
        to_grid(tick.closing(position.side), spec), position=position.ticket,
        magic=magic_of(kind, trade.cycle + 1, trade.identifier), comment=label(kind, trade.ticket),
    )  # fmt: skip


def _again(kind: ActionKind, trade: Trade, spec: SymbolSpec, tick: Tick, volume: Lots) -> Request:
    """Return the request that buys (or sells) on the trade's own side, with its levels."""
    touch = tick.ask if trade.side is Side.BUY else tick.bid
    return Request(
        TradeAction.DEAL, spec.name, trade.side, volume, to_grid(touch, spec),
        sl=_kept(trade.sl, spec), tp=_kept(trade.tp, spec),
        magic=magic_of(kind, trade.cycle + 1, trade.identifier), comment=label(kind, trade.ticket),
    )  # fmt: skip


def _stop(
    kind: ActionKind,
    trade: Trade,
    position: Position,
    spec: SymbolSpec,
    tick: Tick,
    level: Decimal,
) -> Plan | Skip:
    """Return the request that moves a stop, if that makes it tighter by a tick at least."""
    sign = position.side.sign
    present = position.sl
    if present is not None:
        gain = sign * (level - to_grid(present, spec))
        if gain < tick_size(spec):
            return Skip("holds", f"the stop at {_shown(present, spec)} is at least as tight")
    frozen = _frozen(position, spec, tick)
    if frozen:
        return Skip("frozen", frozen)
    request = Request(
        TradeAction.SLTP, spec.name, sl=level, tp=_kept(position.tp, spec),
        position=position.ticket,
        magic=magic_of(kind, trade.cycle + 1, trade.identifier), comment=label(kind, trade.ticket),
    )  # fmt: skip
    return Plan(kind, request, NOTHING, float(level), f"stop at least as tight as {level}")


def _frozen(position: Position, spec: SymbolSpec, tick: Tick) -> str:
    """Return why the levels may not be changed now; empty when they may."""
    near = freeze_distance(spec)
    closing = tick.closing(position.side)
    for name, level in (("stop", position.sl), ("target", position.tp)):
        if near > 0 and level is not None and abs(closing - level) <= near:
            return f"price is within the freeze level of the {name} {_shown(level, spec)}"
    return ""


def _behind(side: Side, price: float, away: float, spec: SymbolSpec) -> Decimal:
    """Return a level on the losing side of `price`, never nearer than `away`."""
    rounding = Rounding.DOWN if side is Side.BUY else Rounding.UP
    return to_grid(price - side.sign * away, spec, rounding)


def _legal_stop(
    side: Side, price: float, away: float, spec: SymbolSpec, tick: Tick
) -> tuple[Decimal, str]:
    """Return a stop `away` from `price`, or as near as the broker allows, and what was changed."""
    planned = _behind(side, price, away, spec)
    nearest = _behind(side, tick.closing(side), stop_distance(spec, tick), spec)
    if side.sign * (nearest - planned) >= 0:
        return planned, ""
    return nearest, f"stop widened from {planned} to {nearest}: the broker allows no nearer"


def _kept(level: float | None, spec: SymbolSpec) -> Decimal | None:
    return None if level is None else to_grid(level, spec)


def _shown(level: float, spec: SymbolSpec) -> str:
    return f"{level:.{spec.digits}f}"
