"""The slow, obvious form of the shift (Eq. 1): channel by channel, four translated copies, all in float64."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def missing() -> None:
    """Say that nothing is missing: this back end needs PyTorch alone."""


def takes(x: Tensor) -> bool:
    """Whether this back end can shift a map: it can shift every map, whatever its device and dtype."""
    return True


def forward(x: Tensor, offsets: Tensor) -> Tensor:
    """Shift ``x`` [B, K, H, W] by ``offsets`` [K, 2] pixels; the result is rounded once, to the dtype of ``x``."""
    out = torch.empty(x.shape, dtype=torch.float64, device=x.device)
    for k in range(x.shape[1]):
        r = x[:, k].double()
        m, n, a, b = _split(offsets[k], *r.shape[-2:])
        upper = (1 - a) * _translate(r, m, n) + a * _translate(r, m + 1, n)
        lower = (1 - a) * _translate(r, m, n + 1) + a * _translate(r, m + 1, n + 1)
        out[:, k] = (1 - b) * upper + b * lower
    return out.to(x.dtype)


def backward(grad: Tensor, x: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients by ``x`` [B, K, H, W] and ``offsets`` [K, 2]: each of the four taps is taken back the way it came."""
    grad_x = torch.empty(x.shape, dtype=torch.float64, device=x.device)
    grad_offsets = torch.empty(offsets.shape, dtype=torch.float64, device=x.device)
    for k in range(x.shape[1]):
        r, g = x[:, k].double(), grad[:, k].double()
        m, n, a, b = _split(offsets[k], *r.shape[-2:])
        grad_x[:, k] = (1 - b) * ((1 - a) * _translate(g, -m, -n) + a * _translate(g, -m - 1, -n)) + b * (
            (1 - a) * _translate(g, -m, -n - 1) + a * _translate(g, -m - 1, -n - 1)
        )
        upper_left, upper_right = _translate(r, m, n), _translate(r, m + 1, n)
        lower_left, lower_right = _translate(r, m, n + 1), _translate(r, m + 1, n + 1)
        # a = -dx - m, so the derivative by dx is minus the one by a; the same for b and dy.
        grad_offsets[k, 0] = -(g * ((1 - b) * (upper_right - upper_left) + b * (lower_right - lower_left))).sum()
        grad_offsets[k, 1] = -(g * ((1 - a) * (lower_left - upper_left) + a * (lower_right - upper_right))).sum()
    return grad_x.to(x.dtype), grad_offsets.to(offsets.dtype)


def _split(offset: Tensor, height: int, width: int) -> tuple[int, int, float, float]:
    """Whole and fractional parts m, n, a, b of the sampling displacement (-dx, -dy); NaN in either makes both fractions
    NaN.
    """
    dx, dy = offset.tolist()
    if math.isnan(dx) or math.isnan(dy):
        return 0, 0, math.nan, math.nan
    u = -min(max(dx, -width - 1), width + 1)  # beyond that nothing is left in view
    v = -min(max(dy, -height - 1), height + 1)
    m, n = math.floor(u), math.floor(v)
    return m, n, u - m, v - n


def _translate(r: Tensor, m: int, n: int) -> Tensor:
    """The map whose value at (x, y) is ``r`` at (x + m, y + n), zero where that lies outside."""
    height, width = r.shape[-2:]
    out = torch.zeros_like(r)
    x0, x1 = max(0, -m), min(width, width - m)
    y0, y1 = max(0, -n), min(height, height - n)
    if x0 < x1 and y0 < y1:
        out[:, y0:y1, x0:x1] = r[:, y0 + n : y1 + n, x0 + m : x1 + m]
    return out
