"""Does hedging pay? The strategy walked through recorded chains, a day at a time.

The walk uses the very functions the live desk uses: the scanner chooses, the band decides, the
ledger counts. It enters at the ask and leaves at the bid, hedges at the index level, and compares
the variance of the daily profit with what the same options would have done alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from statistics import variance

from hedgetui.domain.instruments import Instrument
from hedgetui.domain.pricing import black76
from hedgetui.domain.quotes import ChainSnapshot
from hedgetui.domain.units import Contracts, DollarsPerPoint, Timestamp
from hedgetui.domain.vega import strangle as st
from hedgetui.domain.vega.exposure import dollar_delta, sign, strike
from hedgetui.domain.vega.pool import HedgeShare, rebook
from hedgetui.domain.vega.scanner import ScanSettings, scan
from hedgetui.domain.vega.sizing import (
    MES_PER_POINT,
    RehedgeTo,
    hedge_contracts,
    net_delta,
    rehedge,
)
from hedgetui.domain.vega.surface import ExpirySurface, read_surfaces

_HEDGE_MULTIPLIER = Decimal(5)
_PRICE_DIGITS = 6


@dataclass(frozen=True, slots=True)
class StudySettings:
    """The rules of the walk; fees are dollars per contract and side."""

    scan: ScanSettings = field(default_factory=ScanSettings)
    lots: int = 10
    band: float = 10.0
    rehedge_to: RehedgeTo = RehedgeTo.CENTRE
    profit_target: float = 0.5
    """Leave when the options have gained this share of their cost."""
    loss_limit: float = 0.5
    """Leave when they have lost this share."""
    exit_dte: int = 2
    """Leave when this many days are left."""
    option_fee: Decimal = Decimal("0.65")
    future_fee: Decimal = Decimal("0.25")


@dataclass(frozen=True, slots=True)
class StudyTrade:
    """One strangle, from entry to exit; dollars."""

    name: str
    entered: date
    left: date
    why: str
    cost: float
    options: float
    hedge: float
    fees: float

    @property
    def net(self) -> float:
        """Everything."""
        return self.options + self.hedge - self.fees


@dataclass(frozen=True, slots=True)
class StudyHedge:
    """One hedge order, `contracts` signed."""

    day: date
    contracts: Contracts
    level: float
    net_before: DollarsPerPoint
    net_after: DollarsPerPoint


@dataclass(frozen=True, slots=True)
class StudyResult:
    """What the walk showed; variances are of daily dollars."""

    days: int
    trades: int
    hedge_orders: int
    pnl_options: float
    pnl_hedge: float
    fees: float
    var_hedged: float
    """Options, hedge and every fee."""
    var_unhedged: float
    """The same options and their own fees over the same days, without any hedge."""
    max_excess_contracts: float
    """The most by which an order exceeded the exposure it answered; rounding allows 0.5."""
    trade_log: tuple[StudyTrade, ...] = ()
    hedge_log: tuple[StudyHedge, ...] = ()
    blind_days: int = 0
    """Days on which a leg could not be priced, so that nothing was hedged."""

    def summary(self) -> dict[str, float]:
        """Return the figures without the logs, in the shape scripts rely on."""
        return {
            "days": self.days,
            "trades": self.trades,
            "hedge_orders": self.hedge_orders,
            "pnl_options": self.pnl_options,
            "pnl_hedge": self.pnl_hedge,
            "fees": self.fees,
            "var_hedged": self.var_hedged,
            "var_unhedged": self.var_unhedged,
            "max_excess_contracts": self.max_excess_contracts,
        }


def study(chain_days: Iterable[ChainSnapshot], settings: StudySettings) -> StudyResult:
    """Walk `chain_days`, oldest first, and return what happened.

    Each day: leave if a target, a limit or the calendar says so; enter the scanner's first choice
    when flat; hedge once, at entry whatever the band and later by the band. Whatever is open on the
    last day is sold. The chains should be in the points the strategy trades (XSP).
    """
    days = tuple(chain_days)
    walk = _Walk(settings)
    for place, chain in enumerate(days):
        walk.live(chain, last=place == len(days) - 1)
    return walk.result(len(days))


@dataclass(slots=True)
class _Today:
    """One day's chain, read."""

    chain: ChainSnapshot
    surfaces: dict[date, ExpirySurface]

    @property
    def day(self) -> date:
        return datetime.fromtimestamp(self.chain.at, UTC).date()

    @property
    def level(self) -> float:
        return self.chain.spot / self.chain.root.index_ratio

    def quote(self, leg: Instrument) -> tuple[float, float]:
        """Return (bid, ask) of a leg, NaN where not quoted."""
        surface = self.surfaces.get(leg.expiry) if leg.expiry else None
        if surface is None or leg.right is None:
            return math.nan, math.nan
        found = (abs(surface.quotes.strikes - strike(leg)) < 1e-9).nonzero()[0]
        if not found.size:
            return math.nan, math.nan
        bid, ask = surface.quotes.sides(leg.right)
        return float(bid[found[0]]), float(ask[found[0]])

    def delta(self, leg: Instrument) -> float | None:
        """Return the leg's own delta, None where its strike has no volatility."""
        surface = self.surfaces.get(leg.expiry) if leg.expiry else None
        vol = surface.vol_of(strike(leg)) if surface else None
        if surface is None or vol is None:
            return None
        return black76.greeks_one(
            surface.forward, strike(leg), surface.years, vol, sign(leg),
            discount=surface.discount, spot=surface.spot,
        ).delta  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Books:
    """Cumulated dollars; `fees` are all of them, `option_fees` those of the options."""

    options: Decimal = Decimal(0)
    hedge: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    option_fees: Decimal = Decimal(0)

    def plus(self, ledger: st.TradeLedger, option_fees: Decimal) -> _Books:
        """Return the books with one trade added."""
        return _Books(
            self.options + ledger.options,
            self.hedge + ledger.hedge,
            self.fees + ledger.fees,
            self.option_fees + option_fees,
        )


