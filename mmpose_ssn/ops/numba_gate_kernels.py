r"""The shift and the attention gate in one pass over each map (Eq. 1 and 6): S * F, forward and backward, in Numba.

With f = softplus(l) of the attention's logits l, or sigmoid(l), and F = c f, the gate's scale c is 1 / sum(f) over the
map (``SOFTPLUS_L1``), its H*W-fold (``SOFTPLUS_MEAN``), or 1 (``SIGMOID``). A map's f fits the nearest cache, so that
neither softplus nor its sum ever costs a pass through memory. The backward computes f anew:

.. math::
    \partial S = \partial Q \, F, \qquad
    \partial l = c\,(\partial Q \, S - D / \textstyle\sum f)\, \sigma(l), \quad D = \sum \partial Q \, S \, f,

without the D for sigmoid, whose derivative is f (1 - f).
"""

from __future__ import annotations

import numpy as np
from numba import boolean, float32, float64, int32, int64, njit, void

from mmpose_ssn.ops.normalization import LEAST_SUM, NORMALIZATIONS
from mmpose_ssn.ops.numba_kernels import (
    _OPTIONS,
    BLOCK,
    _compiled,
    _interpolate,
    _load,
    _plan,
    _shift_map,
    _store,
    _taps,
    _weights,
)
from mmpose_ssn.ops.simd import (
    LANES,
    first,
    load_float32,
    nearest,
    positive,
    power_of_two,
    splat,
    store_float32,
    total,
    where_negative,
)

SOFTPLUS_L1, SOFTPLUS_MEAN, SIGMOID = map(NORMALIZATIONS.index, ("softplus-l1", "softplus-mean", "sigmoid"))


@_compiled
def _exp_of_minus_magnitude(value):
    """exp(-abs(value)), to float32's precision; below 1e-37 it stays there."""
    magnitude = where_negative(value, splat(0.0) - value, value)
    magnitude = where_negative(splat(85.0) - magnitude, splat(85.0), magnitude)
    x = splat(0.0) - magnitude
    n = nearest(x * splat(1.4426950408889634))
    r = (x - n * splat(0.693359375)) - n * splat(-2.12194440e-4)
    p = splat(1.9875691500e-4)  # the coefficients of Cephes' expf
    p = p * r + splat(1.3981999507e-3)
    p = p * r + splat(8.3334519073e-3)
    p = p * r + splat(4.1665795894e-2)
    p = p * r + splat(1.6666665459e-1)
    p = p * r + splat(5.0000001201e-1)
    return (p * (r * r) + (r + splat(1.0))) * power_of_two(n)


@_compiled
def _softplus_of(value, t):
    """softplus(value) for t = exp(-abs(value)), as max(value, 0) + 2 artanh(t / (2 + t))."""
    z = t / (splat(2.0) + t)
    z2 = z * z
    p = splat(1 / 13)
    p = p * z2 + splat(1 / 11)
    p = p * z2 + splat(1 / 9)
    p = p * z2 + splat(1 / 7)
    p = p * z2 + splat(1 / 5)
    p = p * z2 + splat(1 / 3)
    return positive(value) + splat(2.0) * (z * (z2 * p) + z)


@_compiled
def _gate(logits_at, size, count, f_at, slope_at, form):
    """Write f and its derivative (where ``slope_at`` is not 0) for one map; return f's sum over it."""
    summed = splat(0.0)
    for start in range(0, count, LANES):
        inside = first(count - start)
        value = _load(logits_at, inside, size)
        t = _exp_of_minus_magnitude(value)
        sigmoid = where_negative(value, t, splat(1.0)) / (splat(1.0) + t)
        if form == SIGMOID:
            f, slope = sigmoid, t / ((splat(1.0) + t) * (splat(1.0) + t))
        else:
            f, slope = _softplus_of(value, t), sigmoid
        store_float32(f_at, inside, f)
        summed = summed + load_float32(f_at, inside)
        if slope_at != 0:
            store_float32(slope_at, inside, slope)
            slope_at += LANES * 4
        f_at += LANES * 4
        logits_at += LANES * size
    return total(summed)


@_compiled
def _scale(form, summed, count):
    if form == SIGMOID:
        return float32(1.0)
    if summed < float32(LEAST_SUM):
        summed = float32(LEAST_SUM)
    return (float32(count) if form == SOFTPLUS_MEAN else float32(1.0)) / summed


@njit(
    void(
        *(int64, int64, int64, boolean, float32[:, ::1], int32[:, ::1], int64[:, :, ::1], float32[:, ::1]),
        *(int64, int64, int64, int64, int64, int64, int64, int64),
    ),
    **_OPTIONS,
)
def gate_channels(
    x_at,
    logits_at,
    out_at,
    moving,
    offsets,
    positions,
    words,
    room,
    samples,
    channels,
    height,
    width,
    size,
    start,
    stop,
    form,
):
    """Shift the channels ``start`` to ``stop`` - 1 of x (only where ``moving``) and multiply them by their gate.

    ``room`` holds one map of float32 for intermediate results, four in the backward; the rest is as in
    :func:`~mmpose_ssn.ops.numba_kernels.shift_channels`.
    """
    count, groups = height * width, positions.shape[1] // LANES
    positions_at, words_at, f_at = int64(positions.ctypes.data), int64(words.ctypes.data), int64(room.ctypes.data)
    distances, fractions = np.zeros(BLOCK, np.int64), np.zeros((BLOCK, 2), np.float32)
    for block in range(start, stop, BLOCK):
        block_channels = min(BLOCK, stop - block)
        if moving:
            for j in range(block_channels):
                distances[j], fractions[j, 0], fractions[j, 1] = _plan(
                    offsets, block + j, positions_at, words_at + 8 * groups * j, groups, height, width, size, 1
                )
        for sample in range(samples):
            here = (sample * channels + block) * count * size
            for j in range(block_channels):
                summed = _gate(logits_at + here, size, count, f_at, 0, form)
                scale = splat(_scale(form, summed, count))
                weights = _weights(fractions[j, 0], fractions[j, 1])
                tap, to, mask_at, f = x_at + here + distances[j], out_at + here, words_at + 8 * groups * j, f_at
                for left in range(count, 0, -LANES):
                    inside = first(left)
                    if moving:
                        shifted = _interpolate(tap, width * size, mask_at, weights, size)
                    else:
                        shifted = _load(tap, inside, size)
                    _store(to, inside, shifted * (scale * load_float32(f, inside)), size)
                    tap += LANES * size
                    to += LANES * size
                    mask_at += 8
                    f += LANES * 4
                here += count * size


