"""Benchmarks of the shift, the modules, the networks, and of COCO's size; no test depends on their numbers."""
