"""The gate fused with the shift equals the two written out in float64, forward and backward, for logits of any size."""

from __future__ import annotations

import pytest
import torch

from mmpose_ssn.ops import attention, available_backends, gated_shift, numba_cpu, shift
from mmpose_ssn.ops.normalization import NORMALIZATIONS

BACKENDS = [name for name, reason in available_backends().items() if reason is None]
SHAPES = [(2, 5, 7, 6), (3, 4, 16, 12), (1, 3, 1, 1), (2, 3, 20, 33), (2, 70, 3, 5), (0, 3, 4, 4)]

needs_numba = pytest.mark.skipif(
    available_backends()["numba"] is not None, reason=f"numba: {available_backends()['numba']}"
)


def written_out(x, logits, offsets, normalization):
    """Eq. 6 as printed, and its two relatives, times Eq. 1."""
    x, logits = x.double(), logits.double()
    if normalization == "sigmoid":
        gate = 1 / (1 + torch.exp(-logits))
    else:
        f = torch.logaddexp(logits, torch.zeros_like(logits))
        gate = f / f.sum((2, 3), keepdim=True)
        gate = gate * logits.shape[2] * logits.shape[3] if normalization == "softplus-mean" else gate
    return gate * (x if offsets is None else shift(x, offsets.double(), "torch"))


