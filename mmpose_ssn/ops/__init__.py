"""The per-channel shift, the one operation that SSN adds to a convolutional network (paper, Section 3.1, Eq. 1)."""

from mmpose_ssn.ops.gate import attention, gated_shift
from mmpose_ssn.ops.shift import available_backends, shift

__all__ = ["attention", "available_backends", "gated_shift", "shift"]
