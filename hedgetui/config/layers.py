"""Where each setting comes from: four sources flattened into one list of entries.

A value alone cannot explain itself. Keeping the source and the line beside every value is what
lets an error say `config.toml:12: vega.max_dleta`, and lets `config show` say which source won.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hedgetui.config.model import PRESETS, PROFILE_TABLES, SECTIONS
from hedgetui.domain.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

KeyPath = tuple[str, ...]
ENV_PREFIX = "HEDGETUI_"
_IN_CAPITALS = frozenset({"exchange", "betas"})
"""Tables whose keys are names written in capitals: of futures exchanges, of underlyings."""
_SECRET = re.compile("pass|token|secret", re.IGNORECASE)
_KEY_FILE = "token_file"
"""The one key that speaks of a secret and holds none: it names the file of one."""
_RAW_SECRET = re.compile(r"[0-9A-Fa-f]{32,}|[0-9A-Za-z_-]{40,}|[0-9A-Za-z+/]{43}=")
_TABLE = re.compile(r"^\s*\[(?P<name>[^\[\]]+)\]")
_LISTED = re.compile(r"^\s*\[\[(?P<name>[^\[\]]+)\]\]")
_ASSIGNMENT = re.compile(r"^\s*(?P<key>[^=#]+?)\s*=")


@dataclass(frozen=True, slots=True)
class Entry:
    """One value somebody wrote."""

    path: KeyPath
    """Where it applies, as in `("vega", "max_delta")`."""
    value: object
    origin: str
    """Who wrote it: `FILE:LINE`, an environment variable's name or a flag."""
    written: str
    """The key as the user wrote it, as in `profile.live.vega.max_delta`."""
    within: Mapping[KeyPath, str] = field(default_factory=dict)
    """Who wrote what stands in a list of tables, by place and key: `("0", "mode")`."""

    @property
    def names_a_secret(self) -> bool:
        """Whether something stands here that must never stand in a settings file.

        The key asks for it, or the name of a key file is written as the key itself would be.
        """
        if self.path[-1] != _KEY_FILE:
            return bool(_SECRET.search(self.written))
        text = self.value if isinstance(self.value, str) else ""
        return bool(_RAW_SECRET.fullmatch(text))

    def part(self, path: KeyPath) -> Entry:
        """Return what stands at `path` of a list of tables, as an entry of its own.

        What nobody wrote is shown with the table it is missing in.
        """
        place, *rest = path[:2]
        value = self.value[int(place)] if isinstance(self.value, list) else None
        if rest and not (isinstance(value, dict) and rest[0] in value):
            return self.part(path[:1])
        written = ".".join([f"{self.written}[{place}]", *rest])
        if rest and isinstance(value, dict):
            value = value[rest[0]]
        origin = self.within.get(path[:2], self.within.get(path[:1], self.origin))
        return Entry((*self.path, *path[:2]), value, origin, written)


def from_file(path: Path) -> list[Entry]:
    """Read a TOML file.

    Raises `ConfigError` naming the file, and the line of a syntax error.
    """
    try:
        text = path.read_text(encoding="utf-8")
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}", hint="hedgetui config validate") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", hint="hedgetui config init") from error
    lines = _lines(text)
    return [
        replace(
            _entry(key, value, f"{path}:{lines[key]}" if key in lines else str(path)),
            within=_below(key, lines, path) if isinstance(value, list) else {},
        )
        for key, value in _leaves(tree)
    ]


def _below(key: KeyPath, lines: Mapping[KeyPath, int], path: Path) -> dict[KeyPath, str]:
    """Return where each line of a list of tables was written."""
    depth = len(key)
    return {
        found[depth:]: f"{path}:{number}"
        for found, number in lines.items()
        if len(found) > depth and found[:depth] == key
    }


