"""The balance of a portfolio: what it holds, what that exposes it to, and what would offset it."""
