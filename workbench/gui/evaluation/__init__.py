"""What became of a run: its model measured beside others, and mixed with the one that it started from."""
