"""The stable codes of refusals, and what each of them means."""

from __future__ import annotations

from enum import StrEnum


class Denial(StrEnum):
    """Stable codes of refusals; scripts and the documentation rely on them."""

    FROZEN = "G1-frozen"
    DISARMED = "G1-disarmed"
    DISABLED = "G1-disabled"
    LINK = "G1-link"
    UNSYNCED = "G1-unsynced"
    VENUE = "G1-venue-closed"
    ACCOUNT = "G2-account"
    QUANTITY = "G3-quantity"
    POSITION = "G4-position"
    PARITY = "G5-parity"
    COLLAR = "G6-collar"
    NO_QUOTE = "G7-no-quote"
    STALE = "G7-stale"
    DELAYED = "G7-delayed"
    NOTIONAL = "G8-notional"
    DAY_NOTIONAL = "G8-day-notional"
    RATE = "G9-rate"
    THROTTLE = "G10-throttle"
    IN_FLIGHT = "G11-in-flight"
    DUPLICATE = "G11-duplicate"
    LOSS = "G12-loss-limit"
    MARGIN = "G12-margin"


MEANINGS: dict[Denial, str] = {
    Denial.FROZEN: "a latch is on; nothing is sent until it is released",
    Denial.DISARMED: "orders are not armed in this session",
    Denial.DISABLED: "the strategy is off; tails and tickets go on (*)",
    Denial.LINK: "the broker link is not ready",
    Denial.UNSYNCED: "broker truth has not been read since the last connection",
    Denial.VENUE: "the market of this instrument is closed or halted",
    Denial.ACCOUNT: "the broker reports another account than the configured one",
    Denial.QUANTITY: "not a whole number of contracts or shares from 1 to the limit per order",
    Denial.POSITION: "the position after the order would exceed its limit",
    Denial.PARITY: "the independent exposure check disagrees, a roll is no pair, an order is "
    "larger than its tail, a ticket sells what it does not cover, or a trim makes nothing smaller",
    Denial.COLLAR: "the price is too far from the market, or the market too wide",
    Denial.NO_QUOTE: "there is no two-sided quote",
    Denial.STALE: "the quote is too old",
    Denial.DELAYED: "the quote is delayed or frozen",
    Denial.NOTIONAL: "the order is worth more than allowed",
    Denial.DAY_NOTIONAL: "today's orders together are worth more than allowed (*)",
    Denial.RATE: "too many orders in a second, a minute (*) or a day (*)",
    Denial.THROTTLE: "too many hedges the same way in a short time; the strategy, or of a tail the "
    "hedging of tails, is off",
    Denial.IN_FLIGHT: "an order for this instrument, or a roll, is still alive or unknown",
    Denial.DUPLICATE: "the same order was sent a moment ago",
    Denial.LOSS: "today's loss limit is reached (*)",
    Denial.MARGIN: "the account has no room for the margin, or the broker does not say (*)",
}
