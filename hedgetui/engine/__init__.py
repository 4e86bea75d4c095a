"""The running desk: facts in, decisions out, one order per decision.

Broker messages and commands arrive, pure domain functions decide, the executor alone sends, and
every fact is journalled before it changes the state. Nothing here knows a screen.
"""