class _Walk:
    """The desk of the study: at most one trade and its hedge, and the books."""

    def __init__(self, settings: StudySettings) -> None:
        self._settings = settings
        self._trade: st.Strangle | None = None
        self._share = HedgeShare()
        self._marks: dict[str, Decimal] = {}
        self._trades: list[StudyTrade] = []
        self._hedges: list[StudyHedge] = []
        self._closed = _Books()
        self._daily: list[_Books] = []
        self._blind = 0

    def live(self, chain: ChainSnapshot, *, last: bool) -> None:
        """Take one day."""
        surfaces = read_surfaces(
            chain.root, chain.expiries, chain.spot, chain.at, rate=self._settings.scan.rate
        )
        today = _Today(chain, {surface.expiry: surface for surface in surfaces})
        entered = False
        if self._trade is not None:
            self._mark(self._trade, today)
            why = "end of data" if last else self._reason_to_leave(self._trade, today)
            if why:
                self._leave(self._trade, today, why)
        if self._trade is None and not last:
            entered = self._enter(today)
        if self._trade is not None:
            self._hedge(self._trade, today, initial=entered)
        self._count(today)

    def result(self, days: int) -> StudyResult:
        """Return the whole walk."""
        total = self._daily[-1] if self._daily else _Books()
        alone = _changes([books.options - books.option_fees for books in self._daily])
        together = _changes([books.options + books.hedge - books.fees for books in self._daily])
        excess = [
            abs(order.contracts) - abs(order.net_before) / MES_PER_POINT for order in self._hedges
        ]
        return StudyResult(
            days=days,
            trades=len(self._trades),
            hedge_orders=len(self._hedges),
            pnl_options=float(total.options),
            pnl_hedge=float(total.hedge),
            fees=float(total.fees),
            var_hedged=variance(together) if len(together) > 1 else 0.0,
            var_unhedged=variance(alone) if len(alone) > 1 else 0.0,
            max_excess_contracts=round(max([0.0, *excess]), _PRICE_DIGITS),
            trade_log=tuple(self._trades),
            hedge_log=tuple(self._hedges),
            blind_days=self._blind,
        )

    def _enter(self, today: _Today) -> bool:
        """Buy the scanner's first choice at the ask; False when it has none."""
        found = scan(today.chain, self._settings.scan, None, today.chain.at)
        if not found:
            return False
        best, lots = found[0], Contracts(self._settings.lots)
        trade = st.begin(
            str(len(self._trades) + 1), best.put.instrument, best.call.instrument, lots,
            today.chain.at,
        )  # fmt: skip
        for leg in (best.put, best.call):
            trade = self._fill(trade, leg.instrument, lots, _price(leg.ask), today.chain.at)
        self._trade, self._share, self._marks = trade, HedgeShare(), {}
        self._mark(trade, today)
        return True

    def _reason_to_leave(self, trade: st.Strangle, today: _Today) -> str:
        settings = self._settings
        gained = float(st.ledger(trade, self._marks).options)
        cost = float(trade.cost)
        if gained >= settings.profit_target * cost:
            return "profit target"
        if gained <= -settings.loss_limit * cost:
            return "loss limit"
        dte = trade.put.instrument.dte(today.chain.at)
        return f"{dte} days to expiry" if dte <= settings.exit_dte else ""

    def _leave(self, trade: st.Strangle, today: _Today, why: str) -> None:
        """Sell both legs at the bid and take the hedge off."""
        trade = st.begin_close(trade, today.chain.at)
        for leg in trade.legs:
            price = self._exit_price(leg.instrument, today)
            trade = self._fill(trade, leg.instrument, Contracts(-leg.held), price, today.chain.at)
        if self._share.contracts:
            self._order(Contracts(-self._share.contracts), DollarsPerPoint(0.0), today)
        ledger = st.ledger(trade, {}, self._share)
        opened = datetime.fromtimestamp(trade.opened_at, UTC).date()
        self._trades.append(
            StudyTrade(
                trade.name,
                opened,
                today.day,
                why,
                float(trade.cost),
                float(ledger.options),
                float(ledger.hedge),
                float(ledger.fees),
            )
        )
        self._closed = self._closed.plus(ledger, trade.commissions)
        self._trade, self._share = None, HedgeShare()

    def _hedge(self, trade: st.Strangle, today: _Today, *, initial: bool) -> None:
        deltas = [(leg, today.delta(leg.instrument)) for leg in trade.legs]
        options = 0.0
        for leg, delta in deltas:
            if delta is None:
                self._blind += 1
                return
            options += dollar_delta(leg.instrument, leg.held, delta)
        net = net_delta(DollarsPerPoint(options), self._share.contracts, 0)
        order = (
            hedge_contracts(net)
            if initial
            else rehedge(net, self._settings.band, self._settings.rehedge_to)
        )
        if order:
            self._order(order, DollarsPerPoint(options), today)

    def _order(self, order: Contracts, options: DollarsPerPoint, today: _Today) -> None:
        """Trade the hedge at the index level."""
        before = net_delta(options, self._share.contracts, 0)
        held = Contracts(self._share.contracts + order)
        price = _price(today.level)
        fee = abs(order) * self._settings.future_fee
        moved = rebook({"": self._share}, {"": held}, price=price, multiplier=_HEDGE_MULTIPLIER)
        share = moved[""]
        self._share = HedgeShare(share.contracts, share.cash, share.fees + fee)
        after = net_delta(options, held, 0)
        self._hedges.append(StudyHedge(today.day, order, today.level, before, after))

    def _fill(
        self,
        trade: st.Strangle,
        leg: Instrument,
        quantity: Contracts,
        price: Decimal,
        at: Timestamp,
    ) -> st.Strangle:
        fee = abs(quantity) * self._settings.option_fee
        return st.apply_fill(trade, st.OptionFill(leg.key, quantity, price, at, fee))

    def _mark(self, trade: st.Strangle, today: _Today) -> None:
        """Take today's mids; a leg without one keeps its last mark."""
        for leg in trade.legs:
            bid, ask = today.quote(leg.instrument)
            if bid <= ask:
                self._marks[leg.instrument.key] = _price((bid + ask) / 2)

    def _exit_price(self, leg: Instrument, today: _Today) -> Decimal:
        """The bid; nothing when only offered; intrinsic value once it has expired."""
        if leg.expires_at <= today.chain.at:
            return _price(max(0.0, sign(leg) * (today.chain.spot - strike(leg))))
        bid, ask = today.quote(leg)
        if math.isfinite(bid):
            return _price(bid)
        return Decimal(0) if math.isfinite(ask) else self._marks.get(leg.key, Decimal(0))

    def _count(self, today: _Today) -> None:
        """Close the day: closed trades and the open one, in dollars."""
        books, trade = self._closed, self._trade
        if trade is not None:
            mark = _price(today.level)
            ledger = st.ledger(trade, self._marks, self._share, hedge_mark=mark)
            books = books.plus(ledger, trade.commissions)
        self._daily.append(books)


def _price(value: float) -> Decimal:
    return Decimal(str(round(value, _PRICE_DIGITS)))


def _changes(cumulated: Sequence[Decimal]) -> list[float]:
    """Return daily changes; the first day starts from nothing."""
    starts = [Decimal(0), *cumulated]
    return [float(after - before) for before, after in zip(starts, cumulated, strict=False)]
