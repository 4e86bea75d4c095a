"""The card for the moment the console cannot be trusted or cannot send: the hedge by hand.

One text for the screen and the command line, because two cards that differ are worse than none.
"""

from __future__ import annotations

from hedgetui.domain.units import DollarsPerPoint
from hedgetui.domain.vega.sizing import MES_PER_POINT, hedge_contracts


def card(net: DollarsPerPoint | None, held: int, month: str, target: DollarsPerPoint) -> list[str]:
    """Return what to type into TWS with its arithmetic, rounded as the desk rounds, and the rest.

    `net` is the book's Δ$ or None when it is not known, `held` the hedge contracts the desk has on,
    `month` the contract they are in (empty while unknown).
    """
    contract = month or "MES, front month"
    if net is None:
        return [
            "Net Δ$ is unknown: a leg has no usable greeks.",
            f"The hedge held is {held:+d} {contract}.",
            "In TWS: divide the delta dollars per index point it shows by 5.",
        ]
    over = net - target
    order = hedge_contracts(net, target=target)
    side = "SELL" if order < 0 else "BUY"
    typed = f"{side} {abs(order)} {contract} MKT" if order else "nothing, under half a contract"
    away = f" from target {target:+g}" if target else ""
    quotient = f"÷ {MES_PER_POINT:g} = {over / MES_PER_POINT:+.2f}"
    return [
        f"net Δ {over:+.1f} $/pt{away} {quotient}; type into TWS: {typed}",
        "Before it: A disarms this console, or it hedges the same delta again.",
        "After it: R lists your trade as a position difference; net Δ here never counts it.",
        "Take it off by hand before you arm or unfreeze: else the delta is hedged twice.",
    ]
