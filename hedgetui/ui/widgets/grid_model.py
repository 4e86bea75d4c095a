"""Rows of a grid without a screen: what is open, sorted, filtered, and in which line it stands.

A cash order appears under several hedge orders, so a row's key is its path and everything here
goes by key. The model turns a tree of rows into a list of lines and tells which rows changed, so
that the widget can repaint cells instead of itself. Flat rows are a tree without children. What a
look costs follows from the roots and from what changed below them, not from all rows there are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from hedgetui.domain.text import safe
from hedgetui.ui.widgets.grid_columns import Cell, Column, RowFilter, sort_rank

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


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


@dataclass(slots=True, eq=False)
class _Branch:
    """A root with everything below it."""

    root: Node
    rows: tuple[GridRow, ...]
    """What was handed over below the root."""
    below: dict[str, Node]
    """In tree order."""
    lines: list[Line] = field(default_factory=list)
    """The branch without filter and order, as it was when last worked out."""
    is_current: bool = False
    """Whether the lines still hold."""


def _keys(row: GridRow) -> tuple[str, ...]:
    return tuple([child.key for child in row.children])


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
        self._branches: dict[str, _Branch] = {}
        """By root, in the order given."""
        self._known: dict[str, Line] = {}
        """Lines of last time: thousands of new ones for each fill would keep the collector busy."""

    def set_rows(self, rows: Sequence[GridRow]) -> dict[str, Node]:
        """Take the new rows; return the previous node of each row whose cells changed.

        Lines are rebuilt only when they may differ. A key used twice, or a row with another
        number of cells than there are columns, raises `ValueError` and changes nothing.
        """
        branches = self._read(rows)
        fresh, gone = self._compare(branches)
        changed = {
            key: old
            for key, node in fresh.items()
            if (old := self.nodes.get(key)) is not None and old is not node
        }
        reshaped = (
            bool(gone)
            or any(key not in self.nodes for key in fresh)
            or any(old.children != fresh[key].children for key, old in changed.items())
            or list(branches) != list(self._branches)
        )
        self._branches = branches
        for key in gone:
            del self.nodes[key]
        self.nodes.update(fresh)
        self.opened -= gone
        ordered_by_values = self.sort_column is not None or self.row_filter is not None
        if reshaped or (changed and ordered_by_values):
            self.is_flat = not any(branch.rows for branch in branches.values())
            self.rebuild()
        return changed

    def _read(self, rows: Sequence[GridRow]) -> dict[str, _Branch]:
        """Return the branches by root, with the nodes that did not change.

        What is below a root is not looked at when it is the very same tuple as last time.
        """
        branches: dict[str, _Branch] = {}
        for row in rows:
            if row.key in branches:
                raise ValueError(f"row key {row.key!r} is used twice")
            known = self._branches.get(row.key)
            is_kept = known is not None and known.rows is row.children
            children = known.root.children if known is not None and is_kept else _keys(row)
            root = self._node(row, None, 0, children)
            if known is None:
                known = _Branch(root, row.children, self._read_below(row))
            elif not is_kept:
                known = _Branch(root, row.children, self._read_below(row), known.lines)
            elif known.root is not root:
                known = _Branch(root, known.rows, known.below, known.lines, known.is_current)
            branches[row.key] = known
        return branches

    def _compare(self, branches: dict[str, _Branch]) -> tuple[dict[str, Node], set[str]]:
        """Return the nodes that are new where they stand, and the keys that are nowhere now."""
        gone: set[str] = set()
        for key, old in self._branches.items():
            if key not in branches:
                gone |= {key, *old.below}
            elif branches[key].below is not old.below:
                gone |= old.below.keys() - branches[key].below.keys()
        fresh: dict[str, Node] = {}
        for key, branch in branches.items():
            before = self._branches.get(key)
            if before is branch:
                continue
            here = {} if before is None else before.below
            found = [(key, branch.root, before is not None)]
            if branch.below is not here:
                found += [
                    (name, node, name in here)
                    for name, node in branch.below.items()
                    if here.get(name) is not node
                ]
            for name, node, was_here in found:
                if name in fresh or not (was_here or name in gone or name not in self.nodes):
                    raise ValueError(f"a row key at or below {key!r} is used twice")
                fresh[name] = node
        return fresh, gone - fresh.keys()

    def _read_below(self, root: GridRow) -> dict[str, Node]:
        """Return the nodes below a root."""
        nodes: dict[str, Node] = {}
        stack: list[tuple[GridRow, str, int]] = [(row, root.key, 1) for row in root.children[::-1]]
        while stack:
            row, parent, depth = stack.pop()
            if row.key in nodes or row.key == root.key:
                raise ValueError(f"row key {row.key!r} is used twice")
            nodes[row.key] = self._node(row, parent, depth, _keys(row))
            stack.extend((child, row.key, depth + 1) for child in row.children[::-1])
        return nodes

    def _node(
        self, row: GridRow, parent: str | None, depth: int, children: tuple[str, ...]
    ) -> Node:
        """Return the row's node: the one already there when it says the same."""
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
        if old is None:
            cells = tuple(map(_harmless, row.cells))
        else:
            cells = tuple(
                kept if new == was else _harmless(new)
                for new, was, kept in zip(row.cells, old.source, old.cells, strict=True)
            )
        return Node(row.key, cells, row.cells, parent, depth, children, row.meaning)

    def rebuild(self) -> None:
        """Work out the visible lines again."""
        if self.row_filter is None and self.sort_column is None:
            for key, branch in self._branches.items():
                if not branch.is_current:
                    self._known = {line.key: line for line in branch.lines}
                    branch.lines, branch.is_current = [], True
                    self._walk((key,), "", branch.lines, None, top=True)
            lines = list(chain.from_iterable(one.lines for one in self._branches.values()))
        else:
            shown = None if self.row_filter is None else self._kept(self.row_filter)
            lines = []
            self._known = {line.key: line for line in self.lines}
            self._walk(tuple(self._branches), "", lines, shown, top=True)
        self._known = {}
        self.lines = lines
        self.index = dict(zip([line.key for line in lines], range(len(lines)), strict=True))

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
        for key, node in self._in_order():
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

    def _in_order(self) -> Iterator[tuple[str, Node]]:
        """Yield every key and node, each after its parent."""
        for key, branch in self._branches.items():
            yield key, branch.root
            yield from branch.below.items()

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
        self._branches[self.ancestry(key)[-1]].is_current = False
        self.rebuild()
        return True

    def open_all(self, *, is_open: bool) -> None:
        """Open or shut every row that has children."""
        self.opened = (
            {key for key, node in self.nodes.items() if node.children} if is_open else set()
        )
        for branch in self._branches.values():
            branch.is_current = False
        self.rebuild()

    def reveal(self, key: str) -> None:
        """Open every ancestor of a row."""
        root, *way = self.ancestry(key)[::-1]
        if way:
            self.opened.update((root, *way[:-1]))
            self._branches[root].is_current = False
        self.rebuild()

    def ancestry(self, key: str) -> list[str]:
        """Return the row's key and its ancestors', nearest first."""
        path: list[str] = []
        at: str | None = key
        while at is not None and at in self.nodes:
            path.append(at)
            at = self.nodes[at].parent
        return path
