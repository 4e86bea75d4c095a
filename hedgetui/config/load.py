"""From files, environment and flags to one immutable `Settings`, or to every reason why not.

Stronger first: flags, `HEDGETUI_SECTION__KEY`, the user's file, the packaged file. Nothing is ever
read from the current folder. All problems are reported at once, each with its source, its key, its
value and the nearest valid name, because a trader who mends a file wants to mend it once. Profiles
that are not in use are checked too: the day one switches to live is the wrong day to find a typo.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from pydantic import ValidationError

from hedgetui.config import layers
from hedgetui.config.accounts import findings
from hedgetui.config.model import PROFILES_WITH_BROKER, Profile, Settings
from hedgetui.config.paths import Paths, locate, packaged, user_config
from hedgetui.config.problems import Problem, explain, sift, wrong_at
from hedgetui.domain.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hedgetui.config.layers import Entry, KeyPath

_HINT = "hedgetui config validate lists every problem; docs/config.md lists every key"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings in force and where they came from."""

    settings: Settings
    paths: Paths
    """The files of the profile in force."""
    file: Path | None
    """The user's file that was read; None when there is none."""
    origins: Mapping[str, str]
    """For each key that was not left to the packaged file: who set it."""
    scan: bool = True
    """Rank strangles as soon as the broker answers."""

    def momentary(
        self, *, tails: bool = False, portfolio: bool = False, scan: bool = True
    ) -> Loaded:
        """Return the same for a desk that is open for a moment and begins nothing by itself.

        MT5 trades are left alone, and hedge accounts too unless it is opened for `tails`; then no
        setting lets a rule hedge them. The portfolio is read when it is opened for that, strangles
        are ranked unless it is opened without `scan`.
        """
        dtms = self.settings.dtms.model_copy(update={"enabled": False})
        accounts = self.settings.accounts
        accounts = accounts.by_hand() if tails else accounts.model_copy(update={"enabled": False})
        balance = self.settings.balance
        if not portfolio:
            balance = balance.model_copy(update={"enabled": False})
        changed = {"dtms": dtms, "accounts": accounts, "balance": balance}
        return replace(self, settings=self.settings.model_copy(update=changed), scan=scan)


def load(
    *,
    flags: Mapping[str, object] | None = None,
    config_file: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    """Read the configuration.

    `flags` maps dotted keys to values (`{"general.profile": "paper"}`), `config_file` is
    `--config`, `environ` defaults to the process's. Raises `ConfigError` with every problem found.
    """
    environ = os.environ if environ is None else environ
    file = _user_file(config_file, environ)
    shipped = layers.expand_presets(layers.from_file(packaged("config.toml")))
    own, problems = sift(layers.expand_presets(layers.from_file(file)) if file else [])
    outer, more = sift(
        [
            *layers.expand_presets(layers.from_environment(environ)),
            *layers.expand_presets(layers.from_flags(flags or {})),
        ],
    )
    problems += more
    profile = _chosen_profile([*shipped, *own, *outer])
    settings: Settings | None = None
    for candidate in get_args(Profile):
        entries = _as_seen_by(candidate, shipped, own, outer)
        checked = _validate(candidate, entries)
        if isinstance(checked, Settings):
            settings = checked if candidate == profile else settings
        else:
            problems += checked
    problems += _privacy(profile, file)
    if problems or settings is None:
        raise _refusal(problems)
    return Loaded(
        settings=settings,
        paths=locate(profile, environ, settings.store.directory),
        file=file,
        origins={entry.written: entry.origin for entry in [*own, *outer]},
    )


def _user_file(config_file: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the user's file: the one named, else the XDG one when it exists."""
    if config_file is not None:
        return config_file
    if named := environ.get("HEDGETUI_CONFIG"):
        return Path(named).expanduser()
    default = user_config(environ)
    return default if default.is_file() else None


def _chosen_profile(entries: Sequence[Entry]) -> Profile:
    """Return the strongest `general.profile`; a wrong name is reported by the validation."""
    valid: tuple[Profile, ...] = get_args(Profile)
    named = [entry.value for entry in entries if entry.path == ("general", "profile")]
    return next((name for name in valid if name == named[-1]), "sim")


def _as_seen_by(
    profile: Profile,
    shipped: list[Entry],
    own: list[Entry],
    outer: list[Entry],
) -> list[Entry]:
    """Return all entries for `profile`, weakest first: sections, profile tables, outer sources."""
    sections = [entry for entry in [*shipped, *own] if entry.path[0] != "profile"]
    tables = [entry for entry in [*shipped, *own] if entry.path[0] == "profile"]
    return [
        *sections,
        *layers.for_profile(tables, profile),
        *layers.for_profile(outer, profile),
    ]


def _validate(profile: Profile, entries: list[Entry]) -> Settings | list[Problem]:
    """Build the settings of one profile, or explain what is wrong with them."""
    tree = _nested(entries)
    if profile not in PROFILES_WITH_BROKER:
        tree["connection"] = tree["mt5"] = None
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        return explain(error, entries, profile)
    return [*_unguessed(profile, settings, entries), *_unfit(settings, entries)] or settings


def _unfit(settings: Settings, entries: Sequence[Entry]) -> list[Problem]:
    """Refuse a mode and a threshold of hedge accounts that do not go together."""
    found = findings(settings.accounts)
    return [wrong_at(("accounts", *one.path), one.reason, entries) for one in found]


def _unguessed(profile: Profile, settings: Settings, entries: Sequence[Entry]) -> list[Problem]:
    """Refuse real money on an MT5 account that nobody named."""
    mt5 = settings.mt5
    if profile != "live" or mt5 is None or mt5.backend == "off" or mt5.login:
        return []
    named = [entry for entry in entries if entry.path == ("mt5", "login")][-1]
    reason = 'live never guesses: the login of the account, or backend = "off"'
    return [Problem(named.origin, named.written, "0", reason)]


def _nested(entries: list[Entry]) -> dict[str, object]:
    """Fold entries into a tree, the last one wins; a value never merges with a table."""
    tree: dict[str, object] = {"keys": {}}
    for entry in entries:
        _put(tree, entry.path, entry.value)
    return tree


def _put(tree: dict[str, object], path: KeyPath, value: object) -> None:
    """Store `value` at `path`, replacing whatever stands in the way."""
    for part in path[:-1]:
        below = tree.get(part)
        if not isinstance(below, dict):
            below = tree[part] = {}
        tree = below
    tree[path[-1]] = value


def _privacy(profile: Profile, file: Path | None) -> list[Problem]:
    """Refuse live trading from a file that others can change or read."""
    if profile != "live" or file is None or os.name != "posix":
        return []
    status = file.stat()
    if status.st_uid not in {0, os.geteuid()}:
        return [Problem(str(file), "general.profile", "live", "the file belongs to another user")]
    if stat.S_IMODE(status.st_mode) & 0o077:
        cure = f"others can read or write the file; run: chmod 600 {file}"
        return [Problem(str(file), "general.profile", "live", cure)]
    return []


def _refusal(problems: list[Problem]) -> ConfigError:
    """Return the error that names every problem once, in the order found."""
    lines = dict.fromkeys(str(problem) for problem in problems)
    return ConfigError("\n".join(lines), hint=_HINT)
