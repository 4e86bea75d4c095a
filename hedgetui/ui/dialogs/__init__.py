"""Questions and cards that cover the screen; each one ends in an answer or in nothing."""
