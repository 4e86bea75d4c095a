"""Tickets: a previewed trade in securities, its orders sent one after the other by one worker."""
