r"""The shift (Eq. 1), the attention gate (Eq. 6) and their gradients in Numba: plain loops over a map as one flat row.

With the split of :mod:`mmpose_ssn.ops.shift` the four taps of every position lie at the same distances from it: n*W+m,
and that plus 1, W and W + 1. So one loop serves a whole map, whatever its width, and LLVM compiles it to the vector
instructions of the processor at hand. A tap outside of the map reads some other element, in whose place zero is
selected; it is not multiplied by zero, so that a NaN or an infinity there has no effect. Whether a tap lies outside is
found by comparing the column (or the row) of its position, counted from the side that the taps move away from, with the
number of columns (or rows) whose taps stay inside.

Loops run to the next multiple of ``PAD`` positions, so that none are left over that fill no vector. What a loop writes
beyond its map is overwritten by the next channel's loop; a loop that would write beyond its ``BLOCK`` of channels ends
with the map instead. One thread does a whole block, so that the order in which a map is summed does not depend on the
thread.

The gradient by x takes each tap back the way it came. The same four taps of the incoming gradient, multiplied by x, sum
up to the gradient by the offset. Values that no tap connects do not enter that sum, whatever they are: a pixel that has
moved out of view, and the gradient of a position whose taps all lie outside of the map.

Maps are flat arrays: float32, or uint16 for bfloat16. B, K, H and W are samples, channels, height and width.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float32, int32, int64, njit, types, uint32, uint64
from numba.extending import overload, register_jitable

from mmpose_ssn.ops.normalization import LEAST_SUM, NORMALIZATIONS

PAD = 16
"""Loops run over a multiple of this many positions, which fills the float32 vectors of every processor."""

BLOCK = 8
"""Number of channels that one thread does as a whole; ``start`` and, unless it is K, ``stop`` are multiples of it."""

SOFTPLUS_L1, SOFTPLUS_MEAN, SIGMOID = map(NORMALIZATIONS.index, ("softplus-l1", "softplus-mean", "sigmoid"))

# log(1 + t) / t as a polynomial in t, with a relative error of 3e-8 at most.
_QUOTIENT = np.polynomial.Chebyshev.interpolate(lambda t: np.log1p(t) / t, 8, [0, 1])
_LOG1P = tuple(map(np.float32, _QUOTIENT.convert(kind=np.polynomial.Polynomial).coef))

_NOWHERE = 0, 0, np.float32(0), np.float32(0)  # m, n, a, b of a map that is not shifted

# `contract` lets a * b + c become one operation. `reassoc`, for sums alone, lets a vector's lanes be summed apart.
_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
_compiled = njit(**_OPTIONS, cache=True)
_summing = njit(**{**_OPTIONS, "fastmath": {"contract", "reassoc"}}, cache=True)


@register_jitable
def padded(count):
    """The least multiple of PAD that is not below ``count``."""
    return (count + PAD - 1) // PAD * PAD


@register_jitable
def margin(height, width):
    """Bound on the distance of a tap from its position, in elements of the flat map."""
    return (height + 3) * width + 3


def positions(height: int, width: int) -> np.ndarray:
    """Four tables of all positions of a map, one after the other, int32 [4 * padded(H * W)].

    They hold the column counted from the left, the column counted from the right, W * row + column counted from the top
    left, and the same counted from the bottom right. Entries beyond the map are larger than all others.
    """
    count = height * width
    flat = np.arange(count)
    tables = np.full((4, padded(count)), np.iinfo(np.int32).max, np.int32)
    tables[:, :count] = flat % width, width - 1 - flat % width, flat, count - 1 - flat
    return tables.ravel()


def _read(maps, at):
    """Read an element as float32."""


def _write(maps, at, value):
    """Write a float32 value; as bfloat16 it is rounded to the nearest, ties to even, and NaN stays NaN."""


@overload(_read, jit_options=_OPTIONS)
def _choose_read(maps, at):
    if maps.dtype == types.float32:
        return lambda maps, at: maps[at]
    return lambda maps, at: np.uint32(uint32(maps[at]) << uint32(16)).view(np.float32)


@overload(_write, jit_options=_OPTIONS)
def _choose_write(maps, at, value):
    def write_float32(maps, at, value):
        maps[at] = value

    def write_bfloat16(maps, at, value):
        bits = np.float32(value).view(np.uint32)
        rounded = uint32(bits + uint32(0x7FFF) + uint32(uint32(bits >> uint32(16)) & uint32(1))) >> uint32(16)
        maps[at] = rounded if value == value else uint32(0x7FC0)

    return write_float32 if maps.dtype == types.float32 else write_bfloat16


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
def _view(m, n, height, width):
    """What tells which taps, displaced by (m, n), lie inside of a map.

    Returns:
        The distance of the first tap from its position; where in :func:`positions` the table begins of columns counted
        from the side which the taps move away from, and where that of rows begins; and four bounds: the left and the
        right taps lie inside where the entry for the column is below the first and the second, the upper and the lower
        ones where that for the row is below the third and the fourth.
    """
    entries = padded(height * width)
    left, right = (width - m, width - m - 1) if m >= 0 else (width + m, width + m + 1)
    upper, lower = (height - n, height - n - 1) if n >= 0 else (height + n, height + n + 1)
    columns, rows = 0 if m >= 0 else entries, (2 if n >= 0 else 3) * entries
    return n * width + m, columns, rows, int32(left), int32(right), int32(upper * width), int32(lower * width)


@_compiled
def _taps(maps, at, width, column, row, left, right, upper, lower):
    """The four taps of a position, the first of which lies at ``at``; 0 for those outside of the map."""
    outside = float32(0)
    r00, r10 = _read(maps, at), _read(maps, at + uint64(1))
    r01, r11 = _read(maps, at + uint64(width)), _read(maps, at + uint64(width + 1))
    r00, r10 = r00 if row < upper else outside, r10 if row < upper else outside
    r01, r11 = r01 if row < lower else outside, r11 if row < lower else outside
    r00, r01 = r00 if column < left else outside, r01 if column < left else outside
    r10, r11 = r10 if column < right else outside, r11 if column < right else outside
    return r00, r10, r01, r11


@_compiled
def _weights(a, b):
    """Weights of the taps (0, 0), (1, 0), (0, 1) and (1, 1)."""
    one = float32(1)
    return (one - a) * (one - b), a * (one - b), (one - a) * b, a * b


@_compiled
def _shift_map(source, source_at, out, out_at, length, width, table, view, weights):
    """Shift the map that begins at ``source_at`` of ``source`` into the one that begins at ``out_at`` of ``out``."""
    distance, columns, rows, left, right, upper, lower = view
    w00, w10, w01, w11 = weights
    tap, to, columns, rows = uint64(source_at + distance), uint64(out_at), uint64(columns), uint64(rows)
    for position in range(length):
        i = uint64(position)
        r00, r10, r01, r11 = _taps(
            source, tap + i, width, table[columns + i], table[rows + i], left, right, upper, lower
        )
        _write(out, to + i, (w00 * r00 + w01 * r01) + (w10 * r10 + w11 * r11))


@_compiled
def _slopes(r00, r10, r01, r11):
    """Three differences, from whose sums s, t and v follow the derivatives: s + b v by a, and t + a v by b."""
    return r10 - r00, r01 - r00, (r11 - r10) - (r01 - r00)


@_summing
def _unshift_map(source, source_at, out, out_at, x, length, width, table, view, a, b):
    """Shift the gradient at ``source_at`` back to ``out_at``; return the map's derivatives by a and b, each summed.

    ``view`` is that of the displacement (-m - 1, -n - 1): the taps are those of the shift in reverse order. ``x`` too
    is read from ``out_at`` on. Where no tap reads it, it does not enter the sums, whatever it is.
    """
    distance, columns, rows, left, right, upper, lower = view
    w00, w10, w01, w11 = _weights(a, b)
    tap, to, columns, rows = uint64(source_at + distance), uint64(out_at), uint64(columns), uint64(rows)
    across, down = max(left, right), max(upper, lower)
    by_a = by_b = by_both = float32(0)
    for position in range(length):
        i = uint64(position)
        column, row = table[columns + i], table[rows + i]
        r11, r01, r10, r00 = _taps(source, tap + i, width, column, row, left, right, upper, lower)
        _write(out, to + i, (w11 * r11 + w10 * r10) + (w01 * r01 + w00 * r00))
        seen = _read(x, to + i)
        seen = seen if row < down else float32(0)
        seen = seen if column < across else float32(0)
        along_a, along_b, along_both = _slopes(r00, r10, r01, r11)
        by_a += seen * along_a
        by_b += seen * along_b
        by_both += seen * along_both
    return by_a + b * by_both, by_b + a * by_both


@_compiled
def _copy(source, source_at, out, out_at, length):
    at, to = uint64(source_at), uint64(out_at)
    for position in range(length):
        i = uint64(position)
        _write(out, to + i, _read(source, at + i))


@_compiled
def _has_taps(maps, at, view, length, width):
    """Whether all that the taps of the map at ``at`` read lies within the array."""
    first = at + view[0]
    return first >= 0 and first + length + width + 1 <= maps.size


@_compiled
def _length(channel, channels, count):
    """Number of positions that a loop over a map of a channel runs through."""
    end_of_block = min((channel // BLOCK + 1) * BLOCK, channels)
    return padded(count) if channel * count + padded(count) <= end_of_block * count else count


@_compiled
def shift_channels(x, out, offsets, table, edge, shape, start, stop):
    """Shift the channels ``start`` to ``stop`` - 1 of x [B * K * H * W] into ``out``.

    ``offsets`` [K, 2] are (dx, dy) in pixels, float32; ``table`` is from :func:`positions`; ``shape`` is B, K, H, W. A
    map so near an end of x that its taps would leave the array is copied to ``edge`` and shifted from there; ``edge``
    has room for a map with a :func:`margin` on either side.
    """
    samples, channels, height, width = shape
    count, middle = height * width, margin(height, width)
    for channel in range(start, stop):
        m, n, a, b = _split(offsets[channel, 0], offsets[channel, 1], height, width)
        view, weights = _view(m, n, height, width), _weights(a, b)
        length = _length(channel, channels, count)
        for sample in range(samples):
            here = (sample * channels + channel) * count
            # This choice is repeated in every kernel. In a function of its own it would make Numba count references for
            # each map, which takes as long as shifting a map of 8x6.
            if _has_taps(x, here, view, length, width):
                _shift_map(x, here, out, here, length, width, table, view, weights)
            else:
                _copy(x, here, edge, middle, count)
                _shift_map(edge, middle, out, here, length, width, table, view, weights)


@_compiled
def shift_channels_backward(grad, x, grad_x, offsets, grad_offsets, table, edge, shape, start, stop):
    """Gradients of :func:`shift_channels` by x and by the offsets; the latter, float64, are summed over samples."""
    samples, channels, height, width = shape
    count, middle = height * width, margin(height, width)
    for channel in range(start, stop):
        m, n, a, b = _split(offsets[channel, 0], offsets[channel, 1], height, width)
        view = _view(-m - 1, -n - 1, height, width)
        length = _length(channel, channels, count)
        grad_offsets[channel, 0] = grad_offsets[channel, 1] = 0.0
        for sample in range(samples):
            here = (sample * channels + channel) * count
            if _has_taps(grad, here, view, length, width):
                by_a, by_b = _unshift_map(grad, here, grad_x, here, x, length, width, table, view, a, b)
            else:
                _copy(grad, here, edge, middle, count)
                by_a, by_b = _unshift_map(edge, middle, grad_x, here, x, length, width, table, view, a, b)
            # a = -dx - m, so the derivative by dx is minus the one by a; the same for b and dy.
            grad_offsets[channel, 0] -= by_a
            grad_offsets[channel, 1] -= by_b


@_compiled
def _exp_of_minus_magnitude(value):
    """exp(-abs(value)), to float32's precision; 0 below 1e-37."""
    magnitude = abs(value)
    vanishes = magnitude > float32(85)
    x = -(float32(85) if vanishes else magnitude)
    # Adding 1.5 * 2^23 rounds to a whole number, which then stands in the lowest bits. Shifted to the exponent's place,
    # it makes the power of two.
    rounded = x * float32(1.4426950408889634) + float32(12582912)
    n = rounded - float32(12582912)
    power = np.uint32(uint32(np.float32(rounded).view(np.uint32) << uint32(23)) + uint32(0x3F800000)).view(np.float32)
    r = (x - n * float32(0.693359375)) - n * float32(-2.12194440e-4)
    p = float32(1.9875691500e-4)  # the coefficients of Cephes' expf
    p = p * r + float32(1.3981999507e-3)
    p = p * r + float32(8.3334519073e-3)
    p = p * r + float32(4.1665795894e-2)
    p = p * r + float32(1.6666665459e-1)
    p = p * r + float32(5.0000001201e-1)
    return float32(0) if vanishes else (p * (r * r) + (r + float32(1))) * power


