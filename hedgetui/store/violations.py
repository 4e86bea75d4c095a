"""What a check of the journal finds, and how two versions of one table are laid side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Violation(NamedTuple):
    """One broken promise; `seq` is the row that breaks it."""

    seq: int
    rule: str
    message: str


def differences(
    table: str,
    stored: Mapping[str, tuple[object, ...]],
    folded: Mapping[str, tuple[object, ...]],
    touched: Mapping[str, int],
) -> Iterator[Violation]:
    """Yield the rows of `table` that are not what the facts say; `touched` has their last fact."""
    for key in sorted(stored.keys() | folded.keys(), key=str):
        if stored.get(key) != folded.get(key):
            yield Violation(
                touched.get(key, 0), "tables agree", f"{table}: {key} is not what the rows say"
            )
