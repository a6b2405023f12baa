"""One open workbench: start, pause, stop, attend, generate, predict. No Qt."""
