"""What an operator's key would send and what would follow, before anyone is asked to confirm."""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.domain.dtms.actions import Plan, Skip
from hedgetui.domain.dtms.machine import Wish
from hedgetui.domain.dtms.model import ActionKind, Trade
from hedgetui.domain.mt5.records import (
    Incomplete,
    Lots,
    MarginCheck,
    PositionId,
    Request,
    TradeAction,
)
from hedgetui.domain.text import safe
from hedgetui.domain.units import Seconds, Timestamp
from hedgetui.engine.dtms.parts import DefenceParts
from hedgetui.engine.dtms.watch import Tools
from hedgetui.ports import desk as dk

KIND = "dtms"
PREVIEW_LIFE = Seconds(30.0)
VERBS = {
    "hedge": ActionKind.OPEN_HEDGE,
    "unhedge": ActionKind.CLOSE_HEDGE,
    "close": ActionKind.CLOSE_ALL,
    "half": ActionKind.PARTIAL_CLOSE,
    "breakeven": ActionKind.BREAKEVEN_SL,
}
_WORDS = {
    ActionKind.OPEN_HEDGE: "HEDGE",
    ActionKind.CLOSE_HEDGE: "UNHEDGE",
    ActionKind.CLOSE_ALL: "CLOSE",
    ActionKind.PARTIAL_CLOSE: "HALVE",
    ActionKind.BREAKEVEN_SL: "BREAK-EVEN",
}
_FIXED_LEVEL = frozenset({ActionKind.BREAKEVEN_SL})
"""Kinds whose level does not follow the price: a person agreed to exactly this one."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A preview and what confirming it will do."""

    view: dk.Preview
    trade: PositionId
    wish: Wish
    terms: tuple[object, ...]


