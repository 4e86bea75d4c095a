"""What the two charts of the Vega pane show, from the desk's numbers."""

from __future__ import annotations

from datetime import datetime

from hedgetui.ports.desk import BookView, PayoffView
from hedgetui.ports.journal import Sample
from hedgetui.ui import format as fmt
from hedgetui.ui.widgets.line_chart import Mark, Series


def payoff_chart(payoff: PayoffView, book: BookView) -> tuple[list[Series], list[Mark]]:
    """Return profit over the index: at expiry, now, now with the hedge; strikes and spot marked."""
    if len(payoff.levels) < 2:
        return [], []
    series = [
        Series("exp", payoff.levels, payoff.at_expiry, "series-1", "dotted"),
        Series("now", payoff.levels, payoff.now, "series-2", "dashed"),
        Series("+hedge", payoff.levels, payoff.hedged, "series-3"),
    ]
    marks = [Mark(strike, f"{strike:,.0f}", "axis") for strike in payoff.strikes]
    marks += [Mark(level, "BE", "muted") for level in payoff.break_evens]
    if book.index_level is not None:
        marks.append(Mark(book.index_level, "spot", "mark"))
    low, high = payoff.levels[0], payoff.levels[-1]
    return series, [mark for mark in marks if low <= mark.x <= high]


def day_chart(samples: tuple[Sample, ...], zone_name: str) -> tuple[list[Series], list[Mark]]:
    """Return net profit over the hours of the exchange's day."""
    if len(samples) < 2:
        return [], []
    where, _ = fmt.zone(zone_name)
    first = datetime.fromtimestamp(samples[0].at, where)
    midnight = samples[0].at - (first.hour * 3600 + first.minute * 60 + first.second)
    hours: list[float] = []
    profits: list[float] = []
    for sample in samples:
        hour = (sample.at - midnight) / 3600
        if not hours or hour > hours[-1]:
            hours.append(hour)
            profits.append(sample.net_pnl)
    if len(hours) < 2:
        return [], []
    return [Series("net", hours, profits, "series-3", fill=True)], []
