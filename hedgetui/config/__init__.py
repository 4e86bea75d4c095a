"""The configuration: declared once, checked at the door, explained by its own errors.

`load` is the way in. The package is the only place that knows TOML and pydantic; the rest of the
program receives an immutable `Settings`.
"""

from __future__ import annotations

from hedgetui.config.accounts import AccountsSettings, KeySettings, OverrideSettings
from hedgetui.config.balance import BalanceSettings
from hedgetui.config.dtms import DtmsSettings, Mt5Settings
from hedgetui.config.load import Loaded, load
from hedgetui.config.model import (
    ConnectionSettings,
    GeneralSettings,
    Profile,
    RiskSettings,
    Settings,
    SimulatorSettings,
    StoreSettings,
    UiSettings,
    VegaSettings,
)
from hedgetui.config.paths import Paths, narrow_umask, packaged

__all__ = [
    "AccountsSettings",
    "BalanceSettings",
    "ConnectionSettings",
    "DtmsSettings",
    "GeneralSettings",
    "KeySettings",
    "Loaded",
    "Mt5Settings",
    "OverrideSettings",
    "Paths",
    "Profile",
    "RiskSettings",
    "Settings",
    "SimulatorSettings",
    "StoreSettings",
    "UiSettings",
    "VegaSettings",
    "load",
    "narrow_umask",
    "packaged",
]
