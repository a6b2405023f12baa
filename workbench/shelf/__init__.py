"""What is on this machine: models and shipped data sets. No torch, no Qt."""
