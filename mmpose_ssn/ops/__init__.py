"""The per-channel shift, the one operation that SSN adds to a convolutional network (paper, Section 3.1, Eq. 1)."""

from mmpose_ssn.ops.shift import available_backends, shift

__all__ = ["available_backends", "shift"]
