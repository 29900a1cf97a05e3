r"""The shift (Eq. 1) and its gradients in Numba: one read and one write of every map, nothing for the user to compile.

A map is walked as one flat row, sixteen positions at a time whatever its width. With the split of :mod:`shift
<mmpose_ssn.ops.shift>`, a position's four taps lie at fixed distances n*W + m, + 1, + W and + W + 1 from it; which of
them lie within the map is a mask for each group of sixteen. A channel's masks hold for all samples of a batch.

Addresses and sizes are in bytes where a name ends in ``_at`` or ``size``, in elements elsewhere.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float32, float64, int32, int64, njit, void

from mmpose_ssn.ops.simd import (
    LANES,
    first,
    load_bfloat16,
    load_float32,
    load_word,
    pack,
    splat,
    store_bfloat16,
    store_float32,
    store_word,
    total,
    unpack,
    within,
)

BLOCK = 64
"""Channels whose masks are kept at a time: few enough for the cache, enough that what is read lies together."""

_OPTIONS = {"nogil": True, "cache": True, "error_model": "numpy"}
_compiled = njit(**_OPTIONS)


def flat_positions(height: int, width: int) -> np.ndarray:
    """Rows of x and of y of every flat position, int32 [2, groups * LANES]; off the map where the last group ends."""
    groups = -(-height * width // LANES)
    positions = np.full((2, groups * LANES), 1 << 30, np.int32)
    positions[1, : height * width], positions[0, : height * width] = np.divmod(np.arange(height * width), width)
    return positions


def room_for_masks(positions: np.ndarray) -> np.ndarray:
    """Room for the masks of two shifts of BLOCK channels, for one thread."""
    return np.empty((2, BLOCK, positions.shape[1] // LANES), np.int64)


@_compiled
def _load(at, lanes, size):
    return load_float32(at, lanes) if size == 4 else load_bfloat16(at, lanes)


@_compiled
def _store(at, lanes, value, size):
    if size == 4:
        store_float32(at, lanes, value)
    else:
        store_bfloat16(at, lanes, value)


@_compiled
def _split(dx, dy, height, width):
    """Whole and fractional parts m, n, a, b of the displacement (-dx, -dy); NaN in either makes both fractions NaN."""
    if math.isnan(dx) or math.isnan(dy):
        return 0, 0, float32(math.nan), float32(math.nan)
    u = -min(max(dx, float32(-width - 1)), float32(width + 1))  # beyond that nothing is left in view
    v = -min(max(dy, float32(-height - 1)), float32(height + 1))
    m, n = math.floor(u), math.floor(v)
    return int64(m), int64(n), float32(u - float32(m)), float32(v - float32(n))


@_compiled
def _mask_taps(words_at, positions_at, groups, height, width, m, n):
    """Write, for each group of positions, which of its four taps lie within the map."""
    x_at, y_at = positions_at, positions_at + 4 * groups * LANES
    for _ in range(groups):
        x0, x1 = within(x_at, m, width), within(x_at, m + 1, width)
        y0, y1 = within(y_at, n, height), within(y_at, n + 1, height)
        store_word(words_at, pack(x0, x1, y0, y1))
        words_at += 8
        x_at += 4 * LANES
        y_at += 4 * LANES


@_compiled
def _plan(offsets, channel, positions_at, words_at, groups, height, width, size, sign):
    """Distance in bytes of the first tap, fractions a and b for ``sign`` times a channel's offset; writes its masks."""
    dx, dy = float32(sign) * offsets[channel, 0], float32(sign) * offsets[channel, 1]
    m, n, a, b = _split(dx, dy, height, width)
    _mask_taps(words_at, positions_at, groups, height, width, m, n)
    return (n * width + m) * size, a, b


@_compiled
def _taps(at, row, words_at, size):
    """The four taps of sixteen positions, the first of which lies at ``at``; ``row`` is a row's size in bytes."""
    word = load_word(words_at)
    r00, r10 = _load(at, unpack(word, 0), size), _load(at + size, unpack(word, 1), size)
    r01, r11 = _load(at + row, unpack(word, 2), size), _load(at + row + size, unpack(word, 3), size)
    return r00, r10, r01, r11


@_compiled
def _weights(a, b):
    """The taps' weights, in their order."""
    one = float32(1)
    return splat((one - a) * (one - b)), splat(a * (one - b)), splat((one - a) * b), splat(a * b)


@_compiled
def _interpolate(at, row, words_at, weights, size):
    """Bilinear interpolation at sixteen positions, with :func:`_weights`."""
    r00, r10, r01, r11 = _taps(at, row, words_at, size)
    w00, w10, w01, w11 = weights
    return (w00 * r00 + w10 * r10) + (w01 * r01 + w11 * r11)


