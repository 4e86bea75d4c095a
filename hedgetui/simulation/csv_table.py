"""Opening other people's CSV files: compressed or not, columns in any order and any case.

A recorded file is the one input nobody here controls, so every complaint names the file, the line
and the column, and says what was found instead.
"""

from __future__ import annotations

import csv
import gzip
import math
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import IO

from hedgetui.domain.errors import DataError

_GZIP_MAGIC = b"\x1f\x8b"
_DELIMITERS = ",;\t"
_US_DATE = "%m/%d/%Y"


def read_columns(
    path: Path, columns: Sequence[tuple[str, ...]]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield (line number, cells) of a CSV file, the cells in the order of `columns`.

    Each entry of `columns` lists the lower-case names accepted for one column, best first. Blank
    lines are skipped; comma, semicolon and tab are recognised from the header.

    Raises:
        DataError: the file cannot be read, lacks a column, or a row is too short.
    """
    try:
        with _open(path) as stream:
            header = stream.readline()
            delimiter = max(_DELIMITERS, key=header.count)
            found = [name.strip().strip("<>").lower() for name in header.strip().split(delimiter)]
            places = [_place(path, found, names) for names in columns]
            last = max(places)
            for line, row in enumerate(csv.reader(stream, delimiter=delimiter), start=2):
                if not row:
                    continue
                if len(row) <= last:
                    raise DataError(f"{path.name} line {line}: {len(row)} cells, need {last + 1}")
                yield line, tuple(row[place].strip() for place in places)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot read {path}: {reason}") from error


def cell_number(path: Path, line: int, column: str, text: str) -> float:
    """Return a cell as a finite float.

    Raises:
        DataError: it is not one; the message names file, line and column.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{path.name} line {line}: {column} {text!r} is not a number")
    return value


def cell_date(path: Path, line: int, column: str, text: str) -> date:
    """Return a cell as a date: `2018-01-31`, `2018.01.31`, `20180131` or `01/31/2018`.

    Raises:
        DataError: it is not one; the message names file, line and column.
    """
    day = text.replace("T", " ").split(" ", maxsplit=1)[0]
    try:
        if "/" in day:
            return datetime.strptime(day, _US_DATE).date()  # noqa: DTZ007  a date has no zone
        return date.fromisoformat(day.replace(".", "-"))
    except ValueError as error:
        raise DataError(f"{path.name} line {line}: {column} {text!r} is not a date") from error


def _open(path: Path) -> IO[str]:
    with path.open("rb") as raw:
        compressed = raw.read(2) == _GZIP_MAGIC
    if compressed:
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _place(path: Path, found: Sequence[str], names: tuple[str, ...]) -> int:
    for name in names:
        if name in found:
            return found.index(name)
    wanted = " or ".join(repr(name) for name in names)
    listed = ", ".join(filter(None, found)) or "none"
    raise DataError(f"{path.name}: no column {wanted}", hint=f"columns found: {listed}")
