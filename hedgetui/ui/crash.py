"""What a crash may say on the terminal: where and what kind, never with which values."""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb


def crash_line(error: BaseException | None) -> str:
    """Return one line: the kind of error and the innermost place of ours, without any value.

    The message of an exception may quote an account or a password, so it stays out.
    """
    if error is None:
        return "hedgetui: the screen failed. The engine's journal is complete; start again."
    frames = extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "hedgetui" in frame.filename] or list(frames)
    where = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return (
        f"hedgetui: the screen failed ({type(error).__name__}{where}). "
        "What was sent is in the journal; start again and reconcile."
    )
