"""What trained networks have learned, seen from the inside.

The names below work on any PyTorch network that holds a :class:`mmpose_ssn.models.FeatureShiftingModule`, and need
PyTorch and NumPy alone::

    probe = Probe(network, "neck.fsms.2")
    gradients = keypoint_gradients(probe, batches)
    scores = keypoint_scores(gradients)
    windows = keypoint_windows(scores, probe)
"""

from mmpose_ssn.analysis.channel_counts import PermutedCounts, channel_counts, permuted_counts
from mmpose_ssn.analysis.effective_fields import WindowEnergy, receptive_field, window_energy
from mmpose_ssn.analysis.energy_spread import (
    field_radius,
    half_energy_positions,
    half_energy_radius,
    jensen_shannon_distance,
    overlap,
)
from mmpose_ssn.analysis.keypoint_channels import (
    THRESHOLD,
    KeypointGradients,
    KeypointWindow,
    ScoreReading,
    above,
    keypoint_gradients,
    keypoint_scores,
    keypoint_windows,
)
from mmpose_ssn.analysis.probe import Probe, last_module_before, predictor_heatmaps, shifting_modules

__all__ = [
    "THRESHOLD",
    "KeypointGradients",
    "KeypointWindow",
    "PermutedCounts",
    "Probe",
    "ScoreReading",
    "WindowEnergy",
    "above",
    "channel_counts",
    "field_radius",
    "half_energy_positions",
    "half_energy_radius",
    "jensen_shannon_distance",
    "keypoint_gradients",
    "keypoint_scores",
    "keypoint_windows",
    "last_module_before",
    "overlap",
    "permuted_counts",
    "predictor_heatmaps",
    "receptive_field",
    "shifting_modules",
    "window_energy",
]
