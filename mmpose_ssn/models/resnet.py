"""ResNet's stem and Bottleneck block with group normalisation, the trunk of SSN (paper, Section 4, "Implementation
Details").

Parameters are named as in MMPose's and MMPretrain's ResNet with ``norm_cfg=dict(type="GN")``, so that their weights
load by name.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from mmpose_ssn.models.group_norm import group_norm


def init_convolutions(module: nn.Module) -> None:
    """Start every convolution of ``module`` from He's normal distribution (fan out) with zero bias (docs/silences.md,
    initialisation).
    """
    for child in module.modules():
        if isinstance(child, nn.Conv2d):
            nn.init.kaiming_normal_(child.weight, mode="fan_out", nonlinearity="relu")
            if child.bias is not None:
                nn.init.zeros_(child.bias)


class StemBackbone(nn.Module):
    """A backbone that begins like ResNet: 7x7 convolution of stride 2, GN, ReLU, 3x3 max pool of stride 2, from the
    image to stride 4.

    It is a base class and not a submodule, so that its parameters keep ResNet's names: ``conv1`` and ``gn1``.

    Shape of :meth:`stem`:
        - input: [B, in_channels, H, W]
        - output: [B, channels, ceil(H / 4), ceil(W / 4)]
    """

    def __init__(self, in_channels: int, channels: int, norm_groups: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 7, stride=2, padding=3, bias=False)
        self.gn1 = group_norm(norm_groups, channels)
        init_convolutions(self)

    def stem(self, x: Tensor) -> Tensor:
        return F.max_pool2d(F.relu(self.gn1(self.conv1(x))), 3, stride=2, padding=1)


class Bottleneck(nn.Module):
    """ResNet's Bottleneck block with the stride on the 3x3 convolution (v1.5), GN in the place of BN, and expansion 4.

    Shape:
        - input: [B, in_channels, H, W]
        - output: [B, 4 * mid_channels, ceil(H / stride), ceil(W / stride)]
    """

    expansion = 4

    def __init__(self, in_channels: int, mid_channels: int, stride: int = 1, norm_groups: int = 32) -> None:
        super().__init__()
        out_channels = mid_channels * self.expansion
        self.conv1 = nn.Conv2d(in_channels, mid_channels, 1, bias=False)
        self.gn1 = group_norm(norm_groups, mid_channels)
        self.conv2 = nn.Conv2d(mid_channels, mid_channels, 3, stride=stride, padding=1, bias=False)
        self.gn2 = group_norm(norm_groups, mid_channels)
        self.conv3 = nn.Conv2d(mid_channels, out_channels, 1, bias=False)
        self.gn3 = group_norm(norm_groups, out_channels)
        self.downsample: nn.Sequential | None = None
        if stride != 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False),
                group_norm(norm_groups, out_channels),
            )
        init_convolutions(self)

    def forward(self, x: Tensor) -> Tensor:
        residual = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.gn1(self.conv1(x)))
        x = F.relu(self.gn2(self.conv2(x)))
        return F.relu(self.gn3(self.conv3(x)) + residual)
