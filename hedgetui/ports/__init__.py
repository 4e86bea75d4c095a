"""What the engine needs from the world, as protocols: clock, identities, journal, broker, desk."""
