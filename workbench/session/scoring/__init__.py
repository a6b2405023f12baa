"""Evaluation: from the scores of rows to numbers that can be trusted, and to the rows behind them."""
