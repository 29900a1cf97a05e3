"""A NaN is neither lost nor spread by the shift, and offsets beyond all bounds give zeros with zero gradients."""

from __future__ import annotations

import pytest
import torch

from mmpose_ssn.ops import shift

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("offset", [(0.5, 0.25), (-1.5, 0.75), (2.25, -3.5), (-9.5, 0.5)], ids=str)
@pytest.mark.parametrize("value", [NAN, INF, -INF], ids=str)
def test_a_nonfinite_pixel_reaches_its_four_taps_and_no_others(backend, offset, value):
    x = torch.ones(1, 2, 6, 7)
    x[0, 0, 3, 2] = value
    shifted = shift(x, torch.tensor([offset, offset]), backend)
    clean = shift(torch.ones_like(x), torch.tensor([offset, offset]), backend)

    dx, dy = offset
    columns = (torch.arange(7) - dx - 2).abs() < 1
    rows = (torch.arange(6) - dy - 3).abs() < 1
    reached = torch.zeros(1, 2, 6, 7, dtype=torch.bool)
    reached[0, 0] = rows[:, None] & columns
    torch.testing.assert_close(shifted, torch.where(reached, value, clean), equal_nan=True)


@pytest.mark.parametrize("offset", [(NAN, 0.5), (0.5, NAN), (NAN, NAN), (NAN, INF)], ids=str)
def test_a_nan_offset_makes_its_own_plane_nan_and_no_other(backend, offset, randn):
    x, offsets = randn(2, 3, 4, 5).requires_grad_(), torch.tensor([(0.5, 0.5), offset, (INF, 0.0)], requires_grad=True)
    shifted = shift(x, offsets, backend)
    shifted.sum().backward()
    for by_channel in (shifted.transpose(0, 1), x.grad.transpose(0, 1), offsets.grad):
        assert by_channel[1].isnan().all()
        assert by_channel[[0, 2]].isfinite().all()


@pytest.mark.parametrize(
    "offset", [(INF, 0.0), (-INF, 0.5), (0.0, INF), (0.5, -INF), (INF, -INF), (1e30, 0.0), (0.0, -3e38), (6.0, 0.0)]
)
@pytest.mark.parametrize("size", [(4, 5), (1, 1)], ids=str)
def test_an_offset_out_of_view_gives_zeros_and_zero_gradients(backend, offset, size, randn):
    x, offsets = randn(2, 1, *size).requires_grad_(), torch.tensor([offset], requires_grad=True)
    shifted = shift(x, offsets, backend)
    shifted.sum().backward()
    for tensor in (shifted, x.grad, offsets.grad):
        assert torch.equal(tensor, torch.zeros_like(tensor))


@pytest.mark.parametrize("value", [NAN, INF], ids=str)
def test_what_moves_out_of_view_counts_for_nothing(backend, value, randn):
    x, offsets = randn(1, 2, 5, 6), torch.tensor([(-2.5, 0.25), (-2.5, 1.0)], requires_grad=True)
    x[0, 0, :, :2] = value  # seen from columns 2.5 to the left, so by none
    x.requires_grad_()
    shift(x, offsets, backend).square().sum().backward()
    assert x.grad.isfinite().all()
    assert offsets.grad.isfinite().all()
    assert (offsets.grad != 0).all()


@pytest.mark.parametrize("offset", [(0.5, 0.25), (-1.5, 0.75), (2.25, -3.5), (-9.5, 0.5)], ids=str)
@pytest.mark.parametrize("value", [NAN, INF], ids=str)
def test_a_nonfinite_gradient_reaches_the_taps_of_its_pixel_and_no_others(backend, offset, value):
    x, offsets = torch.ones(1, 2, 6, 7, requires_grad=True), torch.tensor([offset, offset], requires_grad=True)
    grad = torch.ones(1, 2, 6, 7)
    grad[0, 0, 3, 2] = value
    shift(x, offsets, backend).backward(grad)

    dx, dy = offset
    columns = (torch.arange(7) + dx - 2).abs() < 1
    rows = (torch.arange(6) + dy - 3).abs() < 1
    reached = torch.zeros(1, 2, 6, 7, dtype=torch.bool)
    reached[0, 0] = rows[:, None] & columns
    assert torch.equal(x.grad.isfinite(), ~reached)
    assert offsets.grad[1].isfinite().all()
