"""The bridge's secret: 32 bytes in a file that only its owner can read."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from hedgetui.domain.errors import ConfigError

TOKEN_BYTES: Final = 32
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_MOST = 256
"""More bytes than any token file holds."""


def new_token() -> bytes:
    """Return a fresh secret."""
    return secrets.token_bytes(TOKEN_BYTES)


def create_token(path: Path) -> bytes:
    """Make a token file of mode 0600, in hexadecimal, and return its secret.

    Raises:
        ConfigError: the file exists already or cannot be written.
    """
    token = new_token()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise ConfigError(
            f"cannot create the token file {path}: {error.strerror}",
            hint="Choose a place that only you can write to.",
        ) from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(token.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return token


def read_token(path: Path) -> bytes:
    """Read a token file that nobody else can read.

    Raises:
        ConfigError: there is none, it is a link, others may read it, or it holds no token.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise ConfigError(
            f"cannot read the token file {path}: {error.strerror}",
            hint="Copy it from the machine of the terminal, where `hedgetui mt5-bridge` made it.",
        ) from None
    try:
        _refuse_loose(path, os.fstat(descriptor))
        text = os.read(descriptor, _MOST + 1)
    finally:
        os.close(descriptor)
    try:
        token = bytes.fromhex(text.decode("ascii").strip())
    except ValueError:
        token = b""
    if len(token) != TOKEN_BYTES or len(text) > _MOST:
        raise ConfigError(f"{path} holds no token", hint="A token is 64 hexadecimal digits.")
    return token


def ensure_token(path: Path) -> bytes:
    """Read the token file, or make it when there is none.

    Raises:
        ConfigError: it cannot be trusted, read or made.
    """
    if os.path.lexists(path):
        return read_token(path)
    return create_token(path)


def _refuse_loose(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{path} is not a file", hint="Name the bridge's token file.")
    if os.name == "nt":  # permissions are not in the mode there
        return
    if status.st_uid != os.geteuid():
        raise ConfigError(f"the token file {path} belongs to somebody else")
    if status.st_mode & 0o077:
        raise ConfigError(
            f"others may read the token file {path}",
            hint=f"chmod 600 {path}; if anybody may have read it, delete it and make a new one.",
        )
