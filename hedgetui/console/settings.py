"""How console verbs find the configuration and the files of the profile in force."""

from __future__ import annotations

import argparse
from pathlib import Path

from hedgetui import config
from hedgetui.domain.errors import UsageError


def loaded(options: argparse.Namespace) -> config.Loaded:
    """Read the configuration with the command line's flags on top.

    Raises:
        ConfigError: a key or a value cannot be used.
    """
    flags: dict[str, object] = {}
    for name, key in (("profile", "general.profile"), ("seed", "simulator.seed")):
        if (value := getattr(options, name, None)) is not None:
            flags[key] = value
    return config.load(flags=flags, config_file=named_file(options, "config"))


def named_file(options: argparse.Namespace, name: str) -> Path | None:
    """Return the file a path option names, absolute; None when the option was not given.

    Raises:
        UsageError: the text is no path, or a folder.
    """
    text = getattr(options, name, None)
    if text is None:
        return None
    try:
        file = Path(text).expanduser().absolute()
    except RuntimeError:  # `~somebody` without a home
        file = None
    if not text or file is None or file.is_dir():
        message = f"--{name} {text!r} does not name a file"
        raise UsageError(message)
    return file


def journal_path(options: argparse.Namespace) -> Path:
    """Return the journal a verb is about: `--db`, else the profile's own."""
    return named_file(options, "db") or loaded(options).paths.journal


def socket_path(options: argparse.Namespace, paths: config.Paths) -> Path:
    """Return the control socket of the desk on a journal: beside a `--db`, else the profile's."""
    db = named_file(options, "db")
    return db.with_suffix(".sock") if db else paths.socket
