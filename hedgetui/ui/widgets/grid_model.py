"""Rows of a grid without a screen: what is open, sorted, filtered, and in which line it stands.

A cash order appears under several hedge orders, so a row's key is its path and everything here
goes by key. The model turns a tree of rows into a list of lines and tells which rows changed, so
that the widget can repaint cells instead of itself. Flat rows are a tree without children.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from hedgetui.domain.text import safe
from hedgetui.ui.widgets.grid_columns import Cell, Column, RowFilter, sort_rank

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row as a screen hands it over: one cell per column; text goes through `safe` here."""

    key: str
    cells: tuple[Cell | str, ...]
    children: tuple[GridRow, ...] = ()
    meaning: str = ""
    """For every cell that has none of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A row inside the grid; the same object as long as nothing in it changed."""

    key: str
    cells: tuple[Cell, ...]
    source: tuple[Cell | str, ...]
    parent: str | None
    depth: int
    children: tuple[str, ...]
    meaning: str


class Line(NamedTuple):
    """One visible row: its key, its tree guide, and `+` shut, `-` open, or nothing to open."""

    key: str
    guide: str
    fold: str


def _harmless(cell: Cell | str) -> Cell:
    """Return a cell with safe text."""
    if isinstance(cell, str):
        return Cell(safe(cell))
    text = safe(cell.text)
    return cell if text == cell.text else cell._replace(text=text)


