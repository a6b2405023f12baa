"""Searching for better settings: an Optuna study whose trials are real runs."""
