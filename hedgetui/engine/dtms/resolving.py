"""Finding out what became of actions whose answer said nothing.

Found is found at once. Absent takes several complete looks some seconds apart, of a connected
terminal, with a history that explains the volume that is there; and never the server's own word
that it did execute. Until then the action holds its symbol and nothing is sent for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hedgetui.domain.dtms.model import ActionRecord, ActionState
from hedgetui.domain.mt5.records import Look
from hedgetui.domain.mt5.retcodes import CODES, Meaning
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp
from hedgetui.engine.dtms.gate import ABSENT
from hedgetui.engine.dtms.parts import DefenceParts
from hedgetui.engine.dtms.settling import Settler
from hedgetui.engine.dtms.weighing import STOPS, Finding
from hedgetui.engine.dtms.witness import Witness

_EXECUTED = frozenset(
    code
    for code, (_, meaning, _) in CODES.items()
    if meaning in {Meaning.DONE, Meaning.PARTIAL}
)  # fmt: skip
_REMIND_S = 60.0


@dataclass
class _Count:
    """Complete looks without a trace."""

    looks: int = 0
    newest: Timestamp = Timestamp(0.0)


class Resolver:
    """Reads the broker's records until an action is proven either way."""

    def __init__(self, parts: DefenceParts, witness: Witness, settler: Settler) -> None:
        self._parts = parts
        self._witness = witness
        self._settler = settler
        self._counts: dict[str, _Count] = {}
        self._reminded: dict[str, Timestamp] = {}
        self._missing: dict[str, str] = {}
        """What the newest look found short of a proof, by the action's id."""

    def missing(self, action_id: str) -> str:
        """Return in words what the proof of an unknown action lacks."""
        return self._missing.get(action_id, "not looked for yet")

    async def pursue(self, action_ids: Sequence[str]) -> None:
        """Look for UNKNOWN actions, some complete looks at most; what stays unknown stays so.

        Raises:
            StoreError: the journal cannot be written.
        """
        settings = self._parts.settings
        for turn in range(settings.looks):
            if not self._unknown(action_ids):
                return
            if turn:
                await self._parts.clock.sleep(settings.look_every)
            look = await self._witness.look()
            for action in self._unknown(action_ids):
                if look is None:
                    self._missing[action.action_id] = "a complete look at a connected terminal"
                else:
                    await self._judge(action, look)
        for action in self._unknown(action_ids):
            self._remind(action)

    def _unknown(self, action_ids: Sequence[str]) -> list[ActionRecord]:
        actions = self._parts.book.actions
        kept = (actions[one] for one in action_ids)
        return [action for action in kept if action.state is ActionState.UNKNOWN]

    async def _judge(self, action: ActionRecord, look: Look) -> None:
        sighting = await self._witness.weigh(action, look)
        if sighting is None:
            self._missing[action.action_id] = "its deals, which could not be read"
            return
        evidence = sighting.evidence
        told = f"; the server said {action.retcode}, done" if self._contradicts(action) else ""
        self._missing[action.action_id] = f"{evidence.words}{told}"
        if evidence.finding is Finding.FOUND:
            self._counts.pop(action.action_id, None)
            await self._settler.done(action, sighting)
            return
        if evidence.finding is Finding.PENDING or self._contradicts(action):
            self._counts.pop(action.action_id, None)
            return
        if self._enough(action):
            words = f"{ABSENT} by {self._parts.settings.looks} complete looks"
            cause = f"{words}: {evidence.words} (after: {action.message})"
            await self._settler.move(action, ActionState.FAILED, cause)
            line = f"🔎 {action.kind} {safe(action.symbol)} {words}: {evidence.words}"
            self._parts.recorder.say("alarm", line, action.why)

    def _enough(self, action: ActionRecord) -> bool:
        """Count a look without a trace; looks too close together are one."""
        settings, now = self._parts.settings, self._parts.clock.now()
        count = self._counts.setdefault(action.action_id, _Count())
        if now - count.newest >= settings.look_every - 1e-6:
            count.looks, count.newest = count.looks + 1, now
        if count.looks < settings.looks:
            return False
        del self._counts[action.action_id]
        return True

    @staticmethod
    def _contradicts(action: ActionRecord) -> bool:
        """Whether the server said that it executed: then its records are late, not empty.

        A stop is a target, not a trade: asking for it again does no harm.
        """
        return action.retcode in _EXECUTED and action.kind not in STOPS

    def _remind(self, action: ActionRecord) -> None:
        now = self._parts.clock.now()
        if now - self._reminded.get(action.action_id, Timestamp(0.0)) < _REMIND_S:
            return
        self._reminded[action.action_id] = now
        age = now - (action.sent_at or action.planned_at)
        self._parts.recorder.say(
            "alarm",
            f"❓ {action.kind} {safe(action.symbol)} still unknown after {age:.0f} s: "
            f"{action.message}; look in the terminal, then U resolves it",
            action.why,
        )
