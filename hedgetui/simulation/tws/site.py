"""What every part of the gateway shares: the exchange, the clock, who is connected, what is broken.

Parts never talk to each other through globals: they get the one `Site` and ask it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.units import Timestamp
from hedgetui.ports.broker import BrokerTruth
from hedgetui.ports.clock import Clock
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.tws.contracts import ContractBook
from hedgetui.simulation.tws.faults import Switches
from hedgetui.simulation.tws.ledger import Holding, Ledger, opening_of

if TYPE_CHECKING:
    from hedgetui.simulation.tws.session import ClientSession


@dataclass
class Site:
    """The gateway's shared state."""

    exchange: Exchange
    clock: Clock
    account: str
    seed: int
    max_lines: int
    switches: Switches
    contracts: ContractBook = field(init=False)
    opening: Mapping[str, Holding] = field(init=False)
    """What the account held before anything was traded."""
    sessions: list[ClientSession] = field(default_factory=list)
    number: int | None = None
    """The open session at the exchange; None while there is none."""
    cut_off: bool = False
    """Whether the server has lost its own link (1100)."""
    deferred: list[Callable[[], None]] = field(default_factory=list)
    """What waits for that link to come back."""
    untold: list[str] = field(default_factory=list)
    """Instruments whose positions moved meanwhile."""

    def __post_init__(self) -> None:
        """Open the contract book and look at the account."""
        self.contracts = ContractBook(self.exchange.board)
        self.opening = opening_of(self.exchange.book.opening, self.exchange.board.mark)

    @property
    def at(self) -> Timestamp:
        """The exchange's time."""
        return self.exchange.at

    def clients(self) -> Iterator[ClientSession]:
        """Yield the clients that have introduced themselves, in order of their ids."""
        known = [one for one in self.sessions if one.client_id is not None]
        yield from sorted(known, key=lambda one: one.client_id or 0)

    def client(self, client_id: int) -> ClientSession | None:
        """Return the connected client of an id."""
        return next((one for one in self.clients() if one.client_id == client_id), None)

    def truth(self) -> BrokerTruth:
        """Return what the exchange knows, as of its own time."""
        return self.exchange.truth(self.exchange.at)

    def ledger(self) -> Ledger:
        """Return every holding with its cost, as of the exchange's own time."""
        return Ledger.of(self.truth(), self.opening)

    def send_on(self, action: Callable[[], None]) -> None:
        """Do something at the exchange now, or when the link to it is back."""
        if self.cut_off:
            self.deferred.append(action)
        else:
            action()

    def session_number(self) -> int:
        """Return the session at the exchange.

        Raises:
            BrokerUnreachable: there is none.
        """
        if self.number is None:
            raise BrokerUnreachable("the exchange does not answer")
        return self.number
