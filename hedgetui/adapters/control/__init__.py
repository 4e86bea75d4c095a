"""The control socket: a running desk answers console verbs of the same user."""
