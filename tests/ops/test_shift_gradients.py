"""The shift's gradients are those of Eq. 1, and at whole offsets, where it has a kink, the documented one-sided
ones.
"""

from __future__ import annotations

import pytest
import torch

from mmpose_ssn.ops import shift

# At least 0.01 away from whole numbers, from within a pixel to beyond the map's border.
SMOOTH = [(0.3, 0.6), (-0.3, -0.99), (2.7, -1.01), (-4.5, 3.99), (5.5, 0.5), (0.01, -4.4), (-20.4, 0.2), (1.5, 99.5)]
SIZES = [(2, 5, 6), (1, 5, 6), (2, 5, 1), (2, 1, 6), (2, 1, 1)]


def gradients(function, x, offsets, upstream, dtype=None):
    leaves = [t.to(dtype or t.dtype).requires_grad_() for t in (x.detach().clone(), offsets.detach().clone())]
    return torch.autograd.grad(function(*leaves), leaves, upstream.to(dtype or upstream.dtype))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_gradients_equal_both_references(
    backend, dtype, size, randn, pixel_by_pixel, depthwise_deformable, relative_error
):
    samples, height, width = size
    offsets = torch.tensor(SMOOTH, dtype=dtype)
    x, upstream = (randn(samples, len(offsets), height, width, dtype=dtype) for _ in range(2))
    got = gradients(lambda *leaves: shift(*leaves, backend), x, offsets, upstream)
    for reference in (pixel_by_pixel, depthwise_deformable):
        expected = gradients(reference, x, offsets, upstream, torch.float64)
        for mine, theirs in zip(got, expected, strict=True):
            assert mine.dtype == dtype
            assert relative_error(mine, theirs) < {torch.float32: 1e-5, torch.float64: 1e-11}[dtype]


def test_gradcheck_in_float64(backend, randn):
    offsets = torch.tensor(SMOOTH[:4], dtype=torch.float64, requires_grad=True)
    x = randn(2, 4, 3, 4, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda *leaves: shift(*leaves, backend), (x, offsets))


def test_gradients_at_whole_offsets_are_those_for_a_decreasing_offset(backend, randn):
    whole = torch.tensor([(0, 0), (1, 0), (-1, 2), (3, -2), (-5, 0), (0, 4), (6, 0), (-6, 5), (7, 0)])
    x, upstream = (randn(2, len(whole), 5, 6, dtype=torch.float64) for _ in range(2))
    _, got = gradients(lambda *leaves: shift(*leaves, backend), x, whole.double(), upstream)

    def per_channel(offsets):
        return (upstream * shift(x, offsets, "reference")).sum((0, 2, 3))

    step = 2.0**-10  # the map is linear between whole offsets, so that a difference quotient is exact
    for axis in (0, 1):
        decreased = whole.double()
        decreased[:, axis] -= step
        expected = (per_channel(whole.double()) - per_channel(decreased)) / step
        torch.testing.assert_close(got[:, axis], expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("width", [1, 2, 3, 7, 18, 48, 72, 129])
def test_float32_rounding_never_takes_the_derivative_of_the_other_side(backend, width, randn, relative_error):
    whole = torch.stack([torch.arange(-8, 9), torch.arange(8, -9, -1)], dim=1)
    x, upstream = (randn(1, len(whole), 9, width) for _ in range(2))
    _, got = gradients(lambda *leaves: shift(*leaves, backend), x, whole.float(), upstream)
    _, expected = gradients(lambda *leaves: shift(*leaves, "reference"), x, whole, upstream, torch.float64)
    assert relative_error(got, expected) < 1e-3  # a derivative of the wrong side is off by order 1


def test_the_gradient_by_the_offset_bears_a_map_with_a_mean(backend, randn, pixel_by_pixel, relative_error):
    offsets = torch.tensor(SMOOTH[:4])
    x, upstream = 10 + randn(4, 4, 32, 24), randn(4, 4, 32, 24)
    _, got = gradients(lambda *leaves: shift(*leaves, backend), x, offsets, upstream)
    _, expected = gradients(pixel_by_pixel, x, offsets, upstream, torch.float64)
    assert relative_error(got, expected) < 1e-5


def test_offsets_that_start_on_the_grid_can_leave_it(backend, randn):
    _, offsets_grad = gradients(
        lambda *leaves: shift(*leaves, backend), randn(1, 4, 5, 6), torch.zeros(4, 2), randn(1, 4, 5, 6)
    )
    assert (offsets_grad != 0).all()


@pytest.mark.parametrize("wanted", [(True, False), (False, True)], ids=["x alone", "offsets alone"])
def test_either_argument_may_do_without_a_gradient(backend, wanted, randn, pixel_by_pixel):
    x, offsets = (t.requires_grad_(w) for t, w in zip((randn(1, 2, 3, 4), randn(2, 2)), wanted, strict=True))
    [leaf] = [t for t in (x, offsets) if t.requires_grad]
    [got] = torch.autograd.grad(shift(x, offsets, backend).square().sum(), leaf)
    [expected] = torch.autograd.grad(pixel_by_pixel(x, offsets).square().sum(), leaf)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_offsets_of_half_precision_maps_get_float32_gradients(backend, dtype, randn, pixel_by_pixel, relative_error):
    x, upstream = (randn(2, 4, 5, 6, dtype=dtype) for _ in range(2))
    offsets = torch.tensor(SMOOTH[:4])
    got = gradients(lambda *leaves: shift(*leaves, backend), x, offsets, upstream)
    expected = gradients(pixel_by_pixel, x, offsets, upstream.double(), None)
    assert [g.dtype for g in got] == [dtype, torch.float32]
    assert relative_error(got[0], expected[0]) < torch.finfo(dtype).eps
    assert relative_error(got[1], expected[1]) < 1e-5


def test_a_second_derivative_is_refused_rather_than_wrong(backend, randn):
    x, offsets = randn(1, 1, 3, 3).requires_grad_(), randn(1, 2).requires_grad_()
    [first] = torch.autograd.grad(shift(x, offsets, backend).square().sum(), offsets, create_graph=True)
    with pytest.raises(RuntimeError, match="shift_backward"):
        torch.autograd.grad(first.sum(), offsets)
