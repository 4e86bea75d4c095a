"""`hedgetui dtms score`, and the files of bars that it and the study read."""

from __future__ import annotations

import argparse
import gzip
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from hedgetui.console import output
from hedgetui.domain.dtms.bars import Bars, Timeframe
from hedgetui.domain.dtms.bars_csv import read_bars_csv
from hedgetui.domain.dtms.reading import Reading
from hedgetui.domain.dtms.score import read_all
from hedgetui.domain.dtms.vwap import Anchor, probable_anchor
from hedgetui.domain.errors import DataError, UsageError
from hedgetui.domain.orders import Side
from hedgetui.domain.units import iso_utc

_GZIP_MAGIC = b"\x1f\x8b"
_SIDES = {"long": Side.BUY, "short": Side.SELL}
_ANCHORS = {"utc": Anchor.UTC_MIDNIGHT, "new-york": Anchor.NEW_YORK_CLOSE}
_CELLS_PER_POINT = 4
_WIDEST = 3 * _CELLS_PER_POINT


@dataclass(frozen=True, slots=True)
class BarFiles:
    """The bars of a command line."""

    fast: Bars
    """M5; M15 where a file has nothing finer, and then every M15 bar is evaluated."""
    m15: Bars | None
    """The broker's own M15, where given beside M5."""


def score(options: argparse.Namespace) -> int:
    """Print the score at the last bar of a file."""
    files = read_bar_files(options)
    anchor = _ANCHORS.get(options.anchor) or probable_anchor(files.fast)
    reading = read_all(files.fast, m15=files.m15, anchor=anchor).at(-1)
    reading = reading.seen_by(_SIDES[options.side])
    if output.wants_json(options):
        output.print_json(score_document(reading))
    else:
        output.print_lines(_lines(reading, options.side, anchor))
    return 0


def read_bar_files(options: argparse.Namespace) -> BarFiles:
    """Read `options.m5` and `options.m15`, either of which may be missing, in zone `options.tz`.

    Raises:
        UsageError: neither is given, both hold M15 bars, or one holds bars of another timeframe.
        DataError: a file cannot be read as bars.
    """
    m5 = read_bars_file(options.m5, options.tz) if options.m5 else None
    m15 = read_bars_file(options.m15, options.tz) if options.m15 else None
    if m15 is not None and m15.timeframe is not Timeframe.M15:
        raise UsageError(f"--m15 {options.m15} holds {m15.timeframe.name} bars")
    if m5 is None:
        if m15 is None:
            raise UsageError("no bars given", hint="--m5 FILE, --m15 FILE or both")
        return BarFiles(m15, None)
    if m5.timeframe is Timeframe.H1:
        raise UsageError(f"--m5 {options.m5} holds H1 bars", hint="M5 or M15 bars can be scored")
    if m5.timeframe is Timeframe.M15:
        if m15 is not None:
            raise UsageError("--m5 and --m15 both hold M15 bars", hint="give one of them")
        output.say(f"{options.m5} holds M15 bars: each is evaluated")
    return BarFiles(m5, m15)


def read_bars_file(path: str | Path, tz: str) -> Bars:
    """Read bars from a CSV file, gzipped or not; `tz` is the zone of times that name none.

    Raises:
        DataError: it cannot be read, or a line is no bar; file, line and column are named.
        UsageError: there is no such time zone.
    """
    place = Path(path).expanduser()
    try:
        with _open(place) as lines:
            return read_bars_csv(lines, name=place.name, tz=tz)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot read {place}: {reason}") from error


def score_document(reading: Reading) -> dict[str, object]:
    """Return a reading in the shape scripts rely on; no "-0.0"."""
    return {
        "score": None if reading.score is None else reading.score + 0.0,
        "components": {name: value + 0.0 for name, value in asdict(reading.components).items()},
        "flags": list(reading.flags),
        "at": iso_utc(reading.at),
        "regime": None if reading.regime is None else asdict(reading.regime),
    }


def _open(path: Path) -> IO[str]:
    with path.open("rb") as raw:
        compressed = raw.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    if compressed:
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _lines(reading: Reading, side: str, anchor: Anchor) -> list[str]:
    lines = [f"{side} at {iso_utc(reading.at)}, sessions from {anchor}"]
    for name, value in asdict(reading.components).items():
        known = f"{name} n/a" not in reading.flags
        lines.append(f"{name:<12} {f'{value + 0.0:+6.2f}  {_bar(value)}' if known else '   n/a'}")
    total = "  none" if reading.score is None else f"{reading.score + 0.0:+6.2f}"
    lines.append(f"{'score':<12} {total}")
    if reading.regime is not None:
        regime = reading.regime
        chips = (regime.session, f"{regime.volatility} volatility", regime.structure)
        lines.append(f"{'regime':<12} {' · '.join(chips)}")
    return lines + [f"{'flag':<12} {flag}" for flag in reading.flags]


def _bar(value: float) -> str:
    """Draw a component from the middle: to the left against the trade, to the right for it."""
    cells = round(abs(value) * _CELLS_PER_POINT)
    if value < 0:
        return ("▇" * cells).rjust(_WIDEST) + "│"
    return " " * _WIDEST + "│" + "▇" * cells
