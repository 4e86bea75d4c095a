"""When to hedge: the rule between a measured book and an order, with its reason in words.

The rule knows what is already on and what is on its way, so the same exposure is never hedged
twice; it never lets two hedge orders live at once; and whatever it cannot know blocks it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hedgetui.domain.units import Contracts, DollarsPerPoint
from hedgetui.domain.vega.sizing import (
    MES_PER_POINT,
    RehedgeTo,
    breached,
    hedge_contracts,
    net_delta,
    rehedge,
)


class Trigger(StrEnum):
    """Why a decision is asked for."""

    MONITOR = "monitor"
    FILL = "fill"
    BREACH = "breach"
    INITIAL = "initial hedge"
    CLOSE = "close"
    RECONNECT = "reconnect"
    VENUE_OPEN = "venue open"
    HALF_ROLL = "half a roll"
    MANUAL = "hedge now"

    @property
    def ignores_band(self) -> bool:
        """Whether only the rounding, not the band, may say "nothing"."""
        return self in {Trigger.INITIAL, Trigger.CLOSE, Trigger.MANUAL, Trigger.HALF_ROLL}


class Action(StrEnum):
    """What to do."""

    HOLD = "hold"
    ORDER = "order"
    WAIT = "wait"
    CANCEL = "cancel"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class BookDelta:
    """The measured book; `options` is None when a leg has no usable greeks."""

    options: DollarsPerPoint | None
    filled: int
    working: int
    problem: str = ""
    """`greeks stale 23 s XSP 540C`, or empty."""
    live: int = 0
    """Live hedge orders, 0 or 1 in a sound book, 2 while it rolls."""
    unknown: bool = False
    """The live order's fate is not known."""
    rolling: bool = False
    """The live orders move contracts from one month to another and change no delta."""


@dataclass(frozen=True, slots=True)
class HedgeRule:
    """The numbers of the rule, band already resolved."""

    band: float
    target: DollarsPerPoint = DollarsPerPoint(0.0)
    ratio: float = 1.0
    mode: RehedgeTo = RehedgeTo.CENTRE
    per_contract: DollarsPerPoint = MES_PER_POINT


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome: `contracts` is signed and not zero only for ORDER."""

    action: Action
    net: DollarsPerPoint | None
    reason: str
    contracts: Contracts = Contracts(0)


def decide(book: BookDelta, rule: HedgeRule, trigger: Trigger, *, trades: int) -> Decision:
    """Return what to do about `book`; `trades` is how many strangles are still held.

    With no trade left the target is zero whatever the band, since a hedge without its options is
    a bet.
    """
    if book.options is None:
        return Decision(Action.BLOCKED, None, book.problem or "delta unknown")
    net = net_delta(book.options, book.filled, book.working, rule.per_contract)
    target = rule.target if trades else DollarsPerPoint(0.0)
    if trigger.ignores_band or not trades:
        order = hedge_contracts(
            net, per_contract=rule.per_contract, target=target, ratio=rule.ratio if trades else 1.0
        )
        broken = True
    else:
        order = rehedge(
            net, rule.band, rule.mode,
            per_contract=rule.per_contract, target=target, ratio=rule.ratio,
        )  # fmt: skip
        broken = breached(net, target, rule.band)
    if book.live:
        return _while_live(book, net, order)
    if not order:
        words = "under half a contract" if broken else "inside the band"
        return Decision(Action.HOLD, net, words)
    side = "BUY" if order > 0 else "SELL"
    words = f"net {net:+.1f} $/pt, {side} {abs(order)}"
    return Decision(Action.ORDER, net, words, order)


def _while_live(book: BookDelta, net: DollarsPerPoint, order: Contracts) -> Decision:
    """Same way: leave the live order. Other way: cancel and decide again after the answer."""
    if book.unknown:
        return Decision(Action.BLOCKED, net, "an order's fate is unknown")
    if book.rolling:
        return Decision(Action.WAIT, net, "a roll is on its way")
    if order and book.working and (order > 0) != (book.working > 0):
        return Decision(Action.CANCEL, net, "the live order points the wrong way now")
    return Decision(Action.WAIT, net, "an order is on its way")
