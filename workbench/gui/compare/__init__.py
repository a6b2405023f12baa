"""The parts of the Compare page: runs in a table, their curves, and two of them row by row."""