class GridModel:
    """The rows of one grid and the lines they make."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        self.nodes: dict[str, Node] = {}
        self.opened: set[str] = set()
        self.lines: list[Line] = []
        self.index: dict[str, int] = {}
        self.sort_column: int | None = None
        self.sort_reverse = False
        self.row_filter: RowFilter | None = None
        self.is_flat = True
        self._roots: tuple[str, ...] = ()
        self._known: dict[str, Line] = {}
        """Lines of last time: thousands of new ones for each fill would keep the collector busy."""
        self._below: dict[str, tuple[tuple[GridRow, ...], dict[str, Node]]] = {}
        """By root: the rows handed over below it, and their nodes."""

    def set_rows(self, rows: Sequence[GridRow]) -> dict[str, Node]:
        """Take the new rows; return the previous node of each row whose cells changed.

        Lines are rebuilt only when they may differ. A key used twice, or a row with another
        number of cells than there are columns, raises `ValueError` and changes nothing.
        """
        nodes = self._read(rows)
        roots = tuple(row.key for row in rows)
        old = self.nodes
        changed = {
            key: old[key] for key, node in nodes.items() if key in old and node is not old[key]
        }
        reshaped = (
            roots != self._roots
            or old.keys() != nodes.keys()
            or any(node.children != nodes[key].children for key, node in changed.items())
        )
        self.nodes, self._roots = nodes, roots
        self.opened &= nodes.keys()
        ordered_by_values = self.sort_column is not None or self.row_filter is not None
        if reshaped or (changed and ordered_by_values):
            self.is_flat = all(not nodes[key].children for key in roots)
            self.rebuild()
        return changed

    def _read(self, rows: Sequence[GridRow]) -> dict[str, Node]:
        """Return nodes by key in tree order, reusing those that did not change.

        What is below a root is not looked at when it is the very same tuple as last time.
        """
        nodes: dict[str, Node] = {}
        below: dict[str, tuple[tuple[GridRow, ...], dict[str, Node]]] = {}
        count = 0
        for root in rows:
            known = self._below.get(root.key)
            if known is None or known[0] is not root.children:
                known = root.children, self._read_below(root)
            below[root.key] = known
            nodes[root.key] = self._node(root, None, 0)
            nodes.update(known[1])
            count += 1 + len(known[1])
            if len(nodes) != count:
                raise ValueError(f"a row key at or below {root.key!r} is used twice")
        self._below = below
        return nodes

    def _read_below(self, root: GridRow) -> dict[str, Node]:
        """Return the nodes below a root."""
        nodes: dict[str, Node] = {}
        stack: list[tuple[GridRow, str, int]] = [(row, root.key, 1) for row in root.children[::-1]]
        while stack:
            row, parent, depth = stack.pop()
            if row.key in nodes:
                raise ValueError(f"row key {row.key!r} is used twice")
            nodes[row.key] = self._node(row, parent, depth)
            stack.extend((child, row.key, depth + 1) for child in row.children[::-1])
        return nodes

    def _node(self, row: GridRow, parent: str | None, depth: int) -> Node:
        """Return the row's node: the one already there when it says the same."""
        children = tuple(child.key for child in row.children)
        old = self.nodes.get(row.key)
        if (
            old is not None
            and old.source == row.cells
            and (old.parent, old.depth, old.children, old.meaning)
            == (parent, depth, children, row.meaning)
        ):
            return old
        if len(row.cells) != len(self.columns):
            raise ValueError(
                f"row {row.key!r} has {len(row.cells)} cells for {len(self.columns)} columns"
            )
        cells = tuple(map(_harmless, row.cells))
        return Node(row.key, cells, row.cells, parent, depth, children, row.meaning)

    def rebuild(self) -> None:
        """Work out the visible lines again."""
        shown = None if self.row_filter is None else self._kept(self.row_filter)
        lines: list[Line] = []
        self._known = {line.key: line for line in self.lines}
        self._walk(self._roots, "", lines, shown, top=True)
        self.lines = lines
        self.index = {line.key: number for number, line in enumerate(lines)}

    def _walk(
        self,
        keys: Sequence[str],
        bars: str,
        lines: list[Line],
        shown: dict[str, bool] | None,
        *,
        top: bool,
    ) -> None:
        """Append the lines of these siblings and of what is open below them."""
        if shown is not None:
            keys = [key for key in keys if key in shown]
        last = len(keys) - 1
        for number, key in enumerate(self._ordered(keys)):
            node = self.nodes[key]
            # While filtering, the way to a hit is open; what is below a hit opens by hand.
            is_open = key in self.opened or (shown is not None and shown.get(key, False))
            guide = "" if top else bars + ("└ " if number == last else "├ ")
            fold = ("-" if is_open else "+") if node.children else ""
            known = self._known.get(key)
            if known is None or known.guide != guide or known.fold != fold:
                known = Line(key, guide, fold)
            lines.append(known)
            if is_open and node.children:
                below = "" if top else bars + ("  " if number == last else "│ ")
                self._walk(node.children, below, lines, shown, top=False)

    def _ordered(self, keys: Sequence[str]) -> Sequence[str]:
        """Return siblings in the sorted order; rows without a value stay last either way."""
        column = self.sort_column
        if column is None:
            return keys
        ranked = [(sort_rank(self.nodes[key].cells[column]), key) for key in keys]
        known = [(rank, key) for rank, key in ranked if rank is not None]
        known.sort(key=lambda pair: pair[0], reverse=self.sort_reverse)
        return [key for _, key in known] + [key for rank, key in ranked if rank is None]

    def _kept(self, row_filter: RowFilter) -> dict[str, bool]:
        """Return the keys a filter keeps; True marks a row that must be open to show a hit."""
        kept: dict[str, bool] = {}
        below_hit: set[str] = set()
        for key, node in self.nodes.items():
            match = row_filter.matches(node.cells)
            if row_filter.inverse:
                hidden = match or (node.parent is not None and node.parent not in kept)
                if not hidden:
                    kept[key] = False
            elif match or node.parent in below_hit:
                below_hit.add(key)
                kept.setdefault(key, False)
                if match:
                    self._open_way(node, kept)
        return kept

    def _open_way(self, node: Node, kept: dict[str, bool]) -> None:
        """Keep and open every ancestor of a hit."""
        parent = node.parent
        while parent is not None and not kept.get(parent, False):
            kept[parent] = True
            parent = self.nodes[parent].parent

    def is_hit(self, key: str) -> bool:
        """Tell whether a row is kept for its own sake, not only to show one below it."""
        row_filter = self.row_filter
        if row_filter is None:
            return True
        return row_filter.matches(self.nodes[key].cells) != row_filter.inverse

    def set_open(self, key: str, *, is_open: bool) -> bool:
        """Open or shut one row; tell whether that changed anything."""
        if not self.nodes[key].children or (key in self.opened) == is_open:
            return False
        self.opened ^= {key}
        self.rebuild()
        return True

    def open_all(self, *, is_open: bool) -> None:
        """Open or shut every row that has children."""
        self.opened = (
            {key for key, node in self.nodes.items() if node.children} if is_open else set()
        )
        self.rebuild()

    def reveal(self, key: str) -> None:
        """Open every ancestor of a row."""
        parent = self.nodes[key].parent
        while parent is not None:
            self.opened.add(parent)
            parent = self.nodes[parent].parent
        self.rebuild()

    def ancestry(self, key: str) -> list[str]:
        """Return the row's key and its ancestors', nearest first."""
        path: list[str] = []
        at: str | None = key
        while at is not None and at in self.nodes:
            path.append(at)
            at = self.nodes[at].parent
        return path
