from __future__ import annotations

import csv
import io
import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from hedgetui.ui.glyphs import ASCII
from hedgetui.ui.terminal_diff import CellDiffApp
from hedgetui.ui.widgets.grid_columns import (
    FLEX_CAP,
    Cell,
    Column,
    RowFilter,
    fit_columns,
    fit_text,
    sort_rank,
)
from hedgetui.ui.widgets.grid_model import GridModel, GridRow
from hedgetui.ui.widgets.tree_grid import TreeGrid
from tests.ui import widget_stage as stage

COLUMNS = (
    Column("name", "Strangle", 20, flex=True),
    Column("qty", "Qty", 3, "right"),
    Column("cost", "Cost", 7, "right", priority=3),
    Column("pnl", "P&L $", 8, "right"),
    Column("vega", "Vega", 6, "right", priority=2),
    Column("action", "Action", 12, priority=5),
)
TREE_COLUMNS = (Column("name", "Account", 30, flex=True), Column("size", "Size", 9, "right"))


def row(number, pnl="▲+12", **changes):
    cells = {"name": f"XSP {number}", "qty": "1", "cost": "$388", "pnl": pnl, "vega": "30.2"}
    cells |= {"action": "hold"} | changes
    return GridRow(f"r{number}", tuple(cells.values()))


def flat(count):
    return [row(number) for number in range(count)]


def tree():
    return [
        GridRow(
            f"acc{a}",
            (f"ACC{a} ZC", str(5000 - a)),
            tuple(
                GridRow(
                    f"acc{a}/h{h}",
                    (f"hedge {a}{h}", str(h)),
                    tuple(
                        GridRow(f"acc{a}/h{h}/C-8803{c}", (f"C-8803{c}", str(c))) for c in range(2)
                    ),
                )
                for h in range(2)
            ),
        )
        for a in range(3)
    ]


def on_stage(script, grid, size=(80, 12), **options):
    watch = (TreeGrid.RowMessage, TreeGrid.GridMessage)

    async def body():
        app = stage.Stage(grid, watch=watch, **options)
        async with app.run_test(size=size) as pilot:
            await script(app, pilot)

    stage.run(body())


# --- columns -------------------------------------------------------------------------------


def test_columns_leave_by_priority_and_the_flex_column_takes_the_slack():
    keys = lambda width: [place.column.key for place in fit_columns(COLUMNS, width)]  # noqa: E731
    assert keys(120) == ["name", "qty", "cost", "pnl", "vega", "action"]
    assert keys(61) == ["name", "qty", "cost", "pnl", "vega", "action"]
    assert keys(60) == keys(48) == ["name", "qty", "cost", "pnl", "vega"]
    assert keys(47) == keys(40) == ["name", "qty", "pnl", "vega"]
    assert keys(39) == ["name", "qty", "pnl"]
    assert keys(10) == ["name"]


@given(st.integers(1, 300), st.sets(st.sampled_from([c.key for c in COLUMNS])))
def test_placed_columns_never_overlap_nor_leave_the_width(width, hidden):
    placed = fit_columns(COLUMNS, width, hidden)
    assert placed[0].column.key == "name"
    assert not hidden & {place.column.key for place in placed[1:]}
    assert placed[-1].x + placed[-1].width <= width
    assert all(a.x + a.width + 1 == b.x for a, b in pairwise(placed))
    assert placed[0].width <= max(FLEX_CAP, COLUMNS[0].width)


@given(st.text(st.sampled_from("ab1 🎯é✅Δ"), max_size=20), st.integers(0, 15), st.booleans())
def test_fitted_text_has_the_width_and_says_when_it_is_cut(text, width, right):
    shown = fit_text(text, width, right=right)
    assert cell_len(shown) == width
    if width and cell_len(text) > width:
        assert shown.endswith("…")


