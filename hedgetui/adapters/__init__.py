"""Brokers behind one port: each package speaks to one kind, and its objects never leave it."""
