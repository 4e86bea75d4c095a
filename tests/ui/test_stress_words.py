"""What the Stress screen says and draws, without a screen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain.balance.positions import Book, Unparsed
from hedgetui.domain.stress.figures import Blame
from hedgetui.ports.balance import BalanceView, SourceView, StressAsked, StressView
from hedgetui.ui.glyphs import ASCII, UNICODE
from hedgetui.ui.handlers.take import as_csv
from hedgetui.ui.screens.spans import text_of, width_of
from hedgetui.ui.screens.status_text import Look
from hedgetui.ui.screens.stress_charts import heat_table, spread
from hedgetui.ui.screens.stress_export import figures_text, stress_lines
from hedgetui.ui.screens.stress_layout import VIEWS, plan
from hedgetui.ui.screens.stress_page import details, page_lines
from hedgetui.ui.screens.stress_text import (
    asked_text,
    empty_lines,
    paths_text,
    state_line,
    title_line,
)
from hedgetui.ui.widgets.chart_plot import Mark
from hedgetui.ui.widgets.heat_grid import STEPS, heat, heat_rows, short_pnl
from hedgetui.ui.widgets.histogram import MIN_SIZE, Spread, histogram_rows, short_dollars
from tests.ui import still_stress as still

LOOK = Look(UNICODE, "America/Chicago")
WIDTHS = (18, 30, 40, 60, 80, 100, 120, 200)


def texts(lines):
    return [text_of(line) for line in lines]


def state(view, width=120, wish=None):
    return text_of(state_line(view, wish or view.asked, LOOK, width))


# The matrix


def test_every_cell_says_its_sign_by_shape_and_its_size_by_depth():
    view = still.done()
    lines = heat_rows(heat_table(view, 0, 80), (80, 11), (4, 2))
    assert [row[0][0].strip() for row in lines[2:]] == [
        "-8%", "-5%", "-3%", "-1%", "+0%", "+1%", "+3%", "+5%", "+8%",
    ]  # fmt: skip
    for row, profits in zip(lines[2:], view.grid[0], strict=True):
        for (text, meaning), profit in zip(row[1:], profits, strict=True):
            if round(profit) == 0:
                assert text.strip() == "0"
                continue
            sign, tone = ("▲+", "pos") if profit > 0 else ("▼-", "neg")
            assert text.strip() == f"{sign}{abs(round(profit)):,}"
            assert f"heat-{tone}-" in meaning


def test_depth_grows_with_size_and_only_nothing_has_none():
    depths = [heat(value, 100.0) for value in (0.2, 1, 25, 26, 50, 75, 76, 100, 150)]
    assert depths == [0, 1, 1, 2, 2, 3, 4, 4, STEPS]
    assert heat(-80, 100.0) == heat(80, 100.0) == 4
    assert heat(float("nan"), 100.0) == heat(5.0, 0.0) == 0


def test_all_days_share_one_scale():
    tables = [heat_table(still.done(), day, 80) for day in range(4)]
    assert len({table.scale for table in tables}) == 1
    assert tables[0].scale == max(abs(cell) for p in still.done().grid for row in p for cell in row)


def test_old_figures_are_grey_whatever_they_say():
    for view in (still.stale(), still.running()):
        lines = heat_rows(heat_table(view, 1, 80), (80, 11), (0, 0))
        assert "[T+1]" in text_of(lines[0])
        assert "~" in text_of(lines[0])
        assert {meaning for row in lines[2:] for _, meaning in row[1:]} <= {"stale", "stale cursor"}


@given(st.integers(8, 130), st.integers(3, 14), st.integers(0, 8), st.integers(0, 5))
def test_a_small_grid_shows_the_part_around_its_cursor(width, height, row, column):
    view = still.done()
    lines = heat_rows(heat_table(view, 0, width), (width, height), (row, column), ASCII)
    assert len(lines) <= height
    table = lines[1:]
    if width >= 17:
        assert all(width_of(line) <= width for line in table)
        wanted = heat_table(view, 0, width).columns[column]
        assert wanted[:5] in text_of(table[0])
    assert any("cursor" in meaning for line in table for _, meaning in line)
    hidden_rows = len(view.prices) - (len(table) - 1)
    assert (hidden_rows > 0) == any("~" in line[0][0] for line in table[1:])


@pytest.mark.parametrize(
    ("value", "text"),
    [(857, "▲+857"), (-9_999.4, "▼-9,999"), (9_999.6, "▲+10.0k"), (-12_345, "▼-12.3k"),
     (999_960, "▲+1.00M"), (123_456, "▲+123k"), (1_240_000, "▲+1.24M"), (0.3, "0"),
     (float("nan"), "?")],
)  # fmt: skip
def test_large_profits_keep_three_figures_and_their_sign(value, text):
    assert short_pnl(value, UNICODE) == text


# The histogram


def test_bars_are_as_tall_as_their_bins_are_full():
    drawn = Spread((("x", ""),), (-2.0, -1.0, 0.0, 1.0, 2.0), (8, 4, 2, 0))
    rows = histogram_rows(drawn, (16, 7))
    bars = [text_of(row) for row in rows[2:5]]  # below title and the empty row of flags
    assert bars == ["████            ", "████▄▄▄▄        ", "████████▆▆▆▆    "]
    tones = {meaning for row in rows[2:5] for text, meaning in row if text.strip()}
    assert tones == {"neg", "pos"}


def test_a_flag_stands_where_its_figure_is():
    view = still.done()
    found = view.figures
    rows = texts(histogram_rows(spread(view, 80), (80, 16)))
    low, high = view.edges[0], view.edges[-1]
    for name, dollars in (("VaR95", -found.var95), ("VaR99", -found.var99), ("mean", found.mean)):
        row = next(row for row in rows if f"┊{name}" in row)
        column = int((dollars - low) / (high - low) * 80)
        assert row.index(f"┊{name}") == column
        assert rows[-2][column] == "┴"
        assert f"{name} {short_dollars(dollars)}" in row
    assert "CVaR95 " + short_dollars(-found.cvar95) in "\n".join(rows)
    assert "$20k" in rows[-1].split()


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.4, "$0"), (-412, "-$412"), (9_994, "$9,994"), (9_996, "$10.0k"), (-18_964, "-$19.0k"),
     (123_456, "$123k"), (999_600, "$1.00M"), (-1_234_567, "-$1.23M"), (2.5e9, "$2,500M")],
)  # fmt: skip
def test_short_dollars_keep_three_figures(value, text):
    assert short_dollars(value) == text


@given(st.integers(MIN_SIZE[0], 130), st.integers(MIN_SIZE[1], 30), st.booleans())
def test_a_histogram_fits_any_place(width, height, ascii_only):
    rows = histogram_rows(
        spread(still.done(), width), (width, height), ASCII if ascii_only else UNICODE
    )
    assert len(rows) == height
    assert all(width_of(row) == width for row in rows[1:])
    assert not ascii_only or "".join(texts(rows[1:])).isascii()


@pytest.mark.parametrize(
    ("edges", "counts"),
    [((), ()), ((0.0, 1.0), (0,)), ((1.0, 1.0), (5,)), ((0.0, 1.0, 2.0), (1,))],
)
def test_what_is_no_histogram_is_not_drawn(edges, counts):
    assert histogram_rows(Spread((), edges, counts, (Mark(0, "x"),)), (40, 10)) == []


def test_two_figures_in_one_cell_share_a_flag():
    drawn = Spread((), (0.0, 100.0), (3,), (Mark(50, "one"), Mark(51, "two")))
    assert "┊one two" in "\n".join(texts(histogram_rows(drawn, (20, 8))))


# Words


def test_the_title_says_what_was_asked_and_what_it_came_to():
    found = still.done().figures
    assert text_of(title_line(still.done(), 2, 120)) == (
        " Scenario P&L, all positions + hedges, T+5 · ALL 6M · 4k paths seed 1"
        f" · VaR95 -${found.var95:,.0f} ES -${found.cvar95:,.0f}"
    )
    assert all(width_of(title_line(still.done(), 2, width)) <= width for width in WIDTHS)


def test_a_run_says_how_far_it_is_in_words_too():
    view = still.running()
    assert state(view) == (
        " running ██████░░░░░░░░░░ 37% · c stops · 3,700 of 10,000 paths · figures: the run before"
    )
    assert "37%" in state(view, 40)
    assert " ~-$" in text_of(title_line(view, 0, 120))  # the figures are not of this run


def test_each_end_of_a_run_has_its_words():
    done = still.done()
    assert state(done).startswith(" ✓ done 09:39:37 in 1.2s · 1 left out · 6 positions")
    assert state(still.stale()).startswith(" ~ book changed, c runs again · figures of 09:39:37")
    failed = replace(done, state="failed", problem="the worker died: \x1b[31mboom")
    assert "✗ failed: the worker died: ␛[31mboom · c runs again · figures of 09:39:37" in state(
        failed
    )
    assert "figures of 09:39:37, book changed since" in state(replace(failed, stale=True))
    stopped = replace(StressView(on=True), state="stopped")
    assert state(stopped) == " ■ stopped · c runs again"
    assert state(still.idle()) == " no test has run yet · c runs one"


def test_another_wish_is_told_before_it_is_run():
    wish = StressAsked("RISK_OFF", 500, 3.0, 7, basket=True)
    text = "next: RISK_OFF 3M · 500 paths seed 7 · with basket"
    assert asked_text(wish) in text
    for width in (120, 80, 60):
        assert text in state(still.done(), width, wish)


@pytest.mark.parametrize(
    ("view", "portfolio", "words"),
    [
        (StressView(), BalanceView(), "no portfolio at this profile"),
        (still.idle(), BalanceView(on=True, reading=True), "reading the portfolio…"),
        (still.idle(), BalanceView(on=True, market=still.MARKET),
         "nothing to stress: the portfolio holds no position"),
    ],
)  # fmt: skip
def test_without_figures_the_reason_stands_there(view, portfolio, words):
    assert words in texts(empty_lines(view, portfolio, 80))[1]


def test_an_empty_place_names_every_reason():
    broken = BalanceView(
        on=True, sources=(SourceView("IB DU1", 0, None, "no answer [201]"),), market=still.MARKET,
        book=Book((), (Unparsed(3, "JUNK 1", "quantity is no number"),)),
    )  # fmt: skip
    text = "\n".join(texts(empty_lines(still.idle(), broken, 80)))
    assert "IB DU1: no answer [201]" in text
    assert "JUNK 1: quantity is no number" in text
    why = "nothing that is held can be priced: GLDM: no price of GLDM"
    text = "\n".join(texts(empty_lines(still.idle(), still.balance(), 80, why)))
    assert f"nothing to stress: {why}" in text


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 160])
def test_the_page_has_every_figure_at_every_width(width):
    view = still.done()
    found = view.figures
    lines = page_lines(view, width, UNICODE, paths_first=False)
    assert all(width_of(line) <= width for line in lines)
    text = "\n".join(texts(lines))
    for name, value in (("NAV", f"${found.nav:,.0f}"), ("VaR99", f"-${found.var99:,.0f}"),
                        ("CVaR95", f"-${found.cvar95:,.0f}"), ("skew", f"{found.skew:+.2f}"),
                        ("P(loss>20%)", f"{found.p_loss_20:.1%}")):  # fmt: skip
        assert name in text
        assert value in text
    assert text.count("worst") + text.count("Worst") == 4
    assert [text.index(one.symbol) for one in view.blame]
    assert "GLDM: no price of GLDM" in text
    assert "20% assumed" in " ".join(text.split())


def test_what_does_not_exist_reads_not_applicable():
    poor = replace(still.done().figures, skew=None, p_loss_10=None, p_loss_20=None)
    view = replace(still.done(), figures=poor, blame=(Blame("TLT", -210.0, None),))
    text = "\n".join(texts(page_lines(view, 80, UNICODE, paths_first=True)))
    assert text.count("n/a") == 4
    assert "$210" in text
    assert "protects" in text


def test_the_card_of_a_cell_has_its_profit_on_every_day():
    view = still.done()
    rows = dict(details(view, UNICODE, (0, 5)))
    for number, day in enumerate(view.days):
        assert f"{round(view.grid[number][0][5]):+,}" in rows[f"T+{day:g}"]
    assert "T+0" not in dict(details(view, UNICODE, None))


def test_every_figure_leaves_as_text_and_as_records():
    view = still.done()
    assert figures_text(view).startswith("ALL 6M · 4k paths seed 1: NAV $")
    lines = stress_lines(view)
    found = {(one.section, one.name): one.value for one in lines}
    assert found["figure", "var95"] == view.figures.var95
    assert found["figure", "theta"] == view.risk.theta
    assert found["grid T+21", "spot -8% IV +40%"] == view.grid[3][0][5]
    assert found["scenario worst 1", "profit"] == view.scenarios[0].profit
    assert ("left out", "GLDM: no price of GLDM") in found
    assert as_csv(lines).startswith("section,name,value\nasked,regime,ALL\n")
    assert stress_lines(still.idle()) == ()
    assert figures_text(still.idle()) == ""


@pytest.mark.parametrize(
    ("paths", "text"),
    [(500, "500"), (10_000, "10k"), (12_345, "12,345"), (1_000_000, "1M"), (1_500_000, "1,500k")],
)
def test_paths_are_told_shortly_and_exactly(paths, text):
    assert paths_text(paths) == text


# Room


@given(
    st.integers(20, 200), st.integers(2, 60), st.sampled_from(VIEWS), st.integers(1, 30),
    st.booleans(), st.sampled_from(["", "grid", "page"]),
)  # fmt: skip
def test_the_parts_fill_the_place_and_nothing_more(width, height, view, rows, figures, alone):
    made = plan(width, height, view, page_rows=rows, has_figures=figures, alone=alone)
    assert made.head + made.upper + made.page == height
    assert bool(made.upper) == bool(made.grid or made.chart)
    side_by_side = made.grid and made.chart
    assert made.grid + made.chart + (1 if side_by_side else 0) in {0, width}
    assert not side_by_side or width >= 100


def test_the_grid_is_never_squeezed_for_the_page():
    assert plan(80, 19, "grid", page_rows=30, has_figures=True).upper == 11
    assert plan(60, 15, "grid", page_rows=30, has_figures=True).page == 2
    assert plan(120, 27, "grid", page_rows=13, has_figures=True).upper == 12
