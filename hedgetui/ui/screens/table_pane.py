"""What the panes of tables have in common: they are worded again only when they would differ.

A pane is shown a state of the desk four times a second. It remembers what its words followed from,
and leaves the screen alone while that is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical

if TYPE_CHECKING:
    from hedgetui.ports.desk import DeskSnapshot
    from hedgetui.ui.screens.status_text import Look
    from hedgetui.ui.widgets.tree_grid import TreeGrid


class TablePane(Vertical):
    """One screen of tables, with lines about them."""

    def __init__(self, look: Look, name: str, *tables: TreeGrid) -> None:
        super().__init__(id=name)
        self.look = look
        self._tables = tables
        self._snapshot: DeskSnapshot | None = None
        self._is_micro = False
        self._shown: tuple[object, ...] = ()

    def on_resize(self) -> None:
        """Word everything for the new size."""
        self._word()

    def use_look(self, look: Look) -> None:
        """Change the alphabet."""
        self.look = look
        for table in self._tables:
            table.icons = look.icons
        self._word()

    def show(self, snapshot: DeskSnapshot, *, micro: bool = False) -> None:
        """Show one state of the desk; with `micro` the book's delta stands above."""
        self._snapshot, self._is_micro = snapshot, micro
        models = [table.model for table in self._tables]
        chosen = [(one.row_filter, one.sort_column, one.sort_reverse) for one in models]
        shown = (micro, snapshot.book.net_delta, *self._matters(snapshot), *chosen)
        if shown != self._shown:
            self._shown = shown
            self._word()

    def show_captions(self) -> None:
        """Show how the tables are filtered and sorted."""
        self._shown = ()  # the next look tells again, should the filter go meanwhile
        self._word()

    def _matters(self, snapshot: DeskSnapshot) -> tuple[object, ...]:
        """Return what the words follow from; its heirs say what."""
        return (snapshot,)

    def _word(self) -> None:
        """Word everything for the present size; its heirs say how."""
