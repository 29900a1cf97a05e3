"""What looks at the whole map in the place of the shift: a non-local block, and squeeze-and-excitation."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from mmpose_ssn.models.alternatives.frame import Alternative


class NonLocal(Alternative):
    r"""A non-local block, embedded Gaussian, without subsampling (https://arxiv.org/abs/1711.07971, Section 3.2).

    .. math:: O_i = \sum_j \mathrm{softmax}_j(\theta(P_i)^\top \phi(P_j))\, g(P_j)

    with theta, phi and g 1x1 convolutions from C to K channels; g is what a feature shifting module shifts. It knows
    what stands elsewhere, and not where.

    Args:
        channels: C, channels of input and output.
        width: K, channels of theta, phi and g.
        frame: Arguments of :class:`Alternative`.
    """

    def __init__(self, channels: int, width: int, **frame: Any) -> None:
        super().__init__(channels, width, **frame)
        self.theta = nn.Conv2d(channels, width, 1)
        self.phi = nn.Conv2d(channels, width, 1)

    def reach(self, x: Tensor, maps: Tensor) -> Tensor:
        query, key, value = (each.flatten(2).transpose(1, 2) for each in (self.theta(x), self.phi(x), maps))
        crossed = F.scaled_dot_product_attention(query, key, value, scale=1.0)  # the block has no 1/sqrt(K)
        return crossed.transpose(1, 2).unflatten(2, x.shape[2:])

    def operator_macs(self, positions: int) -> int:
        width = self.theta.out_channels
        return positions * (self.theta.weight.numel() + self.phi.weight.numel()) + 2 * positions**2 * width


class SqueezeExcitation(Alternative):
    """Squeeze-and-excitation of the K channels: the mean of each over the map decides, through a bottleneck of K / 16,
    how much each counts (https://arxiv.org/abs/1709.01507).

    The bottleneck has eight units at least, as in timm: fewer often start with every ReLU at zero for good.

    Args:
        channels: C, channels of input and output.
        width: K, channels that are squeezed and excited.
        frame: Arguments of :class:`Alternative`.
    """

    reduction, least = 16, 8

    def __init__(self, channels: int, width: int, **frame: Any) -> None:
        super().__init__(channels, width, **frame)
        self.squeeze = nn.Conv2d(width, max(self.least, width // self.reduction), 1)  # on a map of one place
        self.excite = nn.Conv2d(self.squeeze.out_channels, width, 1)

    def reach(self, x: Tensor, maps: Tensor) -> Tensor:
        pooled = maps.mean((2, 3), keepdim=True)
        return maps * self.excite(F.relu(self.squeeze(pooled))).sigmoid()

    def operator_macs(self, positions: int) -> int:
        return self.squeeze.weight.numel() + self.excite.weight.numel()
