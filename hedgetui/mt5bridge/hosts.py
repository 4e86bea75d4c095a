"""Which addresses a bridge may stand on or be reached at."""

from __future__ import annotations

import ipaddress
from typing import Final

from hedgetui.domain.errors import ConfigError
from hedgetui.domain.text import safe

DEFAULT_PORT: Final = 18812


def is_loopback(host: str) -> bool:
    """Return whether `host` is this machine; any name but `localhost` counts as elsewhere."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_remote(host: str, *, allow_remote: bool) -> None:
    """Let only this machine pass, unless somebody allowed more in so many words.

    Raises:
        ConfigError: `host` is elsewhere.
    """
    if not allow_remote and not is_loopback(host):
        raise ConfigError(
            f"MT5: {safe(host, 60)} is not this machine",
            hint="Forward the port instead: ssh -L 18812:127.0.0.1:18812 HOST. What is sent there "
            "is not encrypted; allow_remote = true permits it all the same.",
        )
