"""A deterministic MT5 broker: one account, its symbols, and everything that happens to it.

Synchronous and without a clock of its own: whoever drives it says what time it is, and everything
up to that moment happens in order. Prices are a function of seed, start and time; what traders did
is kept in a file before anybody is told.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from hedgetui.domain.errors import StoreError
from hedgetui.domain.mt5.records import DealReason
from hedgetui.domain.units import Timestamp
from hedgetui.simulation.mt5.checks import Case, objection, would_hold
from hedgetui.simulation.mt5.codes import Ret, words
from hedgetui.simulation.mt5.control import Mt5Control
from hedgetui.simulation.mt5.dealing import Dealer
from hedgetui.simulation.mt5.grid import Grids
from hedgetui.simulation.mt5.hours import DAY_S
from hedgetui.simulation.mt5.ledger import Ledger
from hedgetui.simulation.mt5.market import Quoted, SymbolMarket
from hedgetui.simulation.mt5.orders import Act, Booked, Holding, Instruction, Outcome, Waiting
from hedgetui.simulation.mt5.path import Push, SeededGrids
from hedgetui.simulation.mt5.playback import RecordedGrids
from hedgetui.simulation.mt5.state import Snapshot, StateFile
from hedgetui.simulation.mt5.valuation import Standing, Valuation
from hedgetui.simulation.mt5.walk import Walker
from hedgetui.simulation.mt5.world import Hand, HandTrade, Mt5World

_MOST_EVENTS = 10_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the terminal sees of the account; older than now while it is cut off."""

    at: Timestamp
    holdings: tuple[Holding, ...]
    standing: Standing


