"""Random numbers by name: every cause of chance draws from a stream of its own.

One shared generator would let an order that is not sent change the weather; with named streams a
seed says what the market does whoever trades in it.
"""

from __future__ import annotations

from random import Random


def stream(seed: int, *name: object) -> Random:
    """Return the generator of a seed and a name; equal arguments give equal numbers."""
    return Random(":".join(map(str, (seed, *name))))  # noqa: S311 - a market, not a key
