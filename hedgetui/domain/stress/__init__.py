"""What a book could lose: a seeded simulation of one market, every position priced anew.

`regimes` says how the market behaves, `book` what is held, `paths` draws the market, `revalue`
prices the book on it, `monte_carlo` puts them together and `figures` sums up. `grid` asks the same
book what single moves would cost. Nothing here reads a clock, and the same seed gives the same
figures on every machine.
"""
