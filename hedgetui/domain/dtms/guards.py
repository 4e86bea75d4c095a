"""What must hold before a trade changes its state, each as a condition with its words.

The words and the decision are one: a transition is made exactly when every guard of it holds, so
the screen cannot show something else than what the machine decided. What is not known does not
hold.
"""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.domain.dtms.model import Rules, RuleSet, State, Trade
from hedgetui.domain.dtms.reading import Reading
from hedgetui.domain.dtms.regime import ThresholdScale, threshold_multiplier
from hedgetui.domain.units import Timestamp

_EPSILON = 1e-9
"""A sum of components that should be -6 may be -5.9999999999."""
_JITTER = 2.0
"""Seconds: bars close on a grid, evaluations a moment later than that, never equally late."""
_SCALE = ThresholdScale()


@dataclass(frozen=True, slots=True)
class Counters:
    """Consecutive deep evaluations each guard held; a fresh record after any doubt.

    They count in one state: what held before a transition counts for nothing after it.
    """

    state: State | None = None
    """Where they were counted."""
    l1: int = 0
    l2: int = 0
    calm: int = 0
    ease: int = 0
    recovered: int = 0


@dataclass(frozen=True, slots=True)
class View:
    """Everything one evaluation looks at; the reading is as the trade sees it (`seen_by`)."""

    now: Timestamp
    reading: Reading | None
    """None when there is nothing new to score, or no score; timers go on."""
    deep: bool
    """True once per closed M5 bar, or in an emergency: counters move only then."""
    u: float | None
    """Running result in R at the closing-side price; None without a fresh price."""
    spread_ratio: float | None
    """Spread to its median; None where one is not known."""
    emergency: bool = False
    """Two evaluations become one, the dwell is waived."""
    main_gone: str = ""
    """Proven by an OUT deal: why. Empty while it is there, or not known."""
    hedge_gone: str = ""
    """The same of the hedge."""
    opening_blocked: str = ""
    """A rail, a latch or the automation: nothing is opened, and these words are shown."""


@dataclass(frozen=True, slots=True)
class Guard:
    """One condition of a transition that could come next."""

    rule: str
    """`T5`."""
    before: State
    after: State
    words: str
    """`score -5.2 ≤ -6.0`, `4:40 of 10:00 in WARNING_L2`, …"""
    ok: bool

    @property
    def title(self) -> str:
        """`T5 WARNING_L2→HEDGED`."""
        return f"{self.rule} {self.before}→{self.after}"


Check = tuple[str, bool]
"""A condition in words, and whether it holds."""


