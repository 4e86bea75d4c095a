"""Own widgets that repaint only what changed, because the screen shares its loop with the hedge.

A stock table repaints itself for one cell; on a busy loop that costs a hedge 200 ms and an SSH
line 200 KB/s. Each widget here draws lines itself (Textual's Line API), caches them, and asks
for the cells that differ.
"""
