"""What a person's key would send or book for a tail, computed before anyone confirms it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hedgetui.domain import orders as od
from hedgetui.domain import risk
from hedgetui.domain.instruments import parse_key
from hedgetui.domain.risk import RiskContext
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.checks import objection
from hedgetui.domain.tails.contracts import terms
from hedgetui.domain.tails.model import Key, Mode, Policy, Units
from hedgetui.domain.tails.roll import KeyMove, RollPlan, plan_roll
from hedgetui.domain.tails.rules import offer, propose, threshold_units
from hedgetui.domain.units import Timestamp
from hedgetui.engine.tails.parts import TailParts
from hedgetui.engine.tails.placing import Hedge, Placing, order_words
from hedgetui.ports import desk as dk

TAIL, ADJUST, ROLL = "tail", "adjust", "tailroll"
KINDS = (TAIL, ADJUST, ROLL)


@dataclass(frozen=True, slots=True)
class Planned:
    """A preview and what confirming it does."""

    view: dk.Preview
    hedges: tuple[Hedge, ...] = ()
    events: tuple[tf.OffsetBooked, ...] = ()
    denial: str = ""
    """Code of the first gate that refuses; empty when none does."""
    into: str = ""
    """Of a roll: the new contract."""

    @property
    def key(self) -> Key:
        """Whose tail it is."""
        return self.hedges[0].key if self.hedges else self.events[0].key

    @property
    def terms(self) -> tuple[object, ...]:
        """What a person agreed to; prices follow the market."""
        orders = tuple((h.key, h.draft.side, h.draft.quantity) for h in self.hedges)
        return (*orders, *(replace(event, user="", roll="") for event in self.events))


class TailPlanner:
    """Computes previews; sends and books nothing."""

    def __init__(self, parts: TailParts, placing: Placing) -> None:
        self._parts = parts
        self._placing = placing
        self._count = 0

    def hedge(self, key: Key, by: str) -> Planned | str:
        """Plan the hedge of one tail now; a text says why there is none."""
        ledger = self._parts.ledger
        size, policy = terms(key.contract).size, ledger.policy(key)
        proposal = offer(ledger.e(key), size, policy)
        if proposal is None:
            need = threshold_units(size, policy)
            return f"{key}: {ledger.e(key):+,} is under the threshold of {need:,}"
        hedge = self._placing.hedge(key, proposal, by)
        if isinstance(hedge, str):
            return hedge
        lots = hedge.draft.quantity
        after = ledger.e(key) + hedge.draft.signed * size
        more = f", {proposal.lots - lots} more follow by rule" if proposal.lots > lots else ""
        lines = (
            ("balance", self._balance_words(key)),
            ("threshold", self._threshold_words(key)),
            ("after", f"{after:+,} {terms(key.contract).unit} once filled{more}"),
            ("covers", hedge.trigger or "the oldest open cash first"),
            ("market", self._market_words(key)),
            ("worth", self._worth_words(hedge)),
        )
        context = self._placing.context(hedge, None)
        checks, denial = judged(hedge, context)
        title = f"HEDGE TAIL {key.account}: {order_words(hedge)}"
        return Planned(self._view(TAIL, title, lines, (hedge,), checks), (hedge,), denial=denial)

    def adjust(self, key: Key, units: int, comment: str, by: str) -> Planned | str:
        """Plan an adjustment; a text says which field is refused."""
        ledger = self._parts.ledger
        event = tf.OffsetBooked(key, Units(units), by, comment)
        why = objection(ledger, event)
        if why:
            return why
        after = ledger.balance(key) + units
        effective = ledger.e(key) + units
        lines = (
            ("balance", self._balance_words(key)),
            ("adjust", f"{units:+,} {terms(key.contract).unit}: {comment}"),
            ("after", f"{after:+,}, tail as computed stays {ledger.tail(key):+,}"),
            ("auto", self._next_words(key, effective)),
            ("mode", f"{ledger.policy(key).mode}, {self._threshold_words(key)}"),
        )
        title = f"ADJUST {key}: {units:+,} {terms(key.contract).unit}"
        return Planned(self._view(ADJUST, title, lines, (), ()), events=(event,))

    def roll(self, key: Key, into: str, by: str) -> Planned | str:
        """Plan the way of a tail and its futures into another month; a text says what lacks.

        Raises:
            DataError: it cannot be rolled.
        """
        ledger = self._parts.ledger
        roll_id = f"roll-{self._parts.identities.next()[-8:]}"
        comment = f"roll {key.contract} to {into}"
        plan = plan_roll(ledger, key, into, roll_id=roll_id, user=by, comment=comment)
        hedges: list[Hedge] = []
        checks: list[dk.Check] = []
        denial = ""
        for leg in plan.legs:
            hedge = self._placing.leg(leg, roll_id, by)
            if isinstance(hedge, str):
                return hedge
            signed = hedge.draft.signed
            found, refused = judged(hedge, self._placing.context(hedge, None, rolled=signed))
            checks.extend(found)
            denial = denial or refused
            hedges.append(hedge)
        title = f"ROLL TAIL {key} INTO {into}"
        view = self._view(ROLL, title, _roll_lines(plan), tuple(hedges), tuple(checks))
        return Planned(view, tuple(hedges), plan.offsets, denial, into)

    # --- words -------------------------------------------------------------------------------

    def _balance_words(self, key: Key) -> str:
        ledger, unit = self._parts.ledger, terms(key.contract).unit
        b, pending, e = ledger.balance(key), ledger.pending(key), ledger.e(key)
        return f"{b:+,} {unit}, pending {pending:+,} = {e:+,}"

    def _threshold_words(self, key: Key) -> str:
        size, policy = terms(key.contract).size, self._parts.ledger.policy(key)
        need = threshold_units(size, policy)
        return f"{policy.threshold_pct} % of {size:,} = {need:,} {terms(key.contract).unit}"

    def _next_words(self, key: Key, effective: int) -> str:
        """Return what the rule does next, and what Auto would do where the mode is another."""
        policy, size = self._parts.ledger.policy(key), terms(key.contract).size
        auto = Policy(Mode.AUTO, policy.threshold_pct, policy.ticks_into_market)
        found, would = propose(effective, size, policy), propose(effective, size, auto)
        if found is not None:
            return f"then sends {found.side} {found.lots}, leaving {found.balance_after:+,}"
        if would is not None:
            left = f"leaving {would.balance_after:+,}"
            return f"nothing in mode {policy.mode}; Auto would {would.side} {would.lots}, {left}"
        return "nothing: the balance stays within the threshold"

    def _market_words(self, key: Key) -> str:
        quote = self._parts.quote(key.contract)
        if quote is None:
            return "no price"
        ticks = self._parts.ledger.policy(key).ticks_into_market
        return f"bid {quote.bid} ask {quote.ask}, limit {ticks} ticks into the market"

    def _worth_words(self, hedge: Hedge) -> str:
        worth = risk.order_notional(hedge.draft, parse_key(hedge.key.contract), None)
        return f"${worth:,.0f}"

    def _view(
        self,
        kind: str,
        title: str,
        lines: tuple[tuple[str, str], ...],
        hedges: tuple[Hedge, ...],
        checks: tuple[dk.Check, ...],
    ) -> dk.Preview:
        self._count += 1
        desk = self._parts.desk
        return dk.Preview(
            preview_id=f"{kind}-{self._count}",
            kind=kind,
            title=title,
            lines=lines,
            checks=checks,
            orders=tuple(hedge.draft.describe() for hedge in hedges),
            sendable=all(check.ok for check in checks),
            expires_at=Timestamp(self._parts.now() + desk.settings.preview_life),
        )


def _roll_lines(plan: RollPlan) -> tuple[tuple[str, str], ...]:
    moves = tuple((move.key.contract, _move_words(move)) for move in plan.moves)
    booked = ", ".join(f"{one.units:+,} in {one.key.contract}" for one in plan.offsets)
    orders = "one after the other, the closing one first" if plan.legs else "none are held"
    return (*moves, ("offsets", booked or "none"), ("futures", orders))


def _move_words(move: KeyMove) -> str:
    balance = f"balance {move.balance_before:+,} to {move.balance_after:+,}"
    return f"{balance}, futures {move.lots_before:+d} to {move.lots_after:+d}"


def judged(hedge: Hedge, context: RiskContext) -> tuple[tuple[dk.Check, ...], str]:
    """Return the gates as few lines, and the code of the first refusal."""
    asked = risk.refusals(hedge.draft, context)
    refused = [(number, word, one) for number, word, one in asked if one is not None]
    age = None if context.quote is None else context.quote.age(context.now)
    fresh = age is not None and age <= context.limits.quote_max_age
    busy = [one for one in context.live if _in_the_way(one, hedge)]
    checks = (
        *(
            dk.Check(f"{number} {word}", ok=False, detail=one.message)
            for number, word, one in refused
        ),
        dk.Check("market", context.venue_open, context.venue_reason or "open"),
        dk.Check("quote", fresh, "none" if age is None else f"{age:.1f} s old"),
        dk.Check("in flight", not busy, ", ".join(f"#{one.number}" for one in busy) or "nothing"),
        dk.Check("gates", not refused, f"{len(asked) - len(refused)} of {len(asked)} pass"),
    )
    return checks, refused[0][2].code.value if refused else ""


def _in_the_way(intent: od.Intent, hedge: Hedge) -> bool:
    """Whether a live order holds the slot that a hedge needs."""
    return intent.strategy == hedge.strategy and intent.trades(hedge.key.contract)
