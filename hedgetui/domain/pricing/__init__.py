"""Black-76 prices, greeks and implied volatility, without a numerical library at run time.

Importing scipy or QuantLib would cost more than the console may take to start, so the few special
functions needed are written here on numpy and checked against QuantLib in the tests.
"""
