"""Black-76 here against a QuantLib loop: speed as a ratio, error as a number.

Both sides price the same 2,000 index options in one process; medians of many rounds. The goals are
ratios, so that they mean the same on any machine. The inverse's error is taken against the
volatility that made the price, since QuantLib's own solver is good to about 1e-5 only.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import QuantLib as ql  # noqa: N813  the name its users know

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from hedgetui.domain.instruments import XSP
from hedgetui.domain.pricing import black76
from hedgetui.domain.pricing.implied import implied_vol, implied_vol_one
from hedgetui.domain.quotes import ChainSnapshot, ExpiryQuotes
from hedgetui.domain.units import IndexPoints, Timestamp
from hedgetui.domain.vega.scanner import ScanSettings, scan

COUNT = 2000
FORWARD, DISCOUNT = 540.0, 0.99
SPOT = 539.0


def timed(work: Callable[[], object], rounds: int) -> float:
    """Return the median milliseconds of `work`."""
    times = []
    for _ in range(rounds):
        started = perf_counter()
        work()
        times.append(perf_counter() - started)
    return 1e3 * median(times)


def terms() -> tuple[np.ndarray, ...]:
    """Return strikes, years, volatilities and signs of the options, out of the money."""
    rng = np.random.default_rng(1)
    strike = rng.uniform(440, 640, COUNT)
    years = rng.uniform(7, 60, COUNT) / 365
    vol = rng.uniform(0.10, 0.60, COUNT)
    return strike, years, vol, np.where(strike > FORWARD, 1.0, -1.0)


def quantlib_greeks(rows: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Return (value, delta, gamma, vega, theta) of each row, one object per option."""
    found = []
    for strike, years, vol, sign in rows:
        kind = ql.Option.Call if sign > 0 else ql.Option.Put
        one = ql.BlackCalculator(
            ql.PlainVanillaPayoff(kind, strike), FORWARD, vol * math.sqrt(years), DISCOUNT
        )
        found.append(
            (one.value(), one.delta(SPOT), one.gamma(SPOT), one.vega(years),
             one.theta(SPOT, years) / 365)
        )  # fmt: skip
    return found


def quantlib_vols(rows: list[tuple[float, ...]]) -> list[float]:
    """Return QuantLib's implied volatility of each row, NaN where its solver gives up."""
    found = []
    for price, strike, years, sign in rows:
        kind = ql.Option.Call if sign > 0 else ql.Option.Put
        try:
            deviation = ql.blackFormulaImpliedStdDev(kind, strike, FORWARD, price, DISCOUNT)
        except RuntimeError:
            deviation = math.nan
        found.append(deviation / math.sqrt(years))
    return found


def chain() -> ChainSnapshot:
    """Return a chain of 2,016 quotes on eight expiries."""
    now = datetime(2025, 11, 20, 15, tzinfo=UTC).timestamp()
    strikes = np.arange(480.0, 606.0)
    expiries = []
    for week in range(1, 9):
        years = (7 * week + 1) / 365
        call, put = (black76.price(FORWARD, strikes, years, 0.2, sign) for sign in (1.0, -1.0))
        sides = (call - 0.01, call + 0.01, put - 0.01, put + 0.01)
        expiry = date(2025, 11, 20) + timedelta(days=7 * week + 1)
        expiries.append(ExpiryQuotes(expiry, strikes, *(np.maximum(s, 0.005) for s in sides)))
    return ChainSnapshot(XSP, Timestamp(now), IndexPoints(FORWARD), tuple(expiries))


def main() -> None:
    """Print one table."""
    strike, years, vol, sign = terms()
    rows = list(zip(strike.tolist(), years.tolist(), vol.tolist(), sign.tolist(), strict=True))
    mine = black76.greeks(FORWARD, strike, years, vol, sign, discount=DISCOUNT, spot=SPOT)
    oracle = np.array(quantlib_greeks(rows)).T
    ours = np.array([mine.price, mine.delta, mine.gamma, mine.vega, mine.theta])
    greeks_error = float(np.abs(ours - oracle).max())
    fast = timed(
        lambda: black76.greeks(FORWARD, strike, years, vol, sign, discount=DISCOUNT, spot=SPOT), 200
    )
    slow = timed(lambda: quantlib_greeks(rows), 9)

    quoted = mine.price >= 0.01
    priced = mine.price[quoted], strike[quoted], years[quoted], sign[quoted]
    quotes = list(zip(*(column.tolist() for column in priced), strict=True))
    found = implied_vol(priced[0], FORWARD, *priced[1:], DISCOUNT)
    vol_error = float(np.abs(found - vol[quoted]).max())
    theirs = np.array(quantlib_vols(quotes))
    their_error = float(np.nanmax(np.abs(theirs - vol[quoted])))
    fast_vol = timed(lambda: implied_vol(priced[0], FORWARD, *priced[1:], DISCOUNT), 100)
    slow_vol = timed(lambda: quantlib_vols(quotes), 9)

    one = timed(lambda: black76.greeks_one(FORWARD, 550.0, 0.1, 0.2, 1), 2000)
    one_vol = timed(lambda: implied_vol_one(8.0, FORWARD, 550.0, 0.1, 1), 2000)
    quotes_now = chain()
    scanned = timed(lambda: scan(quotes_now, ScanSettings(), None, quotes_now.at), 50)

    head = f"{'work':<34}{'hedgetui':>11}{'QuantLib':>11}{'ratio':>8}  {'goal':<8}error"
    print(head)
    print("-" * len(head))
    print(f"{f'greeks, {COUNT} options':<34}{fast:>8.2f} ms{slow:>8.2f} ms{slow / fast:>7.0f}x"
          f"  {'60x':<8}{greeks_error:.1e} (goal 1e-12)")  # fmt: skip
    name = f"implied vol, {len(quotes)} quotes >= 0.01"
    print(f"{name:<34}{fast_vol:>8.2f} ms{slow_vol:>8.2f} ms"
          f"{slow_vol / fast_vol:>7.1f}x  {'2x':<8}{vol_error:.1e} (QuantLib {their_error:.0e}), "
          f"{int(np.isnan(found).sum())} failures")  # fmt: skip
    print(f"{'greeks, one option, no numpy':<34}{1e3 * one:>8.2f} µs")
    print(f"{'implied vol, one option':<34}{1e3 * one_vol:>8.2f} µs")
    print(f"{'scan of 2,016 quotes':<34}{scanned:>8.2f} ms")


if __name__ == "__main__":
    main()
