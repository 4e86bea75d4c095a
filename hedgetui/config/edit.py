"""Writing a first settings file, and showing the one in force.

A user's file holds only what the user changed: a copy of every default would freeze today's
defaults for ever. So the template keeps every comment and leaves every value commented out, and
`show` prints the complete picture, with account numbers masked, because it ends up in bug reports.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import tomlkit
from tomlkit.items import Item, Table

from hedgetui.config.model import PROFILE_TABLES, SECTIONS
from hedgetui.config.paths import PRIVATE_DIRECTORY, packaged
from hedgetui.domain.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hedgetui.config.load import Loaded

_VALUE = re.compile(r"^(?=[\w\"])", re.MULTILINE)
_ACCOUNT = re.compile(r"\b([A-Z]{0,3})\d{2,}(\d{4})\b")


def template() -> str:
    """Return the packaged file with every value commented out: valid TOML that changes nothing."""
    return _VALUE.sub("# ", packaged("config.toml").read_text(encoding="utf-8"))


def init(file: Path) -> None:
    """Write the template to `file`, readable by its owner only.

    Raises `ConfigError` when the file exists (it is never overwritten) or cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        file.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        with os.fdopen(os.open(file, flags, 0o600), "w", encoding="utf-8") as stream:
            stream.write(template())
    except FileExistsError as error:
        taken = file if os.path.lexists(file) else file.parent
        raise ConfigError(f"{taken} exists and stays as it is", hint="edit it") from error
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}", hint="choose another --config") from error


def show(loaded: Loaded) -> str:
    """Return the settings in force as commented TOML, with a note on each value not packaged."""
    document = tomlkit.parse(packaged("config.toml").read_text(encoding="utf-8"))
    tree = as_tree(loaded)
    _fill(document["keys"], tree["keys"])
    for section in SECTIONS:
        _fill(document[section], tree[section], loaded.origins, f"{section}.")
    profile = loaded.settings.general.profile
    profiles = document.pop("profile")
    if loaded.settings.connection is not None:
        table = profiles[profile]
        for override in SECTIONS:
            table.pop(override, None)
        _fill(table, tree["connection"], loaded.origins, f"profile.{profile}.")
        for name in PROFILE_TABLES:
            _fill(table[name], tree[name], loaded.origins, f"profile.{profile}.{name}.")
        document["profile"] = {profile: table}
    return tomlkit.dumps(document)


def as_tree(loaded: Loaded) -> dict[str, dict[str, object]]:
    """Return the settings in force as plain values, account numbers masked (`config show --json`).

    `connection` and `mt5` are tables of the profile in force; the simulator has none.
    """
    tree = loaded.settings.model_dump(mode="json", exclude_none=True)
    if login := tree.get("mt5", {}).get("login"):
        tree["mt5"]["login"] = _masked(login)
    return {
        section: {key: redacted(value) for key, value in values.items()}
        for section, values in tree.items()
    }


def redacted(value: object) -> object:
    """Mask every account number in a text: `U7654321` becomes `U•••4321`."""
    return _ACCOUNT.sub(r"\1•••\2", value) if isinstance(value, str) else value


def _masked(login: int) -> str:
    """Return the end of an MT5 account number."""
    return f"•••{str(login)[-4:]}"


def _fill(
    table: object,
    values: Mapping[str, object],
    origins: Mapping[str, str] | None = None,
    prefix: str = "",
) -> None:
    """Write `values` into a parsed table in place; its comments and order stay."""
    if not isinstance(table, Table):
        raise TypeError(f"{prefix} is not a table of the packaged file")
    for key, value in values.items():
        if isinstance(value, dict) and isinstance(table.get(key), Table):
            _fill(table[key], value, origins, f"{prefix}{key}.")
            continue
        item = _item(value)
        if origin := (origins or {}).get(f"{prefix}{key}"):
            item.comment(f"from {origin}")
        table[key] = item


def _item(value: object) -> Item:
    """Return a value as TOML writes it in one place: tables are kept on their line."""
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        table.update(value)
        return table
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        array = tomlkit.array()
        array.extend(_item(one) for one in value)
        return array.multiline(multiline=True)
    return tomlkit.item(value)
