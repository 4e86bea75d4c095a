"""The command line: what exists, what it takes, and the exit code of every end.

Only the standard library is imported here; a verb's own module is loaded when the verb is used, so
that `--help` answers before a terminal notices. Errors become one sentence and a hint (or one JSON
document with `--json`), never a traceback, unless `--debug` asks for it.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, NoReturn, TextIO

from hedgetui import __version__
from hedgetui.domain.errors import HedgetuiError, UsageError

INTERRUPTED = 130
_ENTRY = "hedgetui.bootstrap"
_NEGATIVE = re.compile(r"-(\d|\.\d|inf|nan)", re.IGNORECASE)
_OUTPUT = "output"
"""Code of the error for a stdout that cannot be written."""
_ANYWHERE = frozenset({"--json", "--debug"})


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are `UsageError`s with the nearest valid word."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - argparse's own keywords
        super().__init__(allow_abbrev=False, **settings)
        # argparse's own pattern takes -1e3, -.5 and -inf for options it does not know.
        self._negative_number_matcher = _NEGATIVE

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing and exiting."""
        raise UsageError(message, hint=f"see `{self.prog} --help`")

    def _check_value(self, action: argparse.Action, value: Any) -> None:  # noqa: ANN401
        if action.choices is None or value in action.choices:
            return
        hint = nearest(str(value), [str(choice) for choice in action.choices])
        message = f"{self.prog} knows no {value!r}"
        raise UsageError(message, hint=hint)

    @property
    def option_words(self) -> list[str]:
        """Every option it takes."""
        return sorted(self._option_string_actions)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the hint for a word that does not exist."""
    choices = list(known)
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"one of: {', '.join(choices)}"


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    group = common.add_argument_group("common options")
    add = group.add_argument
    add("--config", metavar="FILE", default=argparse.SUPPRESS, help="configuration file")
    add("--db", metavar="FILE", default=argparse.SUPPRESS, help="journal database")
    add(
        "--profile", "-P", choices=("sim", "paper", "live"), default=argparse.SUPPRESS,
        help="which world to trade in",
    )  # fmt: skip
    add("--seed", type=int, metavar="N", default=argparse.SUPPRESS, help="simulator seed")
    add("--json", action="store_true", default=argparse.SUPPRESS, help="data as JSON on stdout")
    add("--debug", action="store_true", default=argparse.SUPPRESS, help="show tracebacks")
    return common


class _Commands:
    """Adds verbs to a parser, each with the common options, its handler and its own parser."""

    def __init__(self, parser: Parser, common: argparse.ArgumentParser, title: str) -> None:
        self._common = common
        self._parsers: Any = parser.add_subparsers(
            title=title, metavar=title.upper(), parser_class=Parser
        )

    def verb(self, name: str, handler: str, text: str, **values: object) -> Parser:
        """Add a verb; `handler` is `module:function`."""
        made: Parser = self._parsers.add_parser(
            name, help=text, description=text, parents=[self._common]
        )
        made.set_defaults(handler=handler, parser=made, **values)
        return made

    def family(self, name: str, text: str) -> _Commands:
        """Add a verb that only has verbs of its own."""
        return _Commands(self.verb(name, "", text), self._common, "verb")

    def question(self, name: str, text: str, family: str = "") -> Parser:
        """Add a verb that asks a desk; `family` parts it from a namesake elsewhere."""
        return self.verb(name, f"{_ENTRY}:ask", text, question=family + name)


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
    top.set_defaults(handler=f"{_ENTRY}:screen", parser=top, scenario=None, speed=None)
    commands = _Commands(top, common, "command")
    _add_desk_verbs(commands)
    _add_vega_verbs(commands.family("vega", "strangles hedged with futures"))
    _add_dtms_verbs(commands.family("dtms", "defence of MT5 trades"))
    _add_config_verbs(commands.family("config", "the settings"))
    _add_journal_verbs(commands.family("journal", "the audit journal"))
    _add_tool_verbs(commands)
    return top


def _add_desk_verbs(commands: _Commands) -> None:
    demo = commands.verb(
        "demo", f"{_ENTRY}:screen", "the console on the simulator, with a moving book", demo=True
    )
    demo.add_argument("--scenario", default="demo", metavar="NAME", help="a built-in scenario")
    run = commands.verb("run", f"{_ENTRY}:run", "the same engine without a screen")
    run.add_argument("--headless", action="store_true", help="required: no screen")
    run.add_argument("--for", dest="duration", default="10m", metavar="TIME", help="90s, 10m, 6h")
    run.add_argument(
        "--scenario", default=None, metavar="NAME",
        help="a built-in scenario (trader on the simulator; on a broker none trades unless named)",
    )  # fmt: skip
    for made in (demo, run):
        made.add_argument("--speed", type=float, metavar="X", help="simulated seconds per second")
    freeze = commands.question("freeze", "cancel own orders and block everything")
    freeze.add_argument("--why", default="frozen from the console", help="kept in the journal")
    unfreeze = commands.question("unfreeze", "release the latches")
    unfreeze.add_argument("--why", default="released from the console", help="kept in the journal")
    resolve = commands.question("resolve", "say what became of an unknown order")
    resolve.add_argument("number", type=int, metavar="NUMBER", help="of the order: 12 for #12")
    resolve.add_argument("--typed", metavar="REF", help="its reference or the end of it")
    resolve.add_argument("--why", default="", metavar="TEXT", help="what became of it; journalled")


def _add_vega_verbs(vega: _Commands) -> None:
    size = vega.verb("size", "hedgetui.console.vega:size", "the hedge for a delta, by the rule")
    size.add_argument("delta", type=float, metavar="N", help="options Δ$ per index point")
    size.add_argument("--hedge", type=int, default=0, metavar="H", help="MES already held")
    size.add_argument("--working", type=int, default=0, metavar="W", help="MES on their way")
    size.add_argument("--band", type=float, metavar="B", help="send nothing inside ±B")
    vega.question("scan", "rank long strangles on the active broker")
    enter = vega.question("enter", "enter a scanned strangle")
    enter.add_argument("candidate", type=int, metavar="N", help="its number in the scan")
    enter.add_argument("--lots", type=int, default=None, metavar="L", help="strangles to buy")
    close = vega.question("close", "close a strangle and its hedge")
    close.add_argument("trade_id", metavar="ID", help="as the positions table shows it")
    hedge = vega.question("hedge", "hedge now, whatever the band")
    hedge.add_argument("--accept-stale", action="store_true", help="use own model greeks")
    roll = vega.question("roll", "move the hedge out of the month that ends")
    for made in (enter, close, hedge, roll):
        made.add_argument("--yes", action="store_true", help="send what the preview shows")
    vega.question("emergency", "what to type into TWS by hand")
    study = vega.verb("study", "hedgetui.console.study:run", "walk recorded option chains")
    study.add_argument("--chain", required=True, metavar="FILE", help="CSV or CSV.GZ")
    study.add_argument("--band", type=float, default=10.0, metavar="B", help="hedge outside ±B")
    study.add_argument("--lots", type=int, default=10, metavar="L", help="strangles per trade")


def _add_dtms_verbs(dtms: _Commands) -> None:
    score = dtms.verb("score", "hedgetui.console.dtms_files:score", "the score of recorded bars")
    score.add_argument("--side", choices=("long", "short"), default="long", help="of the trade")
    score.add_argument(
        "--anchor", choices=("auto", "utc", "new-york"), default="auto",
        help="sessions begin at 00:00 UTC (crypto) or 17:00 New York; auto looks for Saturdays",
    )  # fmt: skip
    study = dtms.verb("study", "hedgetui.console.dtms_study:run", "random entries, defended or not")
    study.add_argument("--entries", type=int, default=1000, metavar="N", help="random trades")
    study.add_argument(
        "--profile-rules", choices=("guarded", "reference"), default="guarded",
        help="all guards, or the bare thresholds",
    )  # fmt: skip
    for made in (score, study):
        made.add_argument("--m5", metavar="FILE", help="M5 bars, CSV or CSV.GZ")
        made.add_argument("--m15", metavar="FILE", help="M15 bars; alone, each is evaluated")
        made.add_argument(
            "--tz", default="UTC", metavar="ZONE",
            help="zone of the files: Europe/Athens, +03:00, mt5 (New York + 7 h)",
        )  # fmt: skip
    _add_defence_verbs(dtms)


def _add_defence_verbs(dtms: _Commands) -> None:
    module = "hedgetui.console.dtms"
    dtms.verb("status", f"{module}:status", "how many trades are defended and where they stand")
    history = dtms.verb("history", f"{module}:history", "every action, oldest first")
    history.add_argument("--ticket", type=int, metavar="T", help="of one trade")
    questions = (
        ("hedge", "hedge a trade now"), ("unhedge", "close its hedge"),
        ("close", "close it and its hedge"), ("half", "close half of it"),
        ("breakeven", "put its stop to the entry price"), ("auto", "what it may do by itself"),
        ("adopt", "watch a position that was left out"), ("ignore", "watch it no longer"),
    )  # fmt: skip
    asked = {name: dtms.question(name, text, "dtms ") for name, text in questions}
    shown = dtms.verb("trade", f"{module}:trade", "one trade: state, score, deadlines, guards")
    for made in (shown, *asked.values()):
        made.add_argument("ticket", type=int, metavar="TICKET", help="as the DTMS table shows it")
    for name in ("hedge", "unhedge", "close", "half", "breakeven"):
        asked[name].add_argument("--yes", action="store_true", help="send what the preview shows")
    asked["auto"].add_argument("automation", choices=("auto", "alert", "off"), help="or only say")


def _add_config_verbs(config: _Commands) -> None:
    module = "hedgetui.console.config"
    config.verb("init", f"{module}:init", "write the commented configuration file")
    config.verb("path", f"{module}:path", "where the configuration comes from")
    config.verb("validate", f"{module}:validate", "check the configuration")
    config.verb("show", f"{module}:show", "the settings in force, secrets hidden")


def _add_journal_verbs(journal: _Commands) -> None:
    module = "hedgetui.console.journal"
    tail = journal.verb("tail", f"{module}:tail", "the newest facts")
    tail.add_argument("-n", type=int, default=20, metavar="N", dest="count", help="how many")
    journal.verb("verify", f"{module}:verify", "hash chain and invariants")
    export = journal.verb("export", f"{module}:export", "every fact as CSV or JSON lines")
    export.add_argument("--csv", action="store_true", help="CSV instead of JSON lines")


def _add_tool_verbs(commands: _Commands) -> None:
    serve = commands.verb(
        "simulate", "hedgetui.console.simulate:run", "the simulated exchange as a local server"
    )
    serve.add_argument(
        "--tws", type=int, nargs="?", const=7497, metavar="PORT",
        help="speak the TWS protocol there (7497)",
    )  # fmt: skip
    serve.add_argument(
        "--mt5", type=int, nargs="?", const=18812, metavar="PORT",
        help="be an MT5 terminal behind the bridge there (18812)",
    )  # fmt: skip
    serve.add_argument("--token", metavar="FILE", help="the bridge's token; made if there is none")
    serve.add_argument("--admin", type=int, metavar="PORT", help="take faults as lines of text")
    serve.add_argument("--scenario", metavar="NAME", help="a built-in scenario")
    serve.add_argument("--speed", type=float, metavar="X", help="simulated seconds per second")
    serve.add_argument("--start", metavar="TIME", help="begin at 2025-11-19T14:31:00Z, not now")
    serve.add_argument(
        "--state", metavar="FILE", help="keep orders and account there; MT5 in FILE.mt5"
    )
    bridge = commands.verb(
        "mt5-bridge", "hedgetui.console.mt5_bridge:run", "lend this MT5 terminal to a desk"
    )
    bridge.add_argument("--port", type=int, default=18812, metavar="PORT", help="18812; 0: any")
    bridge.add_argument("--token", metavar="FILE", help="its key; made when it does not exist")
    bridge.add_argument("--terminal", default="", metavar="FILE", help="terminal64.exe to start")
    commands.verb("doctor", "hedgetui.console.doctor:run", "checks, one line each with a fix")
    commands.verb("keys", f"{_ENTRY}:keys", "every key, as a table")
    made = commands.verb(
        "completion", "hedgetui.console.completion:run", "the script that completes commands",
        tree=parser,
    )  # fmt: skip
    made.add_argument("shell", choices=("bash", "zsh", "fish"), help="which shell")


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
    module, _, function = options.handler.partition(":")
    crash = importlib.import_module("hedgetui.console.crash")
    # The screen paints on stderr, so nothing may be shown there while it is up.
    crash.watch(loud=debug and function != "screen")
    verb: Callable[[argparse.Namespace], int] = getattr(importlib.import_module(module), function)
    return verb(options)


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
