"""A terminal console for traders who hedge.

The package is one loop of facts: brokers, clocks and traders produce facts and commands, pure
functions in `domain` decide, one executor sends, and the journal keeps everything that happened.
ARCHITECTURE.md names every folder; nothing is imported here, so `hedgetui --help` stays fast.
"""

from __future__ import annotations

__version__ = "0.1.0"
