"""The one import of the MetaTrader5 package."""

from __future__ import annotations

import importlib
from types import ModuleType

from hedgetui.domain.errors import ConfigError


class StartedTerminal:
    """The package's functions, with the terminal that `initialize` starts chosen by its owner."""

    def __init__(self, module: ModuleType, path: str) -> None:
        """Start the terminal at `path`."""
        self._module = module
        self._path = path

    def initialize(self, **options: object) -> object:
        """Find or start the terminal."""
        return self._module.initialize(self._path, **options)

    def __getattr__(self, name: str) -> object:
        """Everything else is the package's own."""
        return getattr(self._module, name)


def load_library(path: str = "") -> object:
    """Return the package's functions; `path` names the terminal to start, empty the installed one.

    Raises:
        ConfigError: the package is not installed.
    """
    try:
        module = importlib.import_module("MetaTrader5")
    except ImportError:
        raise ConfigError(
            "MT5: not installed",
            hint="pip install MetaTrader5; it exists for Windows only. Elsewhere use a bridge "
            "beside the terminal.",
            code="mt5_not_installed",
        ) from None
    return StartedTerminal(module, path) if path else module
