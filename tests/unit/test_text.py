from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain.text import MAX_MARKS, safe

ANY_TEXT = st.text(st.characters(), max_size=300)
FORBIDDEN = [
    *range(0x20),
    *range(0x7F, 0xA0),
    0x61C,
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    *range(0xFE00, 0xFE10),
    0xFEFF,
    *range(0xE0000, 0xE0080),
]


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("plain 123", "plain 123"),
        ("\x1b[31mred", "␛[31mred"),
        ("a\tb\nc\r", "a␉b␊c␍"),
        ("\x7f", "␡"),
        ("\x9b2J", "\ufffd2J"),
        ("pay \u202eUSD", "pay \ufffdUSD"),
        ("ME\u200bS", "ME\ufffdS"),
        ("\U000e0041", "\ufffd"),
        ("\ud800", "\ufffd"),
        ("1\u00a0000\u2003x", "1 000 x"),
        ("\N{SHIELD}\ufe0f Hedge", "\N{SHIELD} Hedge"),
        ("e\u0301", "\u00e9"),
        ("[201] Order rejected", "[201] Order rejected"),
        (ValueError("bad"), "bad"),
        (None, "None"),
    ],
)
def test_hostile_text_becomes_visible_and_inert(hostile, shown):
    assert safe(hostile) == shown


def test_combining_marks_are_capped_per_base():
    tower = "Z" + "\u0335" * 40 + "o"
    assert safe(tower) == "Z" + "\u0335" * MAX_MARKS + "o"


def test_a_mark_cannot_attach_to_the_neighbouring_cell():
    assert safe("\u0335x") == "\ufffdx"


@given(ANY_TEXT, st.integers(1, 250))
def test_result_is_printable_short_and_normal(text, limit):
    shown = safe(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit
    assert unicodedata.is_normalized("NFC", shown)
    assert not any(ord(character) in FORBIDDEN for character in shown)


@given(ANY_TEXT, st.integers(1, 250))
def test_idempotent(text, limit):
    once = safe(text, limit)
    assert safe(once, limit) == once


@given(st.text(st.sampled_from([chr(code) for code in FORBIDDEN]), min_size=1, max_size=20))
def test_every_forbidden_character_is_gone(text):
    assert not any(ord(character) in FORBIDDEN for character in safe(text))


@pytest.mark.parametrize(("limit", "shown"), [(10, "0123456789"), (9, "01234567…"), (1, "…")])
def test_long_text_ends_in_an_ellipsis(limit, shown):
    assert safe("0123456789", limit) == shown


def test_a_flood_says_that_it_was_cut_even_when_its_start_vanishes():
    assert safe("\ufe0f" * 1_000_000 + "tail", 20) == "…"


def test_a_limit_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        safe("x", 0)
