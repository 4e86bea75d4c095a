"""The command line: what exists, what it takes, and the exit code of every end.

Only the standard library is imported here; a verb's own module is loaded when the verb is used, so
that `--help` answers before a terminal notices. Errors become one sentence and a hint (or one JSON
document with `--json`), never a traceback, unless `--debug` asks for it.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from hedgetui import __version__
from hedgetui.domain.errors import HedgetuiError, UsageError

INTERRUPTED = 130
_ENTRY = "hedgetui.bootstrap"


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are `UsageError`s with the nearest valid word."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing and exiting."""
        raise UsageError(message, hint=f"see `{self.prog} --help`")

    def _check_value(self, action: argparse.Action, value: Any) -> None:  # noqa: ANN401
        if action.choices is None or value in action.choices:
            return
        choices = [str(choice) for choice in action.choices]
        near = difflib.get_close_matches(str(value), choices, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"one of: {', '.join(choices)}"
        message = f"{self.prog}: {value!r} is not known"
        raise UsageError(message, hint=hint)


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    group = common.add_argument_group("common options")
    add = group.add_argument
    add("--config", metavar="FILE", default=argparse.SUPPRESS, help="configuration file")
    add("--db", metavar="FILE", default=argparse.SUPPRESS, help="journal database")
    add("--profile", "-P", choices=("sim", "paper", "live"), default=argparse.SUPPRESS)
    add("--seed", type=int, metavar="N", default=argparse.SUPPRESS, help="simulator seed")
    add("--json", action="store_true", default=argparse.SUPPRESS, help="data as JSON on stdout")
    add("--debug", action="store_true", default=argparse.SUPPRESS, help="show tracebacks")
    return common


def parser() -> Parser:
    """Build the whole command line."""
    common = _common()
    top = Parser(
        prog="hedgetui",
        parents=[common],
        description="A console for traders who hedge. Alone it opens the screen.",
        epilog="Exit codes: 0 done, 1 did not hold, 2 usage or configuration, 3 broker not "
        "reachable, 4 refused by a risk rule, 130 interrupted.",
    )
    top.add_argument("--version", action="version", version=f"hedgetui {__version__}")
    top.set_defaults(handler=f"{_ENTRY}:screen", scenario=None, speed=None)
    verbs = top.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)

    def verb(
        name: str, handler: str, text: str, where: Any = verbs  # noqa: ANN401
    ) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = where.add_parser(
            name, help=text, description=text, parents=[common]
        )
        made.set_defaults(handler=handler)
        return made

    def family(name: str, text: str) -> Any:  # noqa: ANN401
        made = verbs.add_parser(name, help=text, description=text, parents=[common])
        made.set_defaults(handler=None, family=made)
        return made.add_subparsers(metavar="VERB", parser_class=Parser)

    _add_screen_verbs(verb)
    _add_vega_verbs(lambda n, h, t, w=family("vega", "strangles hedged with futures"): verb(n, h, t, w))
    _add_config_verbs(lambda n, h, t, w=family("config", "the settings"): verb(n, h, t, w))
    _add_journal_verbs(lambda n, h, t, w=family("journal", "the audit journal"): verb(n, h, t, w))
    return top


Verb = Callable[..., argparse.ArgumentParser]


def _add_screen_verbs(verb: Verb) -> None:
    demo = verb("demo", f"{_ENTRY}:screen", "the console on the simulator, with a moving book")
    demo.add_argument("--scenario", default="demo", help="name of a built-in scenario")
    demo.add_argument("--speed", type=float, metavar="X", help="simulated seconds per second")
    demo.set_defaults(demo=True)
    run = verb("run", f"{_ENTRY}:headless", "the same engine without a screen")
    run.add_argument("--headless", action="store_true", help="required: no screen")
    run.add_argument("--for", dest="duration", default="10m", metavar="TIME", help="90s, 10m, 6h")
    run.add_argument("--speed", type=float, metavar="X", help="simulated seconds per second")
    run.add_argument("--scenario", default="trader", help="name of a built-in scenario")
    run.add_argument("--constant-delta", type=float, metavar="D",
                     help="hold the options at this Δ$ instead of trading them")  # fmt: skip
    verb("doctor", "hedgetui.console.doctor:run", "checks, one line each with a fix")
    verb("keys", "hedgetui.console.keys:run", "every key, as a table")
    freeze = verb("freeze", f"{_ENTRY}:freeze", "cancel own orders and block everything")
    freeze.add_argument("--why", default="frozen from the console")
    unfreeze = verb("unfreeze", f"{_ENTRY}:unfreeze", "release the latches")
    unfreeze.add_argument("--why", default="released from the console")


