"""Identities that sort by time: ULIDs, monotonic within a process.

Randomness and time are arguments, so a seeded run writes the same journal twice.
"""

from __future__ import annotations

from hedgetui.domain.units import Timestamp

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TIME_DIGITS = 10
_RANDOM_DIGITS = 16
RANDOM_BITS = 80
"""Entropy of one identity."""

CLIENT_KEY_PREFIX = "HT1."
"""Marks our orders at the broker; the version is part of the mark."""
KEY_TAIL_DIGITS = 6
"""What a person types of an order reference to say which order is meant."""


def _base32(value: int, digits: int) -> str:
    return "".join(_ALPHABET[(value >> (5 * place)) & 31] for place in reversed(range(digits)))


def ulid(at: Timestamp, entropy: int) -> str:
    """Return the 26-character ULID of `at` (milliseconds) and 80 bits of entropy."""
    return _base32(int(at * 1000), _TIME_DIGITS) + _base32(entropy, _RANDOM_DIGITS)


def client_key(intent_id: str) -> str:
    """Return the order reference of an intent: 30 ASCII characters."""
    return CLIENT_KEY_PREFIX + intent_id


def key_tail(key: str) -> str:
    """Return the end of an order reference, which a person types to say which order is meant."""
    return key[-KEY_TAIL_DIGITS:]


def names_order(typed: str, key: str) -> bool:
    """Whether `typed` is the order reference `key` or its end; the case of letters is no matter."""
    return typed.upper() in {key.upper(), key_tail(key).upper()}


def increment(identity: str) -> str:
    """Return the next identity after `identity` in sort order."""
    value = 0
    for letter in identity:
        value = value * 32 + _ALPHABET.index(letter)
    return _base32(value + 1, _TIME_DIGITS + _RANDOM_DIGITS)
