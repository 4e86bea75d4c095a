"""The settings reference, docs/config.md, made from the models and the packaged file.

Ranges come from the types, defaults and explanations from `config.toml`, so the page cannot
contradict the program; a test compares it with what this module writes.
"""

from __future__ import annotations

import tomllib
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt

from hedgetui.config.accounts import KeySettings
from hedgetui.config.fields import Section
from hedgetui.config.model import LEVELS, PROFILE_TABLES, SECTIONS, ConnectionSettings
from hedgetui.config.paths import packaged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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
_BETAS = """
## [balance.betas]

Betas to the index that are not measured, by underlying in capitals: `NVDA = 1.8`, a number from -20
to 20. A symbol with a dot is quoted: `"BRK.B" = 0.9`.
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
        if name == "balance":
            parts.append(_BETAS)
        parts += [_levels(path, notes) for path in LEVELS if path[0] == name]
    for profile, table in values["profile"].items():
        if "host" not in table:  # the simulator's: it has no broker to reach
            parts += [f"\n## [profile.{profile}]\n", _overrides(profile, table)]
            continue
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
        if not isinstance(values[key], dict)
    ]
    head = ["", f"## [{name}]", "", "| key | default | may be | does |", "|---|---|---|---|"]
    return "\n".join([*head, *rows, ""])


_PLAIN = {bool: "`true`, `false`", str: "text"}
_LISTS: dict[object, str] = {int: "list of whole numbers", KeySettings: "list of tables"}
_NAMED = {
    "account": "The hedge account, as in PSHAOTCHMS.",
    "contract": "The future: ZC 202512, ZCZ25 or ZCEZ25.",
}


def _levels(path: tuple[str, ...], notes: Mapping[tuple[str, str], str]) -> str:
    """Return the tables of a section that override it for one exchange or one key."""
    section, kind = path
    listed = kind == "keys"
    title = f"[[{section}.{kind}]]" if listed else f"[{section}.{kind}.CBOT]"
    head = ["", f"## {title}", "", "| key | default | may be | does |", "|---|---|---|---|"]
    fields = LEVELS[path].model_fields
    names = sorted(fields, key=lambda key: key not in _NAMED)
    rows = [
        f"| `{key}` | {'needed' if key in _NAMED else 'the wider value'} | "
        f"{_allowed(fields[key])} | {_NAMED.get(key) or notes[section, key]} |"
        for key in names
    ]
    return "\n".join([*head, *rows, ""])


def _overrides(profile: str, table: Mapping[str, object]) -> str:
    """Return the sections the packaged file overrides for one profile."""
    lines = [
        f"`[profile.{profile}.{section}]`: "
        + ", ".join(f"`{key} = {_toml(value)}`" for key, value in values.items())
        for section, values in _plain_tables(table)
        if section.partition(".")[0] in SECTIONS
    ]
    return "\nOverrides shipped: " + "; ".join(lines) + ".\n"


def _plain_tables(
    table: Mapping[str, object], above: str = ""
) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield name and values of every table below one that has values of its own."""
    for name, values in table.items():
        if isinstance(values, dict):
            yield from _plain_tables(values, f"{above}{name}.")
            own = {key: value for key, value in values.items() if not isinstance(value, dict)}
            if own:
                yield f"{above}{name}", own


def _allowed(field: FieldInfo) -> str:
    """Say in a few words what a key may hold."""
    return _words(field.annotation, field.metadata)


def _words(kind: Any, limits: Iterable[object]) -> str:  # noqa: ANN401 - a type of any form
    if get_origin(kind) in {Union, UnionType}:
        return _words(get_args(kind)[0], ())
    if get_origin(kind) is Annotated:
        kind, *more = get_args(kind)
        return _words(kind, [one for item in more for one in getattr(item, "metadata", [item])])
    if get_origin(kind) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(kind))
    if get_origin(kind) is tuple:
        return _LISTS.get(_item_of(kind), "list of text")
    if kind not in {int, float}:
        return _PLAIN.get(kind, "time with zone")
    bounds = [_bound(limit) for limit in limits]
    return " ".join(["whole number" if kind is int else "number", *filter(None, bounds)])


def _item_of(kind: Any) -> object:  # noqa: ANN401 - the same
    item = get_args(kind)[0]
    return get_args(item)[0] if get_origin(item) is Annotated else item


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
