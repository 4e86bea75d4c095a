"""Everything that survives the process: the durable journal and the log beside it.

Two database files, because they promise different things. The journal commits to the disk before
an order may leave and keeps every fact for ever; the log is batched, pruned and may lose its last
half second. Only this package imports SQLite.
"""
