"""The user's own keys, judged before they are used.

Textual lets a remapped key silently take another action's key away, even the key that closes a
position. So every override is checked here: an unknown id is named with its nearest neighbour, a
key may belong to one action only wherever two scopes overlap, a key that a terminal swallows is
refused, and what can reach a broker keeps to capitals and function keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from hedgetui.ui.actions import ACTIONS, BY_ID, Action
from hedgetui.ui.keynames import canonical, display

_SWALLOWED: dict[str, str] = {
    "ctrl+b": "tmux takes it",
    "ctrl+a": "screen takes it",
    "ctrl+s": "it stops the terminal's output",
    "ctrl+q": "it restarts the terminal's output",
    "ctrl+p": "docker takes it",
    "ctrl+z": "a stopped process is a stopped hedger",
    "ctrl+backslash": "SSH and the terminal take it",
    "ctrl+right_square_bracket": "telnet takes it",
    "tilde": "SSH takes it",
    "ctrl+h": "terminals send it as Backspace",
    "ctrl+i": "terminals send it as Tab",
    "ctrl+j": "terminals send it as Enter",
    "ctrl+m": "terminals send it as Enter",
    "ctrl+left_square_bracket": "terminals send it as Esc",
    "ctrl+k": "vim-tmux-navigator takes it",
    "f10": "terminal menus take it",
    "f11": "terminal menus take it",
}
_FUNCTION_KEY = re.compile(r"f([1-9]|1[0-9]|2[0-4])")


def read_keymap(overrides: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the usable overrides, id to Textual key names, and the problems with the others.

    A problem is a sentence for the user; an override with a problem is not applied, so the shipped
    key stays. All overrides are judged together: two that swap their keys are fine.
    """
    keymap: dict[str, str] = {}
    problems: list[str] = []
    for action_id, text in overrides.items():
        found = _objection(action_id, text)
        if found:
            problems.append(found)
        else:
            keymap[action_id] = ",".join(canonical(key) for key in _split(text))
    while clash := find_clash(ACTIONS, keymap):
        first, second, key = clash
        guilty = second if second in keymap else first
        other = first if guilty == second else second
        problems.append(
            f'keys: "{guilty}" = "{display(key)}" is already the key of {other}'
            f" ({BY_ID[other].title})"
        )
        del keymap[guilty]
    return keymap, tuple(problems)


def find_clash(actions: Sequence[Action], keymap: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Return two action ids that share a key where both hold, and the key, or None."""
    taken: dict[str, list[Action]] = {}
    for action in actions:
        chosen = keymap.get(action.id)
        for key in chosen.split(",") if chosen else action.keys:
            for other in taken.setdefault(key, []):
                if _overlap(action, other):
                    return other.id, action.id, key
            taken[key].append(action)
    return None


def _overlap(one: Action, two: Action) -> bool:
    """Tables stand inside every screen, so only two different screens can never meet."""
    return one.scope == two.scope or {one.scope, two.scope} != {"grid", "log"}


def _split(text: str) -> list[str]:
    """Return the keys of a setting; a lone comma is the comma key."""
    return [text] if text.strip() == "," else [part for part in text.split(",") if part.strip()]


def _objection(action_id: str, text: str) -> str:
    action = BY_ID.get(action_id)
    if action is None:
        near = get_close_matches(action_id, BY_ID, n=1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        return f'keys: there is no action "{action_id}"{hint}'
    keys = [canonical(key) for key in _split(text)]
    if not keys:
        return f'keys: "{action_id}" is given no key'
    for key in keys:
        why = _refused(key) or _unsafe(action, key)
        if why:
            return f'keys: "{action_id}" = "{text}": {why}'
    return ""


def _refused(key: str) -> str:
    if not key:
        return "not the name of a key"
    if key in _SWALLOWED:
        return _SWALLOWED[key]
    if "alt+" in key or "ctrl+shift+" in key or "meta+" in key or "super+" in key:
        return "Alt and Ctrl+Shift do not arrive over SSH and tmux"
    return ""


def _unsafe(action: Action, key: str) -> str:
    """Trade keys are capitals or function keys: no lower-case key may reach a broker."""
    if not action.id.startswith("trade."):
        return ""
    if (len(key) == 1 and key.isascii() and key.isupper()) or _FUNCTION_KEY.fullmatch(key):
        return ""
    return "trade actions take capitals or function keys only"
