"""Hedge accounts: cash orders, the futures that cover them, and the tail that nobody covers.

A merchandiser buys 16,000 bushels, sells three futures of 5,000, and 1,000 stay uncovered. The
ledger says which hedge covers which cash, the rules say when the tail is hedged, the tree shows it.
"""
