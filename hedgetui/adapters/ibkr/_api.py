"""The one import of the IB client: ib_insync, or its successor ib_async, whichever is installed.

ib_insync binds itself to the event loop of the moment it is imported and asks the policy for its
loop ever after. So it is imported late, inside the running loop, and the policy is told which loop
that is; otherwise a loop made by a factory would get futures of another one.
"""

from __future__ import annotations

import asyncio
import importlib
from dataclasses import dataclass
from typing import Any

from hedgetui.domain.errors import ConfigError

_NAMES = ("ib_insync", "ib_async")


@dataclass(frozen=True, slots=True)
class Api:
    """The names the adapter needs of the library; its classes carry no types."""

    name: str
    version: str
    IB: Any
    Contract: Any
    ComboLeg: Any
    Order: Any
    ExecutionFilter: Any
    RequestError: type[Exception]


def load() -> Api:
    """Import the library; call it only while an event loop runs.

    Raises:
        ConfigError: neither library is installed.
    """
    loop = asyncio.get_running_loop()
    asyncio.set_event_loop(loop)
    for name in _NAMES:
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            continue
        return Api(
            name=name,
            version=str(module.__version__),
            IB=module.IB,
            Contract=module.Contract,
            ComboLeg=module.ComboLeg,
            Order=module.Order,
            ExecutionFilter=module.ExecutionFilter,
            RequestError=module.RequestError,
        )
    raise ConfigError(
        "no client library for Interactive Brokers is installed",
        hint="install ib_insync, or ib_async on Python 3.14 and later",
    )
