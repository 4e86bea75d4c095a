"""How console verbs find the configuration and the files of the profile in force."""

from __future__ import annotations

import argparse
from pathlib import Path

from hedgetui import config


def loaded(options: argparse.Namespace) -> config.Loaded:
    """Read the configuration with the command line's flags on top.

    Raises:
        ConfigError: a key or a value cannot be used.
    """
    flags: dict[str, object] = {}
    for name, key in (("profile", "general.profile"), ("seed", "simulator.seed")):
        if (value := getattr(options, name, None)) is not None:
            flags[key] = value
    file = getattr(options, "config", None)
    return config.load(flags=flags, config_file=Path(file).expanduser() if file else None)


def journal_path(options: argparse.Namespace) -> Path:
    """Return the journal a verb is about: `--db`, else the profile's own."""
    named = getattr(options, "db", None)
    return Path(named).expanduser() if named else loaded(options).paths.journal
