"""`hedgetui config …`: write, find, check and show the settings."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from hedgetui.config import edit
from hedgetui.config.paths import user_config
from hedgetui.console import output
from hedgetui.console.settings import loaded


def _file(options: argparse.Namespace) -> Path:
    named = getattr(options, "config", None) or os.environ.get("HEDGETUI_CONFIG")
    return Path(named).expanduser() if named else user_config(os.environ)


def init(options: argparse.Namespace) -> int:
    """Write the commented template; an existing file is never touched."""
    file = _file(options)
    edit.init(file)
    if output.wants_json(options):
        output.print_json({"written": str(file)})
    else:
        output.say(f"wrote {file}: every setting with its default, commented out")
        output.print_lines([str(file)])
    return 0


def path(options: argparse.Namespace) -> int:
    """Print which file is read; it need not exist."""
    file = _file(options)
    if output.wants_json(options):
        output.print_json({"path": str(file), "exists": file.exists()})
    else:
        output.print_lines([str(file)])
        if not file.exists():
            output.say("not there: the packaged defaults are in force; `config init` writes it")
    return 0


def validate(options: argparse.Namespace) -> int:
    """Check every key of every layer; an error lists all problems at once."""
    found = loaded(options)
    source = str(found.file) if found.file else "packaged defaults"
    if output.wants_json(options):
        document = {"ok": True, "file": source, "profile": found.settings.general.profile}
        output.print_json(document)
    else:
        output.print_lines([f"ok: {source}, profile {found.settings.general.profile}"])
    return 0


def show(options: argparse.Namespace) -> int:
    """Print the settings in force, account numbers masked, with where each came from."""
    found = loaded(options)
    if output.wants_json(options):
        output.print_json(edit.as_tree(found))
    else:
        output.print_lines(edit.show(found).splitlines())
    return 0
