"""One contract for a direction and a budget, looked up at the broker."""

from __future__ import annotations

import math
from decimal import Decimal

from hedgetui.domain import commands as cm
from hedgetui.domain.balance.ideas import Idea
from hedgetui.domain.balance.listing import Listing
from hedgetui.domain.balance.money import dollars
from hedgetui.domain.balance.positions import Kind, Position, is_vol
from hedgetui.domain.balance.quoting import exact
from hedgetui.domain.errors import DataError, UsageError
from hedgetui.domain.instruments import parse_key, stock
from hedgetui.domain.recommend import Choice, Direction, Pick, Wish, recommend
from hedgetui.domain.text import safe
from hedgetui.domain.units import utc_date
from hedgetui.engine.balance.chains import YOUNG, Chains
from hedgetui.engine.balance.parts import BalanceParts, Row
from hedgetui.ports.balance import ChoiceView
from hedgetui.ports.portfolio import ChainWindow

_DAYS = (20, 130)
_MONEYNESS = (0.7, 1.3)
"""More than the rules allow, so that the table of what they left out says how near it was."""
_MONEYNESS_VOL = (0.5, 2.5)
"""The same of volatility, whose options are priced far from where it stands."""
_STANDARD = 100


class Finder:
    """Keeps the newest choice."""

    def __init__(self, parts: BalanceParts, chains: Chains) -> None:
        self._parts = parts
        self._chains = chains

    async def find(self, command: cm.FindContract) -> ChoiceView:
        """Look one contract up.

        Raises:
            UsageError: a word of the command makes no sense.
            DataError: nothing is known of the name.
            BrokerUnreachable: the broker does not answer.
        """
        ticker, direction = _ticker(command.ticker), _direction(command.direction)
        budget = dollars(command.budget)
        right = "C" if direction is Direction.BULLISH else "P"
        vol = is_vol(ticker, self._parts.settings.vol_symbols)
        window = ChainWindow(_DAYS, _MONEYNESS_VOL if vol else _MONEYNESS, right)
        chain = await self._chains.read(ticker, window, YOUNG)
        if chain is None:
            hint = "is the ticker right? shares without options cannot be used here"
            raise DataError(f"no options on {ticker} are listed", hint=hint, code="no-chain")
        if not 0 < chain.spot < math.inf:
            raise DataError(f"the broker says no price of {ticker}", code="no-price")
        if chain.multiplier != _STANDARD:
            raise DataError(f"contracts on {ticker} are on {chain.multiplier} units, not on 100")
        today, rate = utc_date(self._parts.now()), self._parts.settings.rate
        wish = Wish(ticker, direction, float(budget), chain.spot, today, float(_STANDARD), rate)
        choice = recommend([row for row in chain.rows if row.right is wish.right], wish)
        row = self._row(choice, wish, Listing(ticker, chain.spot, chain.rows, today), budget)
        plan = None if row is None else row.plan
        board = self._parts.board
        board.choice = ChoiceView(wish, choice, plan, chain.at, chain.delayed)
        board.choice_row = row
        board.touch()
        return board.choice

    def _row(self, choice: Choice, wish: Wish, listing: Listing, budget: Decimal) -> Row | None:
        pick = choice.pick
        if pick is None:
            return None
        why = f"{wish.direction.value} {wish.ticker}: δ {pick.delta:+.2f}, {pick.dte} days"
        position = _position(pick, self._parts.settings.vol_symbols)
        idea = Idea(f"{pick.quantity} {pick.label}", why, "recommend", budget, exact=position)
        offer = exact(position, listing, 0.0, budget)
        return Row(idea, idea.plan(offer), offer.note)


def _position(pick: Pick, vol: tuple[str, ...]) -> Position:
    """Return the pick without a price: a ticket pays what is asked when it is made."""
    kind = Kind.VOL if is_vol(pick.ticker, vol) else Kind.OPTION
    return Position(
        pick.label, pick.ticker, kind, float(pick.quantity), float(_STANDARD), pick.strike,
        pick.expiry, pick.right,
    )  # fmt: skip


def _ticker(text: str) -> str:
    ticker = text.strip().upper()
    try:
        parse_key(stock(ticker).key)
    except DataError as error:
        raise UsageError(f"{safe(text, 20)!r} is not a ticker", hint="as NVDA") from error
    return ticker


def _direction(text: str) -> Direction:
    try:
        return Direction(text.strip().lower())
    except ValueError as error:
        names = " or ".join(Direction)
        raise UsageError(f"{safe(text, 20)!r} is not a direction", hint=names) from error
