"""Saying what became of an unknown order or action: the last resort when evidence cannot tell.

A verdict frees the slot, and the next order may follow at once. So what is in doubt stands here
with all that is known of it, the reason goes to the journal, and which one is meant is typed by
hand. What settles while the dialog is open takes no verdict any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.content import Content

from hedgetui.domain.commands import LOOK_FIRST, LOOK_FIRST_MT5
from hedgetui.domain.ids import key_tail, names_order
from hedgetui.domain.orders import IntentState
from hedgetui.domain.text import safe
from hedgetui.ui import format as fmt
from hedgetui.ui.actions import BY_ID, keys_shown
from hedgetui.ui.dialogs.base import Body, Dialog, fold, keys, labelled

if TYPE_CHECKING:
    from hedgetui.ports.desk import DeskSnapshot, OrderView
    from hedgetui.ports.dtms import ActionView

LONGEST_REASON = 120


@dataclass(frozen=True, slots=True)
class Word:
    """A person's verdict."""

    reason: str
    typed: str
    """The reference or its end, as typed."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a verdict is about."""

    name: str
    """`#124`, or `close_all 4417201`."""
    state: str
    reference: str
    look: str
    """Where to look first."""
    facts: tuple[tuple[str, str], ...]
    """What is known of it, and what a verdict leads to."""

    @property
    def open(self) -> bool:
        """Whether it still is unknown."""
        return self.state == IntentState.UNKNOWN


class ResolveDialog(Dialog[Word]):
    """Asks for a reason, then for the end of the reference."""

    CANCEL_KEYS = frozenset({"escape", "ctrl+c"})
    WIDTH: ClassVar[int] = 74

    def __init__(self, doubt: Doubt, find: Callable[[DeskSnapshot], Doubt | None]) -> None:
        super().__init__(classes="danger")
        self._doubt = doubt
        self._find = find
        self._reason = ""
        self._typed = ""
        self._on_reference = False
        self._problem = ""

    @property
    def open(self) -> bool:
        """Whether it still is unknown."""
        return self._doubt.open

    def desk_moved(self, snapshot: DeskSnapshot) -> None:
        """Follow what is in doubt: it grows older, and may settle by itself."""
        found = self._find(snapshot)
        if found is not None and found != self._doubt:
            self._doubt = found
            self.repaint()

    def press(self, key: str, character: str) -> None:
        """Collect the reason, then the reference; Enter goes on, Backspace also goes back."""
        if not self.open or key in self.CANCEL_KEYS:
            if key in {*self.CANCEL_KEYS, "enter"}:
                self.cancel()
            return
        self._problem = ""
        if key == "enter":
            self._go_on()
        elif key == "backspace":
            self._rub_out()
        elif len(character) == 1 and character.isprintable():
            self._add(character)
        if self.is_current:
            self.repaint()
            self.query_one(Body).scroll_end(animate=False)

    def _go_on(self) -> None:
        if not self._on_reference:
            self._on_reference = bool(self._reason.strip())
            self._problem = "" if self._on_reference else "say what became of it"
        elif names_order(self._typed, self._doubt.reference):
            self.dismiss(Word(self._reason.strip(), self._typed))
        else:
            self._problem = f"not the end of {self._doubt.name}'s reference"

    def _rub_out(self) -> None:
        if not self._on_reference:
            self._reason = self._reason[:-1]
        elif self._typed:
            self._typed = self._typed[:-1]
        else:
            self._on_reference = False

    def _add(self, character: str) -> None:
        if self._on_reference:
            self._typed = (self._typed + character)[: len(self._doubt.reference)]
        else:
            self._reason = (self._reason + character)[:LONGEST_REASON]

    def heading(self, width: int) -> Content:
        """Return what it is about."""
        title = f"Resolve {self._doubt.name}: what became of it?"
        return Content.styled(title[:width], "bold")

    def lines(self, width: int) -> list[Content]:
        """Return what is known, the warning and the two fields."""
        rows: list[Content] = []
        for label, text in self._doubt.facts:
            rows += labelled(label, text, width, indent=11)
        look = fold(self._doubt.look, width)
        rows += [Content(""), *(Content.styled(row, "bold") for row in look)]
        if not self.open:
            return rows
        tail = key_tail(self._doubt.reference).lower()
        kill = keys_shown(BY_ID["trade.kill"], self.owner.keymap_in_use)
        hint = f"{kill} is the kill key here too: small letters will do."
        rows += [*(Content.styled(row, "dim") for row in fold(hint, width)), Content("")]
        rows += self._field("why", self._reason, width, here=not self._on_reference)
        if self._on_reference:  # the field that is typed in stays the last line, always in view
            rows += labelled("type", f"{tail}, the end of its reference", width, indent=11)
            rows += self._field("", self._typed, width, here=True)
        return rows

    def _field(self, label: str, text: str, width: int, *, here: bool) -> list[Content]:
        style = "bold reverse" if here else "bold"
        return labelled(label, f"{text}_" if here else text, width, indent=11, style=style)

    def key_line(self, width: int) -> Content:
        """Return what Enter does next, what is wrong, or that nothing is left to say."""
        if not self.open:
            words = f"{self._doubt.state} by now"
            return Content.assemble((words, "bold"), "   ", ("Esc", "bold reverse"), " close")
        if self._problem:
            row = fold(self._problem, max(8, width - 14))[0]
            return Content.assemble((row, "bold $error"), "   ", ("Esc", "bold"), " cancel")
        then = "resolve it" if self._on_reference else "next"
        return keys(("Enter", then), ("Esc", "cancel (default)"))