@_compiled
def _log1p(t):
    """log(1 + t) for t from 0 to 1, to float32's precision."""
    p = _LOG1P[8]
    p = p * t + _LOG1P[7]
    p = p * t + _LOG1P[6]
    p = p * t + _LOG1P[5]
    p = p * t + _LOG1P[4]
    p = p * t + _LOG1P[3]
    p = p * t + _LOG1P[2]
    p = p * t + _LOG1P[1]
    p = p * t + _LOG1P[0]
    return p * t


@_compiled
def _softplus(value, t):
    """softplus(value) for t = exp(-abs(value))."""
    return (float32(0) if value < float32(0) else value) + _log1p(t)


@_compiled
def _sigmoid(value, t):
    """sigmoid(value) for t = exp(-abs(value))."""
    return (t if value < float32(0) else float32(1)) / (float32(1) + t)


@_summing
def _sum(values, count):
    total = 0.0
    for position in range(count):
        total += values[uint64(position)]
    return total


@_compiled
def _gate_map(logits, logits_at, length, f, form):
    """Write f, the sigmoid or softplus, of a map of logits."""
    at = uint64(logits_at)
    for position in range(length):
        i = uint64(position)
        value = _read(logits, at + i)
        t = _exp_of_minus_magnitude(value)
        f[i] = _sigmoid(value, t) if form == SIGMOID else _softplus(value, t)


