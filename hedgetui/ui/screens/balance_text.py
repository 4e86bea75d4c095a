"""The lines above the Balance tables: how a book leans by lines, by dollars, and what is missing.

What nobody knows is `n/a`, never 0: a book whose delta is not known is no flat book.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from hedgetui.domain.balance.counts import THRESHOLD, Bias, Counts
from hedgetui.domain.text import safe
from hedgetui.ports.balance import BalanceView, SourceView
from hedgetui.ui import format as fmt
from hedgetui.ui.dialogs.base import fold
from hedgetui.ui.screens.spans import Line, fit, join, text_of, width_of
from hedgetui.ui.widgets.grid_columns import fit_text
from hedgetui.ui.widgets.meanings import Fragment

UNKNOWN = fmt.NOT_APPLICABLE
NONE = "-"
"""There is none, and there need not be one."""
NOT_SENT = "not sent"
_BAR = "▇"
_BAR_CELLS = 10
_GAP = "   "
_BIAS_TONES = {Bias.BALANCED: "pos", Bias.LONG: "warn", Bias.SHORT: "warn"}


def money(value: float | None, *, sign: bool = False) -> str:
    """Return `$1,240`, `-$22`, cents below ten dollars, or `n/a`; with `sign` `+$95`."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    text = fmt.dollars(value, 0 if abs(value) >= 9.995 else 2)
    text = text.removesuffix(".00")
    return f"+{text}" if sign and not text.startswith("-") and text != "$0" else text


def cost(value: Decimal) -> str:
    """Return dollars of a trade: `$175`, `$152.40`, `-$12` where it is paid."""
    whole = value == value.to_integral_value()
    return fmt.dollars(float(value), 0 if whole else 2)


def tone_of(value: float | None) -> str:
    """Return the meaning of a signed figure; what is not known stands out."""
    if value is None or not math.isfinite(value):
        return "unknown"
    return fmt.tone(value, 2)


def bias_words(counts: Counts) -> str:
    """Return `NET SHORT -4 (over-hedged)` or `BALANCED ✓ +1`."""
    head, bracket, tail = counts.bias.label.partition(" (")
    net = f"{counts.net:+d}" if counts.net else "0"
    return f"{head} {net}{bracket}{tail}"


def bias_tone(counts: Counts) -> str:
    """Return the meaning of a lean."""
    return _BIAS_TONES[counts.bias]


def known(view: BalanceView) -> bool:
    """Tell whether anything was read that figures can follow from."""
    return view.on and view.market is not None


def counts_line(view: BalanceView, width: int) -> Line:
    """Return lines by class, the lean, VIX and what the book loses a day."""
    if not known(view):
        return fit([((" ", ""), *_state(view)), _state(view)], width)
    counts = view.counts
    short = counts.short_puts + counts.short_calls
    words = f"Long {counts.long_equity} Short {counts.short_equity} "
    words += f"Puts {counts.puts} Calls {counts.calls} Vol {counts.vol}"
    brief = f"L{counts.long_equity} S{counts.short_equity} P{counts.puts} C{counts.calls}"
    classes: Line = ((words, ""),)
    more = f", {short} of the options short" if short else ""
    more += f", other {counts.other}" if counts.other else ""
    full: Line = ((f"{words}{more}", ""),)
    lean: Line = ((bias_words(counts), f"{bias_tone(counts)} strong".strip()),)
    bare: Line = ((bias_words(counts).partition(" (")[0], f"{bias_tone(counts)} strong"),)
    vix = view.market.vix if view.market is not None else None
    fear: Line = ((f"VIX {UNKNOWN if vix is None else f'{vix:g}'}", "" if vix else "unknown"),)
    theta = view.dollars.theta if view.dollars is not None else None
    decay: Line = ((f"theta {money(theta, sign=True)}/day", tone_of(theta)),)
    again: Line = (("reading…", "muted"),) if view.reading else ()
    rows = [(full, lean, fear, decay, again), (full, lean, fear, decay), (classes, lean, fear),
            (classes, bare, fear), (classes, bare), (((f"{brief} V{counts.vol}", ""),), bare),
            (bare,)]  # fmt: skip
    return fit([((" ", ""), *join(row, _GAP)) for row in rows], width)


def _state(view: BalanceView) -> Line:
    if not view.on:
        return (("No portfolio at this profile", "warn"),)
    if view.reading or not any(one.problem for one in view.sources):
        return (("reading…", "muted"),)
    return (("Nothing was read yet", "warn"), ("  c reads again", "muted"))


def bars_line(view: BalanceView, width: int) -> Line:
    """Return both sides as bars, the band of a balanced book, and where this one stands."""
    if not known(view):
        return ()
    counts = view.counts
    sides = (("long", counts.long_side, "pos"), ("short", counts.short_side, "neg"))
    most = max(counts.long_side, counts.short_side, 1)
    unit = min(2.0, _BAR_CELLS / most)

    def bar(word: str, lines: int, tone: str) -> Line:
        cells = max(1, round(lines * unit)) if lines else 0
        drawn: Line = ((_BAR * cells, tone), (" ", "")) if cells else ()
        return ((f"{word} ", ""), *drawn, (str(lines), "strong"))

    bars = [bar(*side) for side in sides]
    vol: Line = ((f"vol {counts.vol}", ""),)
    band: Line = ((f"band -{THRESHOLD - 1}…+{THRESHOLD - 1}", "muted"),)
    you: Line = ((f"you ▶ {counts.net:+d}" if counts.net else "you ▶ 0", bias_tone(counts)),)
    narrow: Line = ((f"long {counts.long_side}  short {counts.short_side}", ""),)
    rows = [((" ", ""), *join((*bars, vol, (*band, ("  ", ""), *you)), "     ")),
            ((" ", ""), *join((*bars, vol, you), "  ")), ((" ", ""), *join((*bars, you), "  ")),
            ((" ", ""), *join((narrow, you), "  "))]  # fmt: skip
    return fit(rows, width)


