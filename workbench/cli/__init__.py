"""The command line: the same session as the window's, printed instead of drawn."""
