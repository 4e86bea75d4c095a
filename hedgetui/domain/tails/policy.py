"""How keys are hedged, at three levels: the instance, a futures exchange, one key.

The narrower level wins value by value, so a key may have its own threshold and the exchange's
mode. What a person sets later replaces the configured value of that level and leaves the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from hedgetui.domain.errors import DataError
from hedgetui.domain.tails.contracts import EXCHANGES, terms
from hedgetui.domain.tails.facts import PolicySet
from hedgetui.domain.tails.model import Key, Mode, Policy
from hedgetui.domain.tails.rules import check_policy, check_ticks
from hedgetui.domain.text import safe

INSTANCE, KEY, EXCHANGE_PREFIX = "instance", "key", "exchange:"


@dataclass(frozen=True, slots=True)
class Override:
    """Values of one level; None is whatever the wider level says."""

    mode: Mode | None = None
    threshold_pct: int | None = None
    ticks_into_market: int | None = None

    def over(self, wider: Override) -> Override:
        """Return these values, and the wider ones where there is none."""
        return Override(
            wider.mode if self.mode is None else self.mode,
            wider.threshold_pct if self.threshold_pct is None else self.threshold_pct,
            wider.ticks_into_market if self.ticks_into_market is None else self.ticks_into_market,
        )

    def applied(self, policy: Policy) -> Policy:
        """Return `policy` with these values instead of its own."""
        return Policy(
            policy.mode if self.mode is None else self.mode,
            policy.threshold_pct if self.threshold_pct is None else self.threshold_pct,
            policy.ticks_into_market if self.ticks_into_market is None else self.ticks_into_market,
        )


_NOTHING = Override()
CAUTIOUS = Policy(Mode.MANUAL, 51)
"""Where nothing is configured, nothing is placed by rule."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Every value of every level."""

    instance: Policy = CAUTIOUS
    exchanges: Mapping[str, Override] = field(default_factory=dict)
    keys: Mapping[Key, Override] = field(default_factory=dict)

    def policy(self, key: Key) -> Policy:
        """Return how a key is hedged: by nobody where its mode may not have its threshold.

        Raises:
            DataError: its contract is not known.
        """
        policy = self.wanted(key)
        if check_policy(policy.mode, policy.threshold_pct):
            return replace(policy, mode=Mode.MANUAL)
        return policy

    def wanted(self, key: Key) -> Policy:
        """Return what the levels add up to, which no rule may follow if `check_policy` objects.

        A person's mode in the journal may meet a threshold that was configured later.

        Raises:
            DataError: its contract is not known.
        """
        exchange = self.exchanges.get(terms(key.contract).exchange, _NOTHING)
        return self.keys.get(key, _NOTHING).over(exchange).applied(self.instance)

    def changed(self, event: PolicySet) -> Levels:
        """Return the levels after a person's change; None leaves a value as it was.

        A change of a level that does not exist changes nothing.
        """
        change = Override(event.mode, event.threshold_pct, event.ticks_into_market)
        if event.scope == INSTANCE:
            return replace(self, instance=change.applied(self.instance))
        if event.scope == KEY and event.key is not None:
            merged = change.over(self.keys.get(event.key, _NOTHING))
            return replace(self, keys={**self.keys, event.key: merged})
        if event.scope.startswith(EXCHANGE_PREFIX):
            exchange = event.scope.removeprefix(EXCHANGE_PREFIX)
            merged = change.over(self.exchanges.get(exchange, _NOTHING))
            return replace(self, exchanges={**self.exchanges, exchange: merged})
        return self

    def objection(self, keys: Iterable[Key] = ()) -> str:
        """Return the first level or key that may not be hedged so, and why; empty when all may.

        Args:
            keys: known ones beside those that have values of their own.
        """
        for where, policy in self._effective(keys):
            if why := _wrong(where, policy):
                return why
        return ""

    def _effective(self, keys: Iterable[Key]) -> Iterable[tuple[str, Policy]]:
        yield INSTANCE, self.instance
        for exchange, override in self.exchanges.items():
            yield EXCHANGE_PREFIX + exchange, override.applied(self.instance)
        for key in sorted({*self.keys, *keys}):
            yield str(key), self.wanted(key)


def _wrong(where: str, policy: Policy) -> str:
    why = check_policy(policy.mode, policy.threshold_pct) or check_ticks(policy.ticks_into_market)
    return f"{where}: {why}" if why else ""


def policy_objection(levels: Levels, event: PolicySet, keys: Iterable[Key] = ()) -> str:
    """Return why a change of policy is refused, naming key and reason; empty when it is not."""
    if why := _scope_objection(event):
        return why
    changed = levels.changed(event)
    if event.key is not None and event.scope == KEY:  # another key's fault does not stop it
        return _wrong(str(event.key), changed.wanted(event.key))
    return changed.objection(keys)


def _scope_objection(event: PolicySet) -> str:
    if event.scope == KEY:
        if event.key is None:
            return "key: none is named"
        try:
            terms(event.key.contract)
        except DataError as error:
            return f"contract: {error.message}"
        return ""
    if event.scope == INSTANCE:
        return ""
    exchange = event.scope.removeprefix(EXCHANGE_PREFIX)
    if event.scope.startswith(EXCHANGE_PREFIX) and exchange in EXCHANGES:
        return ""
    known = ", ".join(sorted(EXCHANGE_PREFIX + name for name in EXCHANGES))
    return f"scope: {safe(event.scope, 40)!r} is none of instance, key, {known}"
