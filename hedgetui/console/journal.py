"""`hedgetui journal …`: read, prove and export the audit journal."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from hedgetui.console import output
from hedgetui.console.settings import journal_path
from hedgetui.domain.audit import Auditor
from hedgetui.domain.errors import StoreError, UsageError
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp, iso_utc
from hedgetui.store import chain as rows_of
from hedgetui.store import export as exporting
from hedgetui.store.verify import verify as verify_file

_WIDEST = 500


def _existing(options: argparse.Namespace) -> Path:
    path = journal_path(options)
    if not path.is_file():
        message = f"there is no journal at {path}"
        raise StoreError(message, hint="run `hedgetui` once, or name one with --db")
    return path


def tail(options: argparse.Namespace) -> int:
    """Print the newest facts."""
    path = _existing(options)
    if options.count < 1:
        message = f"-n must be 1 or more, not {options.count}"
        raise UsageError(message)
    rows = list(exporting.rows(path, last=options.count))
    _print_rows(path, exporting.json_lines(rows) if output.wants_json(options) else _texts(rows))
    return 0


def _texts(rows: list[rows_of.Row]) -> Iterator[str]:
    for row in rows:
        yield safe(
            f"{row.seq:>6} {iso_utc(Timestamp(row.at))} {row.kind:<16} {_short(row.payload)}",
            limit=_WIDEST,
        )


def _print_rows(path: Path, lines: Iterator[str]) -> None:
    """Write one line after the other; a row that cannot be read ends it with words."""
    try:
        for line in lines:
            output.write(f"{line}\n")
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        message = f"{path} holds a row that cannot be read: {error}"
        hint = "hedgetui journal verify lists every finding"
        raise StoreError(message, hint=hint, code="store_corrupt") from error


def _short(payload: str) -> str:
    """Return a payload as `key value` pairs, nested records left out."""
    fields = json.loads(payload)
    flat = {key: value for key, value in fields.items() if not isinstance(value, dict | list)}
    return " ".join(f"{key}={value}" for key, value in flat.items() if value not in {"", None})


def verify(options: argparse.Namespace) -> int:
    """Check the hash chain and every promise; 1 when one is broken."""
    path = _existing(options)
    report = verify_file(path)
    violations = [
        {"seq": found.seq, "rule": found.rule, "message": found.message}
        for found in report.violations
    ]
    if report.ok:
        auditor = Auditor()
        for row in exporting.rows(path):
            auditor.take(rows_of.decode(row))
        violations += [
            {"seq": v.seq, "rule": f"I-{v.invariant}", "message": v.words}
            for v in auditor.violations
        ]
    if output.wants_json(options):
        output.print_json(
            {
                "path": str(path),
                "rows": report.rows,
                "head": report.head,
                "violations": len(violations),
                "found": violations,
            }
        )
    else:
        words = [f"seq {v['seq']}: {v['rule']}: {v['message']}" for v in violations]
        verdict = f"{report.rows} facts, {len(violations)} violations, head {report.head}"
        output.print_lines([*words, verdict])
    return 1 if violations else 0


def export(options: argparse.Namespace) -> int:
    """Write every fact as JSON lines, or as CSV."""
    path = _existing(options)
    rows = exporting.rows(path)
    _print_rows(path, exporting.csv_lines(rows) if options.csv else exporting.json_lines(rows))
    return 0
