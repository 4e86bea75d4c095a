"""Start a full-screen program on a real terminal and wait for words to appear on it.

Unit tests run the screens without a terminal; only a terminal shows whether the program starts, on
the machine it is built on, the way a trader starts it. tmux is used when it is there, because it
keeps a true screen; otherwise a pseudo-terminal, reading what was written to it.

    first_screen.py PROGRAM WORD...
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time

COLUMNS, ROWS = 120, 36
PATIENCE_S = 30.0
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def main(program: str, words: list[str]) -> int:
    """Return 0 when every word came to the screen in time; print the screen otherwise."""
    screen = (_in_tmux if shutil.which("tmux") else _in_pty)(program, words)
    missing = [word for word in words if word not in screen]
    if missing:
        sys.stderr.write(f"{screen}\nfirst screen: missing {', '.join(missing)}\n")
        return 1
    sys.stdout.write(f"first screen: shows {', '.join(words)}\n")
    return 0


def _in_tmux(program: str, words: list[str]) -> str:
    """Return tmux's picture of the program's screen, as soon as it shows every word."""
    tmux = [shutil.which("tmux") or "tmux", "-L", f"hedgetui-ci-{os.getpid()}", "-f", os.devnull]
    size = ["-x", str(COLUMNS), "-y", str(ROWS)]
    subprocess.run([*tmux, "new-session", "-d", *size, program], check=True)
    screen = ""
    try:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and not all(word in screen for word in words):
            time.sleep(0.2)
            shown = subprocess.run(
                [*tmux, "capture-pane", "-p"],
                check=False,
                capture_output=True,
                text=True,
            )
            screen = shown.stdout or screen
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, capture_output=True)
    return screen


def _in_pty(program: str, words: list[str]) -> str:
    """Return what the program wrote to a pseudo-terminal, escape sequences removed."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(program, [program])  # noqa: S606  the program under test, named by the caller
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    os.kill(child, signal.SIGWINCH)
    written = b""
    try:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.2)[0]:
                written += os.read(terminal, 65_536)
            screen = _ESCAPE.sub("", written.decode("utf-8", "replace"))
            if all(word in screen for word in words):
                break
    except OSError:  # Linux's way of saying that the program has ended
        screen = _ESCAPE.sub("", written.decode("utf-8", "replace"))
    finally:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
        os.close(terminal)
    return screen


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
