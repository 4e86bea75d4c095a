"""Opens the way to a terminal that a connection describes."""

from __future__ import annotations

from hedgetui.adapters.mt5.classic import open_classic
from hedgetui.adapters.mt5.connection import Backend, Mt5Connection
from hedgetui.adapters.mt5.native import open_native
from hedgetui.domain.errors import ConfigError
from hedgetui.mt5bridge.client import Link, open_bridge
from hedgetui.mt5bridge.token_file import read_token


def open_link(connection: Mt5Connection) -> Link:
    """Open the link; blocks, so it belongs on a worker thread.

    Raises:
        ConfigError: the host, the token file or the package is not as it must be.
        LinkDown: nobody is there, or somebody who cannot be believed.
    """
    timeout = connection.timeouts.connect_s
    match connection.backend:
        case Backend.NATIVE:
            return open_native(connection.terminal_path, timeout=connection.timeouts.initialize_s)
        case Backend.CLASSIC:
            return open_classic(
                connection.host,
                connection.port,
                timeout=timeout,
                allow_remote=connection.allow_remote,
            )
    if connection.token_file is None:
        raise ConfigError(
            "MT5: the bridge's token file is not set",
            hint="Copy the file that `hedgetui mt5-bridge` made beside the terminal, and name it.",
        )
    return open_bridge(
        connection.host,
        connection.port,
        read_token(connection.token_file),
        timeout=timeout,
        allow_remote=connection.allow_remote,
    )
