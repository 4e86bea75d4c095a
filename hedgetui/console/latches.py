"""Freeze and unfreeze without a desk: a kill switch must not need a broker.

The latch goes straight into the journal, where the next start finds it before it does anything.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from hedgetui.console import output
from hedgetui.domain.events import Fact, LatchSet
from hedgetui.domain.units import Timestamp
from hedgetui.store.journal import Journal


async def in_the_journal(path: Path, profile: str, options: argparse.Namespace) -> int:
    """Set the freeze latch, or release every latch, for the next start of `profile`.

    Raises:
        StoreError: the journal cannot be written, or a running desk holds it.
    """
    on = options.question == "freeze"
    journal = await Journal.open(path, profile=profile)
    try:
        facts = await journal.facts()
        names = ["freeze"] if on else latched(facts)
        at = Timestamp(max([time.time(), *(fact.at for fact in facts[-1:])]))
        await journal.append(at, [LatchSet(name, on, "console", options.why) for name in names])
    finally:
        await journal.close()
    released = f"released: {', '.join(names)}" if names else "nothing was frozen"
    message = f"frozen for the next start of {profile}" if on else released
    output.say("the broker was not reached: orders that work there go on working")
    if output.wants_json(options):
        output.print_json({"code": "done", "message": message})
    else:
        output.print_lines([message])
    return 0


def latched(facts: Sequence[Fact]) -> list[str]:
    """Return the names of the latches that are on after `facts`, in order of the alphabet."""
    last = {fact.event.name: fact.event.on for fact in facts if isinstance(fact.event, LatchSet)}
    return sorted(name for name, on in last.items() if on)