def order_in(snapshot: DeskSnapshot, number: int) -> Doubt | None:
    """Return an order of the desk as something to be settled."""
    order = next((row for row in snapshot.orders if row.number == number), None)
    if order is None:
        return None
    facts = _order_facts(order, snapshot)
    return Doubt(f"#{number}", order.state, order.client_key, LOOK_FIRST, facts)


def action_in(snapshot: DeskSnapshot, action_id: str) -> Doubt | None:
    """Return an action on an MT5 trade as something to be settled."""
    action = next((row for row in snapshot.defence.actions if row.action_id == action_id), None)
    if action is None:
        return None
    name = f"{safe(action.kind, 20)} {action.ticket}"
    return Doubt(name, action.state, action_id, LOOK_FIRST_MT5, _action_facts(action, snapshot))


def _order_facts(order: OrderView, snapshot: DeskSnapshot) -> tuple[tuple[str, str], ...]:
    status = snapshot.status
    filled = f"{order.filled} of {order.quantity} filled"
    rows = [("order", f"{order.text}, {order.purpose}")]
    if order.state != IntentState.UNKNOWN:
        return (*rows, ("state", f"{order.state}, {filled}: no verdict is needed any more"))
    after = "slot free; what was filled is still the broker's to tell"
    if status.auto and status.armed and status.enabled and not status.latches:
        after = "slot free, AUTO on: the next order may leave at once"
    return (
        *rows,
        ("state", f"{order.state} for {fmt.whole_age(status.now - order.at)}, {filled}"),
        ("missing", snapshot.missing_of(order.number)),
        ("reference", order.client_key),
        ("afterwards", after),
    )


def _action_facts(action: ActionView, snapshot: DeskSnapshot) -> tuple[tuple[str, str], ...]:
    status = snapshot.status
    rows = [("action", safe(f"{action.kind} {action.symbol} {action.ticket}: {action.text}"))]
    if action.state != IntentState.UNKNOWN:
        return (*rows, ("state", f"{action.state}: no verdict is needed any more"))
    trade = next((row for row in snapshot.defence.rows if row.ticket == action.ticket), None)
    automatic = trade is not None and trade.automation == "auto"
    after = "symbol free; what was done after all is taken over"
    if automatic and status.armed and not status.latches:
        after = "symbol free, auto: the next action may leave at once"
    age = fmt.whole_age(status.now - (action.sent_at or action.at))
    return (
        *rows,
        ("state", safe(f"{action.state} for {age}: {action.result}")),
        ("missing", safe(action.missing)),
        ("reference", safe(action.action_id)),
        ("afterwards", after),
    )
