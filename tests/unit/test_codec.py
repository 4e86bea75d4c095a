"""Records to JSON and back: what is written is what is read, and nothing else is accepted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hedgetui.domain import codec
from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain.errors import DataError


@given(kind=some.sampled_from(sorted(ev.EVENT_TYPES)), data=some.data())
def test_every_event_survives_the_journal(kind: str, data: some.DataObject) -> None:
    made = data.draw(some.from_type(ev.EVENT_TYPES[kind]))
    try:
        text = codec.canonical(made)
    except (ValueError, DataError):
        return  # a number that is not finite has no JSON; the journal refuses it
    assert codec.from_plain(ev.EVENT_TYPES[kind], json.loads(text)) == made


@given(kind=some.sampled_from(sorted(cm.COMMAND_TYPES)), data=some.data())
def test_every_command_survives_the_socket(kind: str, data: some.DataObject) -> None:
    made = data.draw(some.from_type(cm.COMMAND_TYPES[kind]))
    plain = codec.to_plain(made)
    if made == made:  # noqa: PLR0124 - NaN is the only value that differs from itself
        assert codec.from_plain(type(made), plain) == made


@dataclass(frozen=True)
class _Sample:
    day: date
    amount: Decimal
    counts: dict[str, int]
    note: str | None = None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"day": "2025-11-19", "amount": 1.5, "counts": {}}, "_Sample.amount"),
        ({"day": "yesterday", "amount": "1", "counts": {}}, "_Sample.day"),
        ({"day": "2025-11-19", "amount": "x", "counts": {}}, "_Sample.amount"),
        ({"day": "2025-11-19", "amount": "1", "counts": {"a": True}}, "_Sample.counts.a"),
        ({"day": "2025-11-19", "amount": "1", "counts": {}, "extra": 1}, "extra"),
        ({"day": "2025-11-19"}, "amount"),
        ([], "_Sample"),
    ],
)
def test_wrong_data_names_the_field(data: object, words: str) -> None:
    with pytest.raises(DataError, match=words):
        codec.from_plain(_Sample, data)


@dataclass(frozen=True)
class _Pair:
    presets: tuple[tuple[str, float, bool], ...]


def test_a_tuple_of_several_types_is_read_place_by_place() -> None:
    pair = _Pair((("calm", 5.0, True), ("bold", 20.0, False)))
    assert codec.from_plain(_Pair, codec.to_plain(pair)) == pair
    with pytest.raises(DataError, match="3 items"):
        codec.from_plain(_Pair, {"presets": [["calm", 5.0]]})


def test_canonical_text_does_not_depend_on_order() -> None:
    left = {"b": 1, "a": Decimal("2.50")}
    right = {"a": Decimal("2.50"), "b": 1}
    assert codec.canonical(left) == codec.canonical(right) == '{"a":"2.50","b":1}'


def test_what_has_no_spelling_is_refused() -> None:
    with pytest.raises(DataError, match="object"):
        codec.to_plain(object())
