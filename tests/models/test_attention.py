"""Correlation attention is Eq. 6 in each of its forms, and stays finite where softplus underflows."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpose_ssn.models import CorrelationAttention

FORMS = ["softplus-l1", "softplus-mean", "sigmoid"]


def eq6(attention, x):
    """Eq. 6 as printed, in float64; log(1 + exp(z)) is the log of a sum, so that no exponential overflows."""
    weight, bias = attention.conv.weight.double()[..., 0, 0], attention.conv.bias.double()
    logits = torch.einsum("kc,bcyx->bkyx", weight, x.double()) + bias[:, None, None]
    f = torch.logaddexp(logits, torch.zeros_like(logits))
    return {
        "softplus-l1": f / f.sum((2, 3), keepdim=True),
        "softplus-mean": f / f.mean((2, 3), keepdim=True),
        "sigmoid": torch.exp(-torch.logaddexp(-logits, torch.zeros_like(logits))),
    }[attention.normalization]


@pytest.fixture
def with_logits():
    """An attention of one channel whose logits are its input, moved by a level."""

    def build(form, level=0.0):
        attention = CorrelationAttention(1, 1, form)
        nn.init.ones_(attention.conv.weight)
        nn.init.constant_(attention.conv.bias, level)
        return attention

    return build


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (16, 12), (64, 48)], ids=str)
@torch.no_grad()
def test_attention_equals_eq_6(form, size):
    attention = CorrelationAttention(4, 6, form)
    x = 5 * torch.randn(2, 4, *size)
    torch.testing.assert_close(attention(x).double(), eq6(attention, x), rtol=2e-5, atol=1e-8)


@pytest.mark.parametrize(
    ("form", "total"), [("softplus-l1", lambda f: f.sum((2, 3))), ("softplus-mean", lambda f: f.mean((2, 3)))]
)
@torch.no_grad()
def test_every_channel_of_every_sample_sums_to_one_or_has_mean_one(form, total):
    f = CorrelationAttention(4, 6, form)(3 * torch.randn(5, 4, 16, 12))
    assert (f > 0).all()
    torch.testing.assert_close(total(f), torch.ones(5, 6))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("level", [-80.0, -95.0, -200.0, -1e4, 1e4])
def test_a_saturated_channel_is_finite_and_has_finite_gradients(form, level, with_logits):
    attention, x = with_logits(form, level), torch.randn(2, 1, 8, 6, requires_grad=True)
    f = attention(x)
    (f * torch.randn_like(f)).sum().backward()
    assert f.isfinite().all()
    assert all(leaf.grad.isfinite().all() for leaf in (x, *attention.parameters()))


@pytest.mark.parametrize("form", FORMS[:2])
@pytest.mark.parametrize("level", [-95.0, -200.0])
def test_a_silent_channel_survives_the_gradients_of_a_scaled_loss(form, level, with_logits):
    attention, x = with_logits(form, level), torch.randn(2, 1, 8, 6, requires_grad=True)
    (2.0**16 * attention(x) * torch.randn(2, 1, 8, 6)).sum().backward()  # GradScaler's first scale
    assert x.grad.isfinite().all()


@torch.no_grad()
def test_a_channel_that_underflows_everywhere_is_silent(with_logits):
    assert torch.equal(with_logits("softplus-l1", -1e4)(torch.randn(2, 1, 8, 6)), torch.zeros(2, 1, 8, 6))


@pytest.mark.parametrize("form", FORMS[:2])
@torch.no_grad()
def test_softplus_and_its_sum_are_float32_for_bfloat16_maps(form, with_logits):
    attention = with_logits(form).bfloat16()
    logits = torch.randn(1, 1, 64, 48, dtype=torch.bfloat16)
    got, expected = attention(logits), eq6(attention, logits)
    assert got.dtype == torch.bfloat16
    # Rounded once, at the end: half a bfloat16 spacing. A sum of 3072 terms in bfloat16 would be off by per cents.
    torch.testing.assert_close(got.double(), expected, rtol=0.51 * torch.finfo(torch.bfloat16).eps, atol=0)


def test_float64_stays_float64(with_logits):
    attention, x = with_logits("softplus-l1").double(), torch.randn(1, 1, 3, 4, dtype=torch.float64)
    torch.testing.assert_close(attention(x), eq6(attention, x), rtol=1e-12, atol=0)


def test_an_unknown_form_is_refused_by_name():
    with pytest.raises(ValueError, match=r"'softmax'.*'softplus-l1', 'softplus-mean', 'sigmoid'"):
        CorrelationAttention(4, 6, "softmax")
