"""What a trader may ask of the desk, as frozen records in the imperative.

A key, a console verb and the control socket all make the same command, so there is one place where
each is judged. Whatever would send an order is asked for twice: a `Preview…` command computes and
shows, `Confirm` names the preview that was shown.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EnableStrategy:
    """Switch the strategy on or off."""

    on: bool


@dataclass(frozen=True, slots=True)
class SwitchAuto:
    """Switch auto-hedging on or off; off is immediate."""

    on: bool


@dataclass(frozen=True, slots=True)
class SetBand:
    """Choose a preset by name, or `custom` with a value in dollars per index point."""

    preset: str
    max_delta: float | None = None


@dataclass(frozen=True, slots=True)
class Arm:
    """Allow orders; a live account needs its last four characters typed."""

    typed: str = ""


@dataclass(frozen=True, slots=True)
class Disarm:
    """Refuse every new order, at once."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """Latch: cancel own working orders and block everything until unfrozen, across restarts."""

    why: str


@dataclass(frozen=True, slots=True)
class Unfreeze:
    """Release every latch, and accept positions at the broker that are not ours."""

    why: str


@dataclass(frozen=True, slots=True)
class Scan:
    """Read the chain and rank strangles."""


@dataclass(frozen=True, slots=True)
class PreviewHedge:
    """Compute the hedge now, whatever the band."""

    accept_stale: bool = False
    """Use own model greeks where the broker's are stale; the screen says so."""


@dataclass(frozen=True, slots=True)
class PreviewRoll:
    """Compute the way of the hedge out of a month that ends, into the active one."""


@dataclass(frozen=True, slots=True)
class PreviewEntry:
    """Compute the entry into a scanned candidate."""

    candidate: int
    """Its number in the scanner, counting from 1."""
    lots: int


@dataclass(frozen=True, slots=True)
class PreviewClose:
    """Compute the exit from one strangle and its share of the hedge."""

    trade_id: str


@dataclass(frozen=True, slots=True)
class PreviewFlatten:
    """Compute the exit from every strangle and every hedge."""


@dataclass(frozen=True, slots=True)
class Confirm:
    """Do what a preview showed; refused when the book has moved since."""

    preview_id: str
    typed: str = ""
    """What the preview asked to be typed, if anything."""


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Cancel one working order by its short number."""

    number: int


@dataclass(frozen=True, slots=True)
class CancelAll:
    """Cancel every own working order."""


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Read broker truth now and compare."""


@dataclass(frozen=True, slots=True)
class ResolveUnknown:
    """A person's verdict about an order that evidence cannot settle."""

    number: int
    typed_key: str
    """The order reference, typed in full or its last six characters."""
    reason: str


@dataclass(frozen=True, slots=True)
class PreviewDefence:
    """Compute one action on a defended trade: what would be sent, and what would follow."""

    ticket: int
    verb: str
    """`hedge`, `unhedge`, `close`, `half` or `breakeven`."""


@dataclass(frozen=True, slots=True)
class SetAutomation:
    """Say what the machine may do with a trade: `auto`, `alert` or `off`."""

    ticket: int
    automation: str


@dataclass(frozen=True, slots=True)
class Adopt:
    """Take a position under watch that the filters left out."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Ignore:
    """Take a trade out of watch; its position stays as it is."""

    ticket: int


@dataclass(frozen=True, slots=True)
class ResolveDefence:
    """A person's verdict that an action on an MT5 trade, which no evidence settles, is over."""

    action_id: str
    typed: str
    """The action's id, typed in full or its last six characters."""
    reason: str


@dataclass(frozen=True, slots=True)
class PreviewTail:
    """Compute the hedge of one tail now, by its rule but whatever its mode."""

    account: str
    contract: str


@dataclass(frozen=True, slots=True)
class PreviewAdjust:
    """Compute what an adjustment of a balance would do, and what the rule would do next."""

    account: str
    contract: str
    units: int
    """Signed units added to the balance."""
    comment: str


@dataclass(frozen=True, slots=True)
class PreviewTailRoll:
    """Compute the way of a tail and its hedges into another contract month."""

    account: str
    contract: str
    into: str


@dataclass(frozen=True, slots=True)
class SetTailMode:
    """Say who may hedge a tail by rule; None keeps the threshold."""

    account: str
    contract: str
    mode: str
    """`auto`, `sell`, `buy` or `manual`."""
    threshold_pct: int | None = None


@dataclass(frozen=True, slots=True)
class SuspendTails:
    """Cancel own working tail hedges and place none until resumed; tracking goes on."""

    why: str


