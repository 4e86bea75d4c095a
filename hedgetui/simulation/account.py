"""The simulated account: a fold over executions, exact to the cent.

Options are paid in full when they trade. A future costs nothing to open; its profit becomes cash
as lots close, first in, first out, so that no division ever rounds. Cash is therefore always the
opening cash, minus what was paid, plus what was realised, minus fees, and can be recomputed from
the executions alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from hedgetui.domain.instruments import Instrument, Kind, Right, parse_key
from hedgetui.ports.broker import Commission, Execution

OPENING_CASH = Decimal(100_000)

FUTURE_MARGIN = {
    "MES": Decimal(2_455), "ES": Decimal(24_550),
    "ZC": Decimal(1_200), "ZW": Decimal(2_000), "ZS": Decimal(2_200),
}  # fmt: skip
"""Initial margin of one net contract, dollars."""
_SHORT_SHARE = Decimal("0.20")
_SHORT_FLOOR = Decimal("0.10")

ZERO = Decimal(0)


@dataclass(slots=True)
class _Lot:
    signed: int
    price: Decimal


class Account:
    """Positions, open futures lots and cash."""

    def __init__(self, cash: Decimal = OPENING_CASH) -> None:
        """Start flat with `cash` dollars."""
        self.cash = cash
        self.positions: dict[str, int] = {}
        self._lots: dict[str, deque[_Lot]] = {}

    @classmethod
    def of(
        cls, cash: Decimal, executions: Iterable[Execution], commissions: Iterable[Commission]
    ) -> Account:
        """Rebuild an account from everything that was executed and charged."""
        account = cls(cash)
        for execution in executions:
            account.book(execution)
        for commission in commissions:
            account.charge(commission)
        return account

    def book(self, execution: Execution) -> None:
        """Book one execution."""
        instrument = parse_key(execution.instrument_key)
        signed = execution.side.sign * execution.quantity
        if instrument.kind is Kind.FUTURE:
            self.cash += self._realise(instrument, signed, execution.price)
        else:
            self.cash -= signed * execution.price * instrument.multiplier
        held = self.positions.get(instrument.key, 0) + signed
        if held:
            self.positions[instrument.key] = held
        else:
            self.positions.pop(instrument.key, None)

    def charge(self, commission: Commission) -> None:
        """Take a commission off the cash."""
        self.cash -= commission.amount

    def open_profit(self, key: str, mark: Decimal) -> Decimal:
        """Return the profit of a future's open lots at `mark`, which is not cash yet."""
        multiplier = parse_key(key).multiplier
        lots = self._lots.get(key, ())
        return sum((lot.signed * (mark - lot.price) * multiplier for lot in lots), ZERO)

    def net_liquidation(self, mark: Callable[[str], Decimal]) -> Decimal:
        """Return cash plus positions at their marks (dollars per unit of price)."""
        total = self.cash
        for key, held in self.positions.items():
            instrument = parse_key(key)
            if instrument.kind is Kind.FUTURE:
                total += self.open_profit(key, mark(key))
            else:
                total += held * mark(key) * instrument.multiplier
        return total

    def _realise(self, instrument: Instrument, signed: int, price: Decimal) -> Decimal:
        lots = self._lots.setdefault(instrument.key, deque())
        realised = ZERO
        while signed and lots and (lots[0].signed > 0) != (signed > 0):
            first = lots[0]
            size = min(abs(signed), abs(first.signed))
            closed = size if first.signed > 0 else -size
            realised += closed * (price - first.price) * instrument.multiplier
            first.signed -= closed
            signed += closed
            if not first.signed:
                lots.popleft()
        if signed:
            lots.append(_Lot(signed, price))
        return realised


def initial_margin(
    positions: Mapping[str, int], index_level: Decimal, mark: Callable[[str], Decimal]
) -> Decimal:
    """Return the initial margin of a set of positions, dollars.

    Futures: a fixed amount per net contract of a symbol, months offset each other. Short options:
    the mark plus 20 % of the underlying less what it is out of the money, at least 10 % (the
    exchange minimum for broad-based index options, Cboe rule 10.3); a long option is paid for and
    needs none.
    """
    net: dict[str, int] = {}
    total = ZERO
    for key, held in positions.items():
        instrument = parse_key(key)
        if instrument.kind is Kind.FUTURE:
            net[instrument.symbol] = net.get(instrument.symbol, 0) + held
        elif held < 0:
            total -= held * _short_option_margin(instrument, index_level, mark(key))
    return total + sum((abs(held) * FUTURE_MARGIN[symbol] for symbol, held in net.items()), ZERO)


def _short_option_margin(option: Instrument, index_level: Decimal, mark: Decimal) -> Decimal:
    spot = index_level * Decimal(str(option.index_ratio))
    strike = option.strike or ZERO
    beyond = strike - spot if option.right is Right.CALL else spot - strike
    base = max(_SHORT_SHARE * spot - max(ZERO, beyond), _SHORT_FLOOR * spot)
    return (mark + base) * option.multiplier
