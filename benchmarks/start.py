"""How long a trader waits: for `--help`, and for the first picture of the console.

Both are measured warm and beside what cannot be faster in the same interpreter, turn by turn:
a bare start that parses no arguments, and a Textual app with one word on it. The first picture is
what the terminal has received, not what the program believes it has drawn.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from time import perf_counter

import report
from pty_probe import ROOT, Probe, hedgetui, private_folders

BARE = (sys.executable, "-c", "import argparse; argparse.ArgumentParser().parse_args([])")
HELLO_WORD = b"hello-textual"
HELLO = f"""
from textual.app import App
from textual.widgets import Static
class Hello(App):
    def compose(self):
        yield Static({HELLO_WORD.decode()!r})
Hello().run()
"""
READY = b"MES"
"""On the first picture of the console, and in no answer to a terminal's question."""
HELP_GOAL_MS, PAINT_GOAL_MS = 150.0, 1_500.0


def exit_ms(command: list[str]) -> float:
    """Return how long a command runs, in milliseconds.

    Raises:
        CalledProcessError: it failed.
    """
    with private_folders() as environment:
        environment["PYTHONPATH"] = str(ROOT)
        began = perf_counter()
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=environment)
        return 1e3 * (perf_counter() - began)


def paint_ms(command: list[str], word: bytes) -> float:
    """Return how long it takes until `word` has reached the terminal, in milliseconds."""
    with private_folders() as environment, Probe(command, environment=environment) as probe:
        probe.wait_for(word, 30.0)
        return 1e3 * probe.age


def main() -> int:
    """Print one table and the goals; exit 1 if one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="starts of each kind")
    rounds = parser.parse_args().rounds
    hello_command = [sys.executable, "-c", HELLO]
    times: dict[str, list[float]] = {"help": [], "bare": [], "demo": [], "hello": []}
    for turn in range(rounds + 1):
        round_ms = {
            "help": exit_ms(hedgetui("--help")),
            "bare": exit_ms(list(BARE)),
            "demo": paint_ms(hedgetui("demo"), READY),
            "hello": paint_ms(hello_command, HELLO_WORD),
        }
        if turn:  # the first one warms the disk cache and the byte code
            for name, value in round_ms.items():
                times[name].append(value)
    middle = {name: report.p50(values) for name, values in times.items()}
    rows = [
        ("hedgetui --help", middle["help"], middle["help"] / middle["bare"]),
        ("bare interpreter + argparse", middle["bare"], 1.0),
        ("hedgetui demo, first picture", middle["demo"], middle["demo"] / middle["hello"]),
        ("Textual hello, first picture", middle["hello"], 1.0),
    ]
    lines = [(name, f"{value:.0f}", f"{ratio:.2f}") for name, value, ratio in rows]
    print(report.table(("start, warm", "p50 ms", "ratio"), lines))
    print(report.machine())
    return report.verdict(
        [
            report.Goal("--help", middle["help"], HELP_GOAL_MS, "ms"),
            report.Goal("first picture", middle["demo"], PAINT_GOAL_MS, "ms"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
