"""How every verb prints: one JSON document with `--json`, else plain aligned text."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from typing import Any

from hedgetui.domain.codec import to_plain
from hedgetui.domain.errors import HedgetuiError
from hedgetui.domain.text import safe


def wants_json(options: argparse.Namespace) -> bool:
    """Whether `--json` was given, before or after the verb."""
    return bool(getattr(options, "json", False))


def write(text: str) -> None:
    """Write data to stdout.

    Raises:
        BrokenPipeError: the reader left, which is its right.
        HedgetuiError: it cannot be written, as to a full disk.
    """
    try:
        sys.stdout.write(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unwritable(error) from error


def flush() -> None:
    """Hand on what was written; raises as `write`."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unwritable(error) from error


def unwritable(error: OSError) -> HedgetuiError:
    """Return the sentence for output that cannot be written."""
    message = f"cannot write the output: {error.strerror or error}"
    return HedgetuiError(message, hint="check where stdout goes", code="output")


def as_json(document: object) -> str:
    """Return a document as one line; plain ASCII when stdout is not UTF-8.

    JSON knows no NaN and no infinity: a number that is not finite is not known, hence null.
    """
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return json.dumps(_finite(to_plain(document)), ensure_ascii=not utf8, allow_nan=False)


def _finite(value: object) -> object:
    match value:
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {key: _finite(item) for key, item in value.items()}
        case list():
            return [_finite(item) for item in value]
    return value


def print_json(document: object) -> None:
    """Write one JSON document and a line end."""
    write(as_json(document) + "\n")


def say(text: str) -> None:
    """Write narration to stderr."""
    sys.stderr.write(safe(text, limit=500) + "\n")


def print_lines(lines: Sequence[str]) -> None:
    """Write plain lines to stdout."""
    write("".join(f"{safe(line, limit=500)}\n" for line in lines))


def print_table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write an aligned table: numbers to the right, text to the left."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [
        max(len(title), *(len(row[column]) for row in cells)) if cells else len(title)
        for column, title in enumerate(head)
    ]
    right = [
        bool(rows) and all(isinstance(row[column], int | float | None) for row in rows)
        for column in range(len(head))
    ]
    for line in [list(head), *cells]:
        padded = (
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(line, widths, right, strict=True)
        )
        write("  ".join(padded).rstrip() + "\n")


def _cell(value: object) -> str:
    if value is None:
        return "n/a"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return safe(str(value))