def from_environment(environ: Mapping[str, str]) -> list[Entry]:
    """Read every `HEDGETUI_SECTION__KEY`; values are written as in TOML, quotes may be left out."""
    return [
        _entry(_path_of(name), _bare_value(text), name)
        for name, text in sorted(environ.items())
        if name.startswith(ENV_PREFIX) and "__" in name
    ]


def _path_of(name: str) -> KeyPath:
    """Return the path a variable means; names of the market are written in capitals."""
    path = name[len(ENV_PREFIX) :].lower().split("__")
    above = ["", *path[:-1]]
    return tuple(
        part.upper() if before in _IN_CAPITALS else part
        for before, part in zip(above, path, strict=True)
    )


def from_flags(flags: Mapping[str, object]) -> list[Entry]:
    """Read command-line flags given as dotted names, as in `{"simulator.seed": 7}`."""
    return [_entry(tuple(name.split(".")), value, "command line") for name, value in flags.items()]


def expand_presets(entries: list[Entry]) -> list[Entry]:
    """Put what a `preset` stands for in front of one source's own entries.

    In front, so that a `max_delta` or `auto` written beside it wins, while a preset still beats
    every weaker source.
    """
    meant = [
        _entry((*entry.path[:-1], key), value, entry.origin)
        for entry in entries
        if entry.path[-2:] == ("vega", "preset")
        for key, value in _preset(entry.value)
    ]
    return meant + entries


def for_profile(entries: list[Entry], profile: str) -> list[Entry]:
    """Return the entries of one source as `profile` sees them.

    `[profile.X.vega]` becomes a stronger `vega`, `[profile.X.mt5]` the `mt5` of the profile, other
    keys of `[profile.X]` the connection; the tables of other profiles fall away.
    """
    seen = [entry for entry in entries if entry.path[0] != "profile"]
    for entry in entries:
        if entry.path[:2] == ("profile", profile):
            rest = entry.path[2:]
            own = bool(rest) and rest[0] in {*SECTIONS, *PROFILE_TABLES}
            within = rest if own else ("connection", *rest)
            seen.append(replace(entry, path=within))
    return seen


def _entry(path: KeyPath, value: object, origin: str) -> Entry:
    """Return an entry that applies where it is written."""
    return Entry(path, value, origin, ".".join(path))


def _preset(name: object) -> Iterator[tuple[str, float | bool]]:
    """Yield what a preset stands for; an unknown name is left for the model to refuse."""
    for preset, values in PRESETS.items():
        if preset == name:
            yield from values.items()


def _leaves(tree: Mapping[str, object], above: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """Yield every value of a TOML tree with its path; action ids under `keys` keep their dots."""
    for key, value in tree.items():
        path = (*above, key)
        if isinstance(value, dict):
            yield from _leaves(value, path)
        else:
            yield (("keys", ".".join(path[1:])) if path[0] == "keys" else path), value


def _lines(text: str) -> dict[KeyPath, int]:
    """Return the line of every plain `key = value`; unusual spellings are simply not found."""
    found: dict[KeyPath, int] = {}
    table: KeyPath = ()
    listed: Counter[KeyPath] = Counter()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _LISTED.match(line):
            name = _parts(header["name"])
            table = (*name, str(listed[name]))
            listed[name] += 1
            found.setdefault(name, number)
            found[table] = number
        elif header := _TABLE.match(line):
            table = _parts(header["name"])
        elif assignment := _ASSIGNMENT.match(line):
            key = assignment["key"].strip("\"'")
            parts = (key,) if table == ("keys",) else tuple(key.split("."))
            found.setdefault((*table, *parts), number)
    return found


def _parts(name: str) -> KeyPath:
    return tuple(part.strip(" \"'") for part in name.split("."))


def _bare_value(text: str) -> object:
    """Read `text` as a TOML value; what is none, as in a path or a name, is a string."""
    try:
        parsed: object = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return parsed["value"] if isinstance(parsed, dict) and len(parsed) == 1 else text
