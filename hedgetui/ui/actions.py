"""Every verb of the screen, written once, as data.

Bindings, footer, palette, help overlay, `docs/keys.md` and the user's own keys are all read from
this one table, so that none of them can promise a key that another has lost. An action lists keys,
the scope in which they hold, what it is called, whether it can reach a broker, and the handler that
does it (`""` when the focused widget does it itself). Only what works is listed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from hedgetui.ui.keynames import display

Scope = Literal["app", "grid", "log", "vega", "dtms", "balance", "accounts", "stress"]
"""Where a key holds. `app` holds everywhere, the others while their widget or pane is there."""

Danger = Literal["", "safe", "order"]
"""`order` opens a preview or lets orders be sent, `safe` only ever lowers risk, "" is a look."""


@dataclass(frozen=True, slots=True)
class Action:
    """One verb."""

    id: str
    """Stable name; what `[keys]` of the configuration rebinds."""
    keys: tuple[str, ...]
    """Key names as Textual spells them, the first one is shown."""
    scope: Scope
    title: str
    help: str
    """A few words for the help overlay and the palette."""
    group: str
    """Heading in the help overlay."""
    method: str = ""
    """`handlers` attribute and method, as `trade.hedge`; empty when a widget binds it itself."""
    footer: int = 0
    """Importance in the footer, 1 first; 0 keeps it out."""
    danger: Danger = ""
    elsewhere: tuple[tuple[str, str], ...] = ()
    """(screen, title) where the key is about something of that screen."""
    also: tuple[Scope, ...] = ()
    """Other screens on which the key holds; a key of two screens is one action, as keys are."""

    def holds_on(self, screen: str, screens: Collection[str]) -> bool:
        """Tell whether the key means something on a screen, of all there are."""
        return self.scope not in screens or screen in {self.scope, *self.also}

    @property
    def shown(self) -> str:
        """Return the keys as a person reads them: `? f1`."""
        return " ".join(display(key) for key in self.keys)

    def title_on(self, screen: str) -> str:
        """Return what the verb is called on a screen."""
        return dict(self.elsewhere).get(screen, self.title)


def _move(name: str, keys: tuple[str, ...], title: str, help_text: str) -> Action:
    return Action(f"nav.{name}", keys, "grid", title, help_text, "Move")


def _grid(name: str, keys: tuple[str, ...], title: str, help_text: str) -> Action:
    return Action(f"grid.{name}", keys, "grid", title, help_text, "Look")


ACTIONS: tuple[Action, ...] = (
    _move("up", ("up", "k"), "Up", "one row up"),
    _move("down", ("down", "j"), "Down", "one row down"),
    _move("page_up", ("pageup", "ctrl+u"), "Page up", "one page up"),
    _move("page_down", ("pagedown", "ctrl+d"), "Page down", "one page down"),
    _move("top", ("home", "g"), "Top", "first row"),
    _move("bottom", ("end", "G"), "Bottom", "last row"),
    Action("nav.screen.1", ("1",), "app", "Vega", "vega screen", "Move", "tabs.vega"),
    Action("nav.screen.2", ("2",), "app", "DTMS", "defended trades", "Move", "tabs.dtms"),
    Action("nav.screen.3", ("3",), "app", "Balance", "portfolio balance", "Move", "tabs.balance"),
    Action("nav.screen.4", ("4",), "app", "Accounts", "hedge accounts", "Move", "tabs.accounts"),
    Action("nav.screen.6", ("6",), "app", "Stress", "stress test", "Move", "tabs.stress"),
    Action("nav.screen.7", ("7",), "app", "Health", "link and desk health", "Move",
           "tabs.health"),
    Action("nav.prev", ("left_square_bracket",), "app", "Previous screen", "previous screen",
           "Move", "tabs.previous"),
    Action("nav.next", ("right_square_bracket",), "app", "Next screen", "next screen", "Move",
           "tabs.following"),
    Action("nav.pane", ("tab",), "app", "Next pane", "next pane", "Move", "view.next_pane"),
    Action("nav.pane_back", ("shift+tab",), "app", "Previous pane", "previous pane", "Move",
           "view.previous_pane"),
    _grid("open", ("enter",), "Details", "all numbers of a row"),
    _grid("toggle", ("space",), "Expand", "expand or fold"),
    _grid("in", ("right", "l"), "Into", "into a branch"),
    _grid("out", ("left", "h"), "Out", "out of a branch"),
    _grid("open_all", ("plus",), "Expand all", "expand all"),
    _grid("shut_all", ("minus",), "Fold all", "fold all"),
    _grid("find", ("slash",), "Find", "find in the table"),
    _grid("find_next", ("n",), "Next", "next hit"),
    _grid("find_previous", ("N",), "Previous", "previous hit"),
    _grid("sort", ("s",), "Sort", "sort by the next column"),
    _grid("reverse", ("S",), "Reverse", "turn the sorting round"),
    _grid("columns", ("o",), "Columns", "show or hide columns"),
    _grid("mark", ("m",), "Mark", "mark a row"),
    Action("view.zoom", ("z",), "app", "Zoom", "zoom the pane", "Look", "view.zoom"),
    Action("vega.chart", ("v",), "vega", "Chart", "next chart or view", "Look", "view.chart", 0, "",
           (("stress", "View"),), ("stress",)),
    Action("vega.scan", ("c",), "vega", "Scan", "scan, read or run again", "Look", "trade.scan", 9,
           "", (("balance", "Read"), ("stress", "Run")), ("balance", "stress")),
    Action("basket.add", ("a",), "balance", "Add", "row into the basket", "Look", "balance.add", 7),
    Action("basket.drop", ("d",), "balance", "Drop", "row out of it; stop a stress test", "Look",
           "balance.drop", 8, "", (("stress", "Stop"),), ("stress",)),
    Action("dtms.why", ("w",), "dtms", "Why", "why of a trade", "Look", "dtms.why", 9),
    Action("acc.fewer_days", ("comma",), "accounts", "Days-", "look back a day less", "Look",
           "tails.fewer_days", 0, "", (("stress", "Day-"),), ("stress",)),
    Action("acc.more_days", ("full_stop",), "accounts", "Days+", "look back a day more", "Look",
           "tails.more_days", 0, "", (("stress", "Day+"),), ("stress",)),
    Action("log.size", ("L",), "app", "Log", "log size", "Look", "view.log_size", 10),
    Action("log.follow", ("F",), "app", "Follow", "log follows", "Look", "view.log_follow"),
    Action("log.why", ("x",), "app", "Why", "why this log line", "Look", "view.why"),
    Action("view.pause", ("p",), "app", "Pause", "pause painting", "Look", "view.pause"),
    Action("view.theme", ("t",), "app", "Theme", "next theme", "Look", "view.theme"),
    Action("view.icons", ("i",), "app", "Icons", "emoji, unicode, ascii", "Look", "view.icons"),
    Action("view.redraw", ("ctrl+l",), "app", "Redraw", "repaint all", "Look", "view.redraw"),
    Action("take.row", ("y",), "app", "Copy", "copy the row", "Take", "take.row"),
    Action("take.json", ("Y",), "app", "Copy JSON", "copy as JSON", "Take", "take.json"),
    Action("take.csv", ("e",), "app", "Export", "table to a CSV file", "Take", "take.csv"),
    Action("take.picture", ("P",), "app", "Picture", "screen to an SVG file", "Take",
           "take.picture"),
    Action("trade.hedge", ("H",), "app", "Hedge", "hedge now", "Trade", "trade.hedge", 2, "order"),
    Action("trade.roll", ("M",), "app", "Roll", "roll the hedge month", "Trade", "trade.roll", 0,
           "order"),
    Action("trade.close", ("C",), "app", "Close", "close + unhedge", "Trade", "trade.close", 5,
           "order", (("accounts", "Cash"),)),
    Action("trade.enter", ("E",), "app", "Enter", "enter a candidate", "Trade", "trade.enter", 6,
           "order", (("balance", "Ticket"),)),
    Action("trade.unhedge", ("W",), "dtms", "Unhedge", "unwind a trade's hedge", "Trade",
           "dtms.unhedge", 8, "order"),
    Action("trade.half", ("D",), "dtms", "Halve", "close half a trade", "Trade", "dtms.halve", 9,
           "order"),
    Action("trade.breakeven", ("B",), "dtms", "B/E", "stop to break-even", "Trade",
           "dtms.breakeven", 9, "order"),
    Action("trade.watch", ("I",), "dtms", "Watch", "adopt or ignore a position", "Trade",
           "dtms.watch", 9, "order"),
    Action("trade.adjust", ("O",), "accounts", "Adjust", "adjust a balance", "Trade",
           "tails.adjust", 6, "order"),
    Action("trade.suspend", ("V",), "accounts", "Suspend", "suspend or resume tails", "Trade",
           "tails.suspend", 9, "order"),
    Action("trade.cancel", ("X",), "app", "Cancel", "cancel an order", "Trade", "trade.cancel", 11,
           "safe"),
    Action("trade.auto", ("T",), "app", "Auto", "auto-hedge on/off", "Trade", "trade.auto", 7,
           "order", (("accounts", "Mode"),)),
    Action("trade.arm", ("A",), "app", "Arm", "arm or disarm", "Trade", "trade.arm", 8, "order"),
    Action("trade.kill", ("K",), "app", "KILL", "stop everything", "Trade", "trade.kill", 1,
           "safe"),
    Action("trade.reconcile", ("R",), "app", "Reconcile", "re-read the broker", "Trade",
           "trade.reconcile", 12, "safe"),
    Action("trade.resolve", ("U",), "app", "Resolve", "settle an unknown", "Trade",
           "trade.resolve", 0, "order"),
    Action("screen.menu", ("b",), "app", "Menu", "the screen's own verbs", "App", "trade.menu", 13),
    Action("app.command", ("colon", "f2"), "app", "Cmd", "all commands", "App", "view.palette", 14),
    Action("app.help", ("question_mark", "f1"), "app", "Help", "this page", "App", "view.help", 3),
    Action("app.back", ("q", "escape"), "app", "Quit", "back, then quit", "App", "view.back", 4),
    Action("app.quit", ("ctrl+c",), "app", "Quit dialog", "copy, or quit", "App", "view.quit"),
)  # fmt: skip
"""The whole keyboard. The footer and the palette keep this order."""

GROUPS: tuple[str, ...] = ("Move", "Look", "Take", "Trade", "App")

BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}


def keys_shown(action: Action, keymap: dict[str, str]) -> str:
    """Return all keys of an action as a person reads them, the user's own where set."""
    chosen = keymap.get(action.id)
    return " ".join(display(key) for key in (chosen.split(",") if chosen else action.keys))


