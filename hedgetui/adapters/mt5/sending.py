"""A committed request on its way: last look, one call, and an honest word about what is known.

`NotSent` is said only where that is proven: before a byte left, or by the package's own "invalid
parameters". Everything else that is not an answer is `Silent`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hedgetui.adapters.mt5 import translate
from hedgetui.adapters.mt5.connection import Mt5Connection
from hedgetui.adapters.mt5.fields import Unreadable
from hedgetui.adapters.mt5.requests import (
    BadRequest,
    document,
    filling_of,
    must_add,
    next_filling,
    refuse_unsafe,
)
from hedgetui.adapters.mt5.verdicts import INVALID_PARAMS
from hedgetui.adapters.mt5.worker import Worker
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.mt5.records import (
    Account,
    Answered,
    Incomplete,
    MarginCheck,
    NotSent,
    Reply,
    Request,
    Silent,
    TradeAction,
)
from hedgetui.domain.orders import Side
from hedgetui.mt5bridge.calls import SENDING, Call
from hedgetui.mt5bridge.errors import CallRefused, LinkDown
from hedgetui.mt5bridge.wire import Outcome

INVALID_FILL: Final = 10030


@dataclass(frozen=True, slots=True)
class _Ready:
    """What a request needs besides itself."""

    price: float
    filling: int


class Sender:
    """Sends for one session; remembers which filling mode a symbol took."""

    def __init__(self, worker: Worker, connection: Mt5Connection, account: Account) -> None:
        """Send through `worker`, for this account and no other."""
        self._worker = worker
        self._timeout = connection.timeouts.send_s
        self._account = account
        self._fillings: dict[str, int] = {}

    async def send(self, request: Request) -> Reply:
        """Send one request; a refused filling mode is replaced once."""
        ready = await self._ready(request)
        if isinstance(ready, str):
            return NotSent(ready)
        reply = await self._submit(document(request, price=ready.price, filling=ready.filling))
        if not self._refused_filling(request, reply):
            return reply
        other = self._fillings[request.symbol] = next_filling(ready.filling)
        again = await self._submit(document(request, price=ready.price, filling=other))
        if self._refused_filling(request, again):
            self._fillings[request.symbol] = next_filling(other)
        # The first try was answered and refused: what the second left open is all that is open.
        return again

    async def check(self, request: Request) -> MarginCheck | Incomplete:
        """Ask what a request would do to the margin.

        Raises:
            BrokerUnreachable: the link is gone.
        """
        ready = await self._ready(request)
        if isinstance(ready, str):
            return Incomplete(ready)
        made = document(request, price=ready.price, filling=ready.filling)
        try:
            (outcome,) = await self._worker.ask(Call("order_check", (made,)))
        except CallRefused as refusal:
            return Incomplete(refusal.message)
        if outcome.failed:
            return Incomplete(f"order_check: {outcome.why}")
        try:
            return translate.margin_check(outcome.value)
        except Unreadable as error:
            return Incomplete(f"order_check: {error}")

    async def _ready(self, request: Request) -> _Ready | str:
        """Look once more at account and price; return why not, if not."""
        wanted = [Call("account_info")]
        try:
            if must_add(request, self._account):
                wanted.append(Call("positions_get"))
            else:
                refuse_unsafe(request, self._account)
            if request.action is TradeAction.DEAL:
                wanted += (
                    Call("symbol_info", (request.symbol,)),
                    Call("symbol_info_tick", (request.symbol,)),
                )
            outcomes = await self._worker.ask(*wanted)
            return self._read(request, outcomes)
        except (BadRequest, Unreadable) as error:
            return str(error)
        except (CallRefused, BrokerUnreachable) as error:
            return error.message

    def _read(self, request: Request, outcomes: tuple[Outcome, ...]) -> _Ready:
        for outcome in outcomes:
            if outcome.failed:
                raise Unreadable(f"the last look before sending failed: {outcome.why}")
        if translate.account(outcomes[0].value).login != self._account.login:
            raise BadRequest("the terminal is logged in to another account")
        if request.action is not TradeAction.DEAL:
            return _Ready(0.0, 0)
        if must_add(request, self._account):
            held = translate.held_side(outcomes[1].value, request.symbol)
            refuse_unsafe(request, self._account, held)
        spec = translate.symbol(outcomes[-2].value)
        bid, ask = translate.touch(outcomes[-1].value)
        price = ask if request.side is Side.BUY else bid
        if request.price is not None:
            price = float(request.price)
        return _Ready(price, self._fillings.get(request.symbol, filling_of(spec)))

    async def _submit(self, made: dict[str, object]) -> Reply:
        try:
            (outcome,) = await self._worker.ask(Call(SENDING, (made,)), limit_s=self._timeout)
        except CallRefused as refusal:
            return NotSent(refusal.message)
        except LinkDown as failure:
            return Silent(failure.message) if failure.written else NotSent(failure.message)
        except BrokerUnreachable as failure:
            return Silent(failure.message)
        if outcome.refused or (outcome.failed and outcome.code == INVALID_PARAMS):
            return NotSent(outcome.why)
        if outcome.failed:
            return Silent(f"no result: {outcome.why}")
        try:
            return translate.answered(outcome.value)
        except Unreadable as error:
            await self._worker.drop()
            return Silent(f"an answer that cannot be read: {error}")

    @staticmethod
    def _refused_filling(request: Request, reply: Reply) -> bool:
        return (
            request.action is TradeAction.DEAL
            and isinstance(reply, Answered)
            and reply.retcode == INVALID_FILL
        )