@_compiled
def _gate_map_and_slope(logits, logits_at, length, f, slope, form):
    """Write f, the sigmoid or softplus, of a map of logits, and its derivative."""
    at = uint64(logits_at)
    if form == SIGMOID:
        for position in range(length):
            i = uint64(position)
            value = _read(logits, at + i)
            t = _exp_of_minus_magnitude(value)
            f[i], slope[i] = _sigmoid(value, t), t / ((float32(1) + t) * (float32(1) + t))
    else:
        for position in range(length):
            i = uint64(position)
            value = _read(logits, at + i)
            t = _exp_of_minus_magnitude(value)
            f[i], slope[i] = _softplus(value, t), _sigmoid(value, t)


@_compiled
def _divisor(f, count, form):
    """Divisor of f before it is bounded from below: the sum of f, its mean, or 1."""
    if form == SIGMOID:
        return 1.0
    return _sum(f, count) / (count if form == SOFTPLUS_MEAN else 1)


@_compiled
def _scale(divisor):
    """Factor by which f becomes the gate."""
    return float32(1.0 / max(divisor, LEAST_SUM))


@_compiled
def _multiply(shifted, f, scale, out, out_at, length):
    to = uint64(out_at)
    for position in range(length):
        i = uint64(position)
        _write(out, to + i, shifted[i] * (scale * f[i]))


