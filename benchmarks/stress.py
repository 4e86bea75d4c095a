"""A stress test of 500 options on 10,000 paths against a QuantLib loop over the same paths.

Each side runs in a process of its own, so that its peak memory is its own too. QuantLib prices the
book on the first paths only, one object per option and path; its time is counted per price and
scaled to all of them, and its P&L on those paths is held against ours.
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
from time import perf_counter

import numpy as np
import report
from pty_probe import ROOT

sys.path.insert(0, str(ROOT))

from hedgetui.domain.stress.book import Holding, OptionTerms, StressBook, Underlying
from hedgetui.domain.stress.monte_carlo import simulate
from hedgetui.domain.stress.paths import StressSettings, walk
from hedgetui.domain.stress.regimes import REGIMES
from hedgetui.domain.stress.revalue import Revaluation

LEGS, NAMES, PATHS, SAMPLE, ROUNDS = 500, 25, 10_000, 300, 3
SETTINGS = StressSettings(REGIMES["RISK_OFF"], PATHS, 30 / 365)
RATIO_GOAL, MEMORY_GOAL_MB, ERROR_GOAL = 20.0, 500.0, 1e-6


def book() -> StressBook:
    """Return 500 options on 25 names; none expires before the horizon, so all are priced."""
    rng = np.random.default_rng(1)
    names = tuple(
        Underlying(f"N{i}", float(rng.uniform(20, 600)), float(rng.uniform(0.4, 2)), 0.5)
        for i in range(NAMES)
    )
    held = [Holding(one.symbol, one.symbol, 200.0) for one in names]
    for i in range(LEGS):
        one = names[i % NAMES]
        terms = OptionTerms(
            one.spot * float(rng.uniform(0.8, 1.2)),
            float(rng.uniform(40, 400)) / 365,
            int(rng.choice([-1, 1])),
            float(rng.uniform(0.15, 0.6)),
        )
        held.append(Holding(f"{i}", one.symbol, 100.0 * float(rng.integers(-5, 8)), terms))
    return StressBook(names, tuple(held), cash=1e6)


def ours() -> dict[str, float]:
    """Return the median seconds of a whole simulation, and the peak memory of this process."""
    held, times = book(), []
    for _ in range(ROUNDS):
        started = perf_counter()
        simulate(held, SETTINGS)
        times.append(perf_counter() - started)
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    return {"seconds": report.p50(times), "peak_mb": peak}


def quantlib() -> dict[str, float]:
    """Return the seconds a loop needs for all prices, and our error against it as part of NAV."""
    import QuantLib as ql  # noqa: N813, PLC0415 - the name its users know; only this side loads it

    held, horizon = book(), SETTINGS.horizon
    priced = Revaluation(held, horizon)
    (market,) = walk(held, SETTINGS, priced.times, 0)
    market = market.only(np.arange(SAMPLE))
    place = {one.symbol: i for i, one in enumerate(held.underlyings)}
    mine = priced.profits([market])
    theirs = np.zeros(SAMPLE)
    started = perf_counter()
    for one in held.holdings:
        terms, spots = one.option, market.spots[place[one.symbol]]
        spot = held.underlyings[place[one.symbol]].spot
        if terms is None:
            theirs += one.units * (spots - spot)
            continue
        kind = ql.Option.Call if terms.sign > 0 else ql.Option.Put
        payoff, root = ql.PlainVanillaPayoff(kind, terms.strike), math.sqrt(terms.years - horizon)
        now = ql.BlackCalculator(payoff, spot, terms.vol * math.sqrt(terms.years), 1.0).value()
        vols = (terms.vol * root * market.iv_ratio).tolist()
        for path, (level, deviation) in enumerate(zip(spots.tolist(), vols, strict=True)):
            value = ql.BlackCalculator(payoff, level, deviation, 1.0).value()
            theirs[path] += one.units * (value - now)
    seconds = (perf_counter() - started) * PATHS / SAMPLE
    return {"seconds": seconds, "error": float(np.abs(mine - theirs).max()) / priced.nav}


def _in_process(side: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, side], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def main() -> int:
    """Print one table and the goals."""
    mine, theirs = _in_process("ours"), _in_process("quantlib")
    ratio = theirs["seconds"] / mine["seconds"]
    rows = [
        ("whole simulation, s", report.number(mine["seconds"])),
        (f"QuantLib loop, s (from {SAMPLE} paths)", report.number(theirs["seconds"])),
        ("ratio", report.number(ratio)),
        ("peak memory, MB", report.number(mine["peak_mb"])),
        ("largest error, share of NAV", f"{theirs['error']:.1e}"),
    ]
    print(report.table((f"{LEGS} options, {PATHS:,} paths", ""), rows))
    print(report.machine())
    return report.verdict(
        [
            report.Goal("against a QuantLib loop", ratio, RATIO_GOAL, "x", "at least"),
            report.Goal("peak memory", mine["peak_mb"], MEMORY_GOAL_MB, "MB"),
            report.Goal("error", theirs["error"], ERROR_GOAL, "of NAV"),
        ]
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps({"ours": ours, "quantlib": quantlib}[sys.argv[1]]()))
    else:
        sys.exit(main())
