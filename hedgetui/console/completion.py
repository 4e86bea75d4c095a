"""`hedgetui completion SHELL`: the script that completes commands, made from the parser itself.

One table of verbs, their options and what an option's value may be serves three shells, so a new
verb is completed the moment it exists. Load it with `eval "$(hedgetui completion bash)"`, with
`hedgetui completion zsh > "${fpath[1]}/_hedgetui"`, or with `hedgetui completion fish | source`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

from hedgetui.console import output
from hedgetui.simulation.scenarios import SCENARIOS

_FILES = "FILE"
_NAMES = {"--scenario": tuple(sorted(SCENARIOS))}


@dataclass(frozen=True, slots=True)
class Word:
    """One word that may come next."""

    text: str
    help: str
    values: tuple[str, ...] | None = None
    """What may follow an option: names, `("FILE",)`, empty for free text; None for no value."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the command line: after these verbs, these words may come."""

    path: str
    """The verbs so far, each after a slash: `/vega/size`; empty at the beginning."""
    words: tuple[Word, ...]


def run(options: argparse.Namespace) -> int:
    """Print the script for one shell."""
    places = list(walk(options.tree()))
    lines = {"bash": _bash, "zsh": _zsh, "fish": _fish}[options.shell](places)
    output.write("".join(f"{line}\n" for line in lines))
    return 0


def walk(parser: argparse.ArgumentParser, path: str = "") -> Iterator[Place]:
    """Yield every place of a parser, outermost first."""
    words: list[Word] = []
    below: list[Place] = []
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to list them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - the same
            helps = {made.dest: made.help or "" for made in action._choices_actions}  # noqa: SLF001
            for name, child in action.choices.items():
                words.append(Word(name, helps[name]))
                below += walk(child, f"{path}/{name}")
        elif action.option_strings:
            long = action.option_strings[-1 if action.dest == "help" else 0]
            words.append(Word(long, action.help or "", _values(action)))
        elif action.choices is not None:
            words += [Word(str(choice), action.help or "") for choice in action.choices]
    yield Place(path, tuple(words))
    yield from below


def _values(action: argparse.Action) -> tuple[str, ...] | None:
    if action.nargs == 0:
        return None
    if action.choices is not None:
        return tuple(str(choice) for choice in action.choices)
    if action.metavar == _FILES:
        return (_FILES,)
    return _NAMES.get(action.option_strings[0], ())


def _with_values(places: list[Place]) -> dict[str, tuple[str, ...]]:
    """Return every option that takes a value; an option means the same in every place."""
    return {
        word.text: word.values
        for place in places
        for word in place.words
        if word.values is not None
    }


def _bash(places: list[Place]) -> Iterator[str]:
    yield "_hedgetui() {"
    yield '    local current="${COMP_WORDS[COMP_CWORD]}" verbs="" words="" index'
    yield "    for ((index = 1; index < COMP_CWORD; index++)); do"
    yield f"        {_known_verbs(places, 'verbs', '${COMP_WORDS[index]}')}"
    yield "    done"
    yield '    case "${COMP_WORDS[COMP_CWORD-1]}" in'
    for option, values in _with_values(places).items():
        if values == (_FILES,):
            yield f'        {option}) COMPREPLY=($(compgen -f -- "$current")); return ;;'
        else:
            words = f'COMPREPLY=($(compgen -W "{" ".join(values)}" -- "$current"))'
            yield f"        {option}) {words}; return ;;"
    yield "    esac"
    yield '    case "$verbs" in'
    for place in places:
        yield f'        "{place.path}") words="{_texts(place)}" ;;'
    yield "    esac"
    yield '    COMPREPLY=($(compgen -W "$words" -- "$current"))'
    yield "}"
    yield "complete -F _hedgetui hedgetui"


def _zsh(places: list[Place]) -> Iterator[str]:
    yield "#compdef hedgetui"
    yield "_hedgetui() {"
    yield '    local verbs="" word'
    yield '    for word in "${(@)words[2,CURRENT-1]}"; do'
    yield f"        {_known_verbs(places, 'verbs', '$word')}"
    yield "    done"
    yield '    case "${words[CURRENT-1]}" in'
    for option, values in _with_values(places).items():
        action = "_files" if values == (_FILES,) else f"compadd -- {' '.join(values)}"
        yield f"        ({option}) {action}; return ;;"
    yield "    esac"
    yield '    case "$verbs" in'
    for place in places:
        yield f'        ("{place.path}") compadd -- {_texts(place)} ;;'
    yield "    esac"
    yield "}"
    yield 'if [[ "${funcstack[1]}" == _hedgetui ]]; then _hedgetui "$@"; else'
    yield "    compdef _hedgetui hedgetui"
    yield "fi"


def _fish(places: list[Place]) -> Iterator[str]:
    yield "function __hedgetui_at"
    yield "    set -l verbs"
    yield "    for word in (commandline -opc)[2..-1]"
    known = " ".join(place.path for place in places if place.path)
    yield f'        contains -- "$verbs/$word" {known}; and set verbs "$verbs/$word"'
    yield "    end"
    yield '    test "$verbs" = "$argv[1]"'
    yield "end"
    yield "complete -c hedgetui -f"
    for place in places:
        for word in place.words:
            yield _fish_line(place, word)


def _fish_line(place: Place, word: Word) -> str:
    name = f"-a {word.text}"
    if word.text.startswith("--"):
        name = f"-l {word.text[2:]}"
    elif word.text.startswith("-"):
        name = f"-s {word.text[1:]}"
    values = ""
    if word.values == (_FILES,):
        values = " -r -F"
    elif word.values is not None:
        values = f" -x -a '{' '.join(word.values)}'"
    help_ = word.help.replace("\\", "\\\\").replace("'", "\\'")
    return f"complete -c hedgetui -n '__hedgetui_at \"{place.path}\"' {name}{values} -d '{help_}'"


def _known_verbs(places: list[Place], name: str, word: str) -> str:
    """Return a shell line that lengthens the path by the word if that is a place."""
    known = "|".join(place.path for place in places if place.path)
    return f'case "${name}/{word}" in {known}) {name}="${name}/{word}" ;; esac'


def _texts(place: Place) -> str:
    return " ".join(word.text for word in place.words)
