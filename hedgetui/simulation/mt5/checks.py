"""What the trade server refuses, and in which order it looks.

Pure: a request, the account and the market in, a code out; `None` lets it pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from hedgetui.domain.mt5.records import MarginMode
from hedgetui.simulation.mt5.codes import Ret
from hedgetui.simulation.mt5.ledger import Ledger
from hedgetui.simulation.mt5.market import Quoted
from hedgetui.simulation.mt5.orders import Act, Holding, Instruction
from hedgetui.simulation.mt5.symbols import SymbolTerms
from hedgetui.simulation.mt5.valuation import Valuation

_DISABLED, _LONG_ONLY, _SHORT_ONLY, _CLOSE_ONLY = 0, 1, 2, 3
_INSTANT, _EXCHANGE = 1, 3
_CLOSE_BY_ALLOWED = 64


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a check may look at."""

    asked: Instruction
    terms: SymbolTerms
    quote: Quoted
    open: bool
    ledger: Ledger
    valuation: Valuation
    now: float

    @property
    def target(self) -> Holding | None:
        """The position the request names."""
        return self.ledger.holdings.get(self.asked.position)

    @property
    def against(self) -> Decimal:
        """Open volume of the symbol in the opposite direction."""
        held = self.ledger.of(self.terms.name)
        return sum((h.volume for h in held if h.sign == -self.asked.sign), Decimal(0))

    @property
    def opens(self) -> bool:
        """Whether some of it adds exposure."""
        if self.asked.position:
            return False
        hedging = self.ledger.terms.mode is MarginMode.HEDGING
        return hedging or self.asked.volume > self.against


def objection(case: Case) -> Ret | None:
    """Return why the server refuses a request; None when it does not."""
    checks = _CHECKS.get(case.asked.action)
    if checks is None:
        return Ret.INVALID_ORDER if case.asked.action == Act.REMOVE else Ret.INVALID
    for check in checks:
        code = check(case)
        if code is not None:
            return code
    return None


def _trades(case: Case) -> Ret | None:
    if case.terms.trade_mode == _DISABLED:
        return Ret.TRADE_DISABLED
    return None if case.open else Ret.MARKET_CLOSED


def _shape(case: Case) -> Ret | None:
    return None if case.asked.sign else Ret.INVALID


def _volume(case: Case) -> Ret | None:
    volume, terms = case.asked.volume, case.terms
    fits = terms.volume_min <= volume <= terms.volume_max and not volume % terms.volume_step
    return None if fits else Ret.INVALID_VOLUME


def _filling(case: Case) -> Ret | None:
    terms = case.terms
    allowed = {
        0: terms.exemode <= _INSTANT or terms.filling_mask & 1,
        1: terms.filling_mask & 2,
        2: terms.exemode == _EXCHANGE,
    }
    return None if allowed.get(case.asked.filling) else Ret.INVALID_FILL


def _price(case: Case) -> Ret | None:
    if case.terms.exemode > _INSTANT:
        return None
    if case.asked.price <= 0 or case.terms.rounded(case.asked.price) != case.asked.price:
        return Ret.INVALID_PRICE
    away = abs(case.asked.price - case.quote.opening(case.asked.sign))
    far = away > (case.asked.deviation + 0.5) * case.terms.point
    return Ret.REQUOTE if far else None


def _closing(case: Case) -> Ret | None:
    """Check a request that names a position."""
    if not case.asked.position:
        return None
    target = case.target
    if target is None:
        return Ret.POSITION_CLOSED
    if target.symbol != case.asked.symbol or target.sign == case.asked.sign:
        return Ret.INVALID
    if any(w.instruction.position == target.ticket for w in case.ledger.waiting):
        return Ret.CLOSE_ORDER_EXIST
    rest = target.volume - case.asked.volume
    if rest < 0 or 0 < rest < case.terms.volume_min:
        return Ret.INVALID_CLOSE_VOLUME
    oldest = case.ledger.of(target.symbol)[0]
    if case.ledger.terms.fifo_close and oldest is not target:
        return Ret.FIFO_CLOSE
    return None


def _direction(case: Case) -> Ret | None:
    if not case.opens:
        return None
    if case.terms.trade_mode == _CLOSE_ONLY:
        return Ret.CLOSE_ONLY
    if case.terms.trade_mode == _LONG_ONLY and case.asked.sign < 0:
        return Ret.LONG_ONLY
    if case.terms.trade_mode == _SHORT_ONLY and case.asked.sign > 0:
        return Ret.SHORT_ONLY
    if case.ledger.terms.hedge_prohibited and case.against:
        return Ret.HEDGE_PROHIBITED
    return None


