"""A terminal's functions over one authenticated connection, and nothing else.

Both ends carry plain values only: no attribute, no object and no source text ever crosses. The
server side may stand on a real terminal or on the simulated one.
"""
