"""The journal for other programs: JSON lines that keep the proof, and CSV for a spreadsheet.

Both stream from one read-only snapshot, so a year of trading needs no memory and a running desk is
not disturbed.
"""

from __future__ import annotations

import csv
import io
import json
from contextlib import closing
from typing import TYPE_CHECKING

from hedgetui.domain.units import Timestamp, iso_utc
from hedgetui.store import chain
from hedgetui.store.connection import DATABASE_ERRORS, explain, open_reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

CSV_HEADER = ("seq", "utc", "at", "kind", "payload", "prev_hash", "hash")


def rows(path: Path, *, after: int = 0, last: int | None = None) -> Iterator[chain.Row]:
    """Yield journal rows behind place `after`, oldest first, or only the `last` ones of them.

    Raises:
        StoreError: the file is missing or cannot be read.
    """
    with closing(open_reader(path)) as connection:
        try:
            if last is not None:
                newest = connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()
                after = max(after, newest[0] - max(0, last))
            yield from chain.read(connection, after)
        except DATABASE_ERRORS as error:
            raise explain(error, path) from error


def json_lines(journal_rows: Iterable[chain.Row]) -> Iterator[str]:
    """Yield one JSON object per row, without line ends.

    `hash` is sha256 of `prev_hash` followed by the canonical JSON of {at, kind, payload, seq}.
    """
    for row in journal_rows:
        document = {
            "seq": row.seq,
            "at": row.at,
            "kind": row.kind,
            "payload": json.loads(row.payload),
            "prev_hash": row.prev_hash,
            "hash": row.hash,
        }
        yield json.dumps(document, separators=(",", ":"), ensure_ascii=True)


def csv_lines(journal_rows: Iterable[chain.Row]) -> Iterator[str]:
    """Yield a header and one CSV record per row, without line ends; the payload is JSON text."""
    yield _csv(CSV_HEADER)
    for row in journal_rows:
        yield _csv((row.seq, iso_utc(Timestamp(row.at)), repr(row.at), *row[2:]))


def _csv(values: Iterable[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(values)
    return buffer.getvalue()
