"""The files of `balance` and `grow`, and CSV on stdout."""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from hedgetui.console import output
from hedgetui.domain.balance.closes import Closes, read_closes
from hedgetui.domain.balance.positions import Book, read_positions
from hedgetui.domain.errors import DataError, UsageError
from hedgetui.domain.text import safe

_LARGEST = 64_000_000
"""Bytes; no book and no list of closes is longer."""
_FORMULA = ("=", "@", "+", "-")


def book_of(file: str) -> Book:
    """Read a file of positions.

    Raises:
        DataError: it cannot be read or has no columns of positions.
    """
    lines = lines_of(file)
    try:
        return read_positions(lines, source=Path(file).name)
    except DataError as error:
        raise DataError(f"{Path(file).name} {error.message}", hint=error.hint) from error


def closes_of(file: str | None) -> Closes | None:
    """Read a file of daily closes, where there is one.

    Raises:
        DataError: it cannot be read, or a row is wrong.
    """
    return read_closes(lines_of(file), Path(file).name) if file else None


def lines_of(file: str) -> list[str]:
    """Return the lines of a text file.

    Raises:
        DataError: it cannot be read.
    """
    place = Path(file).expanduser()
    try:
        if place.stat().st_size > _LARGEST:
            raise DataError(f"{file} is larger than {_LARGEST // 1_000_000} MB")
        return place.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"cannot read {file}: it is not UTF-8 text") from error
    except (OSError, ValueError) as error:
        raise DataError(
            f"cannot read {file}: {getattr(error, 'strerror', None) or error}"
        ) from error


def wants_csv(options: argparse.Namespace) -> bool:
    """Whether `--csv` was given.

    Raises:
        UsageError: `--json` was given too.
    """
    if options.csv and output.wants_json(options):
        raise UsageError("--csv and --json exclude each other")
    return bool(options.csv)


def print_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows as CSV; no text becomes a formula in a spreadsheet."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_harmless(value) for value in row] for row in rows)
    output.write(buffer.getvalue())


def _harmless(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = safe(value, 500)
    return f"'{text}" if text.startswith(_FORMULA) else text
