"""The command line: what exists, what it takes, and the exit code of every end.

Only the standard library is imported here; a verb's own module is loaded when the verb is used, so
that `--help` answers before a terminal notices. Errors become one sentence and a hint (or one JSON
document with `--json`), never a traceback, unless `--debug` asks for it.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TextIO

from hedgetui import __version__
from hedgetui.console import verbs
from hedgetui.console.parsing import ENTRY, Commands, Parser, common_options, nearest
from hedgetui.domain.errors import HedgetuiError, UsageError

INTERRUPTED = 130
_OUTPUT = "output"
"""Code of the error for a stdout that cannot be written."""
_ANYWHERE = frozenset({"--json", "--debug"})


def parser() -> Parser:
    """Build the whole command line."""
    common = common_options()
    top = Parser(
        prog="hedgetui",
        parents=[common],
        description="A console for traders who hedge. Alone it opens the screen.",
        epilog="Exit codes: 0 done, 1 did not hold, 2 usage or configuration, 3 broker not "
        "reachable, 4 refused by a risk rule, 130 interrupted.",
    )
    top.add_argument("--version", action="version", version=f"hedgetui {__version__}")
    top.set_defaults(handler=f"{ENTRY}:screen", parser=top, scenario=None, speed=None)
    verbs.add_all(Commands(top, common, "command"), parser)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; no exception gets past it."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words or bool(os.environ.get("HEDGETUI_DEBUG"))
    _lend_streams()
    try:
        code = _obey(words, debug=debug)
        _flush()
    except BrokenPipeError:
        _drop(sys.stdout)
        _drop(sys.stderr)
        return 0  # the reader of our output left; that is its right and not an error of ours
    except KeyboardInterrupt:
        failure = HedgetuiError("interrupted", exit_code=INTERRUPTED, code="interrupted")
    except Exception as error:  # noqa: BLE001 - the last boundary: no traceback reaches a trader
        if debug:
            _show(error)
        failure = _failure(error)
        if failure.code == _OUTPUT:
            _drop(sys.stdout)  # what is left unwritten would fail again in the last breath
    else:
        return code
    # Where stdout cannot be written, the words go to the other stream alone.
    _explain(failure, as_json="--json" in words and failure.code != _OUTPUT)
    return failure.exit_code


def _obey(words: list[str], *, debug: bool) -> int:
    try:
        return _run(_read(words), debug=debug)
    except SystemExit as end:  # argparse's way to end after `--help` and `--version`
        return int(end.code or 0)


def _read(words: list[str]) -> argparse.Namespace:
    options, unknown = parser().parse_known_args(_flags_first(words))
    if unknown:
        message = f"{options.parser.prog} takes no {unknown[0]!r}"
        hint = f"see `{options.parser.prog} --help`"
        if unknown[0].startswith("-"):
            hint = nearest(unknown[0], options.parser.option_words)
        raise UsageError(message, hint=hint)
    return options


def _flags_first(words: list[str]) -> list[str]:
    """Let `--json` and `--debug` stand after `--` too: nobody means them as values."""
    if "--" not in words:
        return words
    place = words.index("--")
    late = [word for word in words[place:] if word in _ANYWHERE]
    rest = [word for word in words[place:] if word not in late]
    return [*words[:place], *late, *rest]


def _run(options: argparse.Namespace, *, debug: bool) -> int:
    if not options.handler:
        message = f"{options.parser.prog} needs a verb"
        raise UsageError(message, hint=f"see `{options.parser.prog} --help`")
    module, _, function = _handler(options).partition(":")
    crash = importlib.import_module("hedgetui.console.crash")
    # The screen paints on stderr, so nothing may be shown there while it is up.
    crash.watch(loud=debug and function != "screen")
    verb: Callable[[argparse.Namespace], int] = getattr(importlib.import_module(module), function)
    return verb(options)


def _handler(options: argparse.Namespace) -> str:
    """Return the function of a verb; one that would ask a desk reads the files it is given."""
    given = (getattr(options, name) for name in getattr(options, "files", ()))
    handler: str = options.handler if all(one is None for one in given) else options.on_files
    return handler


def _failure(error: Exception) -> HedgetuiError:
    """Return the words for an exception: its own, the system's, or those for a defect."""
    if isinstance(error, HedgetuiError):
        return error
    if isinstance(error, OSError) and error.filename is not None:
        return HedgetuiError(f"{error.filename}: {error.strerror}", code="system")
    described: HedgetuiError = importlib.import_module("hedgetui.console.crash").describe(error)
    return described


def _explain(error: HedgetuiError, *, as_json: bool) -> None:
    output = importlib.import_module("hedgetui.console.output")
    try:
        if as_json:
            output.print_json(error.as_document())
            output.flush()
            return
    except (OSError, HedgetuiError):
        _drop(sys.stdout)  # stderr may still be read
    with suppress(OSError):
        first, *more = error.message.splitlines() or [""]
        output.say(f"hedgetui: {first}")
        for line in [*more, *error.hint.splitlines()]:
            output.say(f"  {line}")


def _show(error: Exception) -> None:
    import traceback  # noqa: PLC0415 - only `--debug` needs it

    with suppress(OSError):
        traceback.print_exception(error)


def _flush() -> None:
    """Meet a full disk or a closed pipe here, not in the interpreter's last breath."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        failure = importlib.import_module("hedgetui.console.output").unwritable(error)
        raise failure from error


def _lend_streams() -> None:
    """Make stdout and stderr usable: closed ones go nowhere, narrow encodings show a `?`."""
    for name in ("stdout", "stderr"):
        stream: Any = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _drop(stream: TextIO) -> None:
    """Point a stream at nothing, so that closing it cannot fail again."""
    with suppress(OSError, ValueError):
        place = stream.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, place)
        os.close(null)
