"""Foreign text made harmless at the door.

Broker messages, instrument names and database rows reach a terminal that obeys escape codes and
a trader who trusts what a line says. `safe` turns any object into text that can neither move the
cursor, reorder a line, hide characters in it, nor flood it; what was dangerous stays visible as
a sign, so that tampering shows. The result is a `SafeText`, the type screens ask for.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NewType

SafeText = NewType("SafeText", str)
"""Text that went through `safe`; only such text may reach a screen."""

DEFAULT_LIMIT: Final = 200
ELLIPSIS: Final = "…"
REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
MAX_MARKS: Final = 2
"""Combining marks kept on one base character: enough for living scripts, no towers."""

# They only choose how a neighbour is drawn, and terminals disagree about the width: dropped.
_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")

# Unicode's Default_Ignorable_Code_Point (bidi controls, zero width, fillers, tags), without the
# variation selectors, and the blank braille cell: all invisible, so all made visible.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)

_CONTROL_PICTURES = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
_MARK_CATEGORIES = frozenset({"Mn", "Me", "Mc"})


def safe(text: object, limit: int = DEFAULT_LIMIT) -> SafeText:
    """Return `text` as one printable line of at most `limit` characters.

    NFC; C0 controls and DEL become control pictures (ESC → `␛`); C1 controls, bidi controls,
    zero-width and tag characters, surrogates and everything unprintable become U+FFFD; every
    kind of space becomes a plain one; variation selectors go; at most two combining marks stay
    on one base; longer text ends in an ellipsis. Idempotent. `limit` < 1 raises `ValueError`.
    """
    if limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}")
    raw = text if isinstance(text, str) else str(text)
    if len(raw) <= limit and raw.isascii() and raw.isprintable():
        return SafeText(raw)
    # A character shrinks to nothing at worst, so a megabyte needs no normalising to be cut.
    clipped = len(raw) > limit * 8
    cleaned = _VARIATION_SELECTORS.sub("", raw[: limit * 8])
    cleaned = unicodedata.normalize("NFC", _INVISIBLE.sub(REPLACEMENT, cleaned))
    cleaned = _cap_marks(cleaned.translate(_CONTROL_PICTURES))
    cleaned = "".join(map(_printable, cleaned))
    if len(cleaned) > limit or clipped:
        cleaned = cleaned[: limit - 1] + ELLIPSIS
    return SafeText(cleaned)


def _printable(character: str) -> str:
    """Return the character, a space for any other kind of space, or the replacement sign."""
    if character.isprintable():
        return character
    return " " if unicodedata.category(character) == "Zs" else REPLACEMENT


def _cap_marks(text: str) -> str:
    """Drop combining marks beyond two in a row; one without a base becomes a sign."""
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        if unicodedata.category(character) not in _MARK_CATEGORIES:
            marks = 0
            kept.append(character)
            continue
        marks += 1
        if not kept:
            kept.append(REPLACEMENT)
        elif marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)
