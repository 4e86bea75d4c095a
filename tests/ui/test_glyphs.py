from __future__ import annotations

import ast
import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from hedgetui.domain.text import safe
from hedgetui.ui.glyphs import (
    ASCII,
    EMOJI,
    ICON_SETS,
    LINE_ICONS,
    TAG_WIDTH,
    UNICODE,
    icon_set,
)

LOG_CONTRACT = [
    "✅ Subscribed to MES futures 202512",
    "📊 Calculated hedge: SELL 5 MES",
    "🛡️ Hedge order #123: SELL 5 MES",
    "✅ Hedge order placed: SELL 5 MES",
    "🔴 Closing vega position 7",
    "✓ Hedge closed: BUY 5 MES",
    "⚠️ Delta threshold breached: net +17.2 $/pt (±10)",
    "🟢 Delta neutral: net +2.0 $/pt",
    "⏳ MES not initialized",
    "🔁 Roll: BUY 2 MES 202512, SELL 2 MES 202603",
    "✅ Rolled 2 MES 202512 → 202603",
]
ALLOWED_EMOJI = "🔁✅❌🔴🟢🟡🔵📊🎯🔍🚀💡🔒🔔🛑🧯⏰📈📉"
MORE_EMOJI = "⚓⏳📤🟠🔓🤖⚡❓🔎🔄🏁🙈💸🌾"
"""Two cells in every terminal, as those allowed are."""
EMOJI_IN_TEXT = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\u23e9-\u23fa\u2b50]")
ALLOWED_MARKS = "⚠✓✗▲▼●◆"
WIDER_MARKS = {"plus_minus", "badge_sim", "badge_paper", "badge_live"}


def words(line):
    return line.split(" ", 1)[1]


@pytest.mark.parametrize("line", LOG_CONTRACT)
def test_emoji_lines_keep_their_words_and_lose_the_variation_selector(line):
    assert EMOJI.line_icon(line) == line.replace("\ufe0f", "")


@pytest.mark.parametrize("line", LOG_CONTRACT)
def test_unicode_lines_begin_with_a_one_cell_mark(line):
    shown = UNICODE.line_icon(line)
    assert cell_len(shown[:1]) == 1
    assert shown[1:] == " " + words(line)


@pytest.mark.parametrize("line", LOG_CONTRACT)
def test_ascii_lines_begin_with_a_tag_of_the_common_width(line):
    shown = ASCII.line_icon(line)
    assert shown.isascii()
    assert shown[:TAG_WIDTH].rstrip().startswith("[")
    assert shown[:TAG_WIDTH].rstrip().endswith("]")
    assert shown[TAG_WIDTH + 1 :] == ASCII.plain(words(line))


def test_the_named_tags():
    tags = [ASCII.line_icon(line).split()[0] for line in LOG_CONTRACT]
    assert tags == [
        "[OK]",
        "[CALC]",
        "[HEDGE]",
        "[OK]",
        "[EXIT]",
        "[DONE]",
        "[WARN]",
        "[FLAT]",
        "[WAIT]",
        "[ROLL]",
        "[OK]",
    ]


def test_the_table_is_complete_for_the_allowed_set():
    assert set(ALLOWED_EMOJI + ALLOWED_MARKS) <= set(LINE_ICONS)


def test_every_sign_that_a_message_may_begin_with_is_known():
    unknown = set()
    for path in Path("hedgetui").rglob("*.py"):
        if "ui" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                signs = set(EMOJI_IN_TEXT.findall(node.value)) - set(LINE_ICONS)
                unknown |= {(path.name, sign) for sign in signs}
    assert unknown == set()


@pytest.mark.parametrize("emoji", LINE_ICONS)
def test_every_icon_has_a_settled_width_in_every_set(emoji):
    assert "\ufe0f" not in emoji
    assert len(emoji) == 1
    assert cell_len(emoji) == (2 if emoji in ALLOWED_EMOJI + MORE_EMOJI else 1)
    assert cell_len(LINE_ICONS[emoji].mark) == 1
    assert LINE_ICONS[emoji].tag.isascii()


@pytest.mark.parametrize("name", ICON_SETS)
def test_marks_are_one_cell_in_every_set(name):
    icons = icon_set(name)
    marks = {f.name: getattr(icons, f.name) for f in fields(icons) if f.name != "name"}
    assert {key: cell_len(mark) for key, mark in marks.items() if key not in WIDER_MARKS} == {
        key: 1 for key in marks if key not in WIDER_MARKS
    }


def test_the_ascii_set_is_ascii():
    assert all(getattr(ASCII, f.name).isascii() for f in fields(ASCII))


def test_badges_differ_by_shape_in_every_set():
    for icons in ICON_SETS.values():
        shapes = {icons.badge_sim[:-3], icons.badge_paper[:-5], icons.badge_live[:-4]}
        assert len(shapes) == 3


@given(st.text(max_size=60))
def test_ascii_text_is_ascii_and_other_sets_leave_text_alone(text):
    assert ASCII.plain(text).isascii()
    assert EMOJI.plain(text) == text == UNICODE.plain(text)


@given(st.text(max_size=60))
def test_words_without_a_known_sign_survive_in_every_set(text):
    line = safe("x" + text)
    assert EMOJI.line_icon(line) == line
    assert UNICODE.line_icon(line).endswith(line)
    assert ASCII.line_icon(line).endswith(ASCII.plain(line))


def test_a_typed_name_is_answered_with_the_choice():
    with pytest.raises(ValueError, match="emoji, unicode, ascii"):
        icon_set("nerd")