class Scene:
    """One evaluation's questions; each answers a condition in words and whether it holds."""

    __slots__ = ("bare", "confirm", "counters", "factor", "rules", "score", "trade", "view")

    def __init__(self, trade: Trade, counters: Counters, view: View, rules: Rules) -> None:
        self.trade = trade
        self.view = view
        self.rules = rules
        self.bare = rules.rule_set is RuleSet.REFERENCE
        self.factor = 1.0
        if rules.adaptive and view.reading is not None:
            self.factor = threshold_multiplier(view.reading.regime, _SCALE)
        self.score = None if view.reading is None else view.reading.score
        self.confirm = 1 if self.bare or view.emergency else rules.confirm
        self.counters = self._counted(counters)

    def _counted(self, counters: Counters) -> Counters:
        """Return the counters after this evaluation; unchanged by a shallow one."""
        if counters.state is not self.trade.state:
            counters = Counters(self.trade.state)
        if not self.view.deep:
            return counters
        score, rules = self.score, self.rules
        if score is None:
            return Counters(self.trade.state)
        return Counters(
            self.trade.state,
            counters.l1 + 1 if self._down(rules.l1_score) else 0,
            counters.l2 + 1 if self._down(rules.l2_score) else 0,
            counters.calm + 1 if score >= rules.calm_score - _EPSILON else 0,
            counters.ease + 1 if score >= rules.ease_score - _EPSILON else 0,
            counters.recovered + 1 if score >= rules.recovered_score - _EPSILON else 0,
        )

    def _down(self, threshold: float) -> bool:
        return self.score is not None and self.score <= threshold * self.factor + _EPSILON

    def at_most(self, threshold: float, held: int) -> Check:
        """The score is at or below a threshold, as many evaluations in a row as needed."""
        return self._scored("≤", threshold * self.factor, held, holds=self._down(threshold))

    def at_least(self, threshold: float, held: int) -> Check:
        """The score is at or above a threshold, as many evaluations in a row as needed."""
        holds = self.score is not None and self.score >= threshold - _EPSILON
        return self._scored("≥", threshold, held, holds=holds)

    def _scored(self, sign: str, threshold: float, held: int, *, holds: bool) -> Check:
        if self.score is None:
            return "no score", False
        times = f" ×{self.confirm} ({min(held, self.confirm)})" if self.confirm > 1 else ""
        words = f"score {self.score:+.1f} {sign} {threshold:+.1f}{times}"
        return words, holds and held >= self.confirm

    def overdue_score(self, *, good: bool) -> Check:
        """At the recovery deadline the score alone decides; without one nothing is decided."""
        if self.score is None:
            return "no score at the deadline", False
        threshold = self.rules.l1_score * self.factor
        bad = self._down(self.rules.l1_score)
        sign = ">" if good else "≤"
        return f"score {self.score:+.1f} {sign} {threshold:+.1f}", bad is not good

    def against(self) -> Check:
        """The score alone, or the two flips together, call for a hedge."""
        reading, rules = self.view.reading, self.rules
        if reading is None or self.score is None:
            return "no score", False
        flips = reading.vwap_flip < 0 and reading.volume_flip < 0
        confluence = flips and (self.bare or self._down(rules.l2_score))
        threshold = rules.hedge_score * self.factor
        if self._down(rules.hedge_score):
            return f"score {self.score:+.1f} ≤ {threshold:+.1f}", True
        if confluence:
            return f"VWAP and volume flipped against, score {self.score:+.1f}", True
        return f"score {self.score:+.1f} ≤ {threshold:+.1f} or confluence", False

    def dwell(self) -> Check:
        """The trade has been in its state long enough."""
        spent = self.view.now - self.trade.since
        whole = self.rules.dwell
        if self.bare or self.view.emergency:
            return "dwell waived", True
        words = f"{_clock(min(spent, whole))} of {_clock(whole)} in {self.trade.state}"
        return words, spent >= whole - _JITTER

    def u_at_most(self, limit: float) -> Check:
        """The trade runs at or below a loss."""
        u = self.view.u
        if u is None:
            return "no price", False
        return f"u {u:+.2f} ≤ {limit:+.2f}", u <= limit + _EPSILON

    def u_below(self, limit: float) -> Check:
        """The trade has not run far into profit."""
        u = self.view.u
        if u is None:
            return "no price", False
        return f"u {u:+.2f} < {limit:+.2f}", u < limit - _EPSILON

    def hedges_left(self) -> Check:
        """A trade is not hedged again and again."""
        done, most = self.trade.hedges, self.rules.max_hedges
        return f"hedges {done} < {most}", done < most

    def spread(self) -> Check:
        """The spread is not out of the ordinary."""
        ratio, limit = self.view.spread_ratio, self.rules.spread_limit
        if ratio is None:
            return "spread not known", False
        return f"spread {ratio:.1f}× ≤ {limit:.1f}× median", ratio <= limit + _EPSILON

    def deadline(self, name: str, at: Timestamp | None) -> Check:
        """A moment has come."""
        if at is None:
            return f"no {name}", False
        left = at - self.view.now
        if left > 0:
            return f"{name} in {_clock(left)}", False
        return f"{name} reached", True

    def before(self, name: str, at: Timestamp | None) -> Check:
        """A moment has not passed yet."""
        passed = at is not None and self.view.now > at
        return (f"{name} passed" if passed else f"before the {name}"), not passed

    def hedge_stands(self) -> Check:
        """There is a hedge to close."""
        stands = self.trade.hedge is not None and not self.view.hedge_gone
        return ("hedge stands" if stands else "no hedge stands"), stands

    def hedge_gone(self) -> Check:
        """There is none any more."""
        if self.view.hedge_gone:
            return f"hedge gone: {self.view.hedge_gone}", True
        gone = self.trade.hedge is None
        return ("no hedge stands" if gone else "hedge stands"), gone

    def broken_against(self) -> Check:
        """Structure broke against the trade after the hedge."""
        event = self._fresh_event()
        if event < 0:
            return f"{_break(event)} against", True
        return "BOS or CHOCH against", False

    def turned(self) -> Check:
        """Structure broke in favour after the hedge, or the score has come back."""
        event = self._fresh_event()
        if event > 0:
            return f"{_break(event)} in favour", True
        if self.score is None:
            return "BOS or CHOCH in favour", False
        rules = self.rules
        held = self.counters.ease >= self.confirm
        holds = held and self.score >= rules.unhedge_score - _EPSILON
        before = f" after ≥ {rules.ease_score:+.1f}" if self.confirm > 1 else ""
        words = f"score {self.score:+.1f} ≥ {rules.unhedge_score:+.1f}{before}"
        return (words if holds else f"BOS or CHOCH in favour, or {words}"), holds

    def _fresh_event(self) -> int:
        """Return the break of an M15 bar that closed after the hedge; 0 for none."""
        reading, hedge = self.view.reading, self.trade.hedge
        if reading is None or reading.structure_at is None:
            return 0
        since = self.trade.since if hedge is None else max(hedge.at, self.trade.since)
        return reading.structure_event if reading.structure_at > since else 0

    @property
    def in_grace(self) -> bool:
        """Whether the trade was adopted so lately that only a loss moves it."""
        if self.bare or self.view.now >= self.trade.adopted_at + self.rules.grace:
            return False
        return self.view.u is None or self.view.u > self.rules.grace_u + _EPSILON


def _break(event: int) -> str:
    return "BOS" if abs(event) > 1 else "CHOCH"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes}:{rest:02d}"
