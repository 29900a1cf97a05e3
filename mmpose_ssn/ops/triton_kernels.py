"""The shift (Eq. 1) and its gradients by the offsets in Triton.

The split and its meaning are those of :mod:`mmpose_ssn.ops.shift`. A tap outside of the map is masked, so it is never
read.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def _split(offset, size):
    """Whole and fractional part of the displacement -offset, bounded where nothing is left in view; NaN gives a NaN
    fraction.
    """
    bound = size + 1.0
    displacement = -tl.minimum(tl.maximum(offset, -bound), bound)
    displacement = tl.where(offset != offset, 0.0, displacement)
    whole = tl.floor(displacement)
    fraction = tl.where(offset != offset, offset, displacement - whole)
    return whole.to(tl.int32), fraction


@triton.jit
def _tap(map_ptr, x, y, inside, height, width):
    within = inside & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    return tl.load(map_ptr + y * width + x, mask=within, other=0.0).to(tl.float32)


@triton.jit
def shift_kernel(x_ptr, offsets_ptr, out_ptr, sign, channels, height, width, BLOCK: tl.constexpr):
    """Shift by ``sign`` times the offsets; the grid is [B * K, ceil(H * W / BLOCK)], and each program takes some
    positions of one map.
    """
    plane = tl.program_id(0)
    position = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = position < height * width
    dx = sign * tl.load(offsets_ptr + 2 * (plane % channels))
    dy = sign * tl.load(offsets_ptr + 2 * (plane % channels) + 1)
    m, a = _split(dx, width)
    n, b = _split(dy, height)
    start = plane.to(tl.int64) * height * width
    x, y = position % width + m, position // width + n
    upper = (1 - a) * _tap(x_ptr + start, x, y, inside, height, width)
    upper += a * _tap(x_ptr + start, x + 1, y, inside, height, width)
    lower = (1 - a) * _tap(x_ptr + start, x, y + 1, inside, height, width)
    lower += a * _tap(x_ptr + start, x + 1, y + 1, inside, height, width)
    out = (1 - b) * upper + b * lower
    tl.store(out_ptr + start + position, out.to(out_ptr.dtype.element_ty), mask=inside)


@triton.jit
def offset_gradient_kernel(
    grad_ptr, x_ptr, offsets_ptr, out_ptr, samples, channels, height, width, BLOCK: tl.constexpr
):
    """Gradients by the offsets; the grid is [K]: one program sums a channel, always in the same order."""
    channel = tl.program_id(0)
    m, a = _split(tl.load(offsets_ptr + 2 * channel), width)
    n, b = _split(tl.load(offsets_ptr + 2 * channel + 1), height)
    by_a = tl.zeros([BLOCK], tl.float32)
    by_b = tl.zeros([BLOCK], tl.float32)
    for sample in range(samples):
        start = (sample * channels + channel).to(tl.int64) * height * width
        for first in range(0, height * width, BLOCK):
            position = first + tl.arange(0, BLOCK)
            inside = position < height * width
            x, y = position % width + m, position // width + n
            r00 = _tap(x_ptr + start, x, y, inside, height, width)
            r10 = _tap(x_ptr + start, x + 1, y, inside, height, width)
            r01 = _tap(x_ptr + start, x, y + 1, inside, height, width)
            r11 = _tap(x_ptr + start, x + 1, y + 1, inside, height, width)
            grad = tl.load(grad_ptr + start + position, mask=inside, other=0.0).to(tl.float32)
            by_a += grad * ((1 - b) * (r10 - r00) + b * (r11 - r01))
            by_b += grad * ((1 - a) * (r01 - r00) + a * (r11 - r10))
    # a = -dx - m, so the derivative by dx is minus the one by a; the same for b and dy.
    tl.store(out_ptr + 2 * channel, -tl.sum(by_a))
    tl.store(out_ptr + 2 * channel + 1, -tl.sum(by_b))
