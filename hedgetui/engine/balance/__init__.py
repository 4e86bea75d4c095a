"""The portfolio of the desk: read, weighed, advised, stressed. It sends nothing."""
