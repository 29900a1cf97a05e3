"""Convolutions in the place of the shift: dense, dilated and depthwise, deformable, and with learned tap positions."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpose_ssn.models.alternatives.frame import Alternative
from mmpose_ssn.ops import shift

_FFT_FROM = 13
"""Width of a depthwise window from which on a CPU convolves by FFT. Forward and backward on 16x16x32x24, one thread: at
11x11 a direct convolution takes as long, at 15x15 twice, at 31x31 ten times as long.
"""


class Convolution(Alternative):
    """A k x k convolution of the K channels, zeros outside the map.

    Args:
        channels: C, channels of input and output.
        width: K, channels that the convolution works on.
        kernel: k, odd.
        dilation: Pixels between neighbouring taps.
        depthwise: Each channel by itself, as in large-kernel networks (RepLKNet, https://arxiv.org/abs/2203.06717, goes
            to 31 x 31).
        frame: Arguments of :class:`Alternative`.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        *,
        kernel: int = 3,
        dilation: int = 1,
        depthwise: bool = False,
        **frame: Any,
    ) -> None:
        super().__init__(channels, width, **frame)
        if kernel < 1 or kernel % 2 == 0 or dilation < 1:
            raise ValueError(f"expected an odd kernel and a dilation of 1 or more, got {kernel} and {dilation}")
        self.conv = nn.Conv2d(
            width,
            width,
            kernel,
            padding=dilation * (kernel // 2),
            dilation=dilation,
            groups=width if depthwise else 1,
            bias=False,  # the 1x1 convolution behind it has one
        )

    def reach(self, x: Tensor, maps: Tensor) -> Tensor:
        depthwise, (kernel, _), (dilation, _) = self.conv.groups > 1, self.conv.kernel_size, self.conv.dilation
        if depthwise and kernel >= _FFT_FROM and dilation == 1 and maps.device.type == "cpu":
            return _depthwise_by_fft(maps, self.conv.weight)
        return self.conv(maps)

    def operator_macs(self, positions: int) -> int:
        return positions * self.conv.weight.numel()


def _depthwise_by_fft(x: Tensor, weight: Tensor) -> Tensor:
    """The depthwise convolution of x [B, K, H, W] with weight [K, 1, k, k] as a product of spectra, zeros outside.

    A transform repeats its picture, so that one radius of zeros before the map stands behind it too.
    """
    kernel = weight.shape[-1]
    radius = kernel // 2
    padded = F.pad(x, (radius, 0, radius, 0))
    # a transform is fast at lengths without large prime factors
    lengths = [-(-max(side, kernel) // 8) * 8 for side in padded.shape[-2:]]
    spectrum = torch.fft.rfft2(padded, s=lengths) * torch.fft.rfft2(weight[:, 0], s=lengths).conj()
    return torch.fft.irfft2(spectrum, s=lengths)[..., : x.shape[-2], : x.shape[-1]]


class DeformableConvolution(Alternative):
    """A modulated deformable 3x3 convolution, one offset group (Deformable ConvNets v2,
    https://arxiv.org/abs/1811.11168).

    At each place a 3x3 convolution says by how much each tap moves, and how much it counts. It starts at zero: all taps
    on the grid, each counting half. Needs torchvision.

    Args:
        channels: C, channels of input and output.
        width: K, channels that the convolution works on.
        frame: Arguments of :class:`Alternative`.
    """

    def __init__(self, channels: int, width: int, **frame: Any) -> None:
        super().__init__(channels, width, **frame)
        self.conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.sampling = nn.Conv2d(width, 3 * 9, 3, padding=1)  # (dy, dx) of each tap, then the masks' logits
        nn.init.zeros_(self.sampling.weight)
        nn.init.zeros_(self.sampling.bias)  # type: ignore[arg-type]

    def reach(self, x: Tensor, maps: Tensor) -> Tensor:
        from torchvision.ops import deform_conv2d

        offsets, logits = self.sampling(maps).split([18, 9], dim=1)
        return deform_conv2d(maps, offsets, self.conv.weight, padding=1, mask=logits.sigmoid())

    def operator_macs(self, positions: int) -> int:
        return positions * (self.conv.weight.numel() + self.sampling.weight.numel())


class ActiveConvolution(Alternative):
    """A dense convolution of nine taps whose positions are learned, the same for all channels and places (Active
    Convolution, https://arxiv.org/abs/1703.09076).

    It starts as a 3x3 convolution. Like the offsets of a feature shifting module, ``offsets`` say where the content
    goes: tap t reads at minus ``offsets[t]``, bilinearly, zeros outside the map.

    Args:
        channels: C, channels of input and output.
        width: K, channels that the convolution works on.
        frame: Arguments of :class:`Alternative`.

    Attributes:
        offsets: [9, 2] (dx, dy) in pixels of this map, float32.
        weight: [K, 9 K, 1, 1], the taps one after the other, row by row of the window.
    """

    def __init__(self, channels: int, width: int, **frame: Any) -> None:
        super().__init__(channels, width, **frame)
        rows, columns = torch.meshgrid(torch.arange(-1.0, 2.0), torch.arange(-1.0, 2.0), indexing="ij")
        self.offsets = nn.Parameter(-torch.stack([columns, rows], dim=-1).reshape(9, 2))
        self.weight = nn.Parameter(torch.empty(width, 9 * width, 1, 1))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)  # as nn.Conv2d starts, which has the same fan in

    def reach(self, x: Tensor, maps: Tensor) -> Tensor:
        assert self.offsets is not None
        of_channels = self.offsets[:, None].expand(-1, maps.shape[1], -1).flatten(0, 1)  # [9 K, 2]
        return F.conv2d(shift(torch.cat([maps] * 9, dim=1), of_channels), self.weight)

    def operator_macs(self, positions: int) -> int:
        return positions * self.weight.numel()