@pytest.mark.parametrize(
    ("text", "rank"),
    [
        ("▲+1,000", (0, 1000.0)),
        ("▼-284", (0, -284.0)),
        ("−3.5", (0, -3.5)),
        ("$450", (0, 450.0)),
        ("12%", (0, 12.0)),
        ("XSP 530P", (1, 0.0)),
        ("-", None),
        ("?", None),
        ("", None),
    ],
)
def test_sort_rank_reads_the_number_in_a_text(text, rank):
    found = sort_rank(Cell(text))
    assert (found and found[:2]) == rank


def test_a_nan_sort_value_has_no_rank():
    assert sort_rank(Cell("x", sort=float("nan"))) is None


def test_a_clock_time_is_no_column_filter():
    assert RowFilter.parse("09:41", COLUMNS) == RowFilter("09:41")
    assert RowFilter.parse("qty:2", COLUMNS) == RowFilter("2", column=1)
    assert RowFilter.parse("!P&L $:+", COLUMNS) == RowFilter("+", inverse=True, column=3)
    assert RowFilter.parse(" ! ", COLUMNS) is None


# --- model ---------------------------------------------------------------------------------


def opened(rows=None):
    model = GridModel(TREE_COLUMNS)
    model.set_rows(tree() if rows is None else rows)
    model.open_all(is_open=True)
    return model


def test_three_levels_have_guides_and_fold_marks():
    lines = opened().lines
    assert [(line.guide, line.fold) for line in lines[:7]] == [
        ("", "-"),
        ("├ ", "-"),
        ("│ ├ ", ""),
        ("│ └ ", ""),
        ("└ ", "-"),
        ("  ├ ", ""),
        ("  └ ", ""),
    ]


def test_unchanged_rows_keep_their_node_and_report_nothing():
    model = opened()
    before = dict(model.nodes)
    assert model.set_rows(tree()) == {}
    assert all(model.nodes[key] is node for key, node in before.items())


def test_sorting_keeps_siblings_together_and_unknown_values_last():
    model = opened()
    rows = [
        GridRow(key, ("x", text)) for key, text in zip("abcd", ["2", "?", "10", "-1"], strict=True)
    ]
    model.set_rows(rows)
    model.sort_column = 1
    model.rebuild()
    assert [line.key for line in model.lines] == list("dacb")
    model.sort_reverse = True
    model.rebuild()
    assert [line.key for line in model.lines] == list("cadb")


def test_filter_opens_the_way_to_a_hit_and_keeps_what_is_below_it():
    model = GridModel(TREE_COLUMNS)
    model.set_rows(tree())
    model.row_filter = RowFilter("hedge 11")
    model.rebuild()
    assert [line.key for line in model.lines] == ["acc1", "acc1/h1"]
    model.set_open("acc1/h1", is_open=True)
    assert [line.key for line in model.lines][2:] == ["acc1/h1/C-88030", "acc1/h1/C-88031"]
    assert [key for key in ("acc1", "acc1/h1") if model.is_hit(key)] == ["acc1/h1"]


def test_an_inverse_filter_drops_a_row_with_its_branch():
    model = opened()
    model.row_filter = RowFilter("acc1", inverse=True)
    model.rebuild()
    assert not any(line.key.startswith("acc1") for line in model.lines)
    assert len(model.lines) == 14


def test_a_key_used_twice_and_a_short_row_are_refused_without_a_trace():
    model = opened()
    before = list(model.lines)
    with pytest.raises(ValueError, match="used twice"):
        model.set_rows([*tree(), GridRow("acc0", ("again", "1"))])
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        model.set_rows([GridRow("short", ("only",))])
    assert model.lines == before


def test_a_row_that_changes_its_root_stays_open_and_is_never_under_two():
    model = opened()
    first, second, *rest = tree()
    moved = replace(second, children=(*second.children, first.children[0]))
    with pytest.raises(ValueError, match="used twice"):
        model.set_rows([first, moved, *rest])
    model.set_rows([replace(first, children=first.children[1:]), moved, *rest])
    assert model.nodes["acc0/h0"].parent == "acc1"
    assert [line.key for line in model.lines if line.key.startswith("acc0/h0")] == [
        "acc0/h0", "acc0/h0/C-88030", "acc0/h0/C-88031",
    ]  # fmt: skip


