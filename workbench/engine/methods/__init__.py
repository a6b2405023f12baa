"""Training methods, one file each; `engine.method` finds them."""
