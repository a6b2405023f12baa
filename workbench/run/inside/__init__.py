"""What was seen inside a model, as plain values: never a tensor."""