@given(st.randoms(use_true_random=False))
def test_lines_and_index_agree_after_any_sequence_of_changes(rng):
    model = GridModel(TREE_COLUMNS)
    for _ in range(12):
        rows = [r for r in tree() if rng.random() < 0.7]
        rng.shuffle(rows)
        model.set_rows(rows)
        change = rng.choice(["open", "shut", "all", "sort", "filter"])
        if change in {"open", "shut"} and model.lines:
            model.set_open(rng.choice(model.lines).key, is_open=change == "open")
        elif change == "all":
            model.open_all(is_open=rng.random() < 0.5)
        elif change == "sort":
            model.sort_column = rng.choice([None, 0, 1])
        else:
            model.row_filter = rng.choice([None, RowFilter("1"), RowFilter("2", inverse=True)])
        model.rebuild()
        assert model.index == {line.key: i for i, line in enumerate(model.lines)}
        assert len(model.index) == len(model.lines)
        for line in model.lines:
            parent = model.nodes[line.key].parent
            assert parent is None or model.index[parent] < model.index[line.key]
        anew = GridModel(TREE_COLUMNS)
        anew.opened = set(model.opened)
        anew.sort_column, anew.row_filter = model.sort_column, model.row_filter
        anew.set_rows(rows)
        assert model.lines == anew.lines


# --- on the screen -------------------------------------------------------------------------


def test_a_row_looks_like_the_wireframe_and_markup_stays_text():
    grid = TreeGrid(COLUMNS)

    async def script(app, pilot):
        grid.set_rows([row(1, name="[b]XSP[/b] \x1b[31m"), row(2, pnl=Cell("▼-38", "neg"))])
        await pilot.pause()
        lines = stage.lines_of(app)
        assert lines[0].split() == ["Strangle", "Qty", "Cost", "P&L", "$", "Vega", "Action"]
        assert lines[1].startswith("[b]XSP[/b] ␛[31m")
        assert "    ▼-38 " in lines[2]
        assert len({cell_len(line) for line in lines}) == 1

    on_stage(script, grid)


def refreshed(grid, monkeypatch):
    """Record the regions the grid asks to paint."""
    asked = []
    plain = TreeGrid.refresh

    def refresh(self, *regions, **options):
        if self is grid:
            asked.extend(regions or ["all"])
        return plain(self, *regions, **options)

    monkeypatch.setattr(TreeGrid, "refresh", refresh)
    return asked


def test_a_changed_value_asks_for_its_cell_only(monkeypatch):
    grid = TreeGrid(COLUMNS)

    async def script(app, pilot):
        grid.set_rows(flat(6))
        await pilot.pause()
        asked = refreshed(grid, monkeypatch)
        rows = flat(6)
        rows[3] = row(3, pnl="▲+13")
        grid.set_rows(rows)
        pnl = next(place for place in grid.placed if place.column.key == "pnl")
        assert [tuple(region) for region in asked] == [(pnl.x, 4, pnl.width, 1)]
        await pilot.pause()
        assert "▲+13" in stage.lines_of(app)[4]
        asked.clear()
        grid.set_rows(rows)
        assert asked == []

    on_stage(script, grid)


def test_rows_out_of_view_ask_for_nothing(monkeypatch):
    grid = TreeGrid(COLUMNS)

    async def script(_, pilot):
        grid.set_rows(flat(200))
        await pilot.pause()
        asked = refreshed(grid, monkeypatch)
        rows = flat(200)
        rows[150] = row(150, pnl="▲+99")
        grid.set_rows(rows)
        assert asked == []

    on_stage(script, grid)


