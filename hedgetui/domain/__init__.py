"""The desk's knowledge: units, instruments, sizing, risk and the order automaton.

Everything here is synchronous and pure: standard library and numpy only, with time and randomness
as arguments, so that the same function serves a live book, a study of recorded months and a test.
"""
