"""The long-strangle strategy on XSP, hedged with MES: every decision of it, as pure functions."""