def test_the_cursor_stays_on_its_key_and_the_view_where_it_was():
    grid = TreeGrid(COLUMNS)

    async def script(app, pilot):
        grid.set_rows(flat(100))
        await pilot.pause()
        grid.move_to(50)
        await pilot.pause()
        top = grid.scroll_offset.y
        grid.set_rows([row(900), *flat(100)[5:]])
        await pilot.pause()
        assert grid.selected_key == "r50"
        assert grid.scroll_offset.y == top
        grid.set_rows([r for r in flat(100) if r.key != "r50"])
        await pilot.pause()
        assert grid.selected_key == "r46"
        shown = stage.lines_of(app)
        assert any(line.startswith("XSP 46 ") for line in shown)

    on_stage(script, grid)


def test_removing_the_last_rows_leaves_the_cursor_on_a_row():
    grid = TreeGrid(COLUMNS, empty="no positions")

    async def script(app, pilot):
        grid.set_rows(flat(5))
        await pilot.press("end")
        grid.set_rows(flat(2))
        assert grid.selected_key == "r1"
        grid.set_rows([])
        await pilot.pause()
        assert grid.selected_key is None
        assert stage.lines_of(app)[1].strip() == "no positions"
        await pilot.press("down", "enter", "space", "h", "l", "m", "n", "s", "S")
        grid.set_rows(flat(1))
        assert grid.selected_key == "r0"

    on_stage(script, grid)


def test_folding_by_keys_walks_up_to_the_nearest_visible_ancestor():
    grid = TreeGrid(TREE_COLUMNS)

    async def script(app, pilot):
        grid.set_rows(tree())
        await pilot.press("l", "l", "l", "l")
        assert grid.selected_key == "acc0/h0/C-88030"
        await pilot.press("h")
        assert grid.selected_key == "acc0/h0"
        await pilot.press("plus")
        assert len(grid.model.lines) == 21
        grid.select("acc2/h1/C-88031")
        await pilot.press("minus")
        assert grid.selected_key == "acc2"
        assert [line.key for line in grid.model.lines] == ["acc0", "acc1", "acc2"]
        await pilot.press("space")
        await pilot.pause()
        assert stage.lines_of(app)[3].startswith("▾ ACC2 ZC")
        assert stage.lines_of(app)[4].startswith("├ ▸ hedge 20")

    on_stage(script, grid)


def test_select_opens_what_hides_a_row():
    grid = TreeGrid(TREE_COLUMNS)

    async def script(_, pilot):
        grid.set_rows(tree())
        assert grid.select("acc1/h1/C-88030")
        assert grid.selected_key == "acc1/h1/C-88030"
        assert not grid.select("nobody")
        await pilot.pause()

    on_stage(script, grid)


def test_messages_name_the_row():
    grid = TreeGrid(COLUMNS)

    async def script(app, pilot):
        grid.set_rows(flat(3))
        await pilot.press("j", "enter", "slash", "o")
        await pilot.pause()
        names = [(type(m).__name__, getattr(m, "key", None)) for m in app.seen]
        assert names == [
            ("Highlighted", "r0"),
            ("Highlighted", "r1"),
            ("Selected", "r1"),
            ("FindRequested", None),
            ("ColumnsRequested", None),
        ]
        assert all(message.control is grid for message in app.seen)

    on_stage(script, grid)


def test_sort_cycles_columns_marks_the_header_and_reverses():
    grid = TreeGrid(COLUMNS)

    async def script(app, pilot):
        grid.set_rows([row(1, qty="3"), row(2, qty="1"), row(3, qty="2")])
        await pilot.press("s", "s")
        assert [line.key for line in grid.model.lines] == ["r2", "r3", "r1"]
        await pilot.pause()
        assert "Qt▲" in stage.lines_of(app)[0]
        await pilot.press("S")
        assert [line.key for line in grid.model.lines] == ["r1", "r3", "r2"]
        await pilot.pause()
        assert "Qt▼" in stage.lines_of(app)[0]
        for _ in range(len(grid.placed) - 1):
            await pilot.press("s")
        assert grid.model.sort_column is None
        assert [line.key for line in grid.model.lines] == ["r1", "r2", "r3"]

    on_stage(script, grid)


