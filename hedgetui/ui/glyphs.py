"""Every sign the screen draws, in three alphabets, so that no terminal shifts a column.

Emoji with a variation selector are one cell in tmux and two in Textual, some fonts have no
emoji at all, and a serial line may have only ASCII. `IconSet` holds the product's marks for one
alphabet; `line_icon` swaps the emoji a log message begins with, whose words stay a contract.
Widths are part of the meaning: marks are one cell, tags of one set share one width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

IconStyle = Literal["emoji", "unicode", "ascii"]
VARIATION_SELECTOR: Final = "\ufe0f"


class LineIcon(NamedTuple):
    """What a leading emoji becomes: a one-cell mark, or an ASCII tag."""

    mark: str
    tag: str


LINE_ICONS: Final[dict[str, LineIcon]] = {
    "✅": LineIcon("✓", "[OK]"),
    "✓": LineIcon("✓", "[DONE]"),
    "❌": LineIcon("✗", "[FAIL]"),
    "✗": LineIcon("✗", "[FAIL]"),
    "⚠": LineIcon("⚠", "[WARN]"),
    "📊": LineIcon("≡", "[CALC]"),
    "🎯": LineIcon("◎", "[AIM]"),
    "🛡": LineIcon("◆", "[HEDGE]"),
    "⚓": LineIcon("◆", "[HEDGE]"),
    "◆": LineIcon("◆", "[HEDGE]"),
    "🔁": LineIcon("↻", "[ROLL]"),
    "⇅": LineIcon("⇅", "[BAL]"),
    "⚖": LineIcon("⇅", "[BAL]"),
    "🔴": LineIcon("■", "[EXIT]"),
    "🟢": LineIcon("○", "[FLAT]"),
    "🟡": LineIcon("△", "[NOTE]"),
    "🔵": LineIcon("●", "[INFO]"),
    "●": LineIcon("●", "[INFO]"),
    "⏳": LineIcon("…", "[WAIT]"),
    "⏰": LineIcon("◷", "[TIME]"),
    "⏱": LineIcon("◷", "[TIME]"),
    "🔍": LineIcon("?", "[SCAN]"),
    "🚀": LineIcon("▶", "[START]"),
    "💡": LineIcon("i", "[TIP]"),
    "🔒": LineIcon("▣", "[LOCK]"),
    "🔔": LineIcon("!", "[BELL]"),
    "🛑": LineIcon("■", "[STOP]"),
    "🧯": LineIcon("□", "[SAFE]"),
    "📈": LineIcon("▲", "[UP]"),
    "▲": LineIcon("▲", "[UP]"),
    "📉": LineIcon("▼", "[DOWN]"),
    "📤": LineIcon("→", "[SENT]"),
    "🟠": LineIcon("△", "[WARN]"),
    "🔓": LineIcon("□", "[OPEN]"),
    "🤖": LineIcon("◇", "[AUTO]"),
    "⚡": LineIcon("!", "[ALERT]"),
    "⏸": LineIcon("■", "[PAUSE]"),
    "❓": LineIcon("?", "[DOUBT]"),
    "🔎": LineIcon("?", "[LOOK]"),
    "🔄": LineIcon("↺", "[BACK]"),
    "🏁": LineIcon("■", "[END]"),
    "🙈": LineIcon("○", "[BLIND]"),
    "✍": LineIcon("•", "[EDIT]"),
    "✏": LineIcon("•", "[EDIT]"),
    "💸": LineIcon("▼", "[SHORT]"),
    "🌾": LineIcon("≡", "[CASH]"),
    "▼": LineIcon("▼", "[DOWN]"),
}
"""Complete for the log contract and for every emoji the product may use in a message."""

TAG_WIDTH: Final = max(len(icon.tag) for icon in LINE_ICONS.values())

_TO_ASCII = str.maketrans(
    {
        "▲": "^", "▼": "v", "△": "^", "●": "*", "◉": "@", "◎": "o", "◆": "#", "■": "#",
        "□": "o", "▣": "#", "◇": "o", "○": "o", "◷": "@", "✓": "+", "✗": "x", "⚠": "!",
        "↺": "@", "⇅": "=", "▶": ">", "◀": "<", "▸": "+", "▾": "-", "•": "*", "≡": "=",
        "Δ": "d", "δ": "d", "β": "b", "Σ": "S", "σ": "s", "²": "2", "Γ": "G", "Θ": "T", "θ": "t",
        "ν": "v", "−": "-", "–": "-", "—": "-", "×": "x", "·": ".", "…": "~", "≈": "~", "±": "+-",
        "≤": "<=", "≥": ">=", "≠": "!=", "→": "->", "←": "<-", "↑": "^", "↓": "v", "⇒": "=>",
        "√": "sqrt", "½": "1/2", "€": "EUR", "£": "GBP", "¥": "JPY", "°": "deg",
        "│": "|", "┃": "|", "┊": ":", "┤": "+", "├": "|", "└": "`", "┌": "+", "┐": "+",
        "┘": "+", "─": "-", "━": "=", "╌": "-", "═": "=", "▕": "[", "▏": "]", "▇": "#",
        "█": "#", "▓": "#", "▒": ":", "░": ".", "“": '"', "”": '"', "‘": "'", "’": "'",
    }
    | {emoji: icon.tag for emoji, icon in LINE_ICONS.items() if len(emoji.encode()) > 3}
    | {"✅": "+", "❌": "x", "⏳": "~", "⏰": "@", "⏱": "@", "⚓": "#", "⚖": "="}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class IconSet:
    """The product's marks in one alphabet; every mark is one cell unless it says otherwise."""

    name: IconStyle
    up: str = "▲"
    down: str = "▼"
    near: str = "△"
    dot: str = "●"
    diamond: str = "◆"
    square: str = "■"
    tick: str = "✓"
    cross: str = "✗"
    warn: str = "⚠"
    recover: str = "↺"
    pointer: str = "▶"
    delta: str = "Δ"
    about: str = "≈"
    stale: str = "~"
    times: str = "×"
    minus: str = "−"
    plus_minus: str = "±"
    ellipsis: str = "…"
    separator: str = "│"
    rule: str = "─"
    rule_heavy: str = "━"
    marked: str = "•"
    opened: str = "▾"
    shut: str = "▸"
    guide_bar: str = "│"
    guide_tee: str = "├"
    guide_end: str = "└"
    bar_full: str = "█"
    bar_empty: str = "░"
    bar_left: str = "▕"
    bar_right: str = "▏"
    gauge_in: str = "━"
    gauge_out: str = "·"
    badge_sim: str = "◉ SIM"
    badge_paper: str = "◎ PAPER"
    badge_live: str = "● LIVE"

    def plain(self, text: str) -> str:
        """Return `text` in this alphabet: unchanged, or with ASCII in place of signs.

        ASCII text may be longer than its source (`≤` → `<=`), so translate before measuring.
        """
        if self.name != "ascii" or text.isascii():
            return text
        ascii_text = text.replace(VARIATION_SELECTOR, "").translate(_TO_ASCII)
        return ascii_text.encode("ascii", "replace").decode("ascii")

    def line_icon(self, line: str) -> str:
        """Swap the emoji a log line begins with for this alphabet's sign; keep the words.

        Emoji stay, without their variation selector. A line without a known sign keeps its words
        where the others have theirs.
        """
        head, rest = _split_icon(line)
        if self.name == "emoji":
            return f"{head} {rest}" if head else line
        if self.name == "unicode":
            return f"{LINE_ICONS[head].mark} {rest}" if head else f"  {line}"
        tag = LINE_ICONS[head].tag if head else ""
        return f"{tag:<{TAG_WIDTH}} {self.plain(rest)}"