@njit(
    void(
        *(int64, int64, int64, int64, int64, boolean, float32[:, ::1], float64[:, ::1]),
        *(int32[:, ::1], int64[:, :, ::1], float32[:, ::1]),
        *(int64, int64, int64, int64, int64, int64, int64, int64),
    ),
    **_OPTIONS,
)
def gate_channels_backward(
    grad_at, x_at, logits_at, grad_x_at, grad_logits_at, moving, offsets, grad_offsets, positions, words, room,
    samples, channels, height, width, size, start, stop, form,
):  # fmt: skip
    """Gradients of :func:`gate_channels` by x, logits and, where ``moving``, offsets (summed in float64)."""
    count, groups = height * width, positions.shape[1] // LANES
    positions_at, words_at, back_at = (
        int64(positions.ctypes.data),
        int64(words.ctypes.data),
        int64(words[1].ctypes.data),
    )
    room_at, stride = int64(room.ctypes.data), 4 * groups * LANES
    f_at, slope_at, by_shifted_at, by_gate_at = room_at, room_at + stride, room_at + 2 * stride, room_at + 3 * stride
    one, row = float32(1), width * size
    distances, fractions = np.zeros((2, BLOCK), np.int64), np.zeros((2, BLOCK, 2), np.float32)
    for block in range(start, stop, BLOCK):
        block_channels = min(BLOCK, stop - block)
        if moving:
            for j in range(block_channels):
                distances[0, j], fractions[0, j, 0], fractions[0, j, 1] = _plan(
                    offsets, block + j, positions_at, words_at + 8 * groups * j, groups, height, width, size, 1
                )
                distances[1, j], fractions[1, j, 0], fractions[1, j, 1] = _plan(
                    offsets, block + j, positions_at, back_at + 8 * groups * j, groups, height, width, 4, -1
                )
                grad_offsets[block + j, 0] = grad_offsets[block + j, 1] = 0.0
        for sample in range(samples):
            here = (sample * channels + block) * count * size
            for j in range(block_channels):
                summed = _gate(logits_at + here, size, count, f_at, slope_at, form)
                scale = splat(_scale(form, summed, count))
                a, b = fractions[0, j, 0], fractions[0, j, 1]
                a0, a1, b0, b1 = splat(one - a), splat(a), splat(one - b), splat(b)
                by_a = by_b = dot = splat(0.0)
                tap, grad_from, mask_at = x_at + here + distances[0, j], grad_at + here, words_at + 8 * groups * j
                f, by_shifted, by_gate = f_at, by_shifted_at, by_gate_at
                for left in range(count, 0, -LANES):
                    inside = first(left)
                    grad = _load(grad_from, inside, size)
                    gate = load_float32(f, inside)
                    into_shift = grad * (scale * gate)
                    if moving:
                        r00, r10, r01, r11 = _taps(tap, row, mask_at, size)
                        upper, lower = a0 * r00 + a1 * r10, a0 * r01 + a1 * r11
                        shifted = b0 * upper + b1 * lower
                        by_a = by_a + into_shift * (b0 * (r10 - r00) + b1 * (r11 - r01))
                        by_b = by_b + into_shift * (lower - upper)
                        store_float32(by_shifted, inside, into_shift)
                    else:
                        shifted = _load(tap, inside, size)
                        _store(grad_x_at + here + (count - left) * size, inside, into_shift, size)
                    into_gate = grad * shifted
                    dot = dot + into_gate * gate
                    store_float32(by_gate, inside, into_gate)
                    tap += LANES * size
                    grad_from += LANES * size
                    mask_at += 8
                    f += LANES * 4
                    by_shifted += LANES * 4
                    by_gate += LANES * 4
                mean = float32(0) if form == SIGMOID or summed < float32(LEAST_SUM) else total(dot) / summed
                common, to, slope, by_gate = splat(mean), grad_logits_at + here, slope_at, by_gate_at
                for left in range(count, 0, -LANES):
                    inside = first(left)
                    into_logits = scale * ((load_float32(by_gate, inside) - common) * load_float32(slope, inside))
                    _store(to, inside, into_logits, size)
                    to += LANES * size
                    slope += LANES * 4
                    by_gate += LANES * 4
                if moving:
                    # a = -dx - m, so the derivative by dx is minus the one by a; the same for b and dy.
                    grad_offsets[block + j, 0] -= total(by_a)
                    grad_offsets[block + j, 1] -= total(by_b)
                    back_tap, back_mask = by_shifted_at + distances[1, j], back_at + 8 * groups * j
                    a, b = fractions[1, j, 0], fractions[1, j, 1]
                    _shift_map(grad_x_at + here, size, back_tap, 4, count, 4 * width, back_mask, a, b)
                here += count * size
