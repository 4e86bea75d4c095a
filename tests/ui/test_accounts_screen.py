"""The Accounts screen: what is unhedged, which hedge covers which cash, and no order unseen."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain import commands as cmd
from hedgetui.domain.tails.tree import tails_view
from hedgetui.domain.units import Timestamp
from hedgetui.ports.desk import Outcome
from hedgetui.ports.tails import EMPTY, TailsView
from hedgetui.ui.alerts import worth_a_bell
from hedgetui.ui.dialogs.tails import read_units
from hedgetui.ui.glyphs import ASCII, UNICODE
from hedgetui.ui.handlers.tail_picks import later_months
from hedgetui.ui.screens.accounts_detail import detail_lines, order_card, tail_card
from hedgetui.ui.screens.accounts_export import tail_lines
from hedgetui.ui.screens.accounts_rows import (
    TAIL_COLUMNS,
    TreeRows,
    first_moment,
    found,
    window,
)
from hedgetui.ui.screens.accounts_text import note_line, strip_line, tails_cautions
from hedgetui.ui.screens.footer_text import footer_line
from hedgetui.ui.screens.spans import text_of, width_of
from hedgetui.ui.screens.status_text import Look
from hedgetui.ui.widgets.grid_columns import fit_columns
from hedgetui.ui.widgets.grid_model import GridModel
from tests.tails.tails_stage import Book, worked_example
from tests.ui.console_stage import opened, run
from tests.ui.still_desk import FULL, NOW, StillDesk
from tests.ui.still_tails import (
    BEANS,
    BEFORE,
    CORN,
    CORN_BEFORE,
    DAY,
    H1,
    HEDGE_TAIL,
    HEDGED,
    SIXTEEN,
    STOPPED,
    SUSPENDED,
    TAILS,
    WAITING,
    WHEAT,
    WORKING,
    cash,
    hedge,
    many,
    tbd,
)

ZONE = "America/Chicago"
LOOK = Look(UNICODE, ZONE)
PREVIEW = Outcome(ok=True, code="preview", message="", preview=HEDGE_TAIL)
WHEAT_KEY = (WHEAT.account, WHEAT.contract)


def tree(view, start=None, icons=UNICODE):
    """Return the tree as (depth, {column: text}), top to bottom."""
    rows = [(0, row) for row in reversed(TreeRows().rows(view, start, ZONE, icons))]
    shown = []
    while rows:
        depth, row = rows.pop()
        texts = {
            column.key: cell.text for column, cell in zip(TAIL_COLUMNS, row.cells, strict=True)
        }
        shown.append((depth, texts))
        rows += [(depth + 1, child) for child in reversed(row.children)]
    return shown


def of(row, view=TAILS, **more):
    return tree(replace(view, rows=(row,)), **more)


def names(shown):
    return [f"{'  ' * depth}{texts['name']}" for depth, texts in shown]


def story(row, chosen=None, width=120, height=6):
    return "\n".join(text_of(one) for one in detail_lines(row, chosen, LOOK, width, height, NOW))


def order(row, hedge_id, cash_id=None):
    part = next(one for one in row.hedges if one.hedge_id == hedge_id)
    return part if cash_id is None else next(one for one in part.cash if one.cash_id == cash_id)


def desk(snapshot=HEDGED):
    still = StillDesk(snapshot)
    still.answers |= {cmd.PreviewTail: PREVIEW, cmd.PreviewAdjust: PREVIEW,
                      cmd.PreviewTailRoll: PREVIEW}  # fmt: skip
    return still


# The worked examples


def test_c1_stands_under_both_hedges_with_what_each_of_them_covers():
    shown = of(CORN)
    assert names(shown) == [
        "PSHAOTCHMS ZC 202512", "  H4", "    C1", "    C4", "  H3", "    C3", "  H2", "    C2",
        "  H1", "    C1",
    ]  # fmt: skip
    hedged = [(texts["tail"], texts["hm"]) for _, texts in shown if texts["name"] == "C1"]
    assert hedged == [("1,000", "0"), ("5,000", "0")]
    assert shown[1][1]["hm"] == "2,000"


def test_the_story_of_c1_names_every_hedge_oldest_first():
    text = story(CORN, order(CORN, "H4", "C1"))
    assert "C1 BUY 6,000 bu @ 433'2" in text
    assert "is covered 5,000 by H1, 1,000 by H4; nothing is open" in text


def test_before_h4_the_rest_of_c1_waits_under_tbd():
    shown = of(CORN_BEFORE)
    assert names(shown)[:3] == ["PSHAOTCHMS ZC 202512", "  TBD · sells 1,000", "    C1"]
    assert shown[1][1]["size"] == "-"
    assert shown[2][1] == {**shown[2][1], "tail": "0", "hm": "1,000", "unlinked": "+1,000"}
    waits = order(CORN_BEFORE, "TBD", "C1")
    assert "covered 5,000 by H1; 1,000 open" in story(CORN_BEFORE, waits)
    assert "nobody covers C1 1,000, for 13 days" in story(CORN_BEFORE, order(CORN_BEFORE, "TBD"))


def test_sixteen_thousand_bushels_leave_a_thousand():
    shown = of(SIXTEEN)
    assert names(shown) == [
        "NORTHGRAIN ZC 202512", "  TBD · sells 1,000", "    C-88034", "  1257044586",
        "    C-88034",
    ]  # fmt: skip
    assert (shown[3][1]["size"], shown[3][1]["tail"], shown[3][1]["price"]) == (
        "3 lots", "15,000", "418'2",
    )  # fmt: skip
    assert shown[0][1]["tail"] == "▲+1,000"


@pytest.mark.parametrize("row", [CORN, CORN_BEFORE, SIXTEEN, BEANS, WHEAT, WORKING])
def test_the_unlinked_column_adds_up_to_the_tail(row):
    shown = of(row)
    number = [int(texts["unlinked"].replace(",", "") or 0) for _, texts in shown]
    level = {depth: sum(n for n, (d, _) in zip(number, shown, strict=True) if d == depth)
             for depth in (0, 1)}  # fmt: skip
    assert level[0] == level[1] == row.tail


# What a row says


def test_both_balances_are_shown_and_their_difference():
    assert of(BEANS)[0][1]["hm"] == "≠+1,000 ▼-1,300"
    assert of(CORN)[0][1]["hm"] == "▼-2,000"
    assert "≠ HM ▼-1,300 (+1,000)" in story(BEANS)


def test_what_is_not_known_is_a_question_mark_and_never_zero():
    texts = of(BEANS)[0][1]
    assert texts["risk"] == "?"
    assert of(replace(BEANS, tail=0))[0][1]["risk"] == "-"
    assert "@ ? (no price)" in story(replace(WHEAT, bid=None))


def test_a_working_hedge_is_pending_and_said_so():
    shown = of(WORKING)
    assert shown[0][1]["pending"] == "-5,000"
    assert (shown[3][1]["pending"], shown[3][1]["size"]) == ("-5,000", "0/1 lot")
    assert shown[0][1]["mode"] == "Auto (waiting)"
    assert "Auto (waiting: halted)" in story(WORKING)
    assert "nothing, -2,000 with -5,000 pending is within ±2,550" in story(WORKING)


@pytest.mark.parametrize(
    ("mode", "words"),
    [("manual", "the rule leaves it to you"), ("auto", "the rule sends it"),
     ("sell", "the rule sends it"), ("buy", "the rule leaves it to you")],
)  # fmt: skip
def test_the_offer_says_what_it_leads_to_and_who_sends_it(mode, words):
    text = story(replace(WHEAT, mode=mode, mode_words=mode.capitalize()))
    assert "offer now: SELL 3 ZW 202512 @ 559'6 → +1,000" in text
    assert words in text


def test_hedges_by_hand_are_warned_about_where_a_rule_trades():
    assert "no place for manual trading" in story(BEANS)
    assert "no place for manual trading" not in story(replace(BEANS, mode="manual"))
    assert "no place for manual trading" not in story(CORN)


def test_a_card_has_all_numbers():
    card = dict(tail_card(BEANS, ZONE, UNICODE, NOW))
    assert card["HM unhedged"] == "▼-1,300, adjusted by +1,000"
    assert card["$ at risk"] == "?"
    links = dict(order_card(BEANS, BEANS.hedges[0], ZONE, NOW))["links"]
    assert links.startswith("H-9 SELL 1 lot (5,000 bu) covers C-9 2,700; 2,300 cover nothing")


def test_the_strip_counts_and_the_note_says_what_a_resume_sends():
    text = text_of(strip_line(STOPPED, 30, 120))
    assert "SUSPENDED" in text
    assert "TBD 4   over threshold 1" in text
    assert "V resumes and sends SELL 1 ZC 202603; SELL 3 ZW 202512" in text_of(
        note_line(STOPPED, (), 120)
    )
    assert "2 orders" in text_of(note_line(STOPPED, (), 40))
    assert tails_cautions(STOPPED) == ("TAILS SUSPENDED: month end (4: accounts)",)
    assert tails_cautions(TAILS) == ()


# The look-back is a view only


@pytest.mark.parametrize("days", [1, 2, 7, 29, 30])
def test_a_look_back_changes_no_tail_and_hides_nothing_open(days):
    start = first_moment(NOW, days, 30, ZONE)
    shown = tree(TAILS, start)
    top = [texts for depth, texts in shown if depth == 0]
    assert top == [texts for depth, texts in tree(TAILS) if depth == 0]
    assert "TBD · sells 16,000" in [texts["name"] for _, texts in shown]
    proof = sum(int(texts["unlinked"].replace(",", "") or 0) for d, texts in shown if d == 1)
    assert proof == sum(row.tail for row in TAILS.rows)


def test_what_is_over_and_old_leaves_and_what_is_older_is_carried_in():
    start = first_moment(NOW, 1, 30, ZONE)
    assert names(of(CORN, start=start)) == ["PSHAOTCHMS ZC 202512", "  H4", "    C1", "    C4"]
    shown = of(SIXTEEN, start=start)
    assert names(shown)[1] == "  carried in"
    assert shown[1][1]["tail"] == "▲+1,000"
    assert window(CORN, NOW - 12.5 * DAY)[1] == 0


def test_the_window_begins_at_a_local_midnight_even_where_clocks_change():
    monday = Timestamp(1_762_182_000.0)  # 2025-11-03 09:00, the day after summer time ended
    assert first_moment(monday, 1, 30, ZONE) == 1_762_149_600.0
    assert first_moment(monday, 2, 30, ZONE) == 1_762_149_600.0 - 25 * 3_600
    assert first_moment(monday, 30, 30, ZONE) is None


def test_keys_change_the_look_back_and_never_the_tails():
    async def test():
        async with opened(desk(WAITING), size=(120, 36)) as console:
            await console.press("4", "plus")
            assert "H3" in console.text
            for _ in range(29):
                await console.press("comma")
            assert "Look-back 1 day " in console.text
            assert "H3" not in console.text
            assert "▲+1,000" in console.text
            await console.press("comma", "full_stop")
            assert "Look-back 2 days" in console.text
            await console.press("b", "3", "3", "0", "enter")
            assert "Look-back 30 days" in console.text
            assert console.desk.commands == []

    run(test())


# Keys


def test_h_offers_the_tail_under_the_cursor_from_any_of_its_rows():
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("4", "plus", "G", "H")
            assert console.desk.commands == [cmd.PreviewTail(*WHEAT_KEY)]
            assert "HEDGE TAIL: SELL 3 ZW 202512" in console.text
            await console.press("enter")
            assert console.desk.sent() == []
            await console.press("H", "y")
            assert console.desk.sent() == [cmd.Confirm("t-1", "")]

    run(test())


def test_shared_keys_are_about_the_book_elsewhere():
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("H", "escape", "4", "1", "T")
            assert [type(one) for one in console.desk.commands] == [
                cmd.PreviewHedge, cmd.SwitchAuto,
            ]  # fmt: skip
            await console.press("O")
            assert "Adjust belongs to the Accounts screen: 4 shows it" in console.notes

    run(test())


def test_t_takes_the_rule_away_at_once_and_loudly():
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("4", "T")
            assert console.desk.commands == [
                cmd.SetTailMode(CORN.account, CORN.contract, "manual"),
            ]  # fmt: skip
            assert "PSHAOTCHMS ZC 202512 MANUAL: no rule hedges it" in console.text

    run(test())


def test_giving_a_rule_power_says_what_it_would_send():
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("4", "G", "T", "s")
            assert "The rule (Sell) would then send SELL 3 ZW 202512 @ 559'6" in console.text
            assert "which leaves +1,000" in console.text
            await console.press("enter")
            assert console.desk.commands == []
            await console.press("T", "a", "y")
            assert console.desk.commands == [cmd.SetTailMode(*WHEAT_KEY, "auto")]

    run(test())


def test_auto_at_fifty_percent_is_refused_before_it_is_asked_for():
    async def test():
        low = replace(FULL, tails=replace(TAILS, rows=(replace(WHEAT, threshold_pct=50),)))
        async with opened(desk(low), size=(120, 36)) as console:
            await console.press("4", "T", "a")
            assert any("auto with a threshold of 50 %" in note for note in console.notes)
            await console.press("4", "0", "enter")
            assert console.desk.commands == []
            await console.press("T", "a", "6", "0", "enter", "y")
            assert console.desk.commands == [cmd.SetTailMode(*WHEAT_KEY, "auto", 60)]

    run(test())


def test_the_menu_sets_a_threshold():
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("4", "G", "b", "2", "3", "0", "enter")
            assert console.desk.commands == [cmd.SetTailMode(*WHEAT_KEY, "manual", 30)]

    run(test())


def test_suspending_is_immediate_and_resuming_says_what_it_sends():
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("4", "V")
            assert [type(one) for one in console.desk.commands] == [cmd.SuspendTails]
            assert "TAILS SUSPENDED: own working hedges are cancelled" in console.text
            console.desk.move(SUSPENDED)
            await console.caught_up()
            await console.press("V")
            assert "sends SELL 3 ZW 202512" in console.text
            await console.press("escape")
            assert len(console.desk.commands) == 1
            await console.press("V", "y")
            assert console.desk.commands[1:] == [cmd.ResumeTails()]
            assert "own working hedges are cancelled" not in console.text

    run(test())


def test_a_suspension_that_failed_is_not_announced():
    async def test():
        still = desk()
        still.answers[cmd.SuspendTails] = Outcome(ok=False, code="offline", message="no desk")
        async with opened(still, size=(120, 36)) as console:
            await console.press("4", "V")
            assert "no desk" in console.notes
            assert "TAILS SUSPENDED" not in console.text

    run(test())


def test_an_adjustment_is_typed_previewed_and_confirmed():
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("4", "O", "enter")
            assert "units: a whole number" in console.text
            await console.press(*"-1,500", "enter", "enter")
            assert "comment is missing" in console.text
            await console.press(*"spoiled in bin 4", "enter")
            assert console.desk.commands == [
                cmd.PreviewAdjust(CORN.account, CORN.contract, -1_500, "spoiled in bin 4"),
            ]  # fmt: skip
            await console.press("y")
            assert len(console.desk.sent()) == 1

    run(test())


def test_cash_is_typed_judged_and_shows_what_the_rule_would_do():
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("4", "C", *"pshaotchms", "enter", *"zcez25", "enter", "enter")
            await console.press(*"1.5", "enter")
            assert "units: a whole number" in console.text
            await console.press(*["backspace"] * 3, *"6,000", "enter", *"433'2", "enter")
            await console.press(*"farmer lee", "enter")
            assert "Book BUY 6,000 bu ZC 202512 @ 433'2?" in console.text
            assert "Balance -2,000 becomes +4,000." in console.text
            assert "would then send SELL 1 ZC 202512 @ 432'6" in console.text
            assert "which leaves -1,000." in console.text
            await console.press("enter")
            assert console.desk.commands == []
            await console.press(
                "C", "enter", "enter", "s", "enter", *"500", "enter", *"430", "enter"
            )
            await console.press("enter", "y")
            assert console.desk.commands == [
                cmd.EnterCash(CORN.account, CORN.contract, "SELL", 500, "430", ""),
            ]  # fmt: skip

    run(test())


def test_a_wrong_contract_is_named_and_nothing_is_pasted():
    async def test():
        async with opened(desk(), size=(80, 24)) as console:
            await console.press("4", "C", "enter", *"zc 202511", "enter")
            assert "contract: unknown contract" in console.text
            await console.press("shift+tab", "up", *"new", "K")
            assert cmd.SwitchAuto(on=False) in console.desk.commands

    run(test())


def test_a_tail_rolls_into_a_later_month():
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("4", "M", "2")
            assert console.desk.commands == [
                cmd.PreviewTailRoll(CORN.account, CORN.contract, "ZC 202605"),
            ]  # fmt: skip

    run(test())
    assert later_months("ZS 202511")[:3] == ("ZS 202601", "ZS 202603", "ZS 202605")
    assert later_months("MES 202512") == ()


def test_without_a_tail_the_keys_say_so():
    async def test():
        async with opened(desk(FULL), size=(80, 24)) as console:
            await console.press("4")
            assert "No cash order yet. C enters one" in console.text
            for key in "HTOM":
                await console.press(key)
            assert console.desk.commands == []
            assert console.notes.count("there is no cash order yet: C enters one") == 4

    run(test())


def test_no_lower_case_key_sends_anything():
    async def test():
        async with opened(desk(SUSPENDED), size=(120, 36)) as console:
            await console.press("4")
            for key in (*"abcdefghijklmnopqrstuvwxyz0", "comma", "full_stop", "enter", "space"):
                await console.press(key)
                await console.press("escape", "escape")
                if console.app.screen.id != "shell":
                    await console.press("escape")
                await console.press("4")
            assert {type(one) for one in console.desk.commands} <= {cmd.Scan}

    run(test())


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 120, 160])
def test_the_footer_fits_and_speaks_of_this_screen(width):
    line = footer_line({}, width, "accounts")
    assert width_of(line) <= width
    text = text_of(line)
    if width >= 60:
        assert "C Cash" in text
        assert "O Adjust" in text
    assert "Close" not in text
    assert "C Close" in text_of(footer_line({}, 120, "vega"))


# The tree


def test_the_cursor_keeps_its_order_and_folding_survives_a_fill():
    async def test():
        async with opened(desk(WAITING), size=(120, 36)) as console:
            await console.press("4", "space", "j", "space", "j")
            chosen = console.app.shell.accounts.row_view
            assert chosen.cash_id == "C1"
            console.desk.move(HEDGED)
            await console.caught_up()
            assert "H4" in console.text
            row, _ = found(TAILS, console.app.shell.accounts.tails.selected_key)
            assert row is CORN

    run(test())


def test_find_keeps_the_way_to_a_hit_and_escape_brings_all_back():
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("4", "slash", *"c-88034", "enter")
            assert "find: c-88034" in console.text
            assert "1257044586" in console.text
            assert "PSHAOTCHMS" not in console.text
            await console.press("escape")
            console.desk.move(replace(HEDGED))
            await console.caught_up()
            assert "find:" not in console.text
            assert "PSHAOTCHMS" in console.text

    run(test())


def test_details_open_for_each_level():
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("4", "enter")
            assert "HM unhedged" in console.text
            await console.press("escape", "plus", "j", "enter")
            assert "covers C1 1,000, C4 2,000" in console.text
            await console.press("escape", "j", "enter")
            assert "links" in console.text

    run(test())


def test_rows_are_taken_along(tmp_path):
    async def test():
        async with opened(desk(WAITING), size=(120, 36), state_folder=str(tmp_path)) as console:
            await console.press("4", "Y")
            assert json.loads(console.app.clipboard)["tail"] == 1_000
            await console.press("e")
            (path,) = (tmp_path / "exports").glob("tails-*.csv")
            rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
            mine = [one for one in rows if one["account"] == CORN.account
                    and one["contract"] == CORN.contract]  # fmt: skip
            assert [one["level"] for one in mine[:3]] == ["key", "hedge", "cash"]
            assert sum(int(one["unlinked"] or 0) for one in mine) == 1_000

    run(test())


def test_the_unlinked_column_is_hidden_until_it_is_asked_for():
    async def test():
        async with opened(desk(), size=(160, 44)) as console:
            await console.press("4")
            assert "Unlinked" not in console.text
            await console.press("o", "k", "enter", "escape")
            assert "Unlinked" in console.text

    run(test())


def test_only_a_key_whose_orders_changed_is_made_again():
    rows = TreeRows()
    before = rows.rows(TAILS, None, ZONE, UNICODE)
    aged = tuple(replace(row, age_s=1.0, bid=1.0) for row in TAILS.rows)
    after = rows.rows(replace(TAILS, rows=(CORN_BEFORE, *aged[1:])), None, ZONE, UNICODE)
    same = [one.children is two.children for one, two in zip(before, after, strict=True)]
    assert same == [False, True, True, True]


def test_a_grid_reads_below_a_root_only_what_is_new():
    rows, model = TreeRows(), GridModel(TAIL_COLUMNS)
    model.set_rows(rows.rows(TAILS, None, ZONE, UNICODE))
    model.open_all(is_open=True)
    nodes, lines = dict(model.nodes), list(model.lines)
    changed = model.set_rows(rows.rows(BEFORE, None, ZONE, UNICODE))
    assert all(path.startswith(CORN.account) for path in changed)
    kept = [key for key in model.nodes if model.nodes[key] is nodes.get(key)]
    assert len(kept) > len(model.nodes) / 2
    old = {line.key: line for line in lines}
    assert any(line is old.get(line.key) for line in model.lines)


def test_two_hundred_keys_open_and_stay_in_step():
    async def test():
        async with opened(desk(many()), size=(120, 36)) as console:
            await console.press("4", "plus", "G")
            pane = console.app.shell.accounts
            assert len(pane.tails.model.lines) == 15_200
            assert "ACC199" in console.text
            rows = list(console.desk.present.tails.rows)
            waits = tbd(cash("C-NEW", 1_000, 0, 1_000, 0.0))
            rows[199] = replace(rows[199], tail=1_000, hedges=(waits, *rows[199].hedges))
            changed = replace(console.desk.present.tails, rows=tuple(rows), version=8)
            console.desk.move(replace(console.desk.present, tails=changed))
            await console.caught_up()
            assert len(pane.tails.model.lines) == 15_201  # the new row is folded
            await console.press("minus", "G")
            assert "▲+1,000" in console.text

    run(test())


def test_a_quiet_second_paints_nothing_of_the_tree():
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("4", "plus")
            pane, painted = console.app.shell.accounts, []
            refresh = pane.tails.refresh
            pane.tails.refresh = lambda *regions, **more: (
                painted.extend(regions), refresh(*regions, **more),
            )[1]  # fmt: skip
            moved = tuple(replace(row, bid=row.bid + 0.25) for row in TAILS.rows)
            console.desk.move(replace(HEDGED, status=replace(FULL.status, now=NOW + 1),
                                      tails=replace(TAILS, rows=moved)))  # fmt: skip
            await console.caught_up()
            assert "433'4/433'4" in console.text
            assert painted == []

    run(test())


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 160])
def test_the_tail_itself_never_leaves(width):
    kept = [place.column.key for place in fit_columns(TAIL_COLUMNS, width, {"unlinked"})]
    assert kept[0] == "name"
    if width >= 40:
        assert "tail" in kept
    if width >= 80:
        assert {"side", "size", "hm", "mode"} <= set(kept)
    if width >= 120:
        assert len(kept) == len(TAIL_COLUMNS) - 1


# Alarms, foreign text


def test_the_bell_rings_for_a_tail_that_no_rule_hedges():
    quiet = replace(TAILS, rows=(CORN, BEANS, SIXTEEN), version=6)
    calm = replace(FULL, tails=quiet)
    assert worth_a_bell(calm, HEDGED, ())
    rule = replace(TAILS, rows=(*TAILS.rows[:3], replace(WHEAT, mode="auto")))
    assert not worth_a_bell(calm, replace(FULL, tails=rule), ())
    assert not worth_a_bell(FULL, HEDGED, ())
    assert not worth_a_bell(HEDGED, HEDGED, ())


def test_a_suspension_is_said_on_every_screen():
    async def test():
        async with opened(desk(SUSPENDED), size=(80, 24)) as console:
            for key in "1247":
                await console.press(key)
                assert "TAILS SUSPENDED: month end" in console.text

    run(test())


def hostile(text):
    order_ = cash(text, 100, 100, 0, 1.0, side=text)
    odd = hedge(text, 1, 1.0, order_, side=text, state=text, origin=text, price=float("nan"))
    row = replace(
        CORN, account=text, contract=text, unit=text, mode=text, mode_words=text, note=text,
        proposal=text, hedges=(odd, odd, tbd(order_)), bid=float("inf"),
    )  # fmt: skip
    return TailsView((row, row), text, text, catch_up=(text,))


@given(st.text(st.sampled_from("[]/@\x1b\x07\x9b\u202e\u200b a1\n\t█é\x1f"), max_size=60))
def test_foreign_text_moves_nothing(text):
    view = hostile(text)
    row = view.rows[0]
    said = [story(row), *(story(row, one) for one in row.hedges), story(row, row.hedges[0].cash[0])]
    said += map(text_of, (strip_line(view, 30, 120), note_line(view, (), 120)))
    said += tails_cautions(view)
    model = GridModel(TAIL_COLUMNS)
    model.set_rows(TreeRows().rows(view, None, ZONE, ASCII))
    said += [cell.text for node in model.nodes.values() for cell in node.cells]
    assert not set("".join(said).replace("\n", "")) & set("\x1b\x07\x9b\u202e\u200b\t\x1f")
    assert tail_lines(view, None)


def test_foreign_text_moves_nothing_on_the_screen_either():
    async def test():
        view = hostile("[b]\x1b[2J\u202eabc\t[/]@click")
        async with opened(desk(replace(FULL, tails=view)), size=(110, 34)) as console:
            for key in (
                "4",
                "plus",
                "j",
                "enter",
                "escape",
                "C",
                "escape",
                "O",
                "escape",
                "M",
                "b",
            ):
                await console.press(key)
                assert not set(console.text) & set("\x1b\x07\x9b\u202e\u200b\t")
            assert console.app.is_running

    run(test())


@pytest.mark.parametrize(
    ("typed", "units"),
    [("16,000", 16_000), ("-1 000", -1_000), ("+5", 5), ("1.5", None), ("", None), ("--1", None),
     ("1e3", None), ("٣", None), ("9" * 13, None)],
)  # fmt: skip
def test_units_are_whole_or_refused(typed, units):
    assert read_units(typed) == units


def test_an_empty_desk_and_a_row_that_left_are_nothing():
    assert found(EMPTY, None) == (None, None)
    assert found(EMPTY, "A\x1fB") == (None, None)
    assert found(TAILS, f"{CORN.account}\x1f{CORN.contract}\x1fH1\x1fC1") == (CORN, H1.cash[0])
    assert found(TAILS, f"{CORN.account}\x1f{CORN.contract}\x1fgone") == (CORN, None)


# From events to the screen


def shown_at(book, days=30):
    view = TailsView(tails_view(book.ledger, book.now, 30), "online", version=book.ledger.version)
    return tree(view, first_moment(book.now, days, 30, ZONE))


def test_the_worked_example_from_events_to_rows():
    book = worked_example()
    before = [(depth, texts["name"], texts["hm"]) for depth, texts in shown_at(book)]
    assert before[:4] == [
        (0, "PSHAOTCHMS ZC 202512", "▲+3,000"), (1, "TBD · sells 3,000", "3,000"),
        (2, "C1", "1,000"), (2, "C4", "2,000"),
    ]  # fmt: skip
    assert shown_at(book)[0][1]["pending"] == "-5,000"
    book.fill("H4", 1)
    after = [(depth, texts["name"], texts["tail"], texts["hm"]) for depth, texts in shown_at(book)]
    assert after[:4] == [
        (0, "PSHAOTCHMS ZC 202512", "▼-2,000", "▼-2,000"), (1, "H4", "5,000", "2,000"),
        (2, "C1", "1,000", "0"), (2, "C4", "2,000", "0"),
    ]  # fmt: skip
    assert after[-2:] == [(1, "H1", "5,000", "0"), (2, "C1", "5,000", "0")]
    row = tails_view(book.ledger, book.now, 30)[0]
    assert "covered 5,000 by H1, 1,000 by H4; nothing is open" in story(row, order(row, "H1", "C1"))


def test_the_next_buy_replaces_tbd():
    book = Book()
    book.cash("C-1", 16_000)
    assert book.auto("H-1") == -3
    assert [texts["name"] for _, texts in shown_at(book)][1] == "TBD · sells 1,000"
    book.day(2)
    book.cash("C-2", 2_000)
    book.auto("H-2", "C-2")
    assert not any("TBD" in texts["name"] for _, texts in shown_at(book))


@pytest.mark.parametrize("days", [1, 5, 30])
def test_the_look_back_of_the_screen_is_the_one_of_the_ledger(days):
    book = Book()
    for day in range(1, 40):
        book.day(day)
        book.cash(f"C{day}", 3_000)
        book.auto(f"H{day}", f"C{day}")
    own = [texts["name"] for _, texts in shown_at(book, days)]
    view = TailsView(tails_view(book.ledger, book.now, days))
    assert own == [texts["name"] for _, texts in tree(view)]
