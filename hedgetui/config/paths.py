"""Which files belong to hedgetui on this machine, and who may read them.

The XDG folders decide where; each profile has files of its own, so that a rehearsal in the
simulator can never touch the journal of a live account. Everything is private: a journal is created
by SQLite with the process's umask, so the umask is narrowed before the first file is opened.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hedgetui.domain.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

PRIVATE_UMASK = 0o077
PRIVATE_DIRECTORY = 0o700
_PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Paths:
    """The files of one profile. Nothing is created by naming them."""

    profile: str
    """Prefix of every file name: `sim`, `paper` or `live`."""
    state: Path
    """Folder of the journal, the log and the exchange file."""
    runtime: Path
    """Folder of the control socket."""

    @property
    def journal(self) -> Path:
        """The durable journal: intents, orders, fills, decisions."""
        return self.state / f"{self.profile}.db"

    @property
    def log(self) -> Path:
        """Log lines, ticks and samples: a second file, so that they never delay an intent."""
        return self.state / f"{self.profile}-log.db"

    @property
    def exchange(self) -> Path:
        """What the simulated exchange knows, so that it survives a restart as a broker would."""
        return self.state / f"{self.profile}-exchange.jsonl"

    @property
    def mt5(self) -> Path:
        """What the simulated MT5 account knows, kept for the same reason."""
        return self.state / f"{self.profile}-mt5.json"

    @property
    def mt5_token(self) -> Path:
        """Key of the MT5 bridge, where no other file is named; one for all profiles."""
        return self.state / "mt5-bridge.token"

    @property
    def lock(self) -> Path:
        """Held by the one process that may write the journal."""
        return self.state / f"{self.profile}.lock"

    @property
    def socket(self) -> Path:
        """Control socket of the running console."""
        return self.runtime / f"{self.profile}.sock"

    def prepare(self) -> None:
        """Create the folders, readable by their owner only.

        Raises `StoreError` when a folder cannot be made or belongs to someone else.
        """
        for folder in (self.state, self.runtime):
            _make_private(folder)


def locate(profile: str, environ: Mapping[str, str], directory: str = "") -> Paths:
    """Return the files of `profile`; `directory` (setting `store.directory`) replaces XDG's."""
    state = Path(directory).expanduser() if directory else _xdg(environ, "STATE", ".local/state")
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    return Paths(
        profile=profile,
        state=state,
        runtime=Path(runtime) / "hedgetui" if runtime else state / "run",
    )


def user_config(environ: Mapping[str, str]) -> Path:
    """Return the user's configuration file; it need not exist."""
    return _xdg(environ, "CONFIG", ".config") / "config.toml"


def packaged(name: str) -> Path:
    """Return a file or folder shipped with the program: `config.toml` or `themes`.

    In a wheel it lies inside the package, in a source checkout beside it.
    """
    shipped = _PACKAGE / "_data" / name
    return shipped if shipped.exists() else _PACKAGE.parent / name


def narrow_umask() -> None:
    """Make every file this process creates private. Call before anything is opened."""
    os.umask(PRIVATE_UMASK)


def _xdg(environ: Mapping[str, str], kind: str, fallback: str) -> Path:
    """Return hedgetui's folder of one XDG kind; a relative value is ignored, as XDG demands."""
    root = Path(environ.get(f"XDG_{kind}_HOME", ""))
    if not root.is_absolute():
        root = Path(environ.get("HOME") or Path.home()) / fallback
    return root / "hedgetui"


def _make_private(folder: Path) -> None:
    """Create `folder` with mode 0700, or narrow it to that; refuse another user's folder."""
    try:
        folder.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        if hasattr(os, "geteuid") and folder.stat().st_uid != os.geteuid():
            raise StoreError(
                f"{folder} belongs to another user",
                hint="set store.directory to a folder of your own",
            )
        folder.chmod(PRIVATE_DIRECTORY)
    except OSError as error:
        raise StoreError(
            f"cannot use {folder}: {error.strerror}",
            hint="set store.directory to a folder you may write",
        ) from error
