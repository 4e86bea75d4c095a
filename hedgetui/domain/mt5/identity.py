"""Whose order it is, told by its magic number: brokers rewrite comments, never this.

The number carries our prefix, the kind of action, its cycle and the main position's identifier, so
that a hedge can be recovered from the broker alone:
`0x4854 << 48 | kind << 44 | cycle << 39 | identifier`, the last in 39 bits (5e11).
"""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.domain.dtms.model import ActionKind
from hedgetui.domain.mt5.records import Magic, PositionId, Ticket

_PREFIX = 0x4854
_PREFIX_SHIFT, _KIND_SHIFT, _CYCLE_SHIFT = 48, 44, 39
_KIND_MASK, _CYCLE_MASK, _MAIN_MASK = 0xF, 0x1F, (1 << 39) - 1
CYCLES = _CYCLE_MASK + 1
"""After as many actions of a trade the cycle of a magic begins again."""
COMMENT_LIMIT = 29

_KINDS = {
    ActionKind.OPEN_HEDGE: 1,
    ActionKind.RE_ADD: 2,
    ActionKind.PARTIAL_CLOSE: 3,
    ActionKind.CLOSE_HEDGE: 4,
    ActionKind.CLOSE_ALL: 5,
    ActionKind.TIGHTEN_SL: 6,
    ActionKind.BREAKEVEN_SL: 7,
    ActionKind.SET_STOP: 8,
}
_BY_NUMBER = {number: kind for kind, number in _KINDS.items()}
_LABELS = {
    ActionKind.OPEN_HEDGE: "HEDGE",
    ActionKind.RE_ADD: "READD",
    ActionKind.PARTIAL_CLOSE: "HALF",
    ActionKind.CLOSE_HEDGE: "UNHDG",
    ActionKind.CLOSE_ALL: "CLOSE",
    ActionKind.TIGHTEN_SL: "TIGHT",
    ActionKind.BREAKEVEN_SL: "BE",
    ActionKind.SET_STOP: "STOP",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """What a magic number of ours says."""

    kind: ActionKind
    cycle: int
    """The action's cycle, modulo 32."""
    main39: int
    """The lowest 39 bits of the main position's identifier."""

    def of(self, main: PositionId) -> bool:
        """Whether it names this main position."""
        return self.main39 == main & _MAIN_MASK

    def of_cycle(self, cycle: int) -> bool:
        """Whether it names this cycle."""
        return self.cycle == cycle & _CYCLE_MASK


def magic_of(kind: ActionKind, cycle: int, main: PositionId) -> Magic:
    """Return the number of one action; unique among the live ones of a trade.

    An identifier above 39 bits keeps its lowest ones: two positions 5e11 tickets apart look alike,
    and time must tell them apart (`ambiguous`).
    """
    return Magic(
        _PREFIX << _PREFIX_SHIFT
        | _KINDS[kind] << _KIND_SHIFT
        | (cycle & _CYCLE_MASK) << _CYCLE_SHIFT
        | main & _MAIN_MASK
    )


def parse_magic(magic: int) -> Mark | None:
    """Return what a magic number says; None when it is not ours or of a kind we do not know."""
    if not is_ours(magic):
        return None
    kind = _BY_NUMBER.get(magic >> _KIND_SHIFT & _KIND_MASK)
    if kind is None:
        return None
    return Mark(kind, magic >> _CYCLE_SHIFT & _CYCLE_MASK, magic & _MAIN_MASK)


def is_ours(magic: int) -> bool:
    """Whether a magic number bears our prefix, of whatever kind."""
    return magic >> _PREFIX_SHIFT == _PREFIX


def ambiguous(main: PositionId) -> bool:
    """Whether an identifier is too large for its magic to name it alone."""
    return main > _MAIN_MASK


def label(kind: ActionKind, ticket: Ticket) -> str:
    """Return the comment of a request, `DTMS_HEDGE_4417201`; at most 29 characters."""
    return f"DTMS_{_LABELS[kind]}_{ticket}"[:COMMENT_LIMIT]
