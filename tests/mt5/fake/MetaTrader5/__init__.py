"""The MetaTrader5 module as a package of its own, for what must import it by name."""

# ruff: noqa: N999 - the vendor's name

from __future__ import annotations

from typing import Any

from .scripted import ScriptedTerminal

_terminal = ScriptedTerminal()


def __getattr__(name: str) -> Any:
    return getattr(_terminal, name)