def test_a_live_value_reorders_sorted_rows_under_the_same_cursor():
    grid = TreeGrid(COLUMNS)

    async def script(_, pilot):
        grid.set_rows([row(1, qty="1"), row(2, qty="2")])
        grid.sort_by("qty")
        assert grid.selected_key == "r1"
        grid.set_rows([row(1, qty="9"), row(2, qty="2")])
        assert [line.key for line in grid.model.lines] == ["r2", "r1"]
        assert grid.selected_key == "r1"
        await pilot.pause()

    on_stage(script, grid)


def test_filter_next_hit_and_escape():
    grid = TreeGrid(TREE_COLUMNS)

    async def script(_, pilot):
        grid.set_rows(tree())
        grid.set_filter("hedge 1")
        assert [line.key for line in grid.model.lines] == ["acc1", "acc1/h0", "acc1/h1"]
        await pilot.press("n")
        assert grid.selected_key == "acc1/h0"
        await pilot.press("n", "n")
        assert grid.selected_key == "acc1/h0"
        await pilot.press("N")
        assert grid.selected_key == "acc1/h1"
        await pilot.press("escape")
        assert grid.model.row_filter is None
        assert grid.selected_key == "acc1"

    on_stage(script, grid)


def test_mouse_moves_opens_and_sorts():
    grid = TreeGrid(TREE_COLUMNS)

    async def script(_, pilot):
        grid.set_rows(tree())
        await pilot.pause()
        await pilot.click(grid, offset=(3, 2))
        assert grid.selected_key == "acc1"
        await pilot.click(grid, offset=(3, 2), times=2)
        assert "acc1" in grid.model.opened
        await pilot.click(grid, offset=(grid.placed[1].x + 2, 0))
        assert grid.model.sort_column == 1
        await pilot.click(grid, offset=(grid.placed[1].x + 2, 0))
        assert grid.model.sort_reverse

    on_stage(script, grid)


def test_marked_rows_carry_a_sign():
    grid = TreeGrid(COLUMNS)

    async def script(app, pilot):
        grid.set_rows(flat(3))
        await pilot.press("m")
        await pilot.pause()
        assert grid.marked == {"r0"}
        assert grid.selected_key == "r1"
        assert stage.lines_of(app)[1].startswith("• XSP 0")
        grid.set_rows(flat(3)[1:])
        assert grid.marked == set()

    on_stage(script, grid)


def test_narrow_screens_drop_columns_and_never_scroll_sideways():
    grid = TreeGrid(COLUMNS)

    async def script(app, pilot):
        grid.set_rows(flat(50))
        for width in (120, 80, 60, 41, 25):
            await pilot.resize_terminal(width, 12)
            await pilot.pause()
            assert not grid.show_horizontal_scrollbar
            lines = stage.lines_of(app)
            assert {cell_len(line) for line in lines} == {width}
            assert lines[0].startswith("Strangle")
        grid.hidden_columns = {"qty"}
        await pilot.resize_terminal(120, 12)
        await pilot.pause()
        assert "Qty" not in stage.lines_of(app)[0]

    on_stage(script, grid)


def test_text_and_csv_take_all_visible_rows_along():
    grid = TreeGrid(COLUMNS)

    async def script(_, pilot):
        grid.set_rows([row(1, name="=cmd()"), *flat(40)[2:]])
        await pilot.pause()
        grid.hidden_columns = {"vega"}
        text = grid.rows_as_text().split("\n")
        assert len(text) == 40
        assert text[0].split() == ["Strangle", "Qty", "Cost", "P&L", "$", "Action"]
        table = list(csv.reader(io.StringIO(grid.rows_as_csv())))
        assert table[0] == ["key", "name", "qty", "cost", "pnl", "action"]
        assert table[1] == ["r1", "'=cmd()", "1", "$388", "▲+12", "hold"]
        assert len(table) == 40

    on_stage(script, grid)


