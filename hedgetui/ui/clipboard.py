"""Ways to the clipboard, from the surest to the last resort, and the words for which one worked.

Over SSH and tmux most ways fail in silence: tmux swallows OSC 52 unless told otherwise, yet takes
`load-buffer -w` since 3.2. The ladder is the user's own command, tmux, OSC 52 where the terminal is
not inside tmux or screen, and at last a file.
"""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

TIMEOUT_S = 2.0


async def copy(
    text: str,
    *,
    command: str,
    folder: str,
    osc52: Callable[[str], None],
    environment: Mapping[str, str],
) -> str:
    """Copy `text` and return how: `tmux buffer`, `terminal (OSC 52)`, a file's path, or "" if not.

    `osc52` writes the escape sequence; it is never used inside tmux or GNU screen, which lose it.
    """
    if command and await _pipe(shlex.split(command), text):
        return command
    if environment.get("TMUX") and await _pipe(["tmux", "load-buffer", "-w", "-"], text):
        return "tmux buffer"
    if not environment.get("TMUX") and not environment.get("TERM", "").startswith("screen"):
        osc52(text)
        return "terminal (OSC 52)"
    return write_private(folder, "clipboard.txt", text)


def write_private(folder: str, name: str, text: str) -> str:
    """Write a file that only its owner reads; return its path, or "" when it cannot be written."""
    if not folder:
        return ""
    path = Path(folder) / name
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as handle:
            handle.write(text)
    except OSError:
        return ""
    return str(path)


async def _pipe(arguments: list[str], text: str) -> bool:
    """Give `text` to a program; tell whether it took it."""
    try:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return False
    try:
        await asyncio.wait_for(process.communicate(text.encode()), TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        return False
    return process.returncode == 0
