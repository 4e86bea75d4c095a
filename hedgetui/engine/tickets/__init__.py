"""Tickets: trades in securities that a person sends, previewed and through every gate."""
