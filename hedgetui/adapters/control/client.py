"""The asking side: a console verb talks to the desk that holds the lock."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from hedgetui.adapters.control import wire
from hedgetui.domain.codec import from_plain
from hedgetui.domain.commands import Command
from hedgetui.domain.errors import BrokerUnreachable, HedgetuiError
from hedgetui.ports.desk import DeskSettings, DeskSnapshot, Outcome

_PATIENCE_S = 30.0


class ControlClient:
    """One connection to a running desk."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, path: Path) -> ControlClient | None:
        """Return a connection, or None when nobody listens."""
        try:
            reader, writer = await asyncio.open_unix_connection(str(path), limit=wire.LIMIT_BYTES)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        return cls(reader, writer)

    async def dispatch(self, command: Command, by: str = "console") -> Outcome:
        """Give a command to the running desk."""
        answer = await self._ask(wire.command_request(command, by))
        return from_plain(Outcome, answer["outcome"])

    async def snapshot(self) -> DeskSnapshot:
        """Return the running desk's state."""
        answer = await self._ask({"query": "snapshot"})
        return from_plain(DeskSnapshot, answer["snapshot"])

    async def settings(self) -> DeskSettings:
        """Return the running desk's settings."""
        answer = await self._ask({"query": "settings"})
        return from_plain(DeskSettings, answer["settings"])

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        await self._writer.wait_closed()

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self._writer.write(wire.encode(request))
        await self._writer.drain()
        try:
            line = await asyncio.wait_for(self._reader.readline(), _PATIENCE_S)
        except TimeoutError as error:
            message = "the running console does not answer"
            raise BrokerUnreachable(message) from error
        if not line:
            message = "the running console closed the connection"
            raise BrokerUnreachable(message)
        answer = wire.decode(line)
        if "error" in answer:
            found = answer["error"]
            raise HedgetuiError(found["message"], hint=found["hint"], code=found["code"])
        return answer
