"""The simulated account: a fold over executions, exact to the cent.

Options and shares are paid in full when they trade. A future costs nothing to open; its profit
becomes cash as lots close, first in, first out, so that no division ever rounds. Cash is therefore
always the opening cash, minus what was paid, plus what was realised, minus fees, and can be
recomputed from the executions alone; positions are those the account opened with and what traded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import VIX, Instrument, Kind, Right, is_security, parse_key, stock
from hedgetui.ports.broker import Commission, Execution

OPENING_CASH = Decimal(100_000)

FUTURE_MARGIN = {
    "MES": Decimal(2_455), "ES": Decimal(24_550),
    "ZC": Decimal(1_200), "ZW": Decimal(2_000), "ZS": Decimal(2_200),
}  # fmt: skip
"""Initial margin of one net contract, dollars."""
_SHORT_SHARE = Decimal("0.20")
_SHORT_FLOOR = Decimal("0.10")
_LONG_SHARES = Decimal("0.50")
_SHORT_SHARES = Decimal("1.50")

ZERO = Decimal(0)


@dataclass(slots=True)
class _Lot:
    signed: int
    price: Decimal


class Account:
    """Positions, open futures lots and cash."""

    def __init__(
        self, cash: Decimal = OPENING_CASH, holdings: Mapping[str, int] | None = None
    ) -> None:
        """Start with `cash` dollars, and with `holdings` (signed, by key) that cost nothing.

        Raises:
            DataError: a holding is neither shares nor an option, but has a price of its own.
        """
        self.cash = cash
        self.positions: dict[str, int] = {
            key: held for key, held in (holdings or {}).items() if held
        }
        for key in self.positions:
            if parse_key(key).kind not in {Kind.STOCK, Kind.OPTION}:
                raise DataError(f"an account cannot open with {key}: only shares and options")
        self._lots: dict[str, deque[_Lot]] = {}

    @classmethod
    def of(
        cls,
        cash: Decimal,
        executions: Iterable[Execution],
        commissions: Iterable[Commission],
        holdings: Mapping[str, int] | None = None,
    ) -> Account:
        """Rebuild an account from what it opened with and everything executed and charged."""
        account = cls(cash, holdings)
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
    exchange minimum, Cboe rule 10.3); a long option is paid for and needs none. Shares: half the
    value of long ones, 150 % of that of short ones, whose proceeds lie in the cash (Federal Reserve
    Regulation T).
    """
    net: dict[str, int] = {}
    total = ZERO
    for key, held in positions.items():
        instrument = parse_key(key)
        if instrument.kind is Kind.FUTURE:
            net[instrument.symbol] = net.get(instrument.symbol, 0) + held
        elif instrument.kind is Kind.STOCK:
            total += abs(held) * mark(key) * (_LONG_SHARES if held > 0 else _SHORT_SHARES)
        elif held < 0:
            spot = index_level * Decimal(str(instrument.index_ratio))
            if is_security(key):
                spot = mark(VIX if instrument.symbol == VIX else stock(instrument.symbol).key)
            total -= held * _short_option_margin(instrument, spot, mark(key))
    return total + sum((abs(held) * FUTURE_MARGIN[symbol] for symbol, held in net.items()), ZERO)


def shares_value(positions: Mapping[str, int], mark: Callable[[str], Decimal]) -> Decimal:
    """Return what the long shares among positions are worth, dollars: they can be borrowed on."""
    return sum(
        (
            held * mark(key)
            for key, held in positions.items()
            if held > 0 and parse_key(key).kind is Kind.STOCK
        ),
        ZERO,
    )


def _short_option_margin(option: Instrument, spot: Decimal, mark: Decimal) -> Decimal:
    strike = option.strike or ZERO
    beyond = strike - spot if option.right is Right.CALL else spot - strike
    base = max(_SHORT_SHARE * spot - max(ZERO, beyond), _SHORT_FLOOR * spot)
    return (mark + base) * option.multiplier
