"""Stress tests in a process of their own: `process` is its port, `child` what runs there."""
