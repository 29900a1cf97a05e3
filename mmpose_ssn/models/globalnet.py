"""GlobalNet, the U-shaped half of CPN that SSN keeps: laterals on every stage and a top-down path (paper, Section
3.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from mmpose_ssn.models.group_norm import group_norm
from mmpose_ssn.models.resnet import init_convolutions


class StageFeatures(NamedTuple):
    """Maps that the predictors look at.

    Attributes:
        stages: Maps of the backbone's stages from shallow to deep, unchanged (C2, C3, ...): the input of the early
            stage predictors.
        pyramid: Top-down maps from coarse to fine, all with the same number of channels: the input of P1, P2, ...
    """

    stages: tuple[Tensor, ...]
    pyramid: tuple[Tensor, ...]


class GlobalNet(nn.Module):
    """CPN's GlobalNet without predictors: 1x1 laterals (GN, ReLU), bilinear top-down path with a 1x1 convolution (GN),
    sum.

    Args:
        in_channels: Channels of the backbone's stages, from shallow to deep.
        channels: Channels of every level of the pyramid.
        norm_groups: Groups of every GN.

    Shape:
        - input: one map for each stage, [B, in_channels[i], H / 2**i, W / 2**i]
        - output: :class:`StageFeatures`; pyramid from [B, channels, H / 2**(n-1), ...] to [B, channels, H, W]
    """

    def __init__(
        self, in_channels: Sequence[int] = (256, 512, 1024, 2048), channels: int = 256, norm_groups: int = 32
    ) -> None:
        super().__init__()
        self.in_channels = tuple(in_channels)
        self.laterals = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(c, channels, 1, bias=False), group_norm(norm_groups, channels), nn.ReLU(inplace=True)
            )
            for c in self.in_channels
        )
        self.top_down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, channels, 1, bias=False), group_norm(norm_groups, channels))
            for _ in self.in_channels[1:]
        )
        init_convolutions(self)

    def forward(self, stages: Sequence[Tensor]) -> StageFeatures:
        if len(stages) != len(self.in_channels):
            raise ValueError(f"GlobalNet was built for {len(self.in_channels)} stages, got {len(stages)} maps")
        laterals = [lateral(stage) for lateral, stage in zip(self.laterals, stages, strict=True)]
        pyramid = [laterals.pop()]
        for conv in self.top_down:
            lateral = laterals.pop()
            upper = F.interpolate(pyramid[-1], size=lateral.shape[2:], mode="bilinear", align_corners=False)
            pyramid.append(lateral + conv(upper))
        return StageFeatures(tuple(stages), tuple(pyramid))
