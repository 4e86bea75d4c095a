"""`hedgetui vega study`: does hedging pay, asked of recorded option chains."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from hedgetui.console import output
from hedgetui.domain.errors import UsageError
from hedgetui.domain.quotes import ChainSnapshot
from hedgetui.domain.vega.study import StudyResult, StudySettings, study
from hedgetui.simulation.chain_csv import read_chains, scale_to_xsp

_SPX = "SPX"


def run(options: argparse.Namespace) -> int:
    """Walk the chains of a file and print what the strategy would have done."""
    if not (math.isfinite(options.band) and options.band > 0):
        message = f"--band must be a positive number, not {options.band}"
        raise UsageError(message)
    if options.lots < 1:
        message = f"--lots must be 1 or more, not {options.lots}"
        raise UsageError(message)
    chains = [_in_xsp(chain) for chain in read_chains(Path(options.chain).expanduser())]
    result = study(chains, StudySettings(band=options.band, lots=options.lots))
    if output.wants_json(options):
        output.print_json(result.summary())
    else:
        _print(result)
    return 0


def _in_xsp(chain: ChainSnapshot) -> ChainSnapshot:
    """Return the chain in XSP points; an SPX file is ten times as large."""
    return scale_to_xsp(chain) if chain.root.symbol.startswith(_SPX) else chain


def _print(result: StudyResult) -> None:
    output.print_table(
        ("Trade", "Entered", "Left", "Why", "Cost $", "Options $", "Hedge $", "Fees $", "Net $"),
        [
            (t.name, t.entered, t.left, t.why, t.cost, t.options, t.hedge, t.fees, t.net)
            for t in result.trade_log
        ],
    )
    output.print_lines([""])
    output.print_table(
        ("Day", "Order", "Index", "Net before $/pt", "Net after $/pt"),
        [
            (h.day, f"{h.contracts:+d} MES", h.level, h.net_before, h.net_after)
            for h in result.hedge_log
        ],
    )
    ratio = result.var_hedged / result.var_unhedged if result.var_unhedged else math.nan
    figures = {**result.summary(), "hedged over unhedged": round(ratio, 4)}
    output.print_lines(["", *(f"{name:<22} {value:,.10g}" for name, value in figures.items())])
