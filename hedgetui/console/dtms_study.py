"""`hedgetui dtms study`: does defending pay, asked of recorded bars."""

from __future__ import annotations

import argparse

import numpy as np

from hedgetui.console import output
from hedgetui.console.dtms_files import read_bar_files
from hedgetui.domain.dtms.machine import TRANSITIONS
from hedgetui.domain.dtms.model import Rules, RuleSet
from hedgetui.domain.dtms.study import REPORTED, StudyResult, study
from hedgetui.domain.dtms.vwap import probable_anchor
from hedgetui.domain.errors import UsageError

_HONEST = "Insurance, not an edge: it narrows results, it does not raise their average."


def run(options: argparse.Namespace) -> int:
    """Walk random entries through the bars of a file and print what became of them."""
    if options.entries < 1:
        raise UsageError(f"--entries must be 1 or more, not {options.entries}")
    seed = getattr(options, "seed", None)
    files = read_bar_files(options)
    result = study(
        files.fast,
        entries=options.entries,
        rng=np.random.default_rng(1 if seed is None else abs(seed)),
        rules=Rules(rule_set=RuleSet(options.profile_rules)),
        anchor=probable_anchor(files.fast),
        m15=files.m15,
    )
    if output.wants_json(options):
        output.print_json(result.summary())
    else:
        _print(result)
    return 0


def _print(result: StudyResult) -> None:
    rows = (
        (
            "lost 0.9 R or more",
            f"{result.loss_share.managed:.1%}",
            f"{result.loss_share.unmanaged:.1%}",
        ),
        ("mean", f"{result.mean.managed:+.3f} R", f"{result.mean.unmanaged:+.3f} R"),
        ("deviation", f"{result.deviation.managed:.3f} R", f"{result.deviation.unmanaged:.3f} R"),
    )
    output.print_table((f"{result.entries} entries", "Defended", "Left alone"), rows)
    output.print_lines([""])
    output.print_table(
        ("Of 1,000 entries", "Reached"),
        [(state.value, result.per_1000[state]) for state in REPORTED],
    )
    output.print_lines([""])
    made = [row for row in TRANSITIONS if result.rules[row.rule] and not row.by_operator]
    output.print_table(
        ("Rule", "From", "To", "Times"),
        [
            (
                row.rule,
                "any" if len(row.before) > 1 else row.before[0],
                row.after,
                result.rules[row.rule],
            )
            for row in made
        ],
    )
    output.print_lines(
        [
            "",
            f"mirror violations     {result.mirror_violations}",
            f"look-ahead violations {result.lookahead_violations}",
            _HONEST,
        ]
    )
