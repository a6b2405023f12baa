"""Rows: files of every kind opened as tables, findings about them, and the steps that mend them. No torch, no Qt."""