class DefencePlanner:
    """Computes previews; sends nothing."""

    def __init__(self, parts: DefenceParts, tools: Tools) -> None:
        self._parts = parts
        self._tools = tools
        self._count = 0

    async def plan(self, trade: Trade, verb: str) -> Planned | Skip:
        """Plan one action by hand from fresh answers; a `Skip` says why there is none.

        Raises:
            BrokerUnreachable: the link broke meanwhile.
        """
        kind = VERBS[verb]
        wish = Wish(kind, "T15", f"operator: {verb}")
        plan = await self._tools.outbox.plan(trade.identifier, wish)
        if isinstance(plan, Skip):
            return plan
        margin = await self._parts.port.check(plan.request)
        checks = self._checks(trade, plan, margin)
        self._count += 1
        view = dk.Preview(
            preview_id=f"{KIND}-{self._count}",
            kind=KIND,
            title=f"{_WORDS[kind]} {trade.ticket}: {_title(plan.request)}",
            lines=self._lines(trade, plan, margin),
            checks=checks,
            orders=self._orders(trade, plan),
            sendable=all(check.ok for check in checks),
            expires_at=Timestamp(self._parts.clock.now() + PREVIEW_LIFE),
        )
        return Planned(view, trade.identifier, wish, _terms(trade, plan))

    # --- words -------------------------------------------------------------------------------

    def _lines(
        self, trade: Trade, plan: Plan, margin: MarginCheck | Incomplete
    ) -> tuple[tuple[str, str], ...]:
        lines = [
            ("position", f"{trade.side} {trade.volume} {safe(trade.symbol)} @ {trade.entry:g}"),
            ("now", self._now(trade)),
            ("after", _after(trade, plan)),
        ]
        if plan.level is not None:
            lines.append(("stop", f"{plan.level:g}" + (f" ({plan.note})" if plan.note else "")))
        elif plan.note:
            lines.append(("note", plan.note))
        lines += [("margin", _margin(margin, self._currency)), ("why", self._why(trade))]
        return tuple(lines)

    def _now(self, trade: Trade) -> str:
        price = self._tools.market.closing(trade)
        if price is None:
            return f"not known: {self._tools.market.quiet(trade.symbol)}"
        look = self._parts.board.look
        position = None if look is None else look.position(trade.identifier)
        money = "P&L not known"
        if position is not None:
            money = f"P&L {position.profit + position.swap:+,.2f} {self._currency}"
        return f"{price:g}, u {trade.u(price):+.2f} R, {money}"

    def _why(self, trade: Trade) -> str:
        reading = self._tools.market.reading(trade.symbol)
        score = None if reading is None else reading.seen_by(trade.side).score
        shown = "no score" if score is None else f"score {score:+.1f}"
        return f"by hand; the machine is in {trade.state}, {shown}"

    @property
    def _currency(self) -> str:
        look = self._parts.board.look
        return "" if look is None else safe(look.account.currency)

    def _orders(self, trade: Trade, plan: Plan) -> tuple[str, ...]:
        """Return every request of the action: closing a hedged trade closes both legs."""
        orders = [plan.request.describe()]
        hedge = trade.hedge
        both = plan.kind is ActionKind.CLOSE_ALL and hedge is not None and not hedge.virtual
        if both and hedge is not None and plan.request.action is not TradeAction.CLOSE_BY:
            legs = {
                trade.ticket: (trade.side, trade.volume),
                hedge.ticket: (hedge.side, hedge.volume),
            }
            for ticket, (side, volume) in legs.items():
                if ticket != plan.request.position:
                    other = "SELL" if side.sign > 0 else "BUY"
                    orders.append(f"{other} {volume} {trade.symbol} of #{ticket}")
        return tuple(safe(order) for order in orders)

    # --- checks ------------------------------------------------------------------------------

    def _checks(
        self, trade: Trade, plan: Plan, margin: MarginCheck | Incomplete
    ) -> tuple[dk.Check, ...]:
        parts, tools = self._parts, self._tools
        forbidden = parts.forbidden
        quiet = tools.market.quiet(trade.symbol)
        busy = tools.outbox.busy(trade.symbol)
        size = str(plan.volume) if plan.volume else "no volume"
        enough, words = self._margin_check(plan, margin)
        under_way = "nothing" if busy is None else f"{busy.kind} {busy.state}"
        return (
            dk.Check("armed", ok=not forbidden, detail=forbidden or "armed"),
            dk.Check("link", ok=tools.link.ready, detail=tools.link.state.value),
            dk.Check("market", ok=not quiet, detail=quiet or "open"),
            dk.Check("size", ok=True, detail=size),
            dk.Check("margin", ok=enough, detail=words),
            dk.Check("in flight", ok=busy is None, detail=under_way),
        )

    def _margin_check(self, plan: Plan, margin: MarginCheck | Incomplete) -> tuple[bool, str]:
        """Only what opens needs margin; what closes is never stopped by it."""
        if isinstance(margin, Incomplete):
            return not plan.kind.opens, f"not known: {safe(margin.why)}"
        if not plan.kind.opens:
            return True, "frees margin"
        if margin.retcode != 0:
            return False, f"refused with {margin.retcode} {safe(margin.comment)}".rstrip()
        least = self._parts.settings.rules.min_margin_level
        level = margin.margin_level
        if level is not None and level < least:
            return False, f"level {level:.0f} % after, at least {least:.0f} %"
        return True, "enough"


def _terms(trade: Trade, plan: Plan) -> tuple[object, ...]:
    """Return what must not differ between what was shown and what is sent."""
    request = plan.request
    level = plan.level if plan.kind in _FIXED_LEVEL else None
    hedge = trade.hedge.ticket if trade.hedge is not None else 0
    return request.action, request.side, request.volume, request.position, level, hedge


def _title(request: Request) -> str:
    if request.action is TradeAction.DEAL:
        stop = "" if request.sl is None else f" SL {request.sl}"
        return safe(f"{request.side} {request.volume} {request.symbol} @ MKT{stop}")
    return safe(request.describe())


def _margin(margin: MarginCheck | Incomplete, currency: str) -> str:
    if isinstance(margin, Incomplete):
        return f"not known: {safe(margin.why)}"
    level = "—" if margin.margin_level is None else f"{margin.margin_level:.0f} %"
    return f"{margin.margin_free:,.2f} {currency} free after, level {level}"


def _after(trade: Trade, plan: Plan) -> str:
    """Return the net volume that would be left, signed by its side."""
    held = trade.hedge
    hedged = held.volume if held is not None and not held.virtual else Lots(trade.volume * 0)
    net = trade.volume - hedged
    match plan.kind:
        case ActionKind.OPEN_HEDGE | ActionKind.PARTIAL_CLOSE:
            net -= plan.volume
        case ActionKind.CLOSE_HEDGE:
            net = trade.volume
        case ActionKind.CLOSE_ALL:
            return "flat"
        case _:
            pass
    return f"net {net * trade.side.sign:+} {safe(trade.symbol)}"