def _limits(case: Case) -> Ret | None:
    if not case.opens:
        return None
    account, ledger, limit = case.ledger.terms, case.ledger, case.terms.volume_limit
    if len(ledger.waiting) >= account.most_orders:
        return Ret.LIMIT_ORDERS
    if account.most_positions and len(ledger.holdings) >= account.most_positions:
        return Ret.LIMIT_POSITIONS
    same = [h.volume for h in ledger.of(case.terms.name) if h.sign == case.asked.sign]
    if limit and sum(same, case.asked.volume) > limit:
        return Ret.LIMIT_VOLUME
    return None


def _levels(case: Case) -> Ret | None:
    """Check the levels of an order that opens."""
    return None if stops_fit(case, case.asked.sign) else Ret.INVALID_STOPS


def stops_fit(case: Case, sign: int) -> bool:
    """Whether both levels are on the grid and far enough from the closing side."""
    least = case.terms.stops_level * case.terms.point
    nothing = case.terms.point / 2
    price = case.quote.closing(sign)
    for level, side in ((case.asked.sl, -sign), (case.asked.tp, sign)):
        if level == 0.0:
            continue
        distance = side * (level - price)
        if level < 0 or distance < max(least - nothing, nothing):
            return False
        if case.terms.rounded(level) != level:
            return False
    return True


def _money(case: Case) -> Ret | None:
    if not case.opens:
        return None
    account = case.valuation.standing(case.ledger, case.now)
    bound = case.valuation.margin(would_hold(case), case.now)
    growing = bound > account.margin
    return Ret.NO_MONEY if growing and account.equity < bound else None


def would_hold(case: Case) -> list[Holding]:
    """Return the positions as they would be after a market order at today's price."""
    asked = case.asked
    held = list(case.ledger.holdings.values())
    rest = asked.volume
    if case.ledger.terms.mode is not MarginMode.HEDGING or asked.position:
        reduced = [h for h in held if h.symbol == asked.symbol and h.sign == -asked.sign]
        if asked.position:
            reduced = [h for h in reduced if h.ticket == asked.position]
        for holding in reduced:
            held.remove(holding)
            taken = min(rest, holding.volume)
            rest -= taken
            if holding.volume > taken:
                held.append(_like(holding, holding.volume - taken))
    if rest and not asked.position:
        price = case.quote.opening(asked.sign)
        held.append(Holding(
            0, 0, asked.symbol, asked.sign, rest, price, 0.0, 0.0, 0.0, 0, "", 0, 0.0, 0.0,
        ))  # fmt: skip
    return held


def _like(holding: Holding, volume: Decimal) -> Holding:
    return Holding(
        holding.ticket, holding.identifier, holding.symbol, holding.sign, volume,
        holding.price_open, holding.sl, holding.tp, holding.swap, holding.magic, holding.comment,
        holding.reason, holding.opened_at, holding.updated_at,
    )  # fmt: skip


def _exists(case: Case) -> Ret | None:
    return None if case.target is not None else Ret.POSITION_CLOSED


def _frozen(case: Case) -> Ret | None:
    """Refuse to touch a position whose level is about to be met."""
    target, level = case.target, case.terms.freeze_level * case.terms.point
    if target is None or not level:
        return None
    price = case.quote.closing(target.sign)
    near = any(kept and abs(price - kept) <= level for kept in (target.sl, target.tp))
    return Ret.FROZEN if near else None


def _changes(case: Case) -> Ret | None:
    target = case.target
    same = target is not None and (target.sl, target.tp) == (case.asked.sl, case.asked.tp)
    return Ret.NO_CHANGES if same else None


def _new_levels(case: Case) -> Ret | None:
    target = case.target
    return None if target is None or stops_fit(case, target.sign) else Ret.INVALID_STOPS


def _close_by(case: Case) -> Ret | None:
    target, other = case.target, case.ledger.holdings.get(case.asked.position_by)
    hedging = case.ledger.terms.mode is MarginMode.HEDGING
    if not hedging or not case.terms.order_mask & _CLOSE_BY_ALLOWED:
        return Ret.INVALID_ORDER
    if target is None or other is None:
        return Ret.POSITION_CLOSED
    fits = target.symbol == other.symbol and target.sign == -other.sign
    return None if fits else Ret.INVALID


_Check = Callable[[Case], Ret | None]
_CHECKS: dict[int, tuple[_Check, ...]] = {
    Act.DEAL: (
        _trades, _shape, _volume, _filling, _price, _closing, _frozen, _direction, _limits,
        _levels, _money,
    ),
    Act.SLTP: (_exists, _trades, _changes, _frozen, _new_levels),
    Act.CLOSE_BY: (_trades, _close_by, _frozen),
}  # fmt: skip
