"""The band in force: preset or value, widened or narrowed by theory when that is chosen."""

from __future__ import annotations

from hedgetui.domain.instruments import FUTURES
from hedgetui.domain.units import DollarsPerPoint
from hedgetui.domain.vega.bands import Band, BandInputs, BandRule, band
from hedgetui.domain.vega.decide import HedgeRule
from hedgetui.engine.board import Board
from hedgetui.engine.services.book import Measured, exposed, held_legs
from hedgetui.engine.settings import VegaRules
from hedgetui.engine.state import DeskState
from hedgetui.ports.clock import Clock


class Bands:
    """Resolves the hedge rule's numbers for the book as it is."""

    def __init__(self, board: Board, clock: Clock, rules: VegaRules) -> None:
        self._board = board
        self._clock = clock
        self._rules = rules
        multiplier, self._tick, ratio = FUTURES[rules.hedge_symbol]
        self.per_contract = DollarsPerPoint(float(multiplier) * ratio)
        """Δ$ of one hedge contract."""

    def target(self, state: DeskState) -> DollarsPerPoint:
        """Return the net delta aimed at: zero when no option is held, whatever is configured."""
        held = exposed(state.open_strangles, self._clock.now())
        return DollarsPerPoint(self._rules.target if held else 0.0)

    def rule(self, state: DeskState, measured: Measured) -> HedgeRule:
        """Return the rule with its effective band."""
        return HedgeRule(
            band=self._band(state, measured).effective,
            target=DollarsPerPoint(self._rules.target),
            ratio=self._rules.ratio,
            mode=self._rules.rehedge_to,
            per_contract=self.per_contract,
        )

    def theory(self, state: DeskState, measured: Measured) -> float | None:
        """Return what the cost-aware rule asks for, or None when the band is fixed."""
        if self._rules.band_rule is BandRule.FIXED:
            return None
        return self._band(state, measured).theory

    def _band(self, state: DeskState, measured: Measured) -> Band:
        inputs = None
        if self._rules.band_rule is not BandRule.FIXED:
            inputs = self._inputs(state, measured)
        return band(self._rules.band_rule, state.max_delta, inputs, per_contract=self.per_contract)

    def _inputs(self, state: DeskState, measured: Measured) -> BandInputs | None:
        legs = held_legs(state.open_strangles)
        vols = [greeks.iv for greeks in measured.greeks.values()]
        if not legs or not vols or self._board.index_level is None:
            return None
        now = self._clock.now()
        half_tick = float(self._tick) / 2 * float(self.per_contract)
        return BandInputs(
            gamma=measured.exposure.gamma,
            cost_per_contract=self._rules.future_fee + half_tick,
            risk_aversion=self._rules.risk_aversion,
            vol=sum(vols) / len(vols),
            years=min(leg.instrument.years_left(now) for leg in legs),
            level=self._board.index_level,
            per_contract=self.per_contract,
        )
