"""The screen on a real terminal: it starts, tells the truth, obeys the socket and ends by a key."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from contextlib import contextmanager

import pyte
import pytest


class Terminal:
    """A program on a pseudo terminal, and the picture it paints."""

    def __init__(self, columns, rows, *words, behind_a_shell=False):
        self.picture = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.picture)
        self.raw = b""
        self.pid, self.file = pty.fork()
        program = [sys.executable, "-m", "hedgetui", *words]
        if self.pid == 0 and behind_a_shell:
            os.execv("/bin/sh", ["sh", "-c", '"$@"; exit $?', "sh", *program])  # noqa: S606
        if self.pid == 0:
            os.execv(sys.executable, program)  # noqa: S606
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, size)

    @property
    def text(self):
        return "\n".join(self.picture.display)

    def read(self, seconds):
        ready, _, _ = select.select([self.file], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.file, 65_536)
        except OSError:
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def until(self, seen, seconds=30.0):
        """Read until `seen(text)`, or fail with the picture."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if seen(self.text):
                return
            if not self.read(0.2):
                break
        assert seen(self.text), self.text

    def press(self, keys):
        os.write(self.file, keys)

    def end(self, seconds=20.0):
        """Read to the end and return the exit code."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.read(0.2):
            pass
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)


@contextmanager
def terminal(columns, rows, *words):
    it = Terminal(columns, rows, *words)
    try:
        yield it
    finally:
        if it.pid:
            os.kill(it.pid, signal.SIGKILL)
            os.waitpid(it.pid, 0)
        os.close(it.file)


def quit_by_key(screen):
    screen.press(b"q")
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline and screen.read(0.2):
        pass
    screen.press(b"y")
    return screen.end()


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (20, 5)])
def test_it_starts_tells_the_truth_and_quits_by_key(columns, rows):
    with terminal(columns, rows, "demo") as screen:
        screen.until(lambda text: "SIM" in text)
        assert quit_by_key(screen) == 0
        assert b"Traceback" not in screen.raw


def test_the_socket_of_the_screen(hedgetui, tmp_path):
    with terminal(100, 30) as screen:
        screen.until(lambda text: "SIM" in text)
        sockets = []
        deadline = time.monotonic() + 20
        while not sockets and time.monotonic() < deadline:
            screen.read(0.1)
            sockets = list((tmp_path / "xdg" / "run").rglob("sim.sock"))
        assert hedgetui("freeze", "--why", "lunch").code == 0
        screen.until(lambda text: "FROZEN" in text)
        assert hedgetui("vega", "scan", "--json").code == 0
        second = hedgetui("run", "--headless", "--db", tmp_path / "xdg/state/hedgetui/sim.db")
        assert second.code == 1
        assert f"process {screen.pid}" in second.err
        assert hedgetui("unfreeze").code == 0
        screen.until(lambda text: "Released" in text)
        os.kill(screen.pid, signal.SIGTERM)
        assert screen.end() == 0
    assert hedgetui("journal", "verify").code == 0
    assert "EngineStopped" in hedgetui("journal", "tail", "-n", 1).out


def test_a_second_screen_names_the_first():
    with terminal(80, 24) as first:
        first.until(lambda text: "SIM" in text)
        with terminal(80, 24) as second:
            assert second.end() == 1
            assert f"process {first.pid}" in second.text
        os.kill(first.pid, signal.SIGHUP)
        assert first.end() == 0


def test_a_terminal_that_goes_without_a_word_ends_the_console():
    """The shell between takes the signal; the console neither hangs on its output nor spins."""
    life, held = os.pipe()
    os.set_inheritable(held, True)
    it = Terminal(100, 30, "demo", behind_a_shell=True)
    os.close(held)
    try:
        it.until(lambda text: "Vega" in text and "SIM" in text)
        os.close(it.file)
        ready, _, _ = select.select([life], [], [], 45.0)
        assert ready, "the console lives on without its terminal"
        assert os.read(life, 1) == b""
    finally:
        os.close(life)
        os.waitpid(it.pid, 0)
