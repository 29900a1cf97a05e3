r"""The correlation attention's normalisation (Eq. 6) and its product with the shifted map, S * F.

On the CPU both and the shift are one pass over each map where Numba is at hand (``numba_gate_kernels.py``); elsewhere
they are PyTorch's operations one after the other. What is computed is the same.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from mmpose_ssn.ops import numba_cpu
from mmpose_ssn.ops.shift import check_shift, choose_backend, shift

Normalization = Literal["softplus-l1", "softplus-mean", "sigmoid"]

NORMALIZATIONS = ("softplus-l1", "softplus-mean", "sigmoid")

LEAST_SUM = 1e-30
"""Bound on the sum that softplus is divided by: a channel that underflows everywhere is silent, not NaN, and its
gradient stays finite under a scaled loss too, which the smallest number there is would not give."""


def attention(logits: Tensor, normalization: Normalization = "softplus-l1") -> Tensor:
    """Normalise the correlation attention's logits over each map (Eq. 6).

    Softplus and its sum are taken in float32 whatever the precision of the logits (in float64 for float64).

    Args:
        logits: [B, K, H, W].
        normalization: ``"softplus-l1"`` is Eq. 6, each channel of a map sums to 1; ``"softplus-mean"`` is the same
            times H*W; ``"sigmoid"`` is the lite networks', without spatial normalisation.

    Returns:
        [B, K, H, W] in the dtype of the logits.
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
        logits: The attention before its normalisation, in the dtype of ``x``.
        offsets: As in :func:`~mmpose_ssn.ops.shift`; None shifts nothing.
        normalization: As in :func:`attention`.
        backend: As in :func:`~mmpose_ssn.ops.shift`.

    Raises:
        ValueError: On a shape, dtype, normalisation or back end that does not fit.

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


def check_normalization(normalization: str) -> None:
    """Raise ValueError unless ``normalization`` is one of :data:`NORMALIZATIONS`."""
    if normalization not in NORMALIZATIONS:
        raise ValueError(f"unknown attention {normalization!r}, expected one of {', '.join(map(repr, NORMALIZATIONS))}")


@torch.library.custom_op("mmpose_ssn::gated_shift", mutates_args=())
def _gate_op(x: Tensor, logits: Tensor, offsets: Tensor | None, form: int) -> Tensor:
    return numba_cpu.gate_forward(x, logits, offsets, form)


@torch.library.custom_op("mmpose_ssn::gated_shift_backward", mutates_args=())
def _gate_backward_op(
    grad: Tensor, x: Tensor, logits: Tensor, offsets: Tensor | None, form: int
) -> tuple[Tensor, Tensor, Tensor]:
    return numba_cpu.gate_backward(grad, x, logits, offsets, form)


@_gate_op.register_fake
def _(x: Tensor, logits: Tensor, offsets: Tensor | None, form: int) -> Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


@_gate_backward_op.register_fake
def _(grad: Tensor, x: Tensor, logits: Tensor, offsets: Tensor | None, form: int) -> tuple[Tensor, Tensor, Tensor]:
    like_x = torch.empty_like(x, memory_format=torch.contiguous_format)
    return like_x, torch.empty_like(like_x), x.new_empty(0) if offsets is None else torch.empty_like(offsets)


def _setup_context(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    x, logits, offsets, ctx.form = inputs
    ctx.save_for_backward(x, logits, offsets)


def _autograd(ctx, grad: Tensor):  # type: ignore[no-untyped-def]
    x, logits, offsets = ctx.saved_tensors
    grad_x, grad_logits, grad_offsets = _gate_backward_op(grad, x, logits, offsets, ctx.form)
    return grad_x, grad_logits, None if offsets is None else grad_offsets, None


_gate_op.register_autograd(_autograd, setup_context=_setup_context)
