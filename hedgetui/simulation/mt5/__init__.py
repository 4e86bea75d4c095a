"""A simulated MT5 broker: symbols, prices, accounts, and the terminal API on top of them."""