def _add_vega_verbs(verb: Verb) -> None:
    size = verb("size", "hedgetui.console.vega:size", "the hedge for a delta, by the rule")
    size.add_argument("delta", type=float, metavar="N", help="options Δ$ per index point")
    size.add_argument("--hedge", type=int, default=0, metavar="H", help="MES already held")
    size.add_argument("--working", type=int, default=0, metavar="W", help="MES on their way")
    size.add_argument("--band", type=float, metavar="B", help="send nothing inside ±B")
    verb("scan", f"{_ENTRY}:vega_scan", "rank long strangles on the active broker")
    enter = verb("enter", f"{_ENTRY}:vega_enter", "enter a scanned strangle")
    enter.add_argument("candidate", type=int, metavar="N", help="its number in the scan")
    enter.add_argument("--lots", type=int, default=None, metavar="L")
    close = verb("close", f"{_ENTRY}:vega_close", "close a strangle and its hedge")
    close.add_argument("trade_id", metavar="ID")
    hedge = verb("hedge", f"{_ENTRY}:vega_hedge", "hedge now, whatever the band")
    hedge.add_argument("--accept-stale", action="store_true", help="use own model greeks")
    for made in (enter, close, hedge):
        made.add_argument("--yes", action="store_true", help="send what the preview shows")
    verb("emergency", f"{_ENTRY}:vega_emergency", "what to type into TWS by hand")
    study = verb("study", "hedgetui.console.study:run", "walk recorded option chains")
    study.add_argument("--chain", required=True, metavar="FILE", help="CSV or CSV.GZ")
    study.add_argument("--band", type=float, default=10.0, metavar="B")
    study.add_argument("--lots", type=int, default=10, metavar="L")


def _add_config_verbs(verb: Verb) -> None:
    verb("init", "hedgetui.console.config:init", "write the commented configuration file")
    verb("path", "hedgetui.console.config:path", "where the configuration comes from")
    verb("validate", "hedgetui.console.config:validate", "check the configuration")
    verb("show", "hedgetui.console.config:show", "the settings in force, secrets hidden")


def _add_journal_verbs(verb: Verb) -> None:
    tail = verb("tail", "hedgetui.console.journal:tail", "the newest facts")
    tail.add_argument("-n", type=int, default=20, metavar="N", dest="count")
    verb("verify", "hedgetui.console.journal:verify", "hash chain and invariants")
    export = verb("export", "hedgetui.console.journal:export", "every fact as CSV or JSON lines")
    export.add_argument("--csv", action="store_true", help="CSV instead of JSON lines")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words or bool(os.environ.get("HEDGETUI_DEBUG"))
    try:
        options = parser().parse_args(_flags_first(words))
        return _run(options)
    except HedgetuiError as error:
        if debug:
            raise
        _explain(error, as_json="--json" in words)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output left; that is its right and not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _flags_first(words: list[str]) -> list[str]:
    """Let `--json` and `--debug` stand after `--` too: nobody means them as values."""
    if "--" not in words:
        return words
    place = words.index("--")
    late = [word for word in words[place:] if word in {"--json", "--debug"}]
    rest = [word for word in words[place:] if word not in late]
    return [*words[:place], *late, *rest]


def _run(options: argparse.Namespace) -> int:
    if options.handler is None:
        options.family.print_help(sys.stderr)
        return UsageError.default_exit_code
    module, _, function = options.handler.partition(":")
    code: int = getattr(importlib.import_module(module), function)(options)
    return code


def _explain(error: HedgetuiError, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(error.as_document()) + "\n")
        return
    sys.stderr.write(f"hedgetui: {error.message}\n")
    if error.hint:
        sys.stderr.write(f"  {error.hint}\n")
