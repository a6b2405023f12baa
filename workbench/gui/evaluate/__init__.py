"""The Evaluate page: how good a model is on rows that it never learned from, and the rows behind each number."""
