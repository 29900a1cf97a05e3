r"""The correlation attention's normalisation (Eq. 6) and its product with the shifted map, S * F.

On the CPU, where Numba is installed, the shift, the normalisation and the product are one operator, which takes one
pass over each map (``numba_kernels.py``); elsewhere they are PyTorch operations, one after the other. Both compute the
same. A traced or exported graph keeps the operator wherever it is taken, so where the kernels cannot be used, the
operator too is PyTorch operations.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mmpose_ssn.ops import grid_sample, numba_cpu
from mmpose_ssn.ops.normalization import LEAST_SUM, NORMALIZATIONS, Normalization, check_normalization
from mmpose_ssn.ops.operator import define
from mmpose_ssn.ops.shift import check_shift, choose_backend, reason_against, shift


def attention(logits: Tensor, normalization: Normalization = "softplus-l1") -> Tensor:
    """Normalise the correlation attention's logits over each map (Eq. 6).

    Softplus and its sum are taken in float32 whatever the precision of the logits (in float64 for float64).

    Args:
        logits: Logits of the attention, [B, K, H, W].
        normalization: Form of the normalisation. ``"softplus-l1"`` is Eq. 6: each channel of a map sums to 1.
            ``"softplus-mean"`` is the same times H*W. ``"sigmoid"`` is that of the lite networks, without spatial
            normalisation.

    Returns:
        The attention, [B, K, H, W], in the dtype of the logits.
    """
    check_normalization(normalization)
    if normalization == "sigmoid":
        return torch.sigmoid(logits)
    f = F.softplus(logits.float() if logits.dtype != torch.float64 else logits)
    total = f.sum((2, 3), keepdim=True) if normalization == "softplus-l1" else f.mean((2, 3), keepdim=True)
    return (f / total.clamp_min(LEAST_SUM)).to(logits.dtype)


def gated_shift(
    x: Tensor,
    logits: Tensor,
    offsets: Tensor | None = None,
    normalization: Normalization = "softplus-l1",
    backend: str = "auto",
) -> Tensor:
    """Shift each channel of ``x`` and gate it by its attention: ``shift(x, offsets) * attention(logits)``.

    Args:
        x: Feature maps, floating point.
        logits: Logits of the attention, as a rule in the dtype of ``x``.
        offsets: Offset (dx, dy) of each channel in pixels of this map, as in :func:`~mmpose_ssn.ops.shift`; None shifts
            nothing.
        normalization: Form of the attention's normalisation, as in :func:`attention`.
        backend: Back end of the shift, as in :func:`~mmpose_ssn.ops.shift`.

    Returns:
        The gated maps, in the dtype of ``x``; where ``logits`` have another dtype, in the wider of the two. In bfloat16
        the error of an element is at most 1e-6 of the largest element plus a share of the element itself: 2^-8 with
        ``"numba"``, which rounds once, and three times that elsewhere, where shift, gate and product are each rounded.
        Autocast casts nothing here: softplus and its sum stay in float32, and so do float32 offsets.

    Raises:
        ValueError: If a shape, a dtype, the normalisation or the back end does not fit.

    Shape:
        - x, logits: [B, K, H, W]
        - offsets: [K, 2]
        - output: [B, K, H, W]
    """
    check_normalization(normalization)
    if logits.shape != x.shape:
        raise ValueError(f"gated_shift expects logits of the shape of x, {list(x.shape)}, got {list(logits.shape)}")
    if offsets is not None:
        check_shift(x, offsets)
    if x.dtype == logits.dtype and choose_backend(x, backend) == "numba":
        return _gate_op(x, logits, offsets, NORMALIZATIONS.index(normalization))
    shifted = x if offsets is None else shift(x, offsets, backend)
    return shifted * attention(logits, normalization)


def _forward(x: Tensor, logits: Tensor, offsets: Tensor | None, form: int) -> Tensor:
    if not reason_against("numba", x):
        return numba_cpu.gate_forward(x, logits, offsets, form)
    shifted = x if offsets is None else grid_sample.forward(x, offsets)
    return (shifted * attention(logits, NORMALIZATIONS[form])).contiguous()


def _backward(
    grad: Tensor, x: Tensor, logits: Tensor, offsets: Tensor | None, form: int
) -> tuple[Tensor, Tensor, Tensor]:
    if not reason_against("numba", x):
        return numba_cpu.gate_backward(grad, x, logits, offsets, form)
    gate = attention(logits, NORMALIZATIONS[form])
    shifted = x if offsets is None else grid_sample.forward(x, offsets)
    grad_logits = _attention_backward(grad * shifted, logits, form).contiguous()
    if offsets is None:
        return (grad * gate).contiguous(), grad_logits, x.new_empty(0)
    grad_x, grad_offsets = grid_sample.backward(grad * gate, x, offsets)
    return grad_x, grad_logits, grad_offsets


def _attention_backward(grad: Tensor, logits: Tensor, form: int) -> Tensor:
    """Gradient by the logits, given that by the attention; an operator runs below autograd, which cannot give it."""
    exact = logits.float() if logits.dtype != torch.float64 else logits
    grad, slope = grad.to(exact.dtype), torch.sigmoid(exact)  # softplus' derivative, or the attention itself
    if NORMALIZATIONS[form] == "sigmoid":
        return (grad * slope * (1 - slope)).to(logits.dtype)
    f = F.softplus(exact)
    positions = f.shape[2] * f.shape[3] if NORMALIZATIONS[form] == "softplus-mean" else 1
    total = f.sum((2, 3), keepdim=True) / positions
    bounded = total.clamp_min(LEAST_SUM)
    through_sum = (grad * f).sum((2, 3), keepdim=True) / bounded / positions * (total >= LEAST_SUM)
    return (slope * (grad - through_sum) / bounded).to(logits.dtype)


def _backward_shapes(
    grad: Tensor, x: Tensor, logits: Tensor, offsets: Tensor | None, form: int
) -> tuple[Tensor, Tensor, Tensor]:
    like_x = torch.empty_like(x, memory_format=torch.contiguous_format)
    return like_x, torch.empty_like(like_x), x.new_empty(0) if offsets is None else torch.empty_like(offsets)


def _forward_shapes(x: Tensor, logits: Tensor, offsets: Tensor | None, form: int) -> Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


def _gradients(
    grad: Tensor, x: Tensor, logits: Tensor, offsets: Tensor | None, form: int
) -> tuple[Tensor, Tensor, Tensor | None]:
    grad_x, grad_logits, grad_offsets = _gate_backward_op(grad, x, logits, offsets, form)
    return grad_x, grad_logits, None if offsets is None else grad_offsets


_gate_backward_op = define(
    "gated_shift_backward(Tensor grad, Tensor x, Tensor logits, Tensor? offsets, int form) -> (Tensor, Tensor, Tensor)",
    _backward,
    _backward_shapes,
)
_gate_op = define(
    "gated_shift(Tensor x, Tensor logits, Tensor? offsets, int form) -> Tensor",
    _forward,
    _forward_shapes,
    _gradients,
)
