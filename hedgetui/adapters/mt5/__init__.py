"""An MT5 terminal as a port: through our bridge, a plain rpyc server or a process of our own."""