@_compiled
def gate_channels(x, logits, out, moving, offsets, table, edge, room, shape, start, stop, form):
    """Shift the channels ``start`` to ``stop`` - 1 of x, only where ``moving``, and multiply them by their gate.

    ``form`` is ``SOFTPLUS_L1``, ``SOFTPLUS_MEAN`` or ``SIGMOID``. ``room`` is float32 memory for two maps, each
    :func:`padded`; in the backward for three, and for one more with a :func:`margin` on either side. The rest is as in
    :func:`shift_channels`.
    """
    samples, channels, height, width = shape
    count, entries, middle = height * width, padded(height * width), margin(height, width)
    f, shifted = room[:entries], room[entries : 2 * entries]
    for channel in range(start, stop):
        m, n, a, b = _split(offsets[channel, 0], offsets[channel, 1], height, width) if moving else _NOWHERE
        view, weights = _view(m, n, height, width), _weights(a, b)
        length = _length(channel, channels, count)
        for sample in range(samples):
            here = (sample * channels + channel) * count
            if not moving:
                _copy(x, here, shifted, 0, length)
            elif _has_taps(x, here, view, length, width):
                _shift_map(x, here, shifted, 0, length, width, table, view, weights)
            else:
                _copy(x, here, edge, middle, count)
                _shift_map(edge, middle, shifted, 0, length, width, table, view, weights)
            _gate_map(logits, here, length, f, form)
            _multiply(shifted, f, _scale(_divisor(f, count, form)), out, here, length)


