"""How exact a bfloat16 result is, as the docstrings state it, with and without autocast."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from mmpose_ssn.ops import available_backends, gated_shift, shift
from mmpose_ssn.ops.normalization import NORMALIZATIONS

BACKENDS = [name for name, reason in available_backends().items() if reason is None]
HALF_UNIT = 2**-8  # bfloat16 keeps 8 bits
FLOAT32 = 1e-6


def within(got, exact, roundings=1):
    """The stated bound: so many roundings to bfloat16 of each element, and float32's share of the largest one."""
    return ((got.double() - exact).abs() <= roundings * HALF_UNIT * exact.abs() + FLOAT32 * exact.abs().max()).all()


def exact_gate(logits, normalization):
    """Eq. 6 and its relatives, in float64."""
    logits = logits.double()
    if normalization == "sigmoid":
        return 1 / (1 + torch.exp(-logits))
    f = torch.logaddexp(logits, torch.zeros_like(logits))
    gate = f / f.sum((2, 3), keepdim=True)
    return gate * logits.shape[2] * logits.shape[3] if normalization == "softplus-mean" else gate


@pytest.fixture
def case(randn):
    """Maps of 64x48: a sum of 3072 numbers in bfloat16 would stop growing, an offset of 20.3 would be 20.25."""
    offsets = torch.tensor([[0.3, -0.6], [20.3, 10.7], [-13.45, 0.01], [1.0, -2.0]])
    return randn(2, 4, 64, 48).bfloat16(), randn(2, 4, 64, 48).bfloat16(), offsets


def test_the_bound_tells_bfloat16_offsets_from_float32_ones(case, pixel_by_pixel):
    x, _, offsets = case
    assert not within(shift(x, offsets.bfloat16(), "reference"), pixel_by_pixel(x, offsets))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_bfloat16_shift_and_its_gradients_are_rounded_once(case, backend, pixel_by_pixel, relative_error):
    x, grad, offsets = case
    leaf, by = x.clone().requires_grad_(), offsets.clone().requires_grad_()
    out = shift(leaf, by, backend)
    out.backward(grad)
    assert within(out.detach(), pixel_by_pixel(x, offsets))
    exact_x, exact_by = x.double().requires_grad_(), offsets[:3].double().requires_grad_()  # the last one is a kink
    pixel_by_pixel(exact_x[:, :3], exact_by).backward(grad[:, :3].double())
    assert within(leaf.grad[:, :3], exact_x.grad[:, :3])
    assert by.grad.dtype == torch.float32
    assert relative_error(by.grad[:3], exact_by.grad) < 1e-5


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_a_bfloat16_gate_is_rounded_as_often_as_stated(case, normalization, backend, pixel_by_pixel):
    x, logits, offsets = case
    out = gated_shift(x, logits, offsets, normalization, backend)
    exact = pixel_by_pixel(x, offsets) * exact_gate(logits, normalization)
    assert within(out, exact, 1 if backend == "numba" else 3)


@pytest.mark.parametrize("backend", BACKENDS)
def test_under_autocast_maps_are_bfloat16_and_offsets_and_softplus_are_not(backend, randn, pixel_by_pixel):
    image, weight, offsets = randn(1, 3, 64, 48), randn(8, 3, 1, 1), 8 * randn(4, 2)
    offsets.requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        x, logits = F.conv2d(image, weight).chunk(2, dim=1)
        shifted = shift(x, offsets, backend)
        gated = gated_shift(x, logits, offsets, backend=backend)
        assert shift(image, offsets[:3], backend).dtype == torch.float32  # nothing is cast that was not
        mixed = gated_shift(image, logits[:, :3], offsets[:3], backend=backend)
    assert x.dtype == logits.dtype == shifted.dtype == gated.dtype == torch.bfloat16
    assert mixed.dtype == torch.float32
    exact = pixel_by_pixel(x, offsets).detach()
    assert within(shifted.detach(), exact)
    assert within(gated.detach(), exact * exact_gate(logits, "softplus-l1"), 1 if backend == "numba" else 3)
    (shifted.float().sum() + gated.float().sum()).backward()
    assert offsets.grad.dtype == torch.float32
