"""The network of the task: a stem that sees three pixels, one module under test, and a predictor that sees one."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from mmpose_ssn.dependency.task import CUE_RADIUS, SIZE
from mmpose_ssn.models.alternatives import Match, kind_of, matched_width

CHANNELS = 64
STEM_RADIUS = 1


class DependencyNetwork(nn.Module):
    """3x3 convolution, BN and ReLU; the module; a 1x1 convolution to one logit at each pixel.

    Args:
        kind: Kind of the module, one of :data:`mmpose_ssn.models.alternatives.KINDS`.
        shift_channels: K of the feature shifting module whose budget holds.
        offset_std: Standard deviation in pixels of the offsets at the start.

    Attributes:
        match: The module's width, its cost and its budget.

    Shape:
        - input: [B, 3, 32, 32]
        - output: [B, 32, 32], above zero for class 1
    """

    def __init__(self, kind: str, shift_channels: int, offset_std: float) -> None:
        super().__init__()
        fsm = dict(attention="sigmoid", offset_std=offset_std)  # the gate of the lite networks
        self.match: Match = matched_width(kind, CHANNELS, shift_channels, (SIZE, SIZE), fsm=fsm)
        self.stem = nn.Conv2d(3, CHANNELS, 2 * STEM_RADIUS + 1, padding=STEM_RADIUS, bias=False)
        self.norm = nn.BatchNorm2d(CHANNELS)
        self.predictor = nn.Conv2d(CHANNELS, 1, 1)
        self.module = kind_of(kind).build(CHANNELS, self.match.width, fsm)  # last, so that all else starts alike

    def features(self, images: Tensor) -> Tensor:
        """Maps that the module gets, [B, 64, 32, 32]."""
        return F.relu(self.norm(self.stem(images)))

    def forward(self, images: Tensor) -> Tensor:
        return self.predictor(self.module(self.features(images))).squeeze(1)


def limit(kind: str) -> float:
    """The greatest distance in pixels at which anything of a mark's cue can reach the logit at the mark; NaN where
    nothing but the picture bounds it.
    """
    window = kind_of(kind).window
    return float("nan") if window is None else float(window + STEM_RADIUS + CUE_RADIUS)
