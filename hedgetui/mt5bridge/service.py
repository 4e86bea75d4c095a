"""What a bridge exposes: a call, several calls, and nothing to look at."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

import rpyc

from hedgetui.mt5bridge.answering import REFUSED, answer
from hedgetui.mt5bridge.calls import check_all, unpack
from hedgetui.mt5bridge.errors import CallRefused
from hedgetui.mt5bridge.plain_rpyc import ServingConnection

CALL: Final = "call"
BATCH: Final = "batch"


class BridgeService(rpyc.Service):  # type: ignore[misc]
    """The listed functions of `api`, one caller at a time; a terminal has a single thread."""

    _protocol = ServingConnection

    def __init__(self, api: object) -> None:
        """Serve `api`, which has the functions of the MetaTrader5 module."""
        super().__init__()
        self._api = api
        self._lock = threading.Lock()
        self.questions = 0
        """Round trips answered so far."""

    def _rpyc_getattr(self, name: str) -> Callable[..., object]:
        """Give rpyc the two doors.

        Raises:
            AttributeError: any other name.
        """
        doors: dict[str, Callable[..., object]] = {
            CALL: self.exposed_call,
            BATCH: self.exposed_batch,
        }
        if name not in doors:
            raise AttributeError("access denied")
        return doors[name]

    def exposed_call(self, name: object, args: object = (), keywords: object = ()) -> object:
        """Make one call and return its outcome, see `answering`."""
        return self._answer(((name, args, keywords),))[0]

    def exposed_batch(self, calls: object) -> tuple[object, ...]:
        """Make several calls with nobody else in between, and return their outcomes."""
        return self._answer(calls)

    def _answer(self, raw: Any) -> tuple[object, ...]:  # noqa: ANN401 - whatever a client sent
        try:
            packed = raw if type(raw) is tuple else ()
            calls = tuple(unpack(one) for one in packed)
            check_all(calls)
        except CallRefused as refusal:
            return ((REFUSED, None, (0, refusal.message)),) * max(1, len(packed))
        with self._lock:
            self.questions += 1
            return tuple(answer(self._api, one.name, one.args, one.keywords) for one in calls)
