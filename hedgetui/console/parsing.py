"""How the command line is built: a parser that explains itself, verbs, families of verbs.

The standard library alone, like everything that `--help` needs.
"""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from hedgetui.domain.errors import UsageError

ENTRY = "hedgetui.bootstrap"
"""Where verbs live that need a desk."""
_NEGATIVE = re.compile(r"-(\d|\.\d|inf|nan)", re.IGNORECASE)


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


def common_options() -> argparse.ArgumentParser:
    """Return the options that every verb takes."""
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


class Commands:
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

    def family(self, name: str, text: str) -> Commands:
        """Add a verb that only has verbs of its own."""
        return Commands(self.verb(name, "", text), self._common, "verb")

    def below(self, parser: Parser) -> Commands:
        """Return verbs that may stand after one that does something by itself."""
        return Commands(parser, self._common, "verb")

    def question(self, name: str, text: str, family: str = "") -> Parser:
        """Add a verb that asks a desk; `family` parts it from a namesake elsewhere."""
        return self.verb(name, f"{ENTRY}:ask", text, question=family + name, files=())

    def either(self, name: str, handler: str, text: str, files: tuple[str, ...]) -> Parser:
        """Add a verb that asks a desk, or where one of `files` is given is done by `handler`."""
        made = self.question(name, text)
        made.set_defaults(files=files, on_files=handler)
        return made
