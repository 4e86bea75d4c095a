"""Interactive Brokers: a `BrokerPort` on ib_insync, or on ib_async where that does not run."""
