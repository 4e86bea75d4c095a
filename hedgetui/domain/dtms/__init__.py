"""Defensive trade management: a score of the market against a trade, and the machine on top of it.

Insurance, not an edge: on recorded bars it roughly halves losses of 0.9 R and more and narrows the
spread of results; it does not raise their average.
"""
