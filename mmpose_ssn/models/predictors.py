"""All predictors of SSN: P1, P2, ... on the pyramid and the early stage predictors E1, E2, ... on the backbone (paper,
Section 3.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from mmpose_ssn.models.globalnet import StageFeatures
from mmpose_ssn.models.group_norm import group_norm
from mmpose_ssn.models.resnet import init_convolutions


class Predictor(nn.Module):
    """1x1 convolution (GN, ReLU), 3x3 convolution to heatmaps, BN; a bilinear resize to the common size comes before or
    after the 3x3 convolution.

    Args:
        in_channels: Channels of the map it looks at.
        channels: Channels inside the predictor. Where ``in_channels`` is another number, a further 1x1 convolution (GN,
            ReLU) comes first and aligns it.
        num_keypoints: M, number of heatmaps to predict.
        resize_first: True resizes before the 3x3 convolution, as the cost of the early stage predictors in Table 1
            requires; False resizes after it.
        norm_groups: Groups of every GN.
        norm_scale: Initial scale of the BN (docs/silences.md, predictor-start).

    Shape:
        - input: [B, in_channels, h, w], and the size (H, W) to predict at
        - output: [B, M, H, W]
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        num_keypoints: int,
        *,
        resize_first: bool,
        norm_groups: int,
        norm_scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.resize_first = resize_first
        layers: list[nn.Module] = []
        for c in (in_channels, channels) if in_channels != channels else (channels,):
            layers += [
                nn.Conv2d(c, channels, 1, bias=False),
                group_norm(norm_groups, channels),
                nn.ReLU(inplace=True),
            ]
        self.features = nn.Sequential(*layers)
        self.heatmaps = nn.Conv2d(channels, num_keypoints, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(num_keypoints)
        nn.init.constant_(self.norm.weight, norm_scale)
        init_convolutions(self)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        x = self.features(x)
        x = self.heatmaps(_resize(x, size)) if self.resize_first else _resize(self.heatmaps(x), size)
        return self.norm(x)


def _resize(x: Tensor, size: tuple[int, int]) -> Tensor:
    return x if x.shape[2:] == size else F.interpolate(x, size=size, mode="bilinear", align_corners=False)


class StagePredictors(nn.Module):
    """All predictors of a network, by name; their heatmaps have the resolution of the pyramid's finest map.

    P1 looks at the coarsest level of the pyramid and the last P at the finest: that one is the final predictor. E1
    looks at the backbone's first stage. A network with a single map has a single predictor, called P.

    Args:
        num_keypoints: M, number of heatmaps of each predictor.
        pyramid_levels: Number of levels of the pyramid.
        stage_channels: Channels of the backbone's stages that have an early stage predictor, from the first stage on;
            empty for none.
        channels: Channels of the pyramid, and inside every predictor.
        norm_groups: Groups of every GN.
        norm_scale: Initial scale of every predictor's BN.

    Attributes:
        names: Names of the predictors from E1 to the final predictor, in the order of their depth in the network.

    Shape:
        - input: :class:`StageFeatures`, or a tuple of maps that stands for the pyramid
        - output: name -> [B, M, H, W]
    """

    def __init__(
        self,
        num_keypoints: int,
        pyramid_levels: int = 4,
        stage_channels: Sequence[int] = (),
        channels: int = 256,
        norm_groups: int = 32,
        norm_scale: float = 1.0,
    ) -> None:
        super().__init__()
        predictor = partial(
            Predictor,
            channels=channels,
            num_keypoints=num_keypoints,
            norm_groups=norm_groups,
            norm_scale=norm_scale,
        )
        self.predictors = nn.ModuleDict()
        for index, in_channels in enumerate(stage_channels):
            self.predictors[f"E{index + 1}"] = predictor(in_channels, resize_first=True)
        for level in range(pyramid_levels):
            self.predictors[f"P{level + 1}" if pyramid_levels > 1 else "P"] = predictor(channels, resize_first=False)
        self.names = tuple(self.predictors)

    @property
    def final(self) -> str:
        """Name of the final predictor."""
        return self.names[-1]

    def forward(
        self, features: StageFeatures | tuple[Tensor, ...], names: Sequence[str] | None = None
    ) -> dict[str, Tensor]:
        """Heatmaps of the predictors in ``names``, by default of all of them, from the same features."""
        if not isinstance(features, StageFeatures):
            features = StageFeatures((), tuple(features))
        size = features.pyramid[-1].shape[2:]
        inputs = {f"E{i + 1}": x for i, x in enumerate(features.stages)}
        inputs |= (
            {f"P{i + 1}": x for i, x in enumerate(features.pyramid)}
            if len(features.pyramid) > 1
            else {"P": features.pyramid[0]}
        )
        return {name: self.predictors[name](inputs[name], size) for name in (self.names if names is None else names)}
