"""Putting the desk together: configuration to settings, files to ports, ports to a kernel.

The only package that knows every layer. `translation` turns the configuration into the engine's
values, `venues` chooses the broker and the clock of a profile, `desk` opens and closes it all, and
`verbs` decides what runs on what.
"""

from __future__ import annotations

from hedgetui.bootstrap.desk import Desk, open_desk
from hedgetui.bootstrap.translation import engine_settings
from hedgetui.bootstrap.verbs import ask, keys, run, screen

__all__ = ["Desk", "ask", "engine_settings", "keys", "open_desk", "run", "screen"]