@_compiled
def _shift_map(to_at, to_size, from_at, from_size, positions, row, words_at, a, b):
    """Write one shifted map; ``from_at`` is where the first tap of its first position lies, in view or not."""
    weights = _weights(a, b)
    for _ in range(positions // LANES):
        _store(to_at, first(LANES), _interpolate(from_at, row, words_at, weights, from_size), to_size)
        to_at += LANES * to_size
        from_at += LANES * from_size
        words_at += 8
    rest = positions % LANES
    if rest > 0:
        _store(to_at, first(rest), _interpolate(from_at, row, words_at, weights, from_size), to_size)


@_compiled
def _shift_map_backward(grad_at, from_at, positions, row, words_at, a, b, to_at, back_from_at, back_at, c, d, size):
    """Write the gradient of one map; return the sums over it of ``grad`` times the interpolation's derivative by a and
    by b.

    ``back_from_at``, ``back_at``, c and d are the negated offset's first tap in ``grad``, masks and fractions. One loop
    does both: while one waits for memory, the other computes.
    """
    one = float32(1)
    a0, a1, b0, b1 = splat(one - a), splat(a), splat(one - b), splat(b)
    by_a = by_b = splat(float32(0))
    weights = _weights(c, d)
    for start in range(0, positions, LANES):
        inside = first(positions - start)
        r00, r10, r01, r11 = _taps(from_at, row, words_at, size)
        grad = _load(grad_at, inside, size)
        by_a = by_a + grad * (b0 * (r10 - r00) + b1 * (r11 - r01))
        by_b = by_b + grad * (a0 * (r01 - r00) + a1 * (r11 - r10))
        _store(to_at, inside, _interpolate(back_from_at, row, back_at, weights, size), size)
        grad_at += LANES * size
        from_at += LANES * size
        words_at += 8
        to_at += LANES * size
        back_from_at += LANES * size
        back_at += 8
    return total(by_a), total(by_b)


@njit(
    void(
        int64, int64, float32[:, ::1], int32[:, ::1], int64[:, :, ::1], int64, int64, int64, int64, int64, int64, int64
    ),
    **_OPTIONS,
)
def shift_channels(x_at, out_at, offsets, positions, words, samples, channels, height, width, size, start, stop):
    """Shift the channels ``start`` to ``stop`` - 1 of x [B, K, H, W], contiguous, into ``out`` of the same shape.

    ``offsets`` are [K, 2] (dx, dy), ``positions`` from :func:`flat_positions`, ``words`` from :func:`room_for_masks`;
    samples, channels, height and width are B, K, H and W; ``size`` is an element's, 4 for float32 and 2 for bfloat16.
    """
    count, groups = height * width, positions.shape[1] // LANES
    positions_at, words_at = int64(positions.ctypes.data), int64(words.ctypes.data)
    distances, fractions = np.empty(BLOCK, np.int64), np.empty((BLOCK, 2), np.float32)
    for block in range(start, stop, BLOCK):
        block_channels = min(BLOCK, stop - block)
        for j in range(block_channels):
            distances[j], fractions[j, 0], fractions[j, 1] = _plan(
                offsets, block + j, positions_at, words_at + 8 * groups * j, groups, height, width, size, 1
            )
        for sample in range(samples):
            here = (sample * channels + block) * count * size
            for j in range(block_channels):
                first_tap, mask_at = x_at + here + distances[j], words_at + 8 * groups * j
                _shift_map(
                    out_at + here, size, first_tap, size, count, width * size, mask_at, fractions[j, 0], fractions[j, 1]
                )
                here += count * size


@njit(
    void(
        *(int64, int64, int64, float32[:, ::1], float64[:, ::1], int32[:, ::1], int64[:, :, ::1]),
        *(int64, int64, int64, int64, int64, int64, int64),
    ),
    **_OPTIONS,
)
def shift_channels_backward(
    grad_at,
    x_at,
    grad_x_at,
    offsets,
    grad_offsets,
    positions,
    words,
    samples,
    channels,
    height,
    width,
    size,
    start,
    stop,
):
    """Gradients of :func:`shift_channels` by x and by the offsets, for the gradient ``grad`` of its output.

    The gradient by x is ``grad`` shifted by the negated offsets; that by an offset is summed in float64 over samples.
    """
    count, groups = height * width, positions.shape[1] // LANES
    positions_at = int64(positions.ctypes.data)
    words_at, back_at = int64(words.ctypes.data), int64(words[1].ctypes.data)
    distances, fractions = np.empty((2, BLOCK), np.int64), np.empty((2, BLOCK, 2), np.float32)
    for block in range(start, stop, BLOCK):
        block_channels = min(BLOCK, stop - block)
        for j in range(block_channels):
            distances[0, j], fractions[0, j, 0], fractions[0, j, 1] = _plan(
                offsets, block + j, positions_at, words_at + 8 * groups * j, groups, height, width, size, 1
            )
            distances[1, j], fractions[1, j, 0], fractions[1, j, 1] = _plan(
                offsets, block + j, positions_at, back_at + 8 * groups * j, groups, height, width, size, -1
            )
            grad_offsets[block + j, 0] = grad_offsets[block + j, 1] = 0.0
        for sample in range(samples):
            here = (sample * channels + block) * count * size
            for j in range(block_channels):
                by_a, by_b = _shift_map_backward(
                    grad_at + here,
                    x_at + here + distances[0, j],
                    count,
                    width * size,
                    words_at + 8 * groups * j,
                    fractions[0, j, 0],
                    fractions[0, j, 1],
                    grad_x_at + here,
                    grad_at + here + distances[1, j],
                    back_at + 8 * groups * j,
                    fractions[1, j, 0],
                    fractions[1, j, 1],
                    size,
                )
                # a = -dx - m, so the derivative by dx is minus the one by a; the same for b and dy.
                grad_offsets[block + j, 0] -= by_a
                grad_offsets[block + j, 1] -= by_b
                here += count * size
