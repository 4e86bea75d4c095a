"""What the desk does by itself, one module per concern; all of it sends through the executor."""
