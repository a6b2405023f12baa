"""The pages of the window, one file each; every one runs alone on recorded events."""
