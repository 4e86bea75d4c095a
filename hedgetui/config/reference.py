"""The settings reference, docs/config.md, made from the models and the packaged file.

Ranges come from the types, defaults and explanations from `config.toml`, so the page cannot
contradict the program; a test compares it with what this module writes.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt

from hedgetui.config.fields import Section
from hedgetui.config.model import PROFILE_TABLES, SECTIONS, ConnectionSettings
from hedgetui.config.paths import packaged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo

_HEAD = """# Settings

Generated from the program by `python -m hedgetui.config.reference > docs/config.md`.

Stronger first: command-line flags, `HEDGETUI_SECTION__KEY` in the environment (as in
`HEDGETUI_VEGA__MAX_DELTA=12`), your file, the packaged defaults below. Your file is `--config`,
else `$HEDGETUI_CONFIG`, else `$XDG_CONFIG_HOME/hedgetui/config.toml`; the current folder is never
read. `hedgetui config init` writes a commented file that changes nothing,
`hedgetui config validate` checks it, `hedgetui config show` prints what is in force and who set it.

An unknown key, a value out of range, `nan`, `inf`, or a key that asks for a password, a token or a
secret is refused with the file, the line and the nearest valid key; `token_file` names a file, and
a key written there itself is refused too. `[profile.paper]` and `[profile.live]` say where that
profile's broker is, `[profile.paper.mt5]` and `[profile.live.mt5]` where its MT5 terminal is; any
section can be overridden for one profile, as in `[profile.live.vega]`, and such a value is stronger
than the section's own. A settings file that others can read or change is refused when the profile
is live.
"""
_KEYS = """
## [keys]

Rebinds actions by id: `"trade.hedge" = "f5"`. docs/keys.md lists every id. Actions that can reach a
broker take capitals or function keys only, and no two actions that are active together may share a
key.
"""


def settings_markdown() -> str:
    """Return docs/config.md."""
    text = packaged("config.toml").read_text(encoding="utf-8")
    values = tomllib.loads(text)
    notes = _notes(text)
    parts = [_HEAD]
    for name, model in SECTIONS.items():
        parts.append(_table(name, model, values[name], notes))
        if name == "ui":
            parts.append(_KEYS)
    for profile, table in values["profile"].items():
        parts.append(_table(f"profile.{profile}", ConnectionSettings, table, notes))
        parts.append(_overrides(profile, table))
        for kind, model in PROFILE_TABLES.items():
            parts.append(_table(f"profile.{profile}.{kind}", model, table[kind], notes))
    return "".join(parts)


def _notes(text: str) -> dict[tuple[str, str], str]:
    """Return the comment that stands above each key, by table and key."""
    found: dict[tuple[str, str], str] = {}
    table, comment = "", []
    for line in text.splitlines():
        if line.startswith("# "):
            comment.append(line[2:])
            continue
        if line.startswith("["):
            table = line.strip("[]")
        elif "=" in line:
            found[table, line.partition("=")[0].strip()] = " ".join(comment)
        comment = []
    return found


def _table(
    name: str,
    model: type[Section],
    values: Mapping[str, object],
    notes: Mapping[tuple[str, str], str],
) -> str:
    """Return one section: every key with its default, what it may be and what it does."""
    rows = [
        f"| `{key}` | `{_toml(values[key])}` | {_allowed(field)} | {notes[name, key]} |"
        for key, field in model.model_fields.items()
    ]
    head = ["", f"## [{name}]", "", "| key | default | may be | does |", "|---|---|---|---|"]
    return "\n".join([*head, *rows, ""])


def _overrides(profile: str, table: Mapping[str, object]) -> str:
    """Return the sections the packaged file overrides for one profile."""
    lines = [
        f"`[profile.{profile}.{section}]`: "
        + ", ".join(f"`{key} = {_toml(value)}`" for key, value in values.items())
        for section, values in table.items()
        if isinstance(values, dict) and section in SECTIONS
    ]
    return "\nOverrides shipped: " + "; ".join(lines) + ".\n"


def _allowed(field: FieldInfo) -> str:
    """Say in a few words what a key may hold."""
    kind = field.annotation
    if get_origin(kind) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(kind))
    if kind is bool:
        return "`true`, `false`"
    if get_origin(kind) is tuple:
        item = get_args(get_args(kind)[0])[0]
        return "list of whole numbers" if item is int else "list of text"
    if kind not in {int, float}:
        return "text" if kind is str else "time with zone"
    bounds = [_bound(limit) for limit in field.metadata]
    return " ".join(["whole number" if kind is int else "number", *filter(None, bounds)])


def _bound(limit: object) -> str:
    """Return one limit of a number as words."""
    match limit:
        case Ge(ge=low):
            return f"from {low:,}"
        case Gt(gt=low):
            return f"above {low:,}"
        case Le(le=high):
            return f"to {high:,}"
        case Lt(lt=high):
            return f"below {high:,}"
        case _:
            return ""


def _toml(value: object) -> str:
    """Return a plain value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


if __name__ == "__main__":
    import sys

    sys.stdout.write(settings_markdown())