EMOJI: Final = IconSet("emoji")
UNICODE: Final = IconSet("unicode")
ASCII: Final = IconSet(
    name="ascii",
    up="^",
    down="v",
    near="^",
    dot="*",
    diamond="#",
    square="#",
    tick="+",
    cross="x",
    warn="!",
    recover="@",
    pointer=">",
    delta="d",
    about="~",
    times="x",
    minus="-",
    plus_minus="+-",
    ellipsis="~",
    separator="|",
    rule="-",
    rule_heavy="=",
    marked="*",
    opened="-",
    shut="+",
    guide_bar="|",
    guide_tee="|",
    guide_end="`",
    bar_full="#",
    bar_empty=".",
    bar_left="[",
    bar_right="]",
    gauge_in="=",
    gauge_out=".",
    badge_sim="(o) SIM",
    badge_paper="(-) PAPER",
    badge_live="(!) LIVE",
)

ICON_SETS: Final[dict[str, IconSet]] = {icons.name: icons for icons in (EMOJI, UNICODE, ASCII)}


def icon_set(name: str) -> IconSet:
    """Return the icon set called `name`; an unknown name raises `ValueError` naming the choice."""
    try:
        return ICON_SETS[name]
    except KeyError:
        raise ValueError(f"icons must be one of {', '.join(ICON_SETS)}, not {name!r}") from None


def _split_icon(line: str) -> tuple[str, str]:
    """Split a log line into its known leading sign, or "", and the rest without the gap."""
    head, rest = line[:1], line[1:]
    if head not in LINE_ICONS:
        return "", line
    return head, rest.removeprefix(VARIATION_SELECTOR).removeprefix(" ")
