"""Everything that touches torch: training, batches, checkpoints, attention, generation, evaluation."""
