"""The simulated broker: the built-in exchange behind the same port as the real ones."""