@dataclass(frozen=True, slots=True)
class ResumeTails:
    """Hedge by rule again; what is due is sent."""


@dataclass(frozen=True, slots=True)
class EnterCash:
    """Book a cash order that is done."""

    account: str
    contract: str
    side: str
    units: int
    price: str
    """As typed: `433.25` or `433'2`; decimal cents."""
    comment: str = ""
    cash_id: str = ""
    """Empty: the desk gives one."""


@dataclass(frozen=True, slots=True)
class ImportTails:
    """Book the cash and hedge orders of a CSV file, all of it or nothing."""

    name: str
    """Of the file, for messages."""
    text: str


@dataclass(frozen=True, slots=True)
class ReadPortfolio:
    """Read every source of positions and the market again, now."""


@dataclass(frozen=True, slots=True)
class SetAdvice:
    """Say what recommendations may cost together and how many there are, until the desk stops."""

    budget: str
    """Dollars, as typed."""
    most: int


@dataclass(frozen=True, slots=True)
class ReadGrowth:
    """Look up the regime and quotes of the exposures it suggests."""

    regime: str = ""
    """A regime by name; empty for the configured or the measured one."""


@dataclass(frozen=True, slots=True)
class FindContract:
    """Look one contract up for a direction and a budget."""

    ticker: str
    direction: str
    """`bullish` or `bearish`."""
    budget: str
    """Dollars, as typed."""


@dataclass(frozen=True, slots=True)
class PreviewTicket:
    """Compute the orders of a trade that a screen shows or a person types."""

    source: str
    """`advice`, `grow`, `recommend` (the contract that was found), `basket` or `typed`."""
    number: int = 0
    """Of the row, counting from 1; 0 for all of the basket, and where there is but one."""
    text: str = ""
    """As typed: `BUY 2 SPY 2026-04-17 P 580 @ 9.50`, without a price at the market's."""


@dataclass(frozen=True, slots=True)
class AddToBasket:
    """Put a trade into the what-if basket; nothing is sent. Named as in `PreviewTicket`."""

    source: str
    number: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class DropFromBasket:
    """Take a trade out of the basket; 0 empties it."""

    number: int = 0


@dataclass(frozen=True, slots=True)
class RunStress:
    """Start a stress test of the portfolio; one that runs is stopped first."""

    regime: str = "ALL"
    paths: int = 10_000
    months: float = 6.0
    seed: int = 1
    basket: bool = False
    """Count the trades of the basket as held."""


@dataclass(frozen=True, slots=True)
class StopStress:
    """Stop the stress test that runs."""


LOOK_FIRST = (
    "Look in TWS: orders, executions, open dialogs. Say this only when you know what became of it."
)
"""What every front end says before it takes such a verdict."""
LOOK_FIRST_MT5 = (
    "Look in the MT5 terminal: trade, history, journal. Say this only when you know what became "
    "of it."
)
"""The same about an action on an MT5 trade."""


Command = (
    EnableStrategy | SwitchAuto | SetBand | Arm | Disarm | Freeze | Unfreeze | Scan | PreviewHedge
    | PreviewRoll | PreviewEntry | PreviewClose | PreviewFlatten | Confirm | CancelOrder | CancelAll
    | Reconcile | ResolveUnknown | PreviewDefence | SetAutomation | Adopt | Ignore
    | ResolveDefence | PreviewTail | PreviewAdjust | PreviewTailRoll | SetTailMode | SuspendTails
    | ResumeTails | EnterCash | ImportTails | ReadPortfolio | SetAdvice | ReadGrowth | FindContract
    | PreviewTicket | AddToBasket | DropFromBasket | RunStress | StopStress
)  # fmt: skip

COMMAND_TYPES: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        EnableStrategy, SwitchAuto, SetBand, Arm, Disarm, Freeze, Unfreeze, Scan, PreviewHedge,
        PreviewRoll, PreviewEntry, PreviewClose, PreviewFlatten, Confirm, CancelOrder, CancelAll,
        Reconcile, ResolveUnknown, PreviewDefence, SetAutomation, Adopt, Ignore,
        ResolveDefence, PreviewTail, PreviewAdjust, PreviewTailRoll, SetTailMode, SuspendTails,
        ResumeTails, EnterCash, ImportTails, ReadPortfolio, SetAdvice, ReadGrowth, FindContract,
        PreviewTicket, AddToBasket, DropFromBasket, RunStress, StopStress,
    )
}  # fmt: skip
