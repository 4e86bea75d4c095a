"""Facts of some kinds out of a journal that somebody else may be writing."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from hedgetui.domain.errors import DataError, StoreError
from hedgetui.domain.units import Timestamp
from hedgetui.store import chain
from hedgetui.store.connection import DATABASE_ERRORS, explain, open_reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hedgetui.domain.events import Fact


def facts_of(path: Path, kinds: Sequence[str]) -> Iterator[Fact]:
    """Yield the facts of `kinds`, oldest first, from one snapshot; the chain is not checked.

    Raises:
        StoreError: the file is missing, cannot be read, or holds a row that is no fact.
    """
    places = ",".join("?" * len(kinds))
    query = f"SELECT {chain.COLUMNS} FROM events WHERE kind IN ({places}) ORDER BY seq"  # noqa: S608 - bound
    with closing(open_reader(path)) as connection:
        try:
            for record in connection.execute(query, tuple(kinds)):
                row = chain.Row(*record)
                try:
                    yield chain.decode(row)
                except (DataError, TypeError) as error:
                    message = f"{path}: row {row.seq} cannot be read: {error}"
                    hint = "hedgetui journal verify lists every finding"
                    raise StoreError(message, hint=hint, code="store_corrupt") from error
        except DATABASE_ERRORS as error:
            raise explain(error, path) from error


def newest_at(path: Path) -> Timestamp | None:
    """Return when the newest fact of a journal was; None in an empty one.

    Raises:
        StoreError: the file is missing or cannot be read.
    """
    with closing(open_reader(path)) as connection:
        try:
            row = connection.execute("SELECT at FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        except DATABASE_ERRORS as error:
            raise explain(error, path) from error
    return None if row is None else Timestamp(row[0])
