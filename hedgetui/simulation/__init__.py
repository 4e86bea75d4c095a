"""The simulated exchange, and recorded markets to walk through.

Everything the desk can meet without a broker lives here: a seeded, deterministic market with an
exchange on it, and readers of recorded chains and bars that a study or a score runs on.
"""
