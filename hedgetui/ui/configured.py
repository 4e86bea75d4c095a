"""The screen's settings out of the configuration, with what depends on the terminal resolved."""

from __future__ import annotations

import os
import sys
import tomllib

from hedgetui import config
from hedgetui.ui.settings import UiSettings


def ui_settings(loaded: config.Loaded) -> UiSettings:
    """Translate `[ui]` and `[keys]` for the screen, resolving what depends on the terminal."""
    ui = loaded.settings.ui
    remote = "SSH_CONNECTION" in os.environ
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    icons = "ascii" if ui.ascii or not utf8 else ui.icons
    if icons == "auto":
        icons = "unicode" if remote or "TMUX" in os.environ else "emoji"
    themes = sorted(config.packaged("themes").glob("*.toml"))
    return UiSettings(
        fps=ui.fps,
        theme=ui.theme,
        icons=icons,
        log_rows=ui.log_rows,
        mouse=ui.mouse == "on" or (ui.mouse == "auto" and not remote),
        bell=ui.bell,
        keys=dict(loaded.settings.keys),
        time_zone=str(ui.time_zone),
        themes=tuple(tomllib.loads(file.read_text("utf-8")) for file in themes),
        clipboard_command=ui.clipboard_command,
        clock=ui.clock,
        state_folder=str(loaded.paths.state),
    )
