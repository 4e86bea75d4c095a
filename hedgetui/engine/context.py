"""Gathering what the risk gates look at, in one place and at one moment."""

from __future__ import annotations

from hedgetui.domain import orders as od
from hedgetui.domain import parity
from hedgetui.domain.events import LinkState
from hedgetui.domain.instruments import Kind, parse_key
from hedgetui.domain.risk import RiskContext
from hedgetui.engine.arming import account_of
from hedgetui.engine.parts import Parts
from hedgetui.engine.services import book, results
from hedgetui.ports import broker as br


class Contexts:
    """Builds a `RiskContext` for a draft from the present state and market."""

    def __init__(self, parts: Parts) -> None:
        self._recorder = parts.recorder
        self._board = parts.board
        self._clock = parts.clock
        self._broker = parts.broker
        self._bands = parts.bands
        self._settings = parts.settings
        self.active_month = ""
        """Key of the active hedge month, for valuing the pool."""
        self.accept_stale = False
        """Set while a person confirms a hedge on own model greeks."""

    def of(
        self,
        draft: od.OrderDraft,
        margin: br.Margin | None,
        flattening: bool,  # noqa: FBT001
    ) -> RiskContext:
        """Return everything the gates need to judge `draft` now."""
        state, now = self._recorder.state, self._clock.now()
        instrument = parse_key(draft.instrument_key)
        future = instrument.kind is Kind.FUTURE
        venue = state.venue(instrument.symbol)
        latches = tuple(state.latches.values())
        if self._recorder.failed:
            latches = (*latches, self._recorder.failed)
        return RiskContext(
            now=now,
            limits=self._settings.limits,
            instrument=instrument,
            latches=latches,
            frozen="freeze" in state.latches or bool(self._recorder.failed),
            armed=state.armed,
            enabled=state.enabled,
            link_ready=state.link is LinkState.READY,
            synced=state.synced_session == state.session,
            venue_open=venue.open,
            venue_reason=venue.reason,
            account=self._broker.account,
            expected_account=account_of(self._settings, state),
            position=state.hedge_position(instrument.symbol)
            if future
            else state.positions.get(instrument.key, 0),
            legs={leg.key: state.positions.get(leg.key, 0) for leg in instrument.legs},
            live=state.live_intents,
            quote=self._board.quote(instrument.key),
            exposure=self._exposure(draft) if draft.purpose.is_hedge else None,
            sent=state.sent,
            day_pnl=results.day_profit(state, self._board, self.active_month, now),
            margin_headroom=None if margin is None else float(margin.headroom_after),
            margin_change=None if margin is None else float(margin.initial_change),
            live_money=self._broker.environment is br.Environment.LIVE,
            flattening=flattening,
        )

    def _exposure(self, draft: od.OrderDraft) -> parity.Exposure | None:
        state = self._recorder.state
        measured = book.measure(
            state, self._board, self._clock.now(), self._settings.vega,
            accept_stale=self.accept_stale,
        )  # fmt: skip
        instrument = parse_key(draft.instrument_key)
        target = self._bands.target(state)
        return book.price_exposure(state, self._board, measured, instrument, target)
