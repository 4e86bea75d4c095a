"""The key row: by importance, so that `? Help` and `q Quit` are still there at forty columns.

Textual's footer cuts its end off in silence. This one leaves out what matters least and shows the
rest in the registry's order.
"""

from __future__ import annotations

from collections.abc import Mapping

from hedgetui.ui.actions import ACTIONS, Action, keys_shown
from hedgetui.ui.screens.spans import Line, width_of
from hedgetui.ui.screens.tabs import TABS
from hedgetui.ui.widgets.meanings import Fragment


def footer_line(keymap: Mapping[str, str], width: int, screen: str = "vega") -> Line:
    """Return the footer for a width in cells, with the keys that hold on `screen`."""
    screens = {name for _, _, name in TABS}
    here = [one for one in ACTIONS if one.footer and one.holds_on(screen, screens)]
    shown = sorted(here, key=lambda one: one.footer)
    chosen: list[Action] = []
    for action in shown:
        if width_of(_line([*chosen, action], keymap, screen)) <= width:
            chosen.append(action)
    trade_first = sorted(ACTIONS, key=lambda action: action.group != "Trade")
    return _line([action for action in trade_first if action in chosen], keymap, screen)


def _line(actions: list[Action], keymap: Mapping[str, str], screen: str) -> Line:
    parts: list[Fragment] = []
    for action in actions:
        key = keys_shown(action, dict(keymap)).split(" ")[0]
        if parts:
            parts.append((" ", ""))
        parts += [(key, "accent strong"), (f" {action.title_on(screen)}", "")]
    return tuple(parts)
