"""`hedgetui doctor`: what a desk needs, one line each, with the way to mend it.

Looks and changes nothing: a check that would create what it checks for proves little.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import shutil
import stat
import sys
from collections import deque
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from hedgetui import __version__, config
from hedgetui.adapters.control.client import ControlClient
from hedgetui.console import link, mt5_link, output
from hedgetui.console.link import Line
from hedgetui.console.settings import journal_path, loaded, socket_path
from hedgetui.domain.balance.facts import BetasMeasured
from hedgetui.domain.errors import HedgetuiError
from hedgetui.domain.units import iso_utc
from hedgetui.store.reading import facts_of
from hedgetui.store.verify import verify

_SMALLEST = (40, 12)
_COMFORTABLE = (80, 24)
_MARKS = {"ok": "✓", "hint": "·", "warn": "⚠", "fail": "✗"}
_FREE_BYTES = 100 * 1024 * 1024
_PATIENCE_S = 3.0
_NAMED = 5
"""Names that a line lists."""


def run(options: argparse.Namespace) -> int:
    """Print every check; 1 when one failed."""
    lines = list(checks(options))
    if output.wants_json(options):
        output.print_json(lines)
    else:
        for line in lines:
            fix = f"  → {line.fix}" if line.fix else ""
            output.print_lines([f"{_MARKS[line.status]} {line.name:<10} {line.detail}{fix}"])
    return 1 if any(line.status == "fail" for line in lines) else 0


def checks(options: argparse.Namespace) -> Iterator[Line]:
    """Yield every check."""
    yield from _versions()
    yield from _terminal()
    try:
        found = loaded(options)
    except HedgetuiError as error:
        yield Line("config", "fail", "; ".join(error.message.splitlines()), error.hint)
        return
    yield _config_file(found)
    yield from _files(found)
    yield from _guarded("database", lambda: _database(journal_path(options)))
    yield from _guarded("portfolio", lambda: _portfolio(found, journal_path(options)))
    yield from _guarded("console", lambda: _console(socket_path(options, found.paths)))
    if found.settings.connection is None:
        yield Line("broker", "ok", "the built-in simulator: no link needed")
        yield Line("clock", "ok", "the simulator keeps its own: no offset")
    else:
        yield from link.checks(found.settings)
    yield from mt5_link.checks(found)


def _config_file(found: config.Loaded) -> Line:
    profile = found.settings.general.profile
    if found.file is None:
        return Line("config", "ok", f"packaged defaults, profile {profile}")
    mode = stat.S_IMODE(found.file.stat().st_mode)
    words = f"{found.file}, profile {profile}, mode {mode:04o}"
    if mode & 0o022:
        return Line("config", "warn", f"{words}: others may change it", f"chmod 600 {found.file}")
    return Line("config", "ok", words)


def _versions() -> Iterator[Line]:
    running = f"hedgetui {__version__}, Python {platform.python_version()}"
    yield Line("program", "ok", running)
    names = ("textual", "numpy", "pydantic", "aiosqlite", "tomlkit")
    parts, missing = [], []
    for name in names:
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        yield Line("packages", "fail", f"missing: {', '.join(missing)}", "install hedgetui again")
    else:
        yield Line("packages", "ok", ", ".join(parts))


def _terminal() -> Iterator[Line]:
    if not sys.stdout.isatty():
        fix = "run doctor in the terminal you trade in"
        yield Line("terminal", "warn", "standard output is no terminal", fix)
    else:
        columns, rows = shutil.get_terminal_size()
        size = f"{os.environ.get('TERM', 'TERM not set')}, {columns}x{rows}"
        if columns < _SMALLEST[0] or rows < _SMALLEST[1]:
            yield Line("terminal", "warn", size, f"at least {_SMALLEST[0]}x{_SMALLEST[1]}")
        elif columns < _COMFORTABLE[0] or rows < _COMFORTABLE[1]:
            yield Line("terminal", "ok", f"{size}: the narrow screen")
        else:
            yield Line("terminal", "ok", size)
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    fix = "" if utf8 else "export LANG=C.UTF-8, or set ui.ascii = true"
    yield Line("encoding", "ok" if utf8 else "warn", sys.stdout.encoding or "unknown", fix)
    yield _colours()


def _colours() -> Line:
    if os.environ.get("NO_COLOR"):
        return Line("colours", "ok", "none: NO_COLOR is set; signs and shapes carry the meaning")
    term = os.environ.get("TERM", "")
    if os.environ.get("COLORTERM") in {"truecolor", "24bit"}:
        return Line("colours", "ok", "16 million")
    if "256" in term:
        return Line("colours", "ok", "256")
    return Line("colours", "warn", "16", "export TERM=xterm-256color if the terminal can")


def _files(found: config.Loaded) -> Iterator[Line]:
    folder = found.paths.state
    if not folder.exists():
        yield Line("files", "ok", f"{folder} will be made at the first start")
        return
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        yield Line("files", "warn", f"{folder} has mode {mode:04o}", f"chmod 700 {folder}")
    elif not os.access(folder, os.W_OK):
        yield Line("files", "fail", f"{folder} cannot be written", f"chmod u+w {folder}")
    else:
        yield Line("files", "ok", f"{folder}, mode {mode:04o}")
    free = shutil.disk_usage(folder).free
    status, fix = ("ok", "") if free > _FREE_BYTES else ("fail", "free some space")
    yield Line("disk", status, f"{free / 1e6:,.0f} MB free", fix)


def _database(path: Path) -> Line:
    if not path.exists():
        return Line("database", "ok", f"{path} will be made at the first start")
    report = verify(path)
    if not report.ok:
        first = report.violations[0]
        fix = "hedgetui journal verify"
        return Line("database", "fail", f"{path}: seq {first.seq}: {first.message}", fix)
    mode = stat.S_IMODE(path.stat().st_mode)
    words = f"{path}: {report.rows} facts, chain and invariants hold, mode {mode:04o}"
    if mode & 0o077:
        return Line("database", "warn", words, f"chmod 600 {path}")
    if not os.access(path, os.W_OK):
        return Line("database", "fail", f"{path} cannot be written", f"chmod u+w {path}")
    return Line("database", "ok", words)


def _portfolio(found: config.Loaded, path: Path) -> Line:
    """Whether the portfolio is read, and whose betas are known."""
    balance = found.settings.balance
    if not balance.enabled:
        return Line("portfolio", "ok", "off: balance.enabled is false")
    words = f"read every {balance.read_every_s:g} s, deltas in {balance.index}"
    facts = facts_of(path, ("BetasMeasured",)) if path.exists() else ()
    newest = next(iter(deque(facts, maxlen=1)), None)
    if newest is None or not isinstance(newest.event, BetasMeasured):
        return Line("portfolio", "ok", f"{words}; betas are measured when it is first read")
    known, unknown = newest.event.betas, sorted({*newest.event.unknown} - {*balance.betas})
    words = f"{words}; {len(known)} betas of {iso_utc(newest.at)}"
    if not unknown:
        return Line("portfolio", "ok", words)
    named = ", ".join(unknown[:_NAMED])
    fix = f"[balance.betas] {unknown[0]} = 1.0"
    return Line("portfolio", "hint", f"{words}; {len(unknown)} without a history: {named}", fix)


def _console(path: Path) -> Line:
    """Whether a desk runs on that journal and console verbs reach it."""
    if not path.exists():
        return Line("console", "ok", "none is running")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Line("console", "fail", f"{path} has mode {mode:04o}", f"chmod 600 {path}")
    if asyncio.run(_answers(path)):
        return Line("console", "ok", f"one is running and answers at {path}")
    return Line("console", "ok", f"none is running; the next one replaces {path}")


async def _answers(path: Path) -> bool:
    client = await ControlClient.connect(path, patience_s=_PATIENCE_S)
    if client is None:
        return False
    try:
        await client.first_trade_lots()
    finally:
        await client.close()
    return True


def _guarded(name: str, check: Callable[[], Line]) -> Iterator[Line]:
    try:
        yield check()
    except HedgetuiError as error:
        yield Line(name, "fail", error.message, error.hint)
