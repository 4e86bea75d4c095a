"""The hash chain over journal rows, and the way between rows and facts.

Each row's hash covers the row before it, so an edited, removed, inserted or reordered row breaks
every later hash. That makes changes evident, not impossible: whoever may write the file can also
compute a new chain, unless the head was noted elsewhere.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, cast

from hedgetui.domain.codec import canonical, from_plain
from hedgetui.domain.errors import DataError
from hedgetui.domain.events import EVENT_TYPES, Event, Fact
from hedgetui.domain.units import Timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from sqlite3 import Connection

GENESIS = "0" * 64
"""Head of an empty journal."""

COLUMNS = "seq, at, kind, payload, prev_hash, hash"


class Row(NamedTuple):
    """One row of the `events` table, as stored; a tampered file may hold other types."""

    seq: int
    at: float
    kind: str
    payload: str
    prev_hash: str
    hash: str


def encode(event: Event) -> tuple[str, str]:
    """Return the kind and the canonical JSON payload of an event.

    Raises:
        DataError: the event holds something without a JSON spelling, e.g. a NaN.
    """
    try:
        return type(event).__name__, canonical(event)
    except ValueError as error:
        raise DataError(f"{type(event).__name__}: {error}") from error


def row_hash(prev_hash: str, seq: int, at: float, kind: str, payload: str) -> str:
    """Return sha256 of `prev_hash` and the canonical JSON of {at, kind, payload, seq}.

    `payload` is JSON already and `kind` an identifier, so the text is put together directly; the
    keys stand in sorted order and `at` as `repr` spells it.
    """
    body = f'{prev_hash}{{"at":{at!r},"kind":"{kind}","payload":{payload},"seq":{seq}}}'
    return sha256(body.encode()).hexdigest()


def chained(prev_hash: str, seq: int, at: float, kind: str, payload: str) -> Row:
    """Return the row that follows the one with `prev_hash`."""
    return Row(seq, at, kind, payload, prev_hash, row_hash(prev_hash, seq, at, kind, payload))


def broken_by(row: Row, prev_hash: str, seq: int) -> str:
    """Return why `row` cannot follow `prev_hash` at place `seq`, empty if it does."""
    if row.seq != seq:
        return f"expected row {seq}, found row {row.seq}"
    if row.prev_hash != prev_hash:
        return "does not continue the row before it"
    if [type(value) for value in row] != [int, float, str, str, str, str]:
        return "holds a value of the wrong type"
    if row.hash != row_hash(prev_hash, row.seq, row.at, row.kind, row.payload):
        return "was changed after it was written"
    return ""


def decode(row: Row) -> Fact:
    """Return the row as a fact.

    Raises:
        DataError: unknown kind, or a payload that is not the canonical text of its event.
    """
    kind = EVENT_TYPES.get(row.kind)
    if kind is None:
        raise DataError(f"unknown kind {row.kind!r}")
    try:
        event = cast("Event", from_plain(kind, json.loads(row.payload)))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{row.kind}: not JSON: {error}") from error
    return Fact(row.seq, Timestamp(row.at), event)


def read(connection: Connection, after: int = 0) -> Iterator[Row]:
    """Yield rows with a higher sequence number than `after`, oldest first."""
    query = f"SELECT {COLUMNS} FROM events WHERE seq > ? ORDER BY seq"  # noqa: S608  no input
    for record in connection.execute(query, (after,)):
        yield Row(*record)


_FROM_LIST = ", ".join(
    "?2" if column == "at" else f"json_extract(value, '$[{place}]')"
    for place, column in ((0, "seq"), (1, "at"), (1, "kind"), (2, "payload"), (3, "prev_hash"),
                          (4, "hash"))
)  # fmt: skip
"""What `json_each` of a list of rows without their time selects, in the order of the columns."""


def insertion(rows: Sequence[Row], bound: int) -> tuple[str, Sequence[object]]:
    """Return the one statement that writes `rows`, and its values.

    Args:
        rows: more than `bound` of them have to be of one time.
        bound: as many rows may be written as bound values.
    """
    into = f"INSERT INTO events ({COLUMNS})"
    if len(rows) <= bound:
        places = ",".join(["(?,?,?,?,?,?)"] * len(rows))
        return f"{into} VALUES {places}", [value for row in rows for value in row]
    # No JSON spells a time as exactly as a bound value does.
    texts = json.dumps([(row.seq, *row[2:]) for row in rows])
    return f"{into} SELECT {_FROM_LIST} FROM json_each(?1)", (texts, rows[0].at)  # noqa: S608 - bound
