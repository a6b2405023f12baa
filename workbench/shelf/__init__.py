"""What is on this machine: models, data sets, previews and checks of the data. No torch, no Qt."""
