"""Pages of the documentation that are generated from code, so that they cannot be wrong."""

from __future__ import annotations

from hedgetui.domain.orders import LIVE, IntentState
from hedgetui.domain.risk import GATES, MEANINGS

_STATES = {
    IntentState.SENDING: "durable before the first byte leaves; it may or may not have left",
    IntentState.WORKING: "the broker lists the order",
    IntentState.PARTIAL: "partly filled, still alive",
    IntentState.CANCELLING: "a cancel was asked for and not answered yet",
    IntentState.UNKNOWN: "no answer, a lost link or a restart: blocked until proven",
    IntentState.FILLED: "executions add up to the order",
    IntentState.CANCELLED: "the broker lists it as ended; fills it had are kept",
    IntentState.REJECTED: "the broker refused it and nothing was filled",
    IntentState.ABANDONED: "proven by us: it was never sent",
    IntentState.ABSENT: "proven at the broker: complete looks do not know it, and it has not taken "
    "its number",
    IntentState.RESOLVED_BY_HUMAN: "a person typed what became of it",
}


def safety_markdown() -> str:
    """Return `docs/safety.md`."""
    return "\n".join([*_INTRODUCTION, "", *_gates(), "", *_states(), ""])


_INTRODUCTION = (
    "# Safety",
    "",
    "Generated from the code by `make docs`; do not edit by hand.",
    "",
    "One decision is at most one order. An order passes every gate, is written to the journal and",
    "flushed to the disk, is looked at once more, and only then leaves. Afterwards it moves by",
    "evidence alone. What cannot be proven stays `UNKNOWN`, holds its slot and is shown in red.",
    "",
    "- Anything that reduces risk or automation acts at once and never asks: AUTO off, disarm,",
    "  freeze, cancel.",
    "- Anything that sends an order shows a preview first; `y` sends it, Enter never does.",
    "- `K` stops AUTO, `K` again freezes and cancels, a third `K` offers to flatten, which must be",
    "  typed. A freeze survives restarts until it is released.",
    "- `hedgetui freeze` does the same from another terminal.",
    "- A ticket sends its orders one after the other, what is bought first; what it sells is",
    "  covered by what it bought. One that a restart found open is followed and not gone on with.",
    "- What the broker may hold unlisted, as behind a dialog, is never proven absent. `U` or",
    "  `hedgetui resolve` takes a person's word for it; the end of its reference must be typed.",
)


def _gates() -> list[str]:
    lines = [
        "## Gates",
        "",
        "Asked in this order; the first refusal counts. Exits and unwinding are not held to the",
        "limits marked (*), since a limit that traps a trader protects nobody.",
        "",
        "| gate | about | code | meaning |",
        "|---|---|---|---|",
    ]
    for number, word, _ in GATES:
        codes = [code for code in MEANINGS if code.value.startswith(f"{number}-")]
        lines += [f"| {number} | {word} | `{code}` | {MEANINGS[code]} |" for code in codes]
    return lines


def _states() -> list[str]:
    lines = ["## States of an order", "", "| state | slot | meaning |", "|---|---|---|"]
    lines += [
        f"| {state} | {'held' if state in LIVE else 'free'} | {words} |"
        for state, words in _STATES.items()
    ]
    return lines
