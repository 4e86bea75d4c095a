"""The vocabulary of an MT5 account: what a terminal tells, what it is asked, what its codes mean.

Plain records and pure rules; nothing here talks to a terminal.
"""