def test_the_ascii_set_leaves_no_other_character():
    grid = TreeGrid(TREE_COLUMNS, icons=ASCII)

    async def script(app, pilot):
        grid.set_rows(tree())
        await pilot.press("plus", "m", "s")
        await pilot.pause()
        # The scrollbar is Textual's own; the grid's part stands left of it.
        assert all(line[:60].isascii() for line in stage.lines_of(app))

    on_stage(script, grid)


def cursor_style(app):
    strip = app.screen._compositor.render_strips()[1]
    return next(iter(strip)).style


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light"])
def test_the_cursor_is_reversed_where_colours_are_the_terminals(theme):
    grid = TreeGrid(COLUMNS)

    async def script(app, pilot):
        grid.set_rows(flat(3))
        app.theme = theme
        await pilot.pause()
        assert cursor_style(app).reverse

    on_stage(script, grid)


def test_the_cursor_is_reversed_without_colour(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    grid = TreeGrid(COLUMNS)

    async def script(app, pilot):
        grid.set_rows(flat(3))
        await pilot.pause()
        assert app.no_color
        assert cursor_style(app).reverse

    on_stage(script, grid)


def test_every_theme_paints_every_meaning():
    meanings = ("pos", "neg", "warn", "muted", "strong", "stale", "alarm", "unknown", "live", "sim")
    columns = [Column("name", "Name", 12)]
    grid = TreeGrid(columns)

    async def script(app, pilot):
        grid.set_rows([GridRow(m, (Cell(m, m),)) for m in meanings])
        for theme in app.available_themes:
            app.theme = theme
            await pilot.pause()
            shown = [line.strip(" ▁▂▃▄▅▆▇█") for line in stage.lines_of(app)]
            assert shown[1 : len(meanings) + 1] == list(meanings)

    on_stage(script, grid, size=(30, 12))


# --- speed and bytes, as counts, not as clock time ---------------------------------------------


class LiveApp(CellDiffApp):
    def __init__(self, grid):
        super().__init__(driver_class=stage.RecordingDriver)
        self.grid = grid

    def compose(self):
        yield self.grid


def test_thirty_live_cells_cost_a_few_hundred_bytes_a_frame():
    grid = TreeGrid(COLUMNS)
    rng = random.Random(5)  # noqa: S311 - a feed of prices, no secret

    async def body():
        app = LiveApp(grid)
        async with app.run_test(size=(120, 36), headless=False) as pilot:
            grid.set_rows(flat(30))
            await pilot.pause()
            app._driver.take()
            sizes = []
            for _ in range(8):
                values = [rng.randint(-999, 999) for _ in range(30)]
                grid.set_rows(
                    [
                        row(i, pnl=Cell(f"{'▲' if v > 0 else '▼'}{v:+}", "pos" if v > 0 else "neg"))
                        for i, v in enumerate(values)
                    ]
                )
                await pilot.pause()
                sizes.append(len(app._driver.take().encode()))
            # 30 cells, all of them new, colour included: under 3 KB a second at 4 frames.
            assert max(sizes) / 30 <= 25
            grid.refresh()
            await pilot.pause()
            assert app._driver.take() == ""

    stage.run(body())


def test_opening_5640_rows_paints_one_page(monkeypatch):
    grid = TreeGrid(TREE_COLUMNS)
    rows = [
        GridRow(
            f"a{a}",
            (f"account {a}", "1"),
            tuple(
                GridRow(
                    f"a{a}/h{h}",
                    (f"hedge {h}", "2"),
                    tuple(GridRow(f"a{a}/h{h}/c{c}", (f"cash {c}", "3")) for c in range(13)),
                )
                for h in range(10)
            ),
        )
        for a in range(40)
    ]

    async def script(_, pilot):
        grid.set_rows(rows)
        await pilot.pause()
        made = []
        plain = grid._row
        monkeypatch.setattr(grid, "_row", lambda *a: made.append(1) or plain(*a))
        await pilot.press("plus")
        await pilot.pause()
        assert len(grid.model.lines) == 5640
        assert len(made) <= 3 * grid.size.height

    on_stage(script, grid, size=(120, 36))
