"""Drawing attention: what is shown of the maps, colour scales, the atlas of all heads and one head enlarged."""
