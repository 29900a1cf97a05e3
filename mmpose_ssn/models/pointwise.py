r"""1x1 convolutions that train as batched matrix products, :math:`y_b = W x_b + \beta` with maps as [C, H*W] matrices.

On a CPU a narrow network spends most of its time in 1x1 convolutions, and PyTorch's are made for wide networks. At 8 to
128 channels a product takes 0.4 to 0.7 of a convolution's time, with AVX-512 and with AVX2; at full width it takes as
long.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PointwiseConv2d(nn.Conv2d):
    """A 1x1 convolution with the parameters and the state dict of ``nn.Conv2d``, and the same values but for rounding.

    It is a matrix product for contiguous maps on a CPU while grad mode is on and autocast off. Elsewhere it is computed
    as a convolution: under ``no_grad``, on a GPU, and on the meta device, where a network's cost is counted.

    Shape:
        - input: [B, C, H, W]
        - output: [B, K, H, W]
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self._as_product(x):
            return super().forward(x)
        weight, maps = self.weight.flatten(1).expand(x.shape[0], -1, -1), x.flatten(2)
        y = torch.bmm(weight, maps) if self.bias is None else torch.baddbmm(self.bias[:, None], weight, maps)
        return y.unflatten(2, x.shape[2:])

    @staticmethod
    def _as_product(x: Tensor) -> bool:
        on_cpu = x.device.type == "cpu" and x.dim() == 4 and x.is_contiguous()
        return on_cpu and torch.is_grad_enabled() and not torch.is_autocast_enabled("cpu")


def as_matrix_products(network: nn.Module) -> None:
    """Make every plain 1x1 convolution of a network, of stride 1 and one group, a :class:`PointwiseConv2d`."""
    for module in network.modules():
        if type(module) is not nn.Conv2d:
            continue
        if (module.kernel_size, module.stride, module.padding, module.groups) == ((1, 1), (1, 1), (0, 0), 1):
            module.__class__ = PointwiseConv2d