@_compiled
def _into_shift_and_gate(grad, grad_at, f, scale, shifted, length, into_shift, middle):
    """Write the gradient by the shifted map to ``into_shift`` and that by the gate to ``shifted``."""
    at, to = uint64(grad_at), uint64(middle)
    for position in range(length):
        i = uint64(position)
        incoming = _read(grad, at + i)
        into_shift[to + i] = incoming * (scale * f[i])
        shifted[i] *= incoming


@_summing
def _dot(values, others, count):
    total = 0.0
    for position in range(count):
        i = uint64(position)
        total += values[i] * others[i]
    return total


@_compiled
def _into_logits(into_gate, mean, slope, scale, out, out_at, length):
    to = uint64(out_at)
    for position in range(length):
        i = uint64(position)
        _write(out, to + i, scale * ((into_gate[i] - mean) * slope[i]))


@_compiled
def gate_channels_backward(
    grad, x, logits, grad_x, grad_logits, moving, offsets, grad_offsets, table, edge, room, shape, start, stop, form
):
    r"""Gradients of :func:`gate_channels` by x, logits and, where ``moving``, offsets.

    The gate is F = c f with f = softplus(l) of the logits l, or sigmoid(l). The scale c is 1 / sum(f) over the map, H*W
    times that, or 1. With S the shifted map and Q = S F the output,

    .. math::
        \partial S = \partial Q \, F, \qquad
        \partial l = c\,(\partial Q \, S - D / \textstyle\sum f)\, f'(l), \quad D = \sum \partial Q \, S \, f,

    and for sigmoid the same without the term with D.
    """
    samples, channels, height, width = shape
    count, entries, middle = height * width, padded(height * width), margin(height, width)
    f, slope, shifted = room[:entries], room[entries : 2 * entries], room[2 * entries : 3 * entries]
    into_shift = room[3 * entries :]
    for channel in range(start, stop):
        m, n, a, b = _split(offsets[channel, 0], offsets[channel, 1], height, width) if moving else _NOWHERE
        view, weights = _view(m, n, height, width), _weights(a, b)
        back = _view(-m - 1, -n - 1, height, width)
        length = _length(channel, channels, count)
        if moving:
            grad_offsets[channel, 0] = grad_offsets[channel, 1] = 0.0
        for sample in range(samples):
            here = (sample * channels + channel) * count
            if not moving:
                _copy(x, here, shifted, 0, length)
            elif _has_taps(x, here, view, length, width):
                _shift_map(x, here, shifted, 0, length, width, table, view, weights)
            else:
                _copy(x, here, edge, middle, count)
                _shift_map(edge, middle, shifted, 0, length, width, table, view, weights)
            _gate_map_and_slope(logits, here, length, f, slope, form)
            divisor = _divisor(f, count, form)
            scale = _scale(divisor)
            _into_shift_and_gate(grad, here, f, scale, shifted, length, into_shift, middle)
            mean = float32(0)
            if form != SIGMOID and divisor >= LEAST_SUM:
                mean = float32(_dot(shifted, f, count) / (divisor * (count if form == SOFTPLUS_MEAN else 1)))
            _into_logits(shifted, mean, slope, scale, grad_logits, here, length)
            if moving:
                by_a, by_b = _unshift_map(into_shift, middle, grad_x, here, x, length, width, table, back, a, b)
                # The signs are those of shift_channels_backward.
                grad_offsets[channel, 0] -= by_a
                grad_offsets[channel, 1] -= by_b
            else:
                _copy(into_shift, middle, grad_x, here, length)
