"""Pieces of the training recipe that MMEngine does not have."""
