"""What the two charts of the Vega pane show, from the desk's numbers."""

from __future__ import annotations

from hedgetui.ports.desk import BookView, PayoffView
from hedgetui.ports.journal import Sample
from hedgetui.ui.widgets.line_chart import Mark, Series

_AXIS_MINUTES = (2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 240.0, 420.0, 720.0, 1440.0)


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


def day_chart(samples: tuple[Sample, ...]) -> tuple[list[Series], float]:
    """Return net profit over the minutes since the first sample, and where the axis ends.

    The axis grows in steps, so that a new sample adds a few dots instead of moving all of them:
    most of what the screen sends over the line used to be this chart.
    """
    minutes: list[float] = []
    profits: list[float] = []
    for sample in samples:
        minute = (sample.at - samples[0].at) / 60
        if not minutes or minute > minutes[-1]:
            minutes.append(minute)
            profits.append(sample.net_pnl)
    if len(minutes) < 2:
        return [], 0.0
    reach = next((step for step in _AXIS_MINUTES if minutes[-1] <= step), minutes[-1])
    return [Series("net, by minutes", minutes, profits, "series-3", fill=True)], reach
