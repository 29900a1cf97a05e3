"""How fast the shift and the modules are, as ratios taken in one process; no test depends on it."""
