"""The command line for the verbs of this folder."""

from tests.console.conftest import hedgetui, no_broker

__all__ = ["hedgetui", "no_broker"]
