"""A gateway on a virtual loop, with real clients over real sockets."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from hedgetui.domain.units import Timestamp, parse_utc
from hedgetui.ports.clock import LoopClock
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.faults import Faults
from hedgetui.simulation.market import seeded_market
from hedgetui.simulation.matching import FillModel
from hedgetui.simulation.portfolios import holdings_of
from hedgetui.simulation.security_chain import SecurityBoard
from hedgetui.simulation.tws_gateway import TwsGateway
from hedgetui.simulation.virtual_loop import run_virtual

_T = TypeVar("_T")

LIBRARY = "ib_insync" if importlib.util.find_spec("ib_insync") else "ib_async"
START = parse_utc("2025-11-19T14:31:00Z")
MES, CALL, PUT = "MES 202512", "XSP 20251219 540 C", "XSP 20251219 530 P"
ACCOUNT = "DU1234567"


def library() -> Any:
    """Return the client library of this virtualenv, imported where a loop runs, as it wants."""

    async def load() -> Any:
        return importlib.import_module(LIBRARY)

    return run_virtual(load)


class Complaints(logging.Handler):
    """Collects what the client library could not read."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    @property
    def unread(self) -> list[str]:
        return [line for line in self.lines if line.startswith(("Error handling", "Error for"))]


class RawClient:
    """A client that writes what it is told, field by field."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def greet(cls, port: int, versions: str = "v157..178") -> RawClient:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        client = cls(reader, writer)
        writer.write(b"API\0" + framed(versions.encode()))
        return client

    @classmethod
    async def login(cls, port: int, client_id: int, version: int = 178) -> RawClient:
        client = await cls.greet(port, f"v100..{version}")
        await client.read()
        client.send(71, 2, client_id, "")
        while (await client.read())[0] != "9":
            pass
        return client

    def send(self, *fields: object) -> None:
        self._writer.write(message(*fields))

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    async def read(self) -> list[str]:
        (size,) = struct.unpack(">I", await self._reader.readexactly(4))
        return (await self._reader.readexactly(size)).decode().split("\0")[:-1]

    async def read_until(self, number: int, limit: int = 500) -> list[list[str]]:
        seen: list[list[str]] = []
        for _ in range(limit):
            seen.append(await self.read())
            if seen[-1][0] == str(number):
                return seen
        raise AssertionError(f"no message {number}")

    async def heard(self, seconds: float = 1.0) -> list[list[str]]:
        """Return what comes within some seconds of virtual time."""
        seen: list[list[str]] = []
        try:
            async with asyncio.timeout(seconds):
                while True:
                    seen.append(await self.read())
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
            return seen

    async def ended(self) -> bool:
        """Whether the server closes without another word."""
        try:
            async with asyncio.timeout(2.0):
                return await self._reader.read() == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def close(self) -> None:
        self._writer.transport.abort()


def message(*fields: object) -> bytes:
    return framed("".join(f"{field}\0" for field in fields).encode())


def framed(payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + payload


def market_order(number: int, side: str, quantity: int, *, what_if: int = 0) -> list[object]:
    """Return a plain market order for the front MES at version 178, written by hand."""
    contract = [0, "MES", "FUT", "202512", "", "", "", "CME", "", "USD", "", ""]
    head = ["", "", side, quantity, "MKT", "", "", "DAY", "", "", "", 0, f"R{number}", 1, 0, 0, 0]
    head += [0, 0, 0, 0]
    tail = ["", 0.0, "", "", "", "", "", "", 0, "", -1, 0, "", "", 0, "", "", 0, 0, "", 0]
    tail += ["", "", "", "", "", 0, "", "", "", "", 0, "", "", "", "", "", ""]
    tail += ["", "", "", "", 0, "", "", 0, 0, "", "", what_if, "", 0, 0, 0, 0]
    tail += ["", "", "", "", "", "", 0, "", "", "", "", "", "", "", "", 0, 0, 0, 0]
    tail += ["", "", 0, "", ""]
    return [3, number, *contract, *head, *tail]


class Stage:
    """A gateway that listens, and the clients of one test."""

    def __init__(self, gateway: TwsGateway, clock: LoopClock, port: int) -> None:
        self.gateway, self.clock, self.port = gateway, clock, port
        self.exchange = gateway.exchange
        self.control = gateway.control
        self.errors: dict[int, list[tuple[int, int, str]]] = {}
        self.lib = importlib.import_module(LIBRARY)
        self._clients: list[Any] = []
        self._raw: list[RawClient] = []

    async def connect(self, client_id: int = 17, **options: Any) -> Any:
        ib = self.lib.IB()
        self._clients.append(ib)
        errors = self.errors.setdefault(client_id, [])
        ib.errorEvent += lambda about, code, text, _contract: errors.append((about, code, text))
        await ib.connectAsync("127.0.0.1", self.port, clientId=client_id, **options)
        errors.clear()
        return ib

    async def raw(self, client_id: int = 17, version: int = 178) -> RawClient:
        client = await RawClient.login(self.port, client_id, version)
        self._raw.append(client)
        return client

    def codes(self, client_id: int = 17) -> list[int]:
        return [code for _, code, _ in self.errors[client_id]]

    async def sleep(self, seconds: float = 1.0) -> None:
        await asyncio.sleep(seconds)

    async def mes(self, ib: Any) -> Any:
        details = await ib.reqContractDetailsAsync(self.lib.Future("MES", exchange="CME"))
        return details[0].contract

    async def option(self, ib: Any, strike: float, right: str) -> Any:
        wanted = self.lib.Option("XSP", "20251219", strike, right, "SMART")
        (found,) = await ib.qualifyContractsAsync(wanted)
        return found

    async def strangle(self, ib: Any) -> Any:
        """Return the combination of the put and the call of this module."""
        legs = [await self.option(ib, 530, "P"), await self.option(ib, 540, "C")]
        return self.lib.Contract(
            secType="BAG", symbol="XSP", exchange="SMART", currency="USD",
            comboLegs=[
                self.lib.ComboLeg(conId=leg.conId, ratio=1, action="BUY", exchange="SMART")
                for leg in legs
            ],
        )  # fmt: skip

    def state(self) -> object:
        """Return everything an order could change."""
        book = self.exchange.book
        return (
            tuple(book.orders), tuple(book.executions), dict(book.account.positions),
            book.account.cash, self.gateway.registry.next_id,
        )  # fmt: skip

    async def close(self) -> None:
        for ib in self._clients:
            ib.disconnect()
        for client in self._raw:
            client.close()
        await asyncio.sleep(0.05)


def play(
    scene: Callable[[Stage], Awaitable[_T]],
    *,
    max_version: int = 178,
    max_lines: int = 100,
    faults: Faults | None = None,
    fills: FillModel | None = None,
    start: Timestamp = START,
    state: Path | None = None,
    portfolio: str = "none",
) -> _T:
    """Play a scene on a gateway of its own; every message must have been readable."""

    async def session() -> _T:
        importlib.import_module(LIBRARY)
        market = seeded_market(7, start=start)
        exchange = Exchange(
            market, seed=7, faults=faults, fills=fills, state_path=state,
            holdings=holdings_of(portfolio, SecurityBoard(market, 7)),
        )  # fmt: skip
        clock = LoopClock(exchange.at)
        gateway = TwsGateway(exchange, clock, max_version=max_version, max_lines=max_lines)
        stage = Stage(gateway, clock, await gateway.start())
        try:
            return await scene(stage)
        finally:
            await stage.close()
            await gateway.close()
            exchange.close()

    complaints = Complaints()
    logger = logging.getLogger(LIBRARY)
    logger.addHandler(complaints)
    try:
        result = run_virtual(session)
    finally:
        logger.removeHandler(complaints)
    assert complaints.unread == []
    return result
