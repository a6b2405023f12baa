"""Model Workbench: fine-tune a transformer on your own machine, look inside it, and try it."""

__version__ = "0.1.0"
