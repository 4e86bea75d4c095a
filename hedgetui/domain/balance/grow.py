"""New exposure in the direction of the regime: what to buy, why, with how much of a budget."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Final

from hedgetui.domain.balance.advice import VIX_CHEAP, VIX_DEAR
from hedgetui.domain.balance.regime import Measured, Regime
from hedgetui.domain.balance.wanted import Quoted, Structure, Wanted

_CENT = Decimal("0.01")
_CALLS = (1.0, 1.05)


@dataclass(frozen=True, slots=True)
class Growth:
    """One new exposure."""

    trade: str
    why: str
    target: str
    """Where it is sold."""
    allocation: Decimal
    """Dollars of the budget, whole cents."""
    share_pct: int
    wanted: Wanted
    quoted: Quoted | None = None
    """A real contract and its price; none where there is none."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Idea:
    symbol: str
    structure: Structure
    why: str
    target: str
    share_pct: int


_CALL, _PUT, _SHARES = Structure.CALL, Structure.PUT, Structure.SHARES
_IDEAS: Final = {
    Regime.STAGFLATION: (
        _Idea("GLDM", _CALL, "gold gains while real rates fall", "+10 % in 3 months", 40),
        _Idea("XLE", _CALL, "energy earns what inflation takes", "+10 % in 3 months", 30),
        _Idea("TIP", _SHARES, "pays inflation", "hold while TIP/IEF rises", 20),
    ),
    Regime.GOLDILOCKS: (
        _Idea(
            "QQQ", _CALL, "growth without inflation lifts far earnings", "+8 % in 3 months", 40
        ),
        _Idea("SPY", _CALL, "growth is broad", "+5 % in 3 months", 30),
        _Idea("IWM", _CALL, "small companies follow late", "+8 % in 3 months", 20),
    ),
    Regime.DISINFLATIONARY: (
        _Idea("TLT", _CALL, "rates fall with growth and prices", "+8 % in 3 months", 40),
        _Idea("IEF", _SHARES, "the same with less swing", "hold while growth is down", 30),
        _Idea("GLDM", _CALL, "lower rates cost gold less", "+6 % in 3 months", 20),
    ),
    Regime.INFLATIONARY: (
        _Idea("XLE", _CALL, "energy leads while prices rise", "+10 % in 3 months", 35),
        _Idea("XLF", _CALL, "banks earn on higher rates", "+6 % in 3 months", 30),
        _Idea("TLT", _PUT, "rates rise with prices", "-6 % in 3 months", 25),
    ),
    Regime.DEFAULT: (
        _Idea("SPY", _CALL, "no clear regime: the market itself", "+5 % in 3 months", 40),
        _Idea("GLDM", _SHARES, "no clear regime: gold moves on its own", "hold", 30),
        _Idea("TLT", _CALL, "no clear regime: pays when growth breaks", "+5 % in 3 months", 20),
    ),
}  # fmt: skip


def grow(measured: Measured, budget: Decimal, most: int = 3) -> tuple[Growth, ...]:
    """Return the exposures of a regime; with VIX over 25 half of the money waits.

    Raises:
        ValueError: the budget is negative or not finite, or `most` is below 1.
    """
    if not budget.is_finite() or budget < 0 or most < 1:
        raise ValueError(f"budget {budget}, most {most}")
    vix = next((one.value for one in measured.inputs if one.name == "VIX"), None)
    half = vix is not None and vix > VIX_DEAR
    return tuple(_growth(one, budget, vix, half=half) for one in _IDEAS[measured.regime][:most])


def _growth(idea: _Idea, budget: Decimal, vix: float | None, *, half: bool) -> Growth:
    share = idea.share_pct // 2 if half else idea.share_pct
    why = idea.why
    if half:
        why = f"{why}; half size, vol is dear (VIX {vix:g})"
    elif vix is not None and vix < VIX_CHEAP and idea.structure is not _SHARES:
        why = f"{why}; options are cheap (VIX {vix:g})"
    word = {_CALL: "3M calls (ATM to 5% OTM)", _PUT: "3M puts (ATM to 5% OTM)"}
    trade = f"{idea.symbol} {word.get(idea.structure, 'shares')}"
    moneyness = (0.95, 1.0) if idea.structure is _PUT else _CALLS
    wanted = Wanted(idea.symbol, idea.structure, 90, moneyness)
    allocation = (budget * share / 100).quantize(_CENT, ROUND_DOWN)
    return Growth(trade, why, idea.target, allocation, share, wanted)
