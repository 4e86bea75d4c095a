"""One trade in a few lines: where its score comes from, what runs out, what may come, what was.

The components stand as a waterfall: each bar begins where the one above it ended, left of the axis
is against the trade, and the last bar is the score. Where room is short the bars give way to one
line of numbers, then the past gives way to the present.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from hedgetui.domain.text import safe
from hedgetui.ports.dtms import DefenceRow, DefenceView, LaneStep
from hedgetui.ui import format as fmt
from hedgetui.ui.dialogs.base import fold
from hedgetui.ui.glyphs import IconSet
from hedgetui.ui.screens.dtms_lane import lane, sign_of
from hedgetui.ui.screens.dtms_rows import (
    COMPONENTS,
    action_words,
    component_text,
    hedge_words,
    volume_text,
)
from hedgetui.ui.screens.dtms_text import countdown, deadline_of
from hedgetui.ui.screens.spans import Line, fit, width_of
from hedgetui.ui.screens.status_text import ARROW, Look
from hedgetui.ui.widgets.meanings import Fragment

TWO_COLUMNS = 100
WATERFALL_ROWS = len(COMPONENTS) + 1
MOST_ROWS = 14
_LEFT = 48
_HALF = 12
_SCALES = (2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
_TIMER_CELLS = 18
_STEPS_SHOWN = 6
_ACTIONS_SHOWN = 4


@dataclass(slots=True)
class _Part:
    """Some lines that stand together; the greatest rank gives way first, its last line first."""

    rank: int
    lines: list[Line]


def detail_lines(
    row: DefenceRow, view: DefenceView, look: Look, width: int, height: int, now: float
) -> list[Line]:
    """Return a trade in at most `height` lines of about `width` cells."""
    icons = look.icons
    top = [_Part(0, [_head(row, icons, now, width)]), _Part(1, _troubles(row, icons, width))]
    bottom = [_Part(6, [_lane_line(row, icons, width, now)])]
    chips = _chips(row)
    if chips and width < TWO_COLUMNS:
        bottom.append(_Part(7, [((f" {part}", "muted"),) for part in fold(chips, width - 2)]))
    taken = sum(len(part.lines) for part in top) + 1
    if width >= TWO_COLUMNS and height - taken >= WATERFALL_ROWS:
        room = min(height, MOST_ROWS) - taken
        right = _pack(_facts(row, view, look, width - _LEFT - 1, now), room)
        middle = _beside(_waterfall(row, icons), right, _LEFT)
        return _pack([*top, _Part(2, middle), *bottom], height)
    compact = _Part(3, _compact(row, icons, width))
    return _pack([*top, compact, *_facts(row, view, look, width, now), *bottom], height)


def _pack(parts: Sequence[_Part], height: int) -> list[Line]:
    """Return all lines in order, without those that matter least where there is no room."""
    excess = sum(len(part.lines) for part in parts) - max(0, height)
    for part in sorted(parts, key=lambda one: -one.rank):
        cut = min(max(0, excess), len(part.lines))
        part.lines = part.lines[: len(part.lines) - cut]
        excess -= cut
    return [line for part in parts for line in part.lines]


def _beside(left: Sequence[Line], right: Sequence[Line], width: int) -> list[Line]:
    rows: list[Line] = []
    for number in range(max(len(left), len(right))):
        one = left[number] if number < len(left) else ()
        two = right[number] if number < len(right) else ()
        gap = " " * max(1, width - width_of(one))
        rows.append((*one, (gap, ""), *two))
    return rows


def _head(row: DefenceRow, icons: IconSet, now: float, width: int) -> Line:
    sign = sign_of(row.state)
    name = f" {row.ticket} {safe(row.symbol, 16)} {safe(row.side, 5)} {volume_text(row.volume)}"
    spell = f" for {fmt.whole_age(now - row.since)}"
    state: Line = ((f" {sign.of(icons)} {sign.word}", sign.tone), (spell, ""))
    score = f" · score {fmt.signed(row.score)} · u {fmt.signed(row.u, 2)} R"
    auto = (f" · {_automation(row)}", "" if row.automation == "auto" else "warn")
    chips = _chips(row)
    base: Line = ((name, "strong"), *state, (score, "strong"), auto)
    rows: list[Line] = [base, ((name, "strong"), *state, (score, "strong")),
                        ((name, "strong"), state[0], (score, "strong")),
                        ((name, "strong"), state[0])]  # fmt: skip
    if chips and width >= TWO_COLUMNS:
        rows.insert(0, (*base, (f"   {chips}", "muted")))
    return fit(rows, width)


def _automation(row: DefenceRow) -> str:
    words = {"auto": "auto", "alert": "alert only", "off": "off: only looks"}
    return words.get(row.automation) or safe(row.automation, 10)


def _chips(row: DefenceRow) -> str:
    return " · ".join(safe(part, 60) for part in (row.regime, *row.flags) if part)


def _troubles(row: DefenceRow, icons: IconSet, width: int) -> list[Line]:
    """Return what is wrong with the defence of a trade, and what is under way."""
    rows: list[Line] = []
    if row.degraded:
        words = f"{icons.warn} degraded: {row.degraded}"
        rows += [((f" {part}", "warn"),) for part in fold(words, width - 2)]
    if row.pending:
        tone = "alarm" if "UNKNOWN" in row.pending else "warn"
        note = ": may have been done, not sent again" if "UNKNOWN" in row.pending else ""
        words = f"{icons.pointer} under way: {row.pending}{note}"
        rows += [((f" {part}", tone),) for part in fold(words, width - 2)]
    return rows


def _waterfall(row: DefenceRow, icons: IconSet) -> list[Line]:
    """Return a bar for each component, and one for the score."""
    if row.components is None:
        note = "no score now; timers and stops go on"
        rest: list[Line] = [()] * (WATERFALL_ROWS - 1)
        return [((f"  {note}", "unknown"),), *rest]
    values = [getattr(row.components, field) for _, field in COMPONENTS]
    sums = [0.0]
    for value in values:
        sums.append(sums[-1] + (value if fmt.known(value) else 0.0))
    reach = max(abs(one) for one in sums)
    scale = next((one for one in _SCALES if reach <= one), _SCALES[-1])
    rows: list[Line] = []
    for (words, field), value, (start, end) in zip(COMPONENTS, values, pairwise(sums), strict=True):
        text = component_text(field, value, row.flags, icons)
        rows.append(_bar_line(words, text, start, end, scale, icons))
    total = sums[-1] if row.score is None else row.score
    text = component_text("score", row.score, (), icons)
    rows.append(_bar_line("score", text, 0.0, total, scale, icons, strong=True))
    return rows


def _bar_line(
    words: str, text: str, start: float, end: float, scale: float, icons: IconSet, *,
    strong: bool = False,
) -> Line:  # fmt: skip
    tone = fmt.tone(end - start, 1)
    style = f"{tone} strong".strip() if strong else tone
    cells = [" "] * (2 * _HALF)
    low, high = sorted((_cell(start, scale), _cell(end, scale)))
    if low == high and round(abs(end - start), 1):  # something small is still something
        low, high = (low - 1, high) if end < start else (low, high + 1)
    low, high = max(0, low), min(len(cells), high)
    bar = icons.plain("▇") * (high - low)
    blank = "".join(cells)
    axis = icons.separator
    before, after = blank[:low], blank[high:]
    left, right = (before + bar + after)[:_HALF], (before + bar + after)[_HALF:]
    name = f"  {words:<13}"
    return ((name, "strong" if strong else ""), (f"{text:>6} ", style),
            (left, style), (axis, "muted"), (right, style))  # fmt: skip


def _cell(value: float, scale: float) -> int:
    share = max(-1.0, min(1.0, value / scale))
    return _HALF + round(share * _HALF)


def _compact(row: DefenceRow, icons: IconSet, width: int) -> list[Line]:
    """Return the components as numbers with short bars, wrapped."""
    if row.components is None:
        return [(("  no score now; timers and stops go on", "unknown"),)]
    pieces: list[Line] = []
    for words, field in COMPONENTS:
        value = getattr(row.components, field)
        text = component_text(field, value, row.flags, icons)
        full = icons.plain("▇")
        bar = full * round(abs(value)) if fmt.known(value) else ""
        pieces.append(
            ((f"{words} ", ""), (f"{text}{f' {bar}' if bar else ''}", fmt.tone(value, 1)))
        )
    return _wrap(pieces, width, "  ", "   ")


def _wrap(pieces: Iterable[Line], width: int, indent: str, between: str) -> list[Line]:
    """Return pieces in rows; a piece is never torn apart, rows after the first hang deeper."""
    rows: list[list[Fragment]] = [[(indent, "")]]
    used = len(indent)
    for piece in pieces:
        cells = width_of(piece)
        if used > len(indent) and used + len(between) + cells > width:
            rows.append([(indent, "")])
            used = len(indent)
        elif used > len(indent):
            rows[-1].append((between, "muted"))
            used += len(between)
        rows[-1] += piece
        used += cells
    return [tuple(row) for row in rows if len(row) > 1]


def _facts(row: DefenceRow, view: DefenceView, look: Look, width: int, now: float) -> list[_Part]:
    """Return deadline, hedge, guards, transitions and actions."""
    icons = look.icons
    parts = [_Part(1, _timer(row, icons, width, now))]
    if row.hedge is not None:
        bare = row.hedge.soft_sl or (row.hedge.sl is None and not row.hedge.virtual)
        tone = "alarm" if bare else ""
        words = f"hedge {hedge_words(row, icons)}"
        parts.append(_Part(2, [((f"  {part}", tone),) for part in fold(words, width - 3)]))
    parts.append(_Part(4, _guards(row, icons, width)))
    steps = _steps(row.lane, look, width)
    parts += [_Part(5, steps[:2]), _Part(8, steps[2:])]
    mine = [one for one in view.actions if one.ticket == row.ticket][:_ACTIONS_SHOWN]
    lines: list[Line] = []
    for action in mine:
        tone = {"UNKNOWN": "alarm", "FAILED": "neg"}.get(action.state, "muted")
        text = f"{fmt.clock(action.at, look.zone)} {action_words(action)}"
        lines.append(((f"  {_cut(text, width - 3, icons)}", tone),))
    parts.append(_Part(7, lines))
    return parts


def _timer(row: DefenceRow, icons: IconSet, width: int, now: float) -> list[Line]:
    found = deadline_of(row)
    if found is None:
        return []
    words, at = found
    whole = at - row.since
    left = countdown(at, now)
    if left == "due":
        return [((f"  {words} is over: due now", "alarm"),)]
    text = f"  {words} {countdown(at, row.since)} {ARROW} {left} left  "
    share = min(1.0, max(0.0, (now - row.since) / whole)) if whole > 0 else 1.0
    full = round(share * _TIMER_CELLS)
    bar = icons.bar_full * full + icons.bar_empty * (_TIMER_CELLS - full)
    shown = f"{icons.bar_left}{bar}{icons.bar_right}"
    return [fit([((text, "strong"), (shown, "warn")), ((text, "strong"),)], width)]


def _guards(row: DefenceRow, icons: IconSet, width: int) -> list[Line]:
    """Return the transitions that could come next, each with its guards ticked or crossed."""
    rows: list[Line] = []
    for rule, guards in groupby(row.guards, key=lambda guard: guard.rule):
        pieces: list[Line] = [((f"{_short(rule)}", "strong"),)]
        for guard in guards:
            mark = (f"{icons.tick} ", "pos") if guard.ok else (f"{icons.cross} ", "muted")
            pieces.append((mark, (safe(guard.words, 60), "" if guard.ok else "muted")))
        rows += _wrap(pieces, width, "  ", "  ")
    return rows


def _steps(steps: Sequence[LaneStep], look: Look, width: int) -> list[Line]:
    """Return the latest transitions, newest first, each with its rule and its guard."""
    rows: list[Line] = []
    before = ["", *(step.state for step in steps)]
    for number in range(len(steps) - 1, max(-1, len(steps) - 1 - _STEPS_SHOWN), -1):
        step, origin = steps[number], before[number]
        edge = f"{sign_of(origin).word} {ARROW} " if origin else ""
        why = f"{safe(step.rule, 12)} {safe(step.why, 120)}".strip()
        text = f"{fmt.clock(step.at, look.zone)} {edge}{sign_of(step.state).word}"
        room = width - 3 - len(text) - 3
        tail = f" ({_cut(why, room, look.icons)})" if why and room > 4 else ""
        rows.append(((f"  {text}", sign_of(step.state).tone), (tail, "muted")))
    return rows


def _lane_line(row: DefenceRow, icons: IconSet, width: int, now: float) -> Line:
    cells = min(96, max(12, (width - 14) // 12 * 12))
    return (("  24 h ", "muted"), *lane(row.lane, now, cells, icons), (" now", "muted"))


def _short(rule: str) -> str:
    return safe(rule, 60).replace("WARNING_", "WARN_")


def _cut(text: str, room: int, icons: IconSet) -> str:
    text = icons.plain(safe(text))
    return text if len(text) <= room else text[: max(0, room - 1)] + icons.ellipsis
