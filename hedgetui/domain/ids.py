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


def _base32(value: int, digits: int) -> str:
    return "".join(_ALPHABET[(value >> (5 * place)) & 31] for place in reversed(range(digits)))


def ulid(at: Timestamp, entropy: int) -> str:
    """Return the 26-character ULID of `at` (milliseconds) and 80 bits of entropy."""
    return _base32(int(at * 1000), _TIME_DIGITS) + _base32(entropy, _RANDOM_DIGITS)


def client_key(intent_id: str) -> str:
    """Return the order reference of an intent: 30 ASCII characters."""
    return CLIENT_KEY_PREFIX + intent_id


def increment(identity: str) -> str:
    """Return the next identity after `identity` in sort order."""
    value = 0
    for letter in identity:
        value = value * 32 + _ALPHABET.index(letter)
    return _base32(value + 1, _TIME_DIGITS + _RANDOM_DIGITS)
