"""The shift is Eq. 1: it equals a sum over all pixels and torchvision's deformable convolution, for every kind of
offset and map.
"""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmpose_ssn.ops import shift

OFFSETS = {
    "zero": (0.0, 0.0),
    "fractional": (0.3, 0.6),
    "negative fractional": (-0.3, -0.6),
    "integer": (2.0, 1.0),
    "negative integer": (-1.0, -2.0),
    "one integer, one fractional": (1.0, -0.5),
    "further than a pixel": (2.7, -1.2),
    "to the border": (-4.999, 3.999),
    "larger than the map": (-20.4, 0.2),
    "far out": (1e6, -1e6),
}
MAPS = {"plain": (2, 4, 5), "one sample": (1, 4, 5), "width 1": (2, 4, 1), "height 1": (2, 1, 5), "1x1": (2, 1, 1)}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("offset", OFFSETS.values(), ids=OFFSETS)
@pytest.mark.parametrize("size", MAPS.values(), ids=MAPS)
def test_equals_both_references(
    backend, dtype, offset, size, randn, pixel_by_pixel, depthwise_deformable, relative_error
):
    samples, height, width = size
    x, offsets = randn(samples, 3, height, width, dtype=dtype), torch.tensor([offset] * 3, dtype=dtype)
    shifted = shift(x, offsets, backend)
    assert shifted.dtype == dtype
    for expected in (pixel_by_pixel(x, offsets), depthwise_deformable(x, offsets)):
        assert relative_error(shifted, expected) < {torch.float32: 1e-6, torch.float64: 1e-12}[dtype]


def test_every_channel_has_an_offset_of_its_own(backend, randn, pixel_by_pixel, relative_error):
    offsets = torch.tensor(list(OFFSETS.values()))
    x = randn(2, len(offsets), 7, 5)
    assert relative_error(shift(x, offsets, backend), pixel_by_pixel(x, offsets)) < 1e-6


def test_positive_offsets_move_the_content_right_and_down(backend):
    x = torch.zeros(1, 1, 4, 5)
    x[0, 0, 1, 2] = 1
    shifted = shift(x, torch.tensor([[2.0, 1.0]]), backend)
    assert shifted[0, 0].argmax() == 2 * 5 + 4
    torch.testing.assert_close(shifted.sum(), torch.tensor(1.0))


@pytest.mark.parametrize("size", [(64, 48), (96, 72)], ids=["256x192", "384x288"])
def test_the_largest_maps_of_the_paper_lose_a_few_float32_digits_at_most(
    backend, size, randn, pixel_by_pixel, relative_error
):
    x, offsets = randn(1, 16, *size), 10 * randn(16, 2)
    assert relative_error(shift(x, offsets, backend), pixel_by_pixel(x, offsets)) < 1e-5


@pytest.mark.parametrize("size", [(0, 3, 4, 5), (2, 0, 4, 5), (2, 3, 0, 5), (2, 3, 4, 0)], ids=str)
def test_an_empty_tensor_stays_empty(backend, size):
    x, offsets = torch.zeros(size, requires_grad=True), torch.ones(size[1], 2, requires_grad=True)
    shifted = shift(x, offsets, backend)
    shifted.sum().backward()
    assert shifted.shape == x.grad.shape == size
    assert torch.equal(offsets.grad, torch.zeros(size[1], 2))


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x.to(memory_format=torch.channels_last),
        lambda x: x.transpose(2, 3),
        lambda x: x[:, ::2, 1:, ::3],
        lambda x: x[:1].expand(3, -1, -1, -1),
        lambda x: x.flip(3),
    ],
    ids=["channels last", "transposed", "strided", "expanded", "flipped"],
)
def test_memory_layout_does_not_matter(backend, view, randn, relative_error):
    x = view(randn(2, 4, 6, 9))
    offsets = (2 * randn(2, x.shape[1])).T
    shifted = shift(x, offsets, backend)
    assert shifted.is_contiguous()
    torch.testing.assert_close(shifted, shift(x.contiguous(), offsets.contiguous(), backend), rtol=0, atol=0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_half_precision_maps_are_rounded_once_and_offsets_keep_theirs(backend, dtype, randn, pixel_by_pixel):
    x, offsets = randn(2, 4, 6, 9, dtype=dtype), 3 * randn(4, 2) + 20 / 3
    shifted = shift(x, offsets, backend)
    assert shifted.dtype == dtype
    spacing = torch.finfo(dtype).eps
    torch.testing.assert_close(shifted.double(), pixel_by_pixel(x, offsets), rtol=0.51 * spacing, atol=1e-5)


def test_inputs_are_left_as_they_were(backend, randn):
    x, offsets = randn(1, 2, 3, 4), torch.tensor([[0.5, 99.0], [-99.0, 1.0]])
    x_before, offsets_before = x.clone(), offsets.clone()
    shift(x, offsets, backend)
    assert torch.equal(x, x_before) and torch.equal(offsets, offsets_before)


@st.composite
def maps_and_offsets(draw):
    batch, channels, height, width = (draw(st.integers(1, most)) for most in (3, 4, 12, 12))
    # Whole pixels from outside the map to outside, and a fraction that stays clear of the kinks.
    part = st.tuples(st.integers(-15, 15), st.floats(0.01, 0.99)).map(sum)
    offsets = draw(st.lists(st.tuples(part, part), min_size=channels, max_size=channels))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    x, upstream = (torch.randn(batch, channels, height, width, generator=generator) for _ in range(2))
    return x, torch.tensor(offsets), upstream


@settings(max_examples=100, deadline=None, derandomize=True)
@given(maps_and_offsets())
def test_torch_and_reference_agree_on_any_map(case):
    x, offsets, upstream = case

    def forward_and_gradients(backend):
        leaves = [t.clone().requires_grad_() for t in (x, offsets)]
        shifted = shift(*leaves, backend)
        return shifted.detach(), *torch.autograd.grad(shifted, leaves, upstream)

    fast, slow = forward_and_gradients("torch"), forward_and_gradients("reference")
    # A shift never lengthens a map: measured against what went in, for what is left in view may be next to nothing.
    scales = x.norm(), upstream.norm(), x.norm() * upstream.norm()
    for mine, theirs, scale, tolerance in zip(fast, slow, scales, (1e-6, 1e-5, 1e-5), strict=True):
        assert (mine - theirs).norm() < tolerance * scale
