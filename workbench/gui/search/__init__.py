"""Series of runs in the window: search, cross-validation and learning curve, and what they found."""