class Venue:
    """The broker's side of everything."""

    def __init__(
        self, world: Mt5World, *, seed: int, start: Timestamp, state_path: Path | None = None
    ) -> None:
        """Open a world; with a `state_path` come back to what an earlier process had told.

        Raises:
            DataError: the state file holds something else.
            StoreError: the state file cannot be read, or belongs to another world.
        """
        self.world = world
        self._file = StateFile(state_path)
        self._market = f"{world.name}:{seed}:{world.account.login}:{world.account.mode.name}"
        kept = self._file.load()
        if kept is not None and kept.market != self._market:
            raise StoreError(
                f"{state_path}: of another market ({kept.market}, not {self._market})",
                hint="use the same seed, or another --state file",
            )
        self.start = Timestamp(kept.start if kept is not None else float(start))
        self.at = self.start
        self.control = Mt5Control(self)
        self.markets = {
            name: SymbolMarket(terms, self._grids(name, seed))
            for name, terms in world.symbols.items()
        }
        self.ledger = Ledger(world.account, self.start)
        self.valuation = Valuation(self.markets, world.account)
        self.dealer = Dealer(self.ledger, self.valuation, self.control)
        self.hands_done: set[int] = set()
        self.names: dict[str, int] = {}
        """Identifiers of the positions a plan has named."""
        self.rolled_at = float(self.start)
        self.pushed: list[Push] = []
        self._walker = Walker(self)
        self._changed = False
        if kept is not None:
            self._resume(kept)

    def advance(self, now: float) -> None:
        """Let everything happen up to `now`; a time that is past changes nothing.

        Raises:
            StoreError: what happened could not be kept.
        """
        while True:
            horizon = min(max(now, self.at), self.at + DAY_S)
            for _ in range(_MOST_EVENTS):
                event = self._walker.next(self.at, horizon)
                if event is None:
                    break
                self.at = Timestamp(event.at)
                event.do(event.at)
                self._changed = True
            self.at = Timestamp(horizon)
            if horizon >= now:
                break
        self._keep()

    def submit(self, asked: Instruction) -> Outcome:
        """Take a request now: refuse it, execute it, or accept it for later.

        Raises:
            StoreError: what happened could not be kept; nobody may be told.
        """
        outcome = self._process(asked)
        self._keep()
        return outcome

    def check(self, asked: Instruction) -> tuple[int, Standing]:
        """Return the code a request would get (0 if it would pass) and the account after it."""
        asked = self._completed(asked)
        standing = self.valuation.standing(self.ledger, self.at)
        case = self._case(asked)
        if case is None:
            return Ret.INVALID, standing
        code = objection(case)
        if asked.action == Act.DEAL and asked.sign:
            margin = self.valuation.margin(would_hold(case), self.at)
            standing = replace(standing, margin=margin)
        return code or Ret.CHECKED, standing

    def tradable(self, symbol: str, at: float) -> Quoted | None:
        """Return the price of a symbol if it trades at that moment."""
        market = self.markets.get(symbol)
        if market is None or self.control.is_halted(symbol) or not market.is_open(at):
            return None
        return market.quote(at)

    def shown(self) -> Shown:
        """Return the account as the server shows it to the terminal now."""
        held = tuple(replace(holding) for holding in self.ledger.holdings.values())
        return Shown(self.at, held, self.valuation.standing(self.ledger, self.at))

    def told_deals(self) -> Iterable[Booked]:
        """Return the deals the history shows now, oldest first."""
        upto = self.at - self.control.history_lag_s
        return (deal for deal in self.ledger.deals if deal.at <= upto)

    def release(self, order: Waiting, at: float) -> None:
        """Execute an accepted order; what is impossible meanwhile is cancelled."""
        self.ledger.waiting.remove(order)
        case = self._case(order.instruction)
        if case is None or objection(case) is not None:
            return
        self.dealer.execute(order.instruction, case.terms, case.quote, at, order.ticket)

    def by_plan(self, number: int, trade: HandTrade, at: float) -> None:
        """Do what a person does according to the plan."""
        self.hands_done.add(number)
        identifier = self.names.get(trade.name, 0)
        holding = self.ledger.by_identifier(identifier)
        quote = self.markets[trade.symbol].quote(at)
        if quote is None or (holding is None and trade.act is not Hand.OPEN):
            return
        asked = self._by_hand(trade, holding, quote)
        outcome = self._process(asked)
        if outcome.retcode not in {Ret.DONE, Ret.DONE_PARTIAL}:
            _log.warning("the plan's %s %s: %s", trade.act, trade.name, words(outcome.retcode))
        elif trade.act is Hand.OPEN:
            opened = self.ledger.holdings.get(outcome.order) or self.ledger.of(trade.symbol)[0]
            self.names[trade.name] = opened.identifier

    def push(self, push: Push) -> None:
        """Move a symbol's price from now on; kept, so that a later process sees the same market."""
        market = self.markets[push.symbol]
        if isinstance(market.grids, SeededGrids):
            market.grids.push(push)
            market.forget(self.start + push.at_s)
            self.pushed.append(push)
            self._changed = True
            self._keep()

    def touch(self) -> None:
        """Keep what was changed from outside."""
        self._changed = True
        self._keep()

    def filling(self, symbol: str) -> int:
        """Return a filling a symbol takes, as a terminal's own order window chooses it."""
        terms = self.markets[symbol].terms
        return 0 if terms.exemode <= 1 or terms.filling_mask & 1 else 1

    def _process(self, asked: Instruction) -> Outcome:
        asked = self._completed(asked)
        case = self._case(asked)
        if case is None:
            gone = asked.position and not asked.symbol
            return Outcome(Ret.POSITION_CLOSED if gone else Ret.INVALID)
        code = objection(case)
        if code is not None:
            return Outcome(code, bid=case.quote.bid, ask=case.quote.ask)
        self._changed = True
        if self.control.placed_s and asked.action == Act.DEAL:
            order = self.ledger.order_number()
            due = self.at + self.control.placed_s
            self.ledger.waiting.append(Waiting(order, self.at, due, asked))
            return Outcome(Ret.PLACED, 0, order, asked.volume)
        return self.dealer.execute(asked, case.terms, case.quote, self.at)

    def _completed(self, asked: Instruction) -> Instruction:
        """Return a request with the symbol of the position it names."""
        holding = self.ledger.holdings.get(asked.position)
        if asked.symbol or holding is None:
            return asked
        return replace(asked, symbol=holding.symbol)

    def _case(self, asked: Instruction) -> Case | None:
        market = self.markets.get(asked.symbol)
        quote = market.quote(self.at) if market is not None else None
        if market is None or quote is None:
            return None
        trades = self.tradable(asked.symbol, self.at) is not None
        return Case(asked, market.terms, quote, trades, self.ledger, self.valuation, self.at)

    def _by_hand(self, trade: HandTrade, holding: Holding | None, quote: Quoted) -> Instruction:
        terms = self.markets[trade.symbol].terms
        sign = trade.side.sign if holding is None else holding.sign
        price = quote.closing(sign)
        sl = terms.rounded(price - sign * trade.stop) if trade.stop else 0.0
        tp = terms.rounded(price + sign * trade.target) if trade.target else 0.0
        basis = Instruction(
            Act.DEAL, trade.symbol, sign, Decimal(trade.volume), quote.opening(sign), sl, tp, 50,
            self.filling(trade.symbol), reason=int(DealReason.CLIENT),
        )  # fmt: skip
        if holding is None:
            return basis
        if trade.act is Hand.STOP:
            return replace(basis, action=int(Act.SLTP), position=holding.ticket)
        volume = basis.volume or holding.volume
        return replace(
            basis, sign=-sign, position=holding.ticket, volume=volume, sl=0.0, tp=0.0,
            price=quote.opening(-sign),
        )  # fmt: skip

    def _grids(self, name: str, seed: int) -> Grids:
        terms = self.world.symbols[name]
        recorded = self.world.recordings.get(name)
        if recorded is not None:
            return RecordedGrids(terms, recorded)
        return SeededGrids(
            terms, seed=seed, start=self.start, pushes=self.world.pushes,
            liveliness=self.world.liveliness.get(name, 1.0),
        )  # fmt: skip

    def _resume(self, kept: Snapshot) -> None:
        self.at = Timestamp(kept.at)
        self.rolled_at = kept.rolled_at
        self.hands_done, self.names = set(kept.hands_done), dict(kept.names)
        ledger = self.ledger
        ledger.restore(list(kept.deals))
        ledger.holdings = {holding.ticket: holding for holding in kept.holdings}
        ledger.waiting = list(kept.waiting)
        ledger.next_order, ledger.next_deal = kept.next_order, kept.next_deal
        for push in kept.pushes:
            grids = self.markets[push.symbol].grids
            if isinstance(grids, SeededGrids):
                grids.push(push)
                self.pushed.append(push)

    def _keep(self) -> None:
        if not self._changed:
            return
        ledger = self.ledger
        self._file.save(Snapshot(
            self._market, self.start, self.at, ledger.next_order, ledger.next_deal,
            self.rolled_at, tuple(sorted(self.hands_done)), self.names,
            tuple(ledger.holdings.values()), tuple(ledger.waiting), tuple(ledger.deals),
            tuple(self.pushed),
        ))  # fmt: skip
        self._changed = False
