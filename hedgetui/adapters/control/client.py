"""The asking side: a console verb talks to the desk that holds the lock."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, TypeVar

from hedgetui.adapters.control import wire
from hedgetui.domain.codec import from_plain
from hedgetui.domain.commands import Command
from hedgetui.domain.errors import BrokerUnreachable, DataError, HedgetuiError, StoreError
from hedgetui.ports.desk import DeskSnapshot, Outcome

_PATIENCE_S = 30.0
"""A confirmed order waits for the broker; longer than this is no answer."""

_T = TypeVar("_T")


class ControlClient:
    """One connection to a running desk."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._patience_s = patience_s

    @classmethod
    async def connect(cls, path: Path, *, patience_s: float = _PATIENCE_S) -> ControlClient | None:
        """Return a connection, or None when nobody listens at `path`.

        Raises:
            BrokerUnreachable: somebody listens and does not take the call.
            StoreError: the socket is another user's.
        """
        opening = asyncio.open_unix_connection(str(path), limit=wire.ANSWER_BYTES)
        try:
            reader, writer = await asyncio.wait_for(opening, patience_s)
        except TimeoutError as error:
            raise _silent() from error
        except PermissionError as error:
            raise _foreign(path) from error
        except OSError:
            return None  # no file, no listener, or a path too long to ever have had one
        if not wire.same_user(writer):
            await wire.hang_up(writer)
            raise _foreign(path)
        return cls(reader, writer, patience_s)

    async def dispatch(self, command: Command, by: str = "console") -> Outcome:
        """Give a command to the running desk."""
        answer = await self._ask(wire.command_request(command, by))
        return _part(answer, "outcome", Outcome)

    async def snapshot(self) -> DeskSnapshot:
        """Return the running desk's state."""
        return _part(await self._ask({"query": "snapshot"}), "snapshot", DeskSnapshot)

    async def first_trade_lots(self) -> int:
        """Return the running desk's size of an entry when none is said."""
        return _part(await self._ask({"query": "lots"}), "lots", int)

    async def close(self) -> None:
        """Close the connection."""
        await wire.hang_up(self._writer)

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            self._writer.write(wire.encode(request))
            await self._writer.drain()
            line = await asyncio.wait_for(self._reader.readline(), self._patience_s)
        except TimeoutError as error:
            raise _silent() from error
        except ConnectionError as error:
            raise _hung_up() from error
        except ValueError as error:
            message = "the running console's answer is too long"
            raise DataError(message) from error
        if not line:
            raise _hung_up()
        answer = wire.decode(line)
        if "error" in answer:
            raise _refusal(answer["error"])
        return answer


def _part(answer: dict[str, Any], name: str, kind: type[_T]) -> _T:
    if name not in answer:
        message = f"the running console answers without {name!r}"
        raise DataError(message, hint="is it the same version?")
    return from_plain(kind, answer[name], name)


def _refusal(found: object) -> HedgetuiError:
    words = found if isinstance(found, dict) else {}
    message = str(words.get("message", "the running console refuses without a reason"))
    return HedgetuiError(
        message, hint=str(words.get("hint", "")), code=str(words.get("code", "failed"))
    )


def _silent() -> BrokerUnreachable:
    message = "the running console does not answer"
    return BrokerUnreachable(message, hint="look at its screen; it may be stopped or very busy")


def _hung_up() -> BrokerUnreachable:
    message = "the running console closed the connection"
    return BrokerUnreachable(message, hint="it may be ending; try again")


def _foreign(path: Path) -> StoreError:
    message = f"{path} belongs to another user"
    return StoreError(message, hint="set XDG_RUNTIME_DIR to a folder of your own")
