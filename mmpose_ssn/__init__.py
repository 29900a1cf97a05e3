"""Spatial Shortcut Network (SSN) for human pose estimation: an MMPose plugin, and the harness that re-runs its
paper.
"""

from mmpose_ssn import _openmmlab

__version__ = "0.1.0"

_openmmlab.repair()
