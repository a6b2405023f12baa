"""What a run is: its recipe, its events, its journal and its folder. No torch, no Qt."""
