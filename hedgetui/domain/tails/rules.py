"""When a tail is hedged, with how much, and at which price. Pure, exact, no state.

With T units of threshold and contracts of C units, an effective balance E that is at least T sells
⌊(E − T)/C⌋ + 1 contracts, one that is at most −T buys as many for −E. Whole numbers only: a balance
that touches the threshold is over it.
"""

from __future__ import annotations

from decimal import Decimal

from hedgetui.domain.orders import Side
from hedgetui.domain.tails.model import Lots, Mode, Policy, Proposal, Units

LEAST_PCT, MOST_PCT = 1, 100
AUTO_ABOVE_PCT = 50
"""A contract sold at a balance of half a contract leaves minus half: AUTO would turn for ever."""
MOST_TICKS = 100

ALLOWED = {
    Mode.AUTO: frozenset({Side.SELL, Side.BUY}),
    Mode.SELL: frozenset({Side.SELL}),
    Mode.BUY: frozenset({Side.BUY}),
    Mode.MANUAL: frozenset[Side](),
}
"""The sides that each mode places by rule."""


def propose(e: int, contract_size: int, policy: Policy) -> Proposal | None:
    """Return the hedge that the rule places now, None where it places nothing.

    Args:
        e: units of the balance with what is working already, B + pending.
        contract_size: units of one contract.
        policy: mode and threshold of the key.
    """
    threshold = policy.threshold_pct * contract_size  # in hundredths of a unit
    if 100 * e >= threshold and Side.SELL in ALLOWED[policy.mode]:
        return _proposal(Side.SELL, e, threshold, contract_size)
    if -100 * e >= threshold and Side.BUY in ALLOWED[policy.mode]:
        return _proposal(Side.BUY, e, threshold, contract_size)
    return None


def _proposal(side: Side, e: int, threshold: int, contract_size: int) -> Proposal:
    lots = (100 * abs(e) - threshold) // (100 * contract_size) + 1
    return Proposal(side, Lots(lots), Units(e + side.sign * lots * contract_size))


def offer(e: int, contract_size: int, policy: Policy) -> Proposal | None:
    """Return the hedge that a person gets for asking: both sides, whatever the mode."""
    asked = Policy(Mode.AUTO, policy.threshold_pct, policy.ticks_into_market)
    return propose(e, contract_size, asked)


def threshold_units(contract_size: int, policy: Policy) -> int:
    """Return T in whole units, rounded up: the smallest balance that is hedged."""
    return -(-policy.threshold_pct * contract_size // 100)


def limit_price(
    side: Side, bid: Decimal, ask: Decimal, tick: Decimal, ticks_into_market: int
) -> Decimal:
    """Return the limit of a hedge: `ticks_into_market` beyond the price it trades against."""
    if side is Side.SELL:
        return bid - ticks_into_market * tick
    return ask + ticks_into_market * tick


def check_policy(mode: Mode, pct: int) -> str:
    """Return why a mode may not have this threshold, empty when it may."""
    if not LEAST_PCT <= pct <= MOST_PCT:
        return f"threshold {pct} % is out of range ({LEAST_PCT} to {MOST_PCT})"
    if mode is Mode.AUTO and pct <= AUTO_ABOVE_PCT:
        return (
            f"auto with a threshold of {pct} % would sell and buy back for ever: it needs more "
            f"than {AUTO_ABOVE_PCT} %, or mode sell or buy"
        )
    return ""


def check_ticks(ticks: int) -> str:
    """Return why a hedge may not be priced so far into the market, empty when it may."""
    if 0 <= ticks <= MOST_TICKS:
        return ""
    return f"ticks_into_market {ticks} is out of range (0 to {MOST_TICKS})"
