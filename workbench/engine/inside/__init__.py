"""Looking inside a model with torch: attention, explanations, ablation."""
