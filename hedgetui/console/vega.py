"""`hedgetui vega …`: the strategy's verbs, over a running desk or the pure rule."""

from __future__ import annotations

import argparse
import math
from dataclasses import asdict

from hedgetui.console import output
from hedgetui.domain.errors import UsageError
from hedgetui.domain.units import DollarsPerPoint
from hedgetui.domain.vega import emergency
from hedgetui.domain.vega.sizing import hedge_by_size
from hedgetui.ports.desk import CandidateView, DeskSnapshot, Outcome, Preview

_LARGEST = 1e9


def size(options: argparse.Namespace) -> int:
    """Print the hedge for a delta; nothing is sent."""
    _require_sizable("N", options.delta, "dollars per index point")
    _require_sizable("--hedge", options.hedge, "contracts")
    _require_sizable("--working", options.working, "contracts")
    if options.band is not None and not 0 <= options.band < math.inf:
        message = f"--band must be a finite number from 0, not {options.band}"
        raise UsageError(message)
    delta = options.delta + 0.0  # no "-0"
    sized = hedge_by_size(DollarsPerPoint(delta), options.hedge, options.working, band=options.band)
    if output.wants_json(options):
        output.print_json(asdict(sized))
        return 0
    order = f"{sized.side} {sized.contracts} MES" if sized.side else "nothing to send"
    output.print_lines([f"{order}   net {sized.net_before:+g} → {sized.net_after:+g} $/pt"])
    return 0


def _require_sizable(name: str, value: float, unit: str) -> None:
    """Refuse NaN, infinity and numbers at which a float no longer counts single contracts."""
    if not abs(value) <= _LARGEST:
        message = f"{name} must be a finite number of {unit} within ±{_LARGEST:g}, not {value}"
        raise UsageError(message)


def scan_document(row: CandidateView) -> dict[str, object]:
    """Return one scanner row in the shape scripts rely on."""
    return {
        "number": row.number,
        "expiry": row.expiry,
        "dte": row.dte,
        "iv_rank": row.iv_rank,
        "iv_label": row.iv_label,
        "put": {"strike": row.put_strike, "iv": row.put_iv, "delta": row.put_delta},
        "call": {"strike": row.call_strike, "iv": row.call_iv, "delta": row.call_delta},
        "width_pct": row.width_pct,
        "cost": row.cost,
        "vega": row.vega,
        "theta": row.theta,
        "vega_per_theta": row.vega_per_theta,
        "break_evens": [row.break_even_low, row.break_even_high],
        "entry_delta": row.entry_delta,
        "spread_pct": row.spread_pct,
    }


def print_scan(snapshot: DeskSnapshot, *, as_json: bool) -> None:
    """Print the scanner."""
    if as_json:
        output.print_json([scan_document(row) for row in snapshot.candidates])
        return
    head = ("#", "Strangle", "DTE", "IV rank", "Cost $", "Vega", "Theta", "Break-evens", "Δ $/pt")
    output.print_table(
        head,
        [
            (
                row.number,
                row.label,
                row.dte,
                None if row.iv_rank is None else round(row.iv_rank, 1),
                row.cost,
                row.vega,
                row.theta,
                f"{row.break_even_low:.1f} / {row.break_even_high:.1f}",
                row.entry_delta,
            )
            for row in snapshot.candidates
        ],
    )


def print_preview(preview: Preview) -> None:
    """Narrate what would be sent."""
    output.say(preview.title)
    for label, text in preview.lines:
        output.say(f"  {label:<9} {text}")
    for check in preview.checks:
        output.say(f"  {'✓' if check.ok else '✗'} {check.name}: {check.detail}")


def emergency_lines(snapshot: DeskSnapshot) -> list[str]:
    """Return the emergency card: what to type into TWS by hand, and what happens afterwards."""
    book = snapshot.book
    net = None if book.net_delta is None else DollarsPerPoint(book.net_delta)
    target = DollarsPerPoint(book.target)
    return emergency.card(net, book.hedge_contracts, book.hedge_month, target)


def print_outcome(
    outcome: Outcome, options: argparse.Namespace, snapshot: DeskSnapshot | None = None
) -> int:
    """Print what became of a command, and the book it left."""
    if output.wants_json(options):
        document: dict[str, object] = {"code": outcome.code, "message": outcome.message}
        if outcome.preview is not None:
            document["preview"] = outcome.preview
        if snapshot is not None:
            document["book"] = snapshot.book
            document["strangles"] = snapshot.strangles
        output.print_json(document)
        return 0
    output.print_lines([outcome.message])
    if snapshot is not None:
        net = snapshot.book.net_delta
        words = "?" if net is None else f"{net:+.1f}"
        output.print_lines(
            [f"net Δ {words} $/pt, hedge {snapshot.book.hedge_contracts:+d} MES"]
            + [f"{row.trade_id}  {row.label}  {row.state}" for row in snapshot.strangles]
        )
    return 0
