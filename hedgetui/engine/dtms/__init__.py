"""The defence of MT5 trades: what watches, decides, sends and explains.

Apart from the Vega desk it shares the journal, the log, the latches and the arming with it and
nothing else: either half works while the other one's broker is away.
"""
