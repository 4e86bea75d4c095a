"""The admin channel: one line of text per fault, on a loopback port of its own, off by default.

`ok` answers a command that was done, `error: …` one that was not, with the nearest command that
exists. The words are those of `GatewayControl`: a switch is named with its value, a deed with its
arguments; text with spaces stands in quotes.
"""

from __future__ import annotations

import asyncio
import dataclasses
import difflib
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from hedgetui.domain.errors import HedgetuiError, UsageError
from hedgetui.domain.text import safe
from hedgetui.simulation.tws.control import GatewayControl
from hedgetui.simulation.tws.faults import GREEK_KINDS, Switches

LOOPBACK = "127.0.0.1"
_LONGEST_LINE = 4096
_TRUTHS = {"on": True, "off": False, "1": True, "0": False, "true": True, "false": False}

Value = str | int | float | bool | Decimal
Reader = Callable[[str], Value]


def truth(text: str) -> bool:
    """Read `on` or `off`.

    Raises:
        ValueError: it is neither.
    """
    if text.lower() not in _TRUTHS:
        raise ValueError(f"{text!r} is neither on nor off")
    return _TRUTHS[text.lower()]


def share(text: str) -> float:
    """Read a share from 0 to 1, also as `on` and `off`.

    Raises:
        ValueError: it is none.
    """
    value = float(truth(text)) if text.lower() in {"on", "off"} else float(text)
    if not 0 <= value <= 1:
        raise ValueError(f"{text!r} is not a share between 0 and 1")
    return value


def _greek_kind(text: str) -> str:
    if text not in {"off", *GREEK_KINDS}:
        raise ValueError(f"{text!r} is none of off, {', '.join(GREEK_KINDS)}")
    return "" if text == "off" else text


@dataclass(frozen=True, slots=True)
class Deed:
    """A command that does something once: its arguments, the last `optional` of which may miss."""

    readers: tuple[tuple[str, Reader], ...] = ()
    optional: int = 0

    @property
    def usage(self) -> str:
        """The arguments as a person reads them."""
        needed = len(self.readers) - self.optional
        return " ".join(
            name.upper() if n < needed else f"[{name.upper()}]"
            for n, (name, _) in enumerate(self.readers)
        )


DEEDS: dict[str, Deed] = {
    "error": Deed((("code", int), ("text", str), ("req_id", int)), 1),
    "drop": Deed(),
    "refuse": Deed((("on", truth),), 1),
    "freeze": Deed(),
    "thaw": Deed(),
    "nightly_reset": Deed((("seconds", float),)),
    "lose_subscriptions": Deed(),
    "outage_1100": Deed(),
    "restore": Deed((("data_lost", truth),), 1),
    "farm": Deed((("name", str), ("ok", truth))),
    "omit_end": Deed((("message", str), ("on", truth)), 1),
    "reject_next": Deed((("code", int), ("text", str), ("with_status", truth)), 3),
    "release_pending": Deed(),
    "rollback_ids": Deed((("to", int),), 1),
    "partial_fills": Deed((("share", share),)),
    "correct": Deed((("exec_id", str), ("price", Decimal))),
    "bust": Deed((("exec_id", str),)),
    "foreign_trade": Deed((("key", str), ("signed", int))),
    "foreign_order": Deed((("key", str), ("signed", int), ("price", Decimal))),
    "modify_by_hand": Deed((("name", str), ("price", Decimal))),
    "bad_tick": Deed((("key", str), ("price", float))),
    "swap_quotes": Deed((("key_a", str), ("key_b", str)), 2),
    "halt": Deed((("seconds", float), ("reason", str)), 1),
}
_READERS: dict[str, Reader] = {"bool": truth, "float": share, "int": int, "str": str}
SWITCHES: dict[str, Reader] = {
    one.name: _READERS[str(one.type)]
    for one in dataclasses.fields(Switches)
    if str(one.type) in _READERS
} | {"greeks_sentinels": _greek_kind}


def obey(control: GatewayControl, line: str) -> None:
    """Carry out one line of text.

    Raises:
        HedgetuiError: there is no such command, its arguments are wrong, or it cannot be done.
    """
    obey_with(control, line, DEEDS, SWITCHES)


def obey_with(
    control: object, line: str, deeds: Mapping[str, Deed], switches: Mapping[str, Reader]
) -> None:
    """Carry out one line of text on `control`, whose words are these deeds and switches.

    Raises:
        HedgetuiError: there is no such command, its arguments are wrong, or it cannot be done.
    """
    try:
        name, *words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"cannot read the line: {error}") from error
    try:
        if name in switches:
            _set(control, name, switches[name], words)
        elif name in deeds:
            _do(control, name, deeds[name], words)
        else:
            raise UsageError(f"no command {name!r}; {_nearest(name, [*deeds, *switches])}")
    except (ValueError, InvalidOperation) as error:
        raise UsageError(f"{name}: {error}") from error


def _set(control: object, name: str, read: Reader, words: list[str]) -> None:
    if len(words) != 1:
        raise UsageError(f"{name} takes one value")
    setattr(control, name, read(words[0]))


def _do(control: object, name: str, deed: Deed, words: list[str]) -> None:
    most = len(deed.readers)
    if not most - deed.optional <= len(words) <= most:
        raise UsageError(f"{name} takes: {deed.usage or 'nothing'}")
    arguments = {
        argument: read(word) for (argument, read), word in zip(deed.readers, words, strict=False)
    }
    getattr(control, name)(**arguments)


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"one of: {', '.join(sorted(known))}"


class AdminChannel:
    """Listens for commands on the loopback."""

    def __init__(
        self,
        control: GatewayControl | None,
        others: Mapping[str, Callable[[str], None]] | None = None,
    ) -> None:
        """Obey on `control`; a line that begins with a word of `others` is theirs."""
        self._control = control
        self._others = dict(others or {})
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self, port: int = 0) -> int:
        """Listen and return the port.

        Raises:
            OSError: the port is taken.
        """
        self._server = await asyncio.start_server(self._serve, LOOPBACK, port, limit=_LONGEST_LINE)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop listening; safe to call twice."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        for writer in tuple(self._writers):
            writer.close()
        await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                writer.write(f"{self._answer(line.decode(errors='replace').strip())}\n".encode())
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the other side left, or sent a line without an end
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, line: str) -> str:
        if not line:
            return "error: an empty line"
        try:
            self._obey(line)
        except HedgetuiError as error:
            return f"error: {safe(error.message, limit=1000)}"
        return "ok"

    def _obey(self, line: str) -> None:
        whose, _, rest = line.partition(" ")
        if whose in self._others:
            self._others[whose](rest)
        elif self._control is not None:
            obey(self._control, line)
        else:
            raise UsageError(f"a line begins with {' or '.join(self._others)}")
