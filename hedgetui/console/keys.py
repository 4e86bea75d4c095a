"""`hedgetui keys`: every key of the console, from the registry that binds them."""

from __future__ import annotations

import argparse

from hedgetui.console import output


def run(options: argparse.Namespace) -> int:
    """Print the keys as a Markdown table, or as JSON."""
    from hedgetui.ui.actions import ACTIONS, keys_markdown  # noqa: PLC0415 - loads the screen

    if output.wants_json(options):
        output.print_json([{"id": a.id, "keys": a.keys, "title": a.title} for a in ACTIONS])
    else:
        output.print_lines(keys_markdown().splitlines())
    return 0
