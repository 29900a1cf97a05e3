"""Parameters, multiply-accumulates and operations of a network, counted on the real modules under a named policy."""

from mmpose_ssn.complexity.count import POLICY, Complexity, UncountedOperation, count

__all__ = ["POLICY", "Complexity", "UncountedOperation", "count"]
