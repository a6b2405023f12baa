"""Trying a model: answers of a language model as they are written, and the classes of a classifier."""
