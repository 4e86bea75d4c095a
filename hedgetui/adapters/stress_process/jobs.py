"""What goes through the pipes between the desk and the process that works for it.

Records are pickled: both ends are this package of this user, and nobody else holds an end.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import IO

from hedgetui.domain.errors import HedgetuiError
from hedgetui.domain.stress.book import StressBook
from hedgetui.domain.stress.paths import StressSettings


@dataclass(frozen=True, slots=True)
class Simulate:
    """Asks for everything a stress test finds; `Progress` may come before the answer."""

    book: StressBook
    settings: StressSettings


@dataclass(frozen=True, slots=True)
class Cvars:
    """Asks for CVaR 95 of each book on the same paths, 0 where one holds nothing."""

    books: tuple[StressBook, ...]
    settings: StressSettings


Job = Simulate | Cvars


@dataclass(frozen=True, slots=True)
class Progress:
    """Paths that are done, of how many."""

    done: int
    paths: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of a job that went well: a `StressAnswer`, or a tuple of dollars."""

    value: object


@dataclass(frozen=True, slots=True)
class Failed:
    """The end of a job that did not."""

    error: HedgetuiError


Message = Progress | Answer | Failed


def send(record: Job | Message, pipe: IO[bytes]) -> None:
    """Write a record.

    Raises:
        OSError: the other side is gone.
    """
    pickle.dump(record, pipe)
    pipe.flush()


def receive(pipe: IO[bytes]) -> object:
    """Wait for the next record.

    Raises:
        EOFError: the other side is gone, in the middle of a record perhaps, or another version.
        OSError: the pipe cannot be read.
    """
    try:
        return pickle.load(pipe)  # noqa: S301 - our own pipe, see above
    except (pickle.UnpicklingError, AttributeError, ImportError, IndexError) as error:
        raise EOFError(str(error)) from error
