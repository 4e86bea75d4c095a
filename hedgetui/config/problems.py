"""What is wrong with a setting, in the user's own terms.

Pydantic speaks of models and fields; a trader has a file, a line and a key. This module translates,
and always names the nearest valid key or value, because most problems are typing errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from hedgetui.config.model import (
    LEVELS,
    PROFILE_TABLES,
    PROFILES_WITH_BROKER,
    SECTIONS,
    ConnectionSettings,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from hedgetui.config.layers import Entry, KeyPath
    from hedgetui.config.model import Profile


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason to refuse the configuration."""

    origin: str
    """`FILE:LINE`, an environment variable's name or a flag."""
    key: str
    """The key as the user would write it."""
    value: str
    """What was written, shortened."""
    reason: str
    """What is wrong with it and what would be right."""

    def __str__(self) -> str:
        """Return the line shown to the user, free of characters that steer a terminal."""
        line = f"{self.origin}: {self.key} = {self.value}: {self.reason}"
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def sift(entries: Iterable[Entry]) -> tuple[list[Entry], list[Problem]]:
    """Part entries that have a place in the settings from those refused whatever they hold."""
    kept: list[Entry] = []
    problems: list[Problem] = []
    for entry in entries:
        if reason := _misplaced(entry.path, secret=entry.names_a_secret):
            shown = "•••" if entry.names_a_secret else _shown(entry.value)
            problems.append(Problem(entry.origin, entry.written, shown, reason))
        else:
            kept.append(entry)
    return kept, problems


def explain(error: ValidationError, entries: Sequence[Entry], profile: Profile) -> list[Problem]:
    """Translate a validation error into problems with the source of each value."""
    return [_problem(detail, entries, profile) for detail in error.errors(include_url=False)]


def _misplaced(path: KeyPath, *, secret: bool) -> str:
    """Say why nothing may be written at `path`; an empty answer means it may."""
    within = path[2:] if path[0] == "profile" else path
    if secret:
        return "a secret is never a setting; keep it in a key file that only you can read"
    if path[0] == "profile" and (len(path) < 3 or path[1] not in PROFILES_WITH_BROKER):
        name = _nearest(path[1] if len(path) > 1 else "", PROFILES_WITH_BROKER)
        return f"no such profile table; nearest valid key: profile.{name}"
    if path[0] in PROFILE_TABLES:
        key = ".".join((*path[:1], _nearest(path[-1], PROFILE_TABLES[path[0]].model_fields)))
        return f"belongs to a profile; nearest valid key: profile.{PROFILES_WITH_BROKER[0]}.{key}"
    if len(within) == 1 and within[0] in {*SECTIONS, *PROFILE_TABLES, "keys"}:
        return f"must be a table, as in [{'.'.join(path)}]"
    return ""


def _problem(detail: ErrorDetails, entries: Sequence[Entry], profile: Profile) -> Problem:
    """Translate one of pydantic's findings."""
    path = tuple(str(part) for part in detail["loc"])
    reason = _reason(detail)
    entry = _located(path, entries, reason)
    if detail["type"] == "extra_forbidden":
        reason = f"unknown key; nearest valid key: {_nearest_key(entry.path, profile)}"
    return _problem_of(entry, reason)


def wrong_at(path: KeyPath, reason: str, entries: Sequence[Entry]) -> Problem:
    """Return what is wrong with the value at `path`, found once every value was read."""
    return _problem_of(_located(path, entries, reason), reason)


def _problem_of(entry: Entry, reason: str) -> Problem:
    value = "•••" if entry.names_a_secret else _shown(entry.value)
    return Problem(entry.origin, entry.written, value, reason)


def _located(path: KeyPath, entries: Sequence[Entry], reason: str) -> Entry:
    """Return the entry at `path`; within a list of tables the one value that is meant."""
    entry = _source(path, entries, reason)
    inside = path[len(entry.path) :]
    if inside and inside[0].isdigit() and _is_tables(entry.value):
        return entry.part(inside)
    return entry


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _source(path: KeyPath, entries: Sequence[Entry], reason: str) -> Entry:
    """Return the strongest entry at `path`; for a whole table, the one its `reason` speaks of.

    A finding inside a list is shown with the list, since that is what somebody wrote.
    """
    below = [entry for entry in entries if entry.path[: len(path)] == path]
    if not below:
        return _source(path[:-1], entries, reason)
    spoken_of = [entry for entry in below if entry.path[-1] in reason.split()]
    return (spoken_of or below)[-1]


def _reason(detail: ErrorDetails) -> str:
    """Say what is wrong and what would be right."""
    match detail["type"]:
        case "literal_error":
            expected = str(detail.get("ctx", {}).get("expected", ""))
            choices = [part.strip("' ") for part in expected.replace(" or ", ",").split(",")]
            return f"must be {expected}; nearest: {_nearest(str(detail['input']), choices)}"
        case "missing":
            return f"{detail['loc'][-1]} is missing"
        case "value_error":
            return detail["msg"].removeprefix("Value error, ")
        case _:
            return detail["msg"][:1].lower() + detail["msg"][1:]


def _nearest_key(path: KeyPath, profile: Profile) -> str:
    """Return the valid key most like `path`, preferring its own section.

    A key that exists elsewhere under exactly this name is taken from there: it was right, only
    written into the wrong table.
    """
    section, key = path[0], path[-1]
    if (table := path[:2]) in LEVELS:
        place = f"[{path[2]}]" if path[2].isdigit() else f".{path[2]}"
        fields = LEVELS[table].model_fields
        return f"{'.'.join(table)}{place}.{_nearest(key, fields)}"
    if section == "connection":
        known = [*ConnectionSettings.model_fields, *PROFILE_TABLES, *SECTIONS]
        return f"profile.{profile}.{_nearest(key, known)}"
    if section in PROFILE_TABLES:
        fields = PROFILE_TABLES[section].model_fields
        return f"profile.{profile}.{section}.{_nearest(key, fields)}"
    elsewhere = _homes(key)
    if section not in SECTIONS and (home := _homes(section)):
        return f"{home[0]}.{section}"  # a key that was written as a table
    if section not in SECTIONS:
        section = _nearest(section, elsewhere or [*SECTIONS, "keys", "profile"])
    if section not in SECTIONS:
        return section
    own = SECTIONS[section].model_fields
    if key not in own and elsewhere:
        return f"{elsewhere[0]}.{key}"
    return f"{section}.{_nearest(key, own)}"


def _homes(key: str) -> list[str]:
    """Return the sections that have a key of this name."""
    return [name for name, model in SECTIONS.items() if key in model.model_fields]


def _nearest(name: str, valid: Iterable[str]) -> str:
    """Return the most similar of `valid` (never empty), however far it is."""
    names = list(valid)
    return (get_close_matches(name, names, n=1, cutoff=0.0) or names)[0]


def _shown(value: object, limit: int = 60) -> str:
    """Return a value on one line, cut to `limit` characters; a table by the keys it has."""
    text = f"{{{', '.join(value)}}}" if isinstance(value, dict) else repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
