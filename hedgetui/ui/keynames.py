"""Names of keys: what Textual calls them and what a person calls them.

Users write `?` or `question_mark`, `pgup` or `pageup` in their configuration; the screen shows `?`
and `PgUp`. Both directions live here so that the validator, the footer and the documentation agree.
"""

from __future__ import annotations

import unicodedata

from textual.keys import KEY_NAME_REPLACEMENTS, REPLACED_KEYS, key_to_character

_SHOWN: dict[str, str] = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "enter": "Enter",
    "escape": "Esc",
    "space": "Space",
    "tab": "Tab",
}
_ALIASES: dict[str, str] = {
    "esc": "escape",
    "return": "enter",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "page_up": "pageup",
    "page_down": "pagedown",
}


def canonical(key: str) -> str:
    """Return Textual's name of one key: `?` becomes `question_mark`, `^u` becomes `ctrl+u`.

    A single capital stays a capital, since `H` and `h` are different keys.
    """
    key = key.strip()
    if len(key) == 2 and key.startswith("^"):
        return f"ctrl+{key[1].lower()}"
    modifier, plus, last = key.rpartition("+")
    if plus and last and modifier:
        return f"{modifier.lower()}+{canonical(last).lower()}"
    if len(key) == 1 and not key.isalnum():
        name = unicodedata.name(key, "").lower().replace("-", "_").replace(" ", "_")
        return KEY_NAME_REPLACEMENTS.get(name, name)
    if len(key) == 1:
        return key
    lower = key.lower()
    return _ALIASES.get(lower, lower)


def display(key: str) -> str:
    """Return a key as it is printed on a keyboard: `?`, `PgUp`, `^u`."""
    if key in _SHOWN:
        return _SHOWN[key]
    if key.startswith("ctrl+"):
        return f"^{key[5:]}"
    if key.startswith("shift+"):
        return f"Shift+{display(key[6:])}"
    return key_to_character(REPLACED_KEYS.get(key, key)) or key