def outputs_and_gradients(function, grad, *tensors):
    leaves = [None if t is None else t.clone().requires_grad_() for t in tensors]
    out = function(*leaves)
    out.backward(grad.to(out.dtype))
    return [out.detach(), *(leaf.grad for leaf in leaves if leaf is not None)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("moving", [True, False], ids=["shifted", "in place"])
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("spread", [1.0, 25.0])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_equals_both_written_out(shape, spread, normalization, moving, backend, randn):
    x, logits, grad = randn(*shape), spread * randn(*shape), randn(*shape)
    offsets = 2.3 * randn(shape[1], 2) if moving else None
    got = outputs_and_gradients(lambda *t: gated_shift(*t, normalization, backend), grad, x, logits, offsets)
    doubled = (None if t is None else t.double() for t in (x, logits, offsets))
    expected = outputs_and_gradients(lambda *t: written_out(*t, normalization), grad, *doubled)
    # Through grid_sample's coordinates an offset is known less well. And on a single position the gate is 1 whatever
    # the logits: all of their gradient is rounding.
    relative = 1e-6 if backend == "numba" or not moving else 1e-5
    rounding = 3e-7 * grad.norm() * x.norm() / max(1, shape[2] * shape[3])
    for value, exact in zip(got, expected, strict=True):
        assert (value.double() - exact).norm() <= relative * exact.norm() + rounding


@needs_numba
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_bfloat16_differs_by_its_rounding_alone(normalization, randn):
    x, logits, grad = (randn(2, 6, 16, 12).bfloat16() for _ in range(3))
    offsets = 2 * randn(6, 2)
    got = outputs_and_gradients(lambda *t: gated_shift(*t, normalization, "numba"), grad, x, logits, offsets)
    exact = outputs_and_gradients(
        lambda *t: written_out(*t, normalization), grad, x.double(), logits.double(), offsets.double()
    )
    for value, wanted in zip(got, exact, strict=True):
        assert (value.double() - wanted).norm() <= 2**-8 * wanted.norm()
    assert got[3].dtype == torch.float32


@needs_numba
@pytest.mark.parametrize("offsets", [None, torch.tensor([[0.5, -1.5], [2.0, 0.25]])], ids=["in place", "shifted"])
def test_is_a_proper_operator(offsets, randn):
    x, logits = (randn(2, 2, 5, 6).requires_grad_() for _ in range(2))
    if offsets is not None:
        offsets = offsets.clone().requires_grad_()
    torch.library.opcheck(torch.ops.mmpose_ssn.gated_shift.default, (x, logits, offsets, 0))


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("with_numba", [pytest.param(True, marks=needs_numba), False], ids=["Numba", "no Numba"])
def test_compiles_without_a_graph_break(with_numba, normalization, randn, monkeypatch):
    if not with_numba:
        monkeypatch.setattr(numba_cpu, "_MISSING", "not on this machine")
    torch._dynamo.reset()
    x, logits, offsets = randn(2, 3, 6, 5), randn(2, 3, 6, 5), randn(3, 2)

    def loss(*tensors):
        return (gated_shift(*tensors, normalization) * shift(tensors[0], tensors[2])).sum()

    plain = outputs_and_gradients(loss, torch.tensor(1.0), x, logits, offsets)
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    traced = outputs_and_gradients(compiled, torch.tensor(1.0), x, logits, offsets)
    for a, b in zip(plain, traced, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("logit", [-72.0, -90.0, -1000.0, float("-inf")])
def test_a_channel_that_underflows_everywhere_is_silent(logit, normalization, backend, randn):
    x, logits = randn(1, 2, 16, 12).requires_grad_(), torch.full((1, 2, 16, 12), logit).requires_grad_()
    out = gated_shift(x, logits, torch.tensor([[0.5, 1.0], [2.0, -0.25]]), normalization, backend)
    out.sum().backward()
    if logit < -80:
        assert (out.abs() < 1e-4).all()
    expected = attention(logits.detach(), normalization) * shift(x.detach(), torch.tensor([[0.5, 1.0], [2.0, -0.25]]))
    torch.testing.assert_close(out.detach(), expected, rtol=1e-4, atol=1e-7)
    assert x.grad.isfinite().all() and logits.grad.isfinite().all()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("where", ["x", "logits", "offsets"])
def test_nan_is_seen_later(where, backend, randn):
    x, logits, offsets = randn(1, 2, 5, 6), randn(1, 2, 5, 6), torch.tensor([[0.5, 0.5], [-1.5, 0.25]])
    {"x": x[0, 1, 2:3, 2:4], "logits": logits[0, 1], "offsets": offsets[1:]}[where].view(-1)[-1] = torch.nan
    out = gated_shift(x, logits, offsets, "softplus-l1", backend)
    assert out[0, 0].isfinite().all()
    assert out[0, 1].isnan().any()


@needs_numba
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("size", [(40, 50), (41, 39)], ids=str)
def test_threads_change_no_bit(size, dtype, randn, monkeypatch):
    monkeypatch.setattr(numba_cpu, "_LEAST_WORK", 1 << 12)  # so that even these small maps are shared out
    x, logits, grad = (randn(2, 67, *size).to(dtype) for _ in range(3))
    offsets = 5 * randn(67, 2)
    results = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        results.append(outputs_and_gradients(lambda *t: gated_shift(*t, backend="numba"), grad, x, logits, offsets))
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_equals_shift_times_attention(randn):
    x, logits, offsets = randn(2, 3, 6, 5), randn(2, 3, 6, 5), randn(3, 2)
    for normalization in NORMALIZATIONS:
        expected = shift(x, offsets) * attention(logits, normalization)
        torch.testing.assert_close(gated_shift(x, logits, offsets, normalization), expected)


def test_what_does_not_fit_is_refused(randn):
    x, offsets = randn(2, 3, 6, 5), randn(3, 2)
    with pytest.raises(ValueError, match=r"logits of the shape of x, \[2, 3, 6, 5\], got \[2, 3, 6, 4\]"):
        gated_shift(x, x[..., :4], offsets)
    with pytest.raises(ValueError, match="unknown attention 'softmax', expected one of 'softplus-l1'"):
        gated_shift(x, x, offsets, "softmax")
    with pytest.raises(ValueError, match=r"\[3, 2\], got \[2, 2\]"):
        gated_shift(x, x, offsets[:2])


@needs_numba
@pytest.mark.parametrize("moving", [True, False], ids=["shifted", "in place"])
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64], ids=str)
def test_operator_needs_no_numba(dtype, normalization, moving, randn, monkeypatch):
    """A traced graph has the operator in it, and may be run on a machine without Numba, or in another precision."""
    x, logits, grad = (randn(2, 5, 7, 6).to(dtype) for _ in range(3))
    offsets = 2.3 * randn(5, 2) if moving else None
    form = NORMALIZATIONS.index(normalization)

    def operator(*tensors):
        return torch.ops.mmpose_ssn.gated_shift(*tensors, form)

    expected = outputs_and_gradients(lambda *t: gated_shift(*t, normalization, "torch"), grad, x, logits, offsets)
    monkeypatch.setattr(numba_cpu, "_MISSING", "hidden by a test")
    got = outputs_and_gradients(operator, grad, x, logits, offsets)
    assert (got[0].dtype, got[0].is_contiguous()) == (dtype, True)
    rounding = 3 * 2**-8 if dtype == torch.bfloat16 else 1e-6  # of shift, gate and product
    for value, wanted in zip(got, expected, strict=True):
        assert value.dtype == wanted.dtype
        assert (value.double() - wanted.double()).norm() <= rounding * wanted.double().norm()


@needs_numba
def test_operator_without_numba_is_finite_where_softplus_underflows(monkeypatch):
    x, logits = torch.ones(1, 2, 3, 4), torch.full((1, 2, 3, 4), -200.0)
    monkeypatch.setattr(numba_cpu, "_MISSING", "hidden by a test")
    got = outputs_and_gradients(lambda *t: torch.ops.mmpose_ssn.gated_shift(*t, 0), torch.ones_like(x), x, logits, None)
    assert all(torch.isfinite(value).all() for value in got)
