"""How every verb prints: one JSON document with `--json`, else plain aligned text."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from hedgetui.domain.codec import to_plain
from hedgetui.domain.text import safe


def wants_json(options: argparse.Namespace) -> bool:
    """Whether `--json` was given, before or after the verb."""
    return bool(getattr(options, "json", False))


def print_json(document: object) -> None:
    """Write one JSON document and a line end."""
    sys.stdout.write(json.dumps(to_plain(document), ensure_ascii=False) + "\n")


def say(text: str) -> None:
    """Write narration to stderr."""
    sys.stderr.write(safe(text, limit=500) + "\n")


def print_lines(lines: Sequence[str]) -> None:
    """Write plain lines to stdout."""
    sys.stdout.write("".join(f"{safe(line, limit=500)}\n" for line in lines))


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
        sys.stdout.write("  ".join(padded).rstrip() + "\n")


def _cell(value: object) -> str:
    if value is None:
        return "n/a"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return safe(str(value))
