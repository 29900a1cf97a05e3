r"""The shift (Eq. 1) on PyTorch's ``grid_sample``, with the batch in the place of channels and a backward without
scatter.

All samples of a batch share a channel's offset. Given the map as [K, B, H, W], ``grid_sample`` works out each sampling
position once for the whole batch, which is several times as fast as with [B*K, 1, H, W].

Bilinear translation with zeros outside is a convolution with a symmetric tent, so its adjoint is the translation by the
negated offset:

.. math:: \partial L / \partial R = \mathrm{shift}(\partial L / \partial S,\; -\Delta).

Only the gradient by the offsets is left to ``grid_sample``'s own backward, of which it is the cheap half.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_BILINEAR, _ZEROS = 0, 0  # ATen's codes of grid_sample's modes


def missing() -> None:
    """Say that nothing is missing: this back end needs PyTorch alone."""


def takes(x: Tensor) -> bool:
    """Whether this back end can shift a map: it can shift every map, whatever its device and dtype."""
    return True


def forward(x: Tensor, offsets: Tensor) -> Tensor:
    """Shift ``x`` [B, K, H, W] by ``offsets`` [K, 2] pixels."""
    if x.numel() == 0:
        return torch.zeros_like(x, memory_format=torch.contiguous_format)
    displacement = _displacement(x, offsets)
    grid = _grid(x, displacement)
    sampled = F.grid_sample(_batch_as_channels(x, grid), grid, padding_mode="zeros", align_corners=False)
    # What grid_sample returns for a NaN coordinate differs between devices. Adding 0 or NaN makes it the same, and the
    # sum is written in the contiguous layout that the convolutions want.
    out = torch.empty(x.shape, dtype=grid.dtype, device=x.device)
    return torch.add(sampled.transpose(0, 1), _zero_or_nan(displacement)[:, None, None], out=out).to(x.dtype)


def backward(grad: Tensor, x: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients by ``x`` [B, K, H, W] and ``offsets`` [K, 2], given that by the output, ``grad`` [B, K, H, W]."""
    if x.numel() == 0:
        return torch.zeros_like(x, memory_format=torch.contiguous_format), torch.zeros_like(offsets)
    displacement = _displacement(x, offsets)
    size = displacement.new_tensor([x.shape[3], x.shape[2]])
    # When a whole number is converted to a normalised coordinate and back, it may be rounded down into the neighbouring
    # cell, which has the derivative of the wrong side. So the fraction keeps that rounding error away from the borders.
    whole = torch.floor(displacement)
    margin = 4 * torch.finfo(displacement.dtype).eps * size
    grid = _grid(x, whole + torch.minimum(torch.maximum(displacement - whole, margin), 1 - margin))
    _, grad_grid = torch.ops.aten.grid_sampler_2d_backward(
        _batch_as_channels(grad, grid), _batch_as_channels(x, grid), grid, _BILINEAR, _ZEROS, False, [False, True]
    )
    grad_offsets = -2 / size * grad_grid.sum((1, 2)) + _zero_or_nan(displacement)[:, None]
    return forward(grad.to(x.dtype), -offsets), grad_offsets.to(offsets.dtype)


def _displacement(x: Tensor, offsets: Tensor) -> Tensor:
    """The displacement in pixels from an output pixel to the place that it samples, [K, 2] = (-dx, -dy).

    It is bounded where nothing is left in view; NaN stays NaN. It is float64 for float64 maps and float32 for all
    others.
    """
    dtype = torch.float64 if x.dtype == torch.float64 else torch.float32
    bound = torch.tensor([x.shape[3] + 1, x.shape[2] + 1], dtype=dtype, device=x.device)
    return -torch.clamp(offsets.to(dtype), -bound, bound)


def _grid(x: Tensor, displacement: Tensor) -> Tensor:
    """``grid_sample``'s normalised sampling positions [K, H, W, 2] for displacements [K, 2] in pixels."""
    height, width = x.shape[2:]
    u = torch.arange(width, dtype=displacement.dtype, device=x.device) + displacement[:, :1]
    v = torch.arange(height, dtype=displacement.dtype, device=x.device) + displacement[:, 1:]
    u = ((2 * u + 1) / width - 1)[:, None, :].expand(-1, height, -1)
    v = ((2 * v + 1) / height - 1)[:, :, None].expand(-1, -1, width)
    return torch.stack([u, v], dim=-1)


def _batch_as_channels(x: Tensor, grid: Tensor) -> Tensor:
    return x.to(grid.dtype).transpose(0, 1)


def _zero_or_nan(displacement: Tensor) -> Tensor:
    """For each channel, [K]: NaN where either part of its offset is NaN, else 0."""
    return (displacement - displacement).sum(dim=1)