_SCOPE_WORDS: dict[str, str] = {
    "app": "everywhere",
    "grid": "in a table",
    "log": "in the log",
    "vega": "Vega screen",
    "dtms": "DTMS screen",
    "balance": "Balance screen",
    "accounts": "Accounts screen",
    "stress": "Stress screen",
}
_DANGER_WORDS: dict[str, str] = {
    "": "",
    "safe": "only lowers risk; cancelling asks first",
    "order": "can lead to an order; every order previews",
}


def keys_markdown() -> str:
    """Return `docs/keys.md`: one table for every group, in the order of the registry."""
    lines = [
        "# Keys",
        "",
        "Generated from `hedgetui/ui/actions.py`; do not edit by hand.",
        "Rebind by id in the configuration, for example:",
        "",
        "```toml",
        "[keys]",
        '"trade.hedge" = "f5"',
        "```",
        "",
        "No lower-case key can reach a broker. Trade actions take capitals or function keys only.",
    ]
    for group in GROUPS:
        lines += [
            "",
            f"## {group}",
            "",
            "| Key | Id | Does | Where | Note |",
            "|---|---|---|---|---|",
        ]
        for action in ACTIONS:
            if action.group != group:
                continue
            keys = " ".join(f"`{display(key)}`" for key in action.keys)
            where = ", ".join(_SCOPE_WORDS[scope] for scope in (action.scope, *action.also))
            note = _DANGER_WORDS[action.danger]
            lines.append(f"| {keys} | `{action.id}` | {action.help} | {where} | {note} |")
    return "\n".join(lines) + "\n"