def dollars_line(view: BalanceView, width: int) -> Line:
    """Return the book in dollars: delta per percent of the index, gamma, theta, vega, the rest."""
    dollars = view.dollars
    if not known(view) or dollars is None:
        return ()
    index = safe(view.market.index, 8) if view.market is not None else ""

    def part(label: str, value: float | None, after: str = "", *, sign: bool = True) -> Line:
        tone = "unknown" if value is None else ""
        return ((f"{label} ", "muted"), (f"{money(value, sign=sign)}{after}", tone))

    delta = (("Δ ", "muted"), (money(dollars.delta_per_pct, sign=True),
             f"{tone_of(dollars.delta_per_pct)} strong".strip()))  # fmt: skip
    per: Line = ((f" per +1% {index}", "muted"),)
    if dollars.delta_per_pct is None:
        per = ((f" (known {money(dollars.known_delta_per_pct, sign=True)})", "warn"), *per)
    gamma, theta = part("Γ", dollars.gamma_per_pct), part("Θ", dollars.theta, "/day")
    vega = part("vega", dollars.vega, "/pt")
    rest = part("extrinsic", dollars.extrinsic, sign=False), part("NAV", view.nav, sign=False)
    rows = [((*delta, *per), gamma, theta, vega, *rest), ((*delta, *per), gamma, theta, vega,
            rest[1]), ((*delta, *per), gamma, theta, vega), ((*delta, ("/1%", "muted")), theta,
            vega), ((*delta, ("/1%", "muted")), theta), (delta,)]  # fmt: skip
    return fit([((" ", ""), *join(row, _GAP)) for row in rows], width)


def note_lines(
    view: BalanceView, chips: Sequence[str], zone: str, width: int, most: int
) -> list[Line]:
    """Return what makes the figures doubtful, worst first, then filter and order.

    It takes `most` lines at most; what has no room then is told by the cards.
    """
    parts: list[Fragment] = [
        (source_words(one, zone), "warn")
        for one in view.sources
        if one.problem and (one.read_at or one.name not in view.warning)
    ]
    if view.warning:
        parts.append((safe(view.warning, 160), "warn"))
    if view.book.unparsed:
        parts.append((f"{_lines(len(view.book.unparsed))} left out", "warn"))
    unknown = len(view.dollars.unknown) if view.dollars is not None else 0
    if unknown:
        parts.append((f"{_lines(unknown)} not known in dollars", "unknown"))
    if known(view) and not view.book.positions and not any(one.problem for one in view.sources):
        parts.append((_nothing_held(view), "muted"))
    if chips:
        parts.append(("  ".join(safe(chip, 40) for chip in chips), "muted"))
    lines: list[Line] = []
    for part in parts:
        longer = (*lines[-1], (" · ", "muted"), part) if lines else ()
        if longer and width_of(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(((" ", ""), part))
    return [_cut(line, width) for line in lines[:most]]


def _cut(line: Line, width: int) -> Line:
    """Return a line of which an ellipsis says that there is more, where it has no room."""
    if width_of(line) <= width:
        return line
    text = fit_text(text_of(line), width).rstrip()
    return ((text, line[-1][1]),)


def _nothing_held(view: BalanceView) -> str:
    where = ", ".join(safe(one.name, 24) for one in view.sources) or "the account"
    return f"Nothing is held at {where}."


def _lines(many: int) -> str:
    return f"{many} line{'' if many == 1 else 's'}"


def source_words(one: SourceView, zone: str) -> str:
    """Return `Incomplete: SIM DU-1: no answer, showing 09:41:07`."""
    shown = f"showing {fmt.clock(one.read_at, zone)}" if one.read_at else "nothing of it is shown"
    return f"Incomplete: {safe(one.name, 24)}: {safe(one.problem, 80)}, {shown}"


def empty_lines(view: BalanceView, zone: str, width: int) -> list[Line]:
    """Return why there is nothing to show, and what to do about it."""
    if not view.on:
        text = "No portfolio at this profile: the desk reads no account for it."
        return _folded(text, "muted", width)
    lines: list[Line] = []
    for one in view.sources:
        if one.problem:
            lines += _folded(source_words(one, zone), "warn", width)
    if not known(view):
        text = "reading…" if view.reading or not lines else "c reads again."
        return [*lines, *_folded(text, "muted", width)]
    if not view.book.positions and not lines:
        return _folded(_nothing_held(view), "muted", width)
    return lines


def _folded(text: str, tone: str, width: int) -> list[Line]:
    return [((f" {row}", tone),) for row in fold(text, max(10, width - 2))]


def balance_micro(view: BalanceView, width: int) -> Line:
    """Return `BAL NET SHORT -4  Δ -$1,240/1%` for the micro view; empty while nothing is known."""
    if not known(view) or view.dollars is None or not view.book.positions:
        return ()
    delta = view.dollars.delta_per_pct
    lean = bias_words(view.counts).partition(" (")[0]
    head: tuple[Fragment, ...] = (("BAL ", "strong"), (lean, bias_tone(view.counts)))
    tail: tuple[Fragment, ...] = (("  Δ ", ""), (money(delta), tone_of(delta)), ("/1%", ""))
    return fit([(*head, *tail), head], width)
