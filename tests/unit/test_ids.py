"""Identities: unique, sortable, and short enough for a broker's order reference."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as some

from hedgetui.domain import ids
from hedgetui.domain.units import Timestamp
from hedgetui.ports.ids import IdSource

entropy = some.integers(0, 2**ids.RANDOM_BITS - 1)


class _Stepping:
    """A clock that goes where the test sends it, backwards as well."""

    def __init__(self, moments: list[float]) -> None:
        self._moments = iter(moments)

    def now(self) -> Timestamp:
        return Timestamp(next(self._moments))


@given(some.floats(0, 4e9), some.floats(0, 4e9), entropy, entropy)
def test_identities_sort_by_their_millisecond(first, second, one, other) -> None:
    early, late = ids.ulid(Timestamp(first), one), ids.ulid(Timestamp(second), other)
    assert len(early) == 26
    if int(first * 1000) < int(second * 1000):
        assert early < late


@given(entropy)
def test_the_next_identity_is_greater(number) -> None:
    identity = ids.ulid(Timestamp(1_763_564_400.0), number)
    assert ids.increment(identity) > identity or identity.endswith("Z" * 16)


def test_a_client_key_is_thirty_ascii_characters_with_our_mark() -> None:
    key = ids.client_key(ids.ulid(Timestamp(1_763_564_400.0), 7))
    assert key.startswith(ids.CLIENT_KEY_PREFIX)
    assert len(key) == 30
    assert key.isascii()


@given(some.lists(some.floats(0, 4e9), min_size=2, max_size=50))
def test_a_source_always_grows_even_when_the_clock_steps_back(moments) -> None:
    source = IdSource(_Stepping(moments), Random(3))  # type: ignore[arg-type]  # noqa: S311
    made = [source.next() for _ in moments]
    assert made == sorted(set(made))


def test_a_person_names_an_order_by_its_reference_or_the_end_of_it() -> None:
    key = ids.client_key(ids.ulid(Timestamp(1_763_564_400.0), 7))
    tail = ids.key_tail(key)
    assert len(tail) == ids.KEY_TAIL_DIGITS
    assert all(ids.names_order(typed, key) for typed in (key, key.lower(), tail, tail.lower()))
    others = ("", tail[1:], key[-7:], key[:-1], f"{tail} ", f"…{tail}", "nonsense")
    assert not any(ids.names_order(typed, key) for typed in others)
