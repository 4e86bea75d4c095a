"""The proof of a journal: the chain holds and every promise holds at every row.

Reads through a connection that cannot write, in one snapshot, so it may run while the desk trades.
What it finds is a list with row numbers; an unreadable row is a finding and not the end of the
check.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hedgetui.domain.codec import canonical
from hedgetui.domain.errors import DataError
from hedgetui.store import chain
from hedgetui.store.connection import (
    DATABASE_ERRORS,
    JOURNAL,
    explain,
    migrations,
    open_reader,
    schema_changes,
)
from hedgetui.store.projections import Projection
from hedgetui.store.violations import Violation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a check of the whole journal found."""

    path: Path
    rows: int
    head: str
    """Hash of the last row; note it elsewhere, and a rewritten journal cannot pass for this one."""
    violations: tuple[Violation, ...]

    @property
    def ok(self) -> bool:
        """Whether every promise held."""
        return not self.violations


def verify(path: Path, *, known_head: str = "") -> VerifyReport:
    """Check the journal at `path`; `known_head` is a hash noted earlier that must be in it.

    Raises:
        StoreError: the file is missing, is not a journal, or is too damaged to read.
    """
    with closing(open_reader(path)) as connection:
        try:
            return _verify(connection, path, known_head)
        except DATABASE_ERRORS as error:
            raise explain(error, path) from error


def _verify(connection: sqlite3.Connection, path: Path, known_head: str) -> VerifyReport:
    connection.execute("BEGIN")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    violations = [
        Violation(0, "schema", f"{name} is missing or was changed")
        for name in schema_changes(connection, migrations(JOURNAL)[: max(1, version)])
    ]
    projection = Projection()
    head = chain.GENESIS
    rows = 0
    seen = known_head in {"", chain.GENESIS}
    expected = 1
    for row in chain.read(connection):
        if reason := chain.broken_by(row, head, expected):
            violations.append(Violation(row.seq, "chain", f"row {row.seq} {reason}"))
        violations.extend(_apply(projection, row))
        rows += 1
        head = row.hash
        expected = row.seq + 1
        seen = seen or head == known_head
    violations.extend(projection.finish())
    violations.extend(projection.compare(connection))
    if not seen:
        violations.append(Violation(rows, "chain", "the noted head is not in this journal"))
    return VerifyReport(path, rows, head, tuple(violations))


def _apply(projection: Projection, row: chain.Row) -> Iterator[Violation]:
    try:
        fact = chain.decode(row)
    except (DataError, TypeError) as error:
        yield Violation(row.seq, "readable", str(error))
        return
    if canonical(fact.event) != row.payload:
        yield Violation(row.seq, "readable", "the payload is not in its canonical spelling")
    yield from projection.apply(fact)
