"""The desk of hedge accounts: it follows cash orders and hedges what is left uncovered, by rule.

Apart from the Vega strategy it shares the journal, the log, the broker, the arming and the latches
with it. Its futures are no part of the book, and the strategy's own switch does not hold it back.
"""
