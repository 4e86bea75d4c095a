"""The Balance screen: how the book leans, what would change that, and no order unseen."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgetui.domain import commands as cmd
from hedgetui.domain.balance.positions import Book, Unparsed
from hedgetui.ports.balance import OFF, BalanceView, SourceView, TicketView
from hedgetui.ports.desk import Outcome
from hedgetui.ui.dialogs.balance import read_dollars
from hedgetui.ui.glyphs import ASCII, UNICODE
from hedgetui.ui.screens import balance_text as words
from hedgetui.ui.screens.balance_cards import entry_card, underlying_card, unparsed_card
from hedgetui.ui.screens.balance_detail import basket_lines, detail_lines, ticket_line
from hedgetui.ui.screens.balance_export import trade_rows
from hedgetui.ui.screens.balance_rows import ADVICE_COLUMNS, cvar_words, entries, entry_row
from hedgetui.ui.screens.balance_under import bar, underlying_row, underlying_rows
from hedgetui.ui.screens.footer_text import footer_line
from hedgetui.ui.screens.micro_text import micro_lines
from hedgetui.ui.screens.spans import text_of, width_of
from hedgetui.ui.screens.status_text import Look
from hedgetui.ui.widgets.grid_columns import fit_columns
from tests.ui.console_stage import THEMES, opened, run
from tests.ui.still_book import (
    BALANCED,
    EVERYTHING,
    HEDGE,
    IN_TROUBLE,
    LONG,
    NO_CHOICE,
    OVER_HEDGED,
    RANKED_BASKET,
    SHORT,
    TICKET,
    TICKETS,
    TROUBLED,
    WITH_BASKET,
    book_of,
    view_of,
)
from tests.ui.still_desk import FULL, NOW, StillDesk

ZONE = "America/Chicago"
TURNED = replace(EVERYTHING, advice=EVERYTHING.advice[::-1], plans=EVERYTHING.plans[::-1])
"""The same recommendations in another order."""
PREVIEW = Outcome(ok=True, code="preview", message="", preview=TICKET)
ORDERS = (cmd.Confirm, cmd.PreviewTicket)


def desk(snapshot=WITH_BASKET):
    still = StillDesk(snapshot)
    still.answers[cmd.PreviewTicket] = PREVIEW
    return still


def shown(view, icons=UNICODE):
    """Return the rows of the upper table as {column: text}."""
    return [
        {column.key: cell.text
         for column, cell in zip(ADVICE_COLUMNS, entry_row(one, icons).cells, strict=True)}
        for one in entries(view)
    ]  # fmt: skip


def story(view, row=0, width=120, height=12):
    entry = entries(view)[row]
    return "\n".join(map(text_of, detail_lines(view, entry, ZONE, width, height)))


# The lean, in lines and in dollars


def test_the_first_line_is_the_one_of_the_reference_book():
    text = text_of(words.counts_line(SHORT, 120)).strip()
    assert text == (
        "Long 1 Short 0 Puts 5 Calls 0 Vol 0   NET SHORT -4 (over-hedged)   VIX 14.9   "
        f"theta {words.money(SHORT.dollars.theta)}/day"
    )
    bars = text_of(words.bars_line(SHORT, 120))
    assert "long ▇▇ 1     short ▇▇▇▇▇▇▇▇▇▇ 5     vol 0     band -1…+1  you ▶ -4" in bars


def test_a_balanced_and_a_long_book_say_so():
    assert "BALANCED ✓ 0" in text_of(words.counts_line(BALANCED, 80))
    assert "NET LONG +5 (under-hedged)" in text_of(words.counts_line(LONG, 80))


def test_what_is_not_known_is_never_zero():
    blind = replace(LONG, nav=None, market=replace(LONG.market, vix=None))
    assert "VIX n/a" in text_of(words.counts_line(blind, 120))
    text = text_of(words.dollars_line(blind, 120))
    assert "Δ n/a (known +$" in text
    assert "NAV n/a" in text
    lacking = replace(blind, dollars=replace(blind.dollars, theta=None, vega=None))
    assert "theta n/a/day" in text_of(words.counts_line(lacking, 120))
    assert "vega n/a/pt" in text_of(words.dollars_line(lacking, 120))


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 100, 120, 160])
@pytest.mark.parametrize("view", [SHORT, LONG, EVERYTHING, OFF])
def test_the_lines_above_fit_every_width_and_keep_the_lean(view, width):
    lines = (words.counts_line(view, width), words.bars_line(view, width),
             words.dollars_line(view, width))  # fmt: skip
    if width >= 30:
        assert all(width_of(line) <= width for line in lines)
    if view.on:
        assert words.bias_words(view.counts).partition(" (")[0] in text_of(lines[0])
        assert "Δ" in text_of(lines[2])


def test_doubts_stand_above_the_tables_worst_first():
    lines = list(map(text_of, words.note_lines(TROUBLED, (), ZONE, 120, 2)))
    assert lines[0].startswith(
        " Incomplete: MT5 5021: no answer for 60 s, showing 09:39:37 · ⚠ count says BALANCED"
    )
    assert "1 line left out" in lines[1]
    (one,) = words.note_lines(TROUBLED, (), ZONE, 80, 1)
    assert "Incomplete" in text_of(one)
    assert words.note_lines(SHORT, (), ZONE, 80, 2) == []
    (cut,) = words.note_lines(TROUBLED, (), ZONE, 40, 1)
    assert text_of(cut) == " Incomplete: MT5 5021: no answer for 60…"


@pytest.mark.parametrize(
    ("view", "text"),
    [
        (OFF, "No portfolio at this profile"),
        (BalanceView(on=True, reading=True), "reading…"),
        (BalanceView(on=True), "reading…"),
        (BalanceView(on=True, sources=(SourceView("IB U1", 0, None, "no answer"),)),
         "Incomplete: IB U1: no answer, nothing of it is shown"),
        (view_of(Book()), "Nothing is held at SIM DU-SIM-01."),
    ],
)  # fmt: skip
def test_an_empty_screen_says_why(view, text):
    notes = map(text_of, words.note_lines(view, (), ZONE, 120, 2))
    said = [text_of(words.counts_line(view, 80)), *notes]
    said += map(text_of, words.empty_lines(view, ZONE, 80))
    assert text in "\n".join(said)


# The tables


def test_recommendations_show_the_contract_its_cost_and_what_it_changes():
    rows = shown(SHORT)
    assert [row["kind"] for row in rows] == ["OFFSET", "OFFSET", "REDUCE"]
    assert rows[0]["trade"] == "BUY 1 QQQ 2026-02-18 530C"
    assert (rows[0]["sendable"], rows[0]["effect"]) == ("✓", "+1")
    assert rows[0]["cost"] == words.cost(SHORT.plans[0].cost)
    assert rows[2]["trade"] == "Trim SPY puts by 30-50% (SELL 1)"
    assert (rows[2]["cost"], rows[2]["effect"]) == ("$0", "0")


def test_an_estimate_says_est_and_a_quote_that_buys_nothing_says_that():
    rows = shown(LONG)
    assert (rows[0]["cost"], rows[0]["sendable"]) == ("$150 est.", "")
    assert rows[1]["cost"] == "$125 buys 0"
    assert rows[1]["why"].startswith("one NVDA 2026-02-18 180/162P costs $")


def test_growth_the_found_contract_and_the_basket_are_kinds_of_their_own():
    kinds = [row["kind"] for row in shown(EVERYTHING)]
    assert kinds == ["OFFSET", "OFFSET", "REDUCE", "GROW", "GROW", "GROW", "PICK", "BASKET",
                     "BASKET"]  # fmt: skip
    basket = shown(EVERYTHING)[-2:]
    assert [row["trade"] for row in basket] == [
        f"not sent: {HEDGE.title}", "not sent: QQQ 3M calls (ATM)",
    ]  # fmt: skip
    assert (basket[1]["cost"], basket[1]["sendable"]) == ("n/a", "")
    assert shown(EVERYTHING)[6]["payoff"].startswith("+5% makes one $")
    nothing = shown(replace(EVERYTHING, choice=NO_CHOICE))[6]
    assert nothing["trade"] == "nothing matched: NVDA bullish $500"


def test_each_row_is_named_as_the_desk_names_it():
    named = [(one.source, one.number) for one in entries(EVERYTHING)]
    assert named == [("advice", 1), ("advice", 2), ("advice", 3), ("grow", 1), ("grow", 2),
                     ("grow", 3), ("recommend", 0), ("basket", 1), ("basket", 2)]  # fmt: skip


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
def test_columns_leave_by_priority(width):
    kept = {place.column.key for place in fit_columns(ADVICE_COLUMNS, width)}
    assert {"number", "trade"} <= kept
    assert ("why" in kept, "payoff" in kept) == (width >= 100, width >= 120)
    if width >= 80:
        assert {"kind", "cost", "effect", "sendable"} <= kept


@pytest.mark.parametrize(
    ("value", "drawn"),
    [(-100.0, "▇▇▇▇▇▇▇▇│        "), (50.0, "        │▇▇▇▇    "), (-1.0, "       ▇│        "),
     (0.0, "        │        "), (None, "     n/a│        ")],
)  # fmt: skip
def test_bars_stand_left_and_right_of_zero(value, drawn):
    assert bar(value, 100.0) == drawn


def test_a_weak_beta_is_dim_and_marked():
    rows = {row.symbol: underlying_row(row, 600.0, UNICODE) for row in SHORT.underlyings}
    assert [cell.text for cell in rows["TLT"].cells[4:]] == ["-0.12", "0.02~"]
    assert rows["TLT"].cells[4].meaning == "stale"
    assert rows["QQQ"].cells[4].meaning == ""
    assert rows["SPY"].cells[1].text == "+1/-1"
    amzn = next(row for row in LONG.underlyings if row.symbol == "AMZN")
    assert [cell.text for cell in underlying_row(amzn, 1.0, UNICODE).cells][2::2] == ["n/a", "n/a"]


def test_lines_that_were_not_read_have_a_row_and_a_reason():
    assert underlying_rows(LONG, UNICODE)[-1].cells[0].text == "left out"
    card = unparsed_card(LONG)
    assert card[1][0] == "line 7"
    assert card[2][1]


def test_the_story_says_what_e_sends_and_why():
    text = story(SHORT)
    assert f"E sends  {SHORT.plans[0].steps[0].describe()}, pays" in text
    assert "you hold puts on QQQ" in text
    assert "cannot be sent: no contract and price" in story(LONG)


def test_the_basket_shows_before_and_after_until_it_is_gone():
    working, ranked = replace(SHORT, basket=EVERYTHING.basket), replace(SHORT, basket=RANKED_BASKET)
    what_if = EVERYTHING.basket.what_if
    title, change = map(text_of, basket_lines(working, 120))
    assert "BASKET not sent (2 trades, $2,670)" in title
    before, after = what_if.before, what_if.after
    assert (
        f"Δ/1% {words.money(before.delta_per_pct)} → {words.money(after.delta_per_pct)}" in change
    )
    assert "net -4 → -3" in change
    assert change.endswith("CVaR … → …")
    assert text_of(basket_lines(ranked, 120)[1]).endswith("CVaR $5,400 → $4,150")
    idle = replace(SHORT, basket=replace(EVERYTHING.basket, working=False))
    assert text_of(basket_lines(idle, 120)[1]).endswith("CVaR n/a → n/a")
    assert "$2.14 per $ of CVaR, $1,250 off" in shown(ranked)[-1]["why"]
    paid = replace(RANKED_BASKET.items[0], dollars_per_cvar=-1.1)
    assert cvar_words(paid) == "-$1.10 per $ of CVaR, $1,250 off"
    assert basket_lines(SHORT, 120) == []


def test_tickets_say_how_far_they_are_and_what_went_wrong():
    working, part = (text_of(ticket_line(one, ZONE, 120)) for one in TICKETS)
    assert working == " 09:41:07 ticket working 0/1 SPY 3M calls (ATM): at 26.70"
    assert part.endswith("part 1/2 NVDA put spread: 2 bought, the sale was refused: no bid")
    assert "refused: no bid" in text_of(ticket_line(TICKETS[1], ZONE, 66))
    low = story(EVERYTHING, height=4)
    assert [word in low for word in ("E sends", "BASKET", "Δ/1%", "ticket working")] == [True] * 4


def test_cards_have_every_number_and_every_line():
    card = dict(entry_card(entries(SHORT)[0], SHORT))
    assert card["means"] == "QQQ 3M calls (ATM or slight OTM)"
    assert card["quote"].startswith("QQQ 2026-02-18 530C at 24.22, bid")
    assert card["ticket"] == SHORT.plans[0].steps[0].describe()
    nothing = replace(SHORT, choice=NO_CHOICE)
    rules = [text for label, text in entry_card(entries(nothing)[-1], nothing) if label == "rule"]
    assert rules[0].startswith("right, calls: 0 pass, 0 left")
    spy = next(row for row in SHORT.underlyings if row.symbol == "SPY")
    held = underlying_card(spy, SHORT)
    assert [text for label, text in held if label == "+20"] == [
        "SPY at 600.00, equity, SIM DU-SIM-01",
    ]  # fmt: skip
    assert sum("per +1%, Γ" in text for _, text in held) == 2
    amzn = next(row for row in LONG.underlyings if row.symbol == "AMZN")
    assert ("not known", "no beta for AMZN") in underlying_card(amzn, LONG)


# Keys


def test_e_previews_the_row_under_the_cursor_and_only_y_sends_it():
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("c", "3", "E")
            assert console.desk.commands == [cmd.Scan(), cmd.PreviewTicket("advice", 1)]
            assert "BUY 1 SPY 20260218 600 C LMT 26.70" in console.text
            await console.press("enter")
            assert console.desk.sent() == []
            await console.press("j", "E", "y")
            assert console.desk.commands[2:] == [
                cmd.PreviewTicket("advice", 2), cmd.Confirm("ticket-1", ""),
            ]  # fmt: skip
            for moves in (3, 2, 2):
                await console.type(*"j" * moves)
                await console.press("E", "escape")
            assert console.desk.commands[4:] == [
                cmd.PreviewTicket("grow", 2), cmd.PreviewTicket("recommend", 0),
                cmd.PreviewTicket("basket", 2),
            ]  # fmt: skip

            # A reading that moves the rows takes the cursor along with its trade.
            await console.press("g")
            console.desk.move(replace(WITH_BASKET, balance=TURNED))
            await console.caught_up()
            assert "E sends  BUY 1 QQQ 20260218 530 C" in console.text
            console.desk.commands.clear()
            await console.press("E", "escape", "c", "4", "c")
            assert console.desk.commands == [cmd.PreviewTicket("advice", 3), cmd.ReadPortfolio()]

    run(test())


def test_rows_go_into_the_basket_and_out_of_it_and_no_lower_case_key_reaches_a_broker():
    async def test():
        async with opened(desk(), size=(120, 36)) as console:
            await console.press("3", "a", "d")
            assert console.desk.commands == [cmd.AddToBasket("advice", 1)]
            assert console.notes[-1].startswith("choose a row of the basket")
            await console.press("G", "d", "a")
            assert console.desk.commands[1:] == [cmd.DropFromBasket(2)]
            assert console.notes[-1] == "it is in the basket already"
            for key in (*"abcdefghijlmnoprtuvwxyz0", "comma", "full_stop", "space"):
                await console.press(key)
                if console.app.screen.id != "shell":
                    await console.press("escape")
            assert not [one for one in console.desk.commands if isinstance(one, ORDERS)]
            console.desk.move(OVER_HEDGED)
            await console.caught_up()
            await console.press("3", "d", "b")
            assert console.notes[-1] == "the basket is empty"
            assert "send basket" not in console.text
            await console.press("6")
            assert console.app.shell.screen_name == "stress"

    run(test())


MENU = (
    ("gm", cmd.ReadGrowth("")),
    ("g1", cmd.ReadGrowth("STAGFLATION")),
    (("r", "t", "enter", "space", "enter", *"$7", "enter"),
     cmd.FindContract("T", "bearish", "7")),
    (("t", *"+2 t", "enter", "enter"), cmd.PreviewTicket("typed", text="+2 t")),
    (("t", *"-1 t", "enter", "b", "enter"), cmd.AddToBasket("typed", text="-1 t")),
    ("s", cmd.PreviewTicket("basket", 0)),
    ("e", cmd.DropFromBasket(0)),
    (("m", *"75", "enter", "2", "enter"), cmd.SetAdvice("75", 2)),
)  # fmt: skip


def test_the_menu_has_the_verbs_without_a_key():
    async def test():
        async with opened(desk(), size=(100, 30)) as console:
            await console.press("3")
            for (verb, *keys), command in MENU:
                await console.press("b", verb)
                await console.type(*keys)
                assert console.desk.commands[-1] == command
                if isinstance(command, cmd.PreviewTicket):
                    await console.press("escape")
            await console.press("b", "t")
            await console.type("x", "enter")
            assert "trade:" in console.text
            await console.press("escape", "b", "m")
            await console.type(*"1000000001", "enter")
            assert "budget: $0 to $1,000,000,000" in console.text
            assert len(console.desk.commands) == len(MENU)

    run(test())


@pytest.mark.parametrize(
    ("typed", "value"),
    [("500", "500"), ("$1,500.50", "1500.50"), ("", None), ("NaN", None), ("five", None),
     ("-3", None)],
)  # fmt: skip
def test_dollars_are_a_number_or_refused(typed, value):
    assert read_dollars(typed) == (None if value is None else Decimal(value))


def test_rows_are_found_sorted_zoomed_told_and_taken_along(tmp_path):
    async def test():
        async with opened(desk(), size=(120, 36), state_folder=str(tmp_path)) as console:
            await console.press("3", "Y")
            assert json.loads(console.app.clipboard)["action"] == "OFFSET"
            await console.press("e", "slash")
            await console.type(*"grow", "enter")
            assert "find: grow" in console.text
            assert "REDUCE" not in console.text
            await console.press("escape", "tab", "e", "s", "s")
            console.desk.move(replace(WITH_BASKET))
            await console.caught_up()
            assert "sort: Lines" in console.text
            await console.press("z")
            assert "Recommendation" not in console.text
            await console.press("z")
            assert "Recommendation" in console.text
            console.desk.move(IN_TROUBLE)
            await console.caught_up()
            await console.press("enter")
            assert "Δ per +1%" in console.text
            await console.press("escape")
            await console.type(*"sssssG", "enter")
            assert "could not be read" in console.text
            await console.press("escape", "shift+tab", "g", "enter")
            assert "OFFSET 1" in console.text
        (path,) = (tmp_path / "exports").glob("balance-*.csv")
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        assert [row["kind"] for row in rows][-1] == "BASKET"
        assert rows[0]["orders"] == "BUY 1 QQQ 20260218 530 C"
        (path,) = (tmp_path / "exports").glob("underlyings-*.csv")
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        assert [row["symbol"] for row in rows] == [one.symbol for one in SHORT.underlyings]

    run(test())


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_the_footer_speaks_of_this_screen(width):
    text = text_of(footer_line({}, width, "balance"))
    assert width_of(footer_line({}, width, "balance")) <= width
    assert "E Ticket" in text
    assert "a Add" in text
    assert ("c Read" in text) == (width >= 80)
    assert "E Enter" in text_of(footer_line({}, 120, "vega"))
    assert "a Add" not in text_of(footer_line({}, 160, "vega"))


# Sizes, size of the book, foreign text


def test_any_size_keeps_the_lean_and_the_rows_and_any_book_is_made_into_rows_once():
    lines = [f"N{number:04d},equity,{number + 1},,10" for number in range(2_000)]
    large = replace(FULL, balance=view_of(book_of(*lines)))

    async def test():
        async with opened(desk(), size=(60, 20)) as console:
            await console.press("3")
            for size in ((60, 20), (40, 12), (20, 5)):
                await console.pilot.resize_terminal(*size)
                await console.settle()
                assert "NET SHORT -4" in console.text
                if size[1] > 10:
                    assert "BUY 4 SPY shares" in console.text
                    assert "BASKET not sent" in console.text
                assert max(map(len, console.text.split("\n"))) <= size[0]

            await console.pilot.resize_terminal(80, 24)
            console.desk.move(FULL)
            await console.caught_up()
            await console.press("E", "a")
            assert "No portfolio at this profile: the desk reads no account" in console.text
            assert console.desk.commands == []
            assert console.notes[-2:] == ["there is no row to choose yet"] * 2

            console.desk.move(large)
            await console.caught_up()
            await console.press("tab")
            grid = console.app.shell.balance.underlyings
            assert len(grid.model.lines) == 2_000
            assert len(grid._strips) < 60
            before = dict(grid.model.nodes)
            console.desk.move(replace(large, balance=replace(large.balance, reading=True)))
            await console.caught_up()
            assert console.app.shell.balance.view.reading
            assert all(grid.model.nodes[key] is node for key, node in before.items())

    run(test())


def test_the_micro_view_has_a_line_for_it():
    look = Look(UNICODE, ZONE)
    lines = list(map(text_of, micro_lines(OVER_HEDGED, (), look, 40, 11)))
    assert f"BAL NET SHORT -4  Δ {words.money(SHORT.dollars.delta_per_pct)}/1%" in lines
    assert not any("BAL" in line for line in map(text_of, micro_lines(FULL, (), look, 40, 11)))
    assert not any(
        "BAL" in line for line in map(text_of, micro_lines(OVER_HEDGED, (), look, 40, 4))
    )


def test_in_ascii_no_sign_is_lost_and_every_theme_of_ours_has_its_colours():
    async def test():
        async with opened(desk(), size=(100, 30), icons="ascii", theme="ansi-dark") as console:
            await console.press("3")
            assert console.text.isascii()
            assert "?" not in console.text.replace("? Help", "")
            for name in (one["name"] for one in THEMES):
                console.app.theme = name
                await console.settle()
                assert "BASKET" in console.text

    run(test())


HOSTILE = st.text(st.sampled_from("[]/@\x1b\x07\x9b\u202e\u200b a1\n\t█é"), max_size=60)


@settings(max_examples=25)
@given(HOSTILE)
def test_foreign_text_moves_nothing(text):
    line = replace(SHORT.dollars.lines[0], unknown=text,
                   position=replace(SHORT.dollars.lines[0].position, symbol=text, underlying=text,
                                    source=text))  # fmt: skip
    row = replace(SHORT.underlyings[0], symbol=text)
    view = replace(
        EVERYTHING, warning=text, underlyings=(row,), dollars=replace(SHORT.dollars, lines=(line,)),
        sources=(SourceView(text, 1, NOW, text or "x"),),
        advice=(replace(SHORT.advice[0], trade=text, why=text, payoff=text, note=text),),
        plans=(None,), growth=(), tickets=(TicketView(text, NOW, text, text, 0, 1, text),),
        basket=replace(EVERYTHING.basket, problem=text,
                       items=(replace(EVERYTHING.basket.items[1], title=text),)),
        book=Book(SHORT.book.positions, (Unparsed(1, text, text),)),
    )  # fmt: skip
    said = [text_of(one) for one in words.note_lines(view, (text,), ZONE, 80, 9)]
    said += [story(view, row) for row in range(len(entries(view)))]
    said += [cell.text for one in entries(view) for cell in entry_row(one, ASCII).cells]
    said += [part for pair in underlying_card(row, view) + unparsed_card(view) for part in pair]
    said += map(text_of, words.empty_lines(view, ZONE, 80))
    assert not set("".join(said).replace("\n", "")) & set("\x1b\x07\x9b\u202e\u200b\t")
    assert trade_rows(view)
