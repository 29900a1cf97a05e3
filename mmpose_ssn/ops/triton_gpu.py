"""The shift (Eq. 1) on a GPU by the kernels of ``triton_kernels.py``.

It is checked in Triton's interpreter and was never timed on a GPU. Therefore it is used only where it is named.
"""

from __future__ import annotations

import os
from functools import cache

import torch
from torch import Tensor

_DTYPES = (torch.float32, torch.bfloat16, torch.float16)
_BLOCK = 256


def _interpreting() -> bool:
    return os.environ.get("TRITON_INTERPRET") == "1"


@cache
def missing() -> str | None:
    """Why this back end cannot be used on this machine; None where it can."""
    try:
        import triton  # noqa: F401
    except ImportError as error:
        return f"{error}: it comes with PyTorch for CUDA"
    return None if torch.cuda.is_available() or _interpreting() else "torch sees no GPU"


def takes(x: Tensor) -> bool:
    """Whether this back end can shift a map, by its device and dtype."""
    return (x.is_cuda or _interpreting()) and x.dtype in _DTYPES


def forward(x: Tensor, offsets: Tensor) -> Tensor:
    """Shift ``x`` [B, K, H, W] by ``offsets`` [K, 2] pixels."""
    return _shift(x.contiguous(), offsets, 1.0)


def backward(grad: Tensor, x: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients by ``x`` [B, K, H, W] and ``offsets`` [K, 2], given that by the output, ``grad`` [B, K, H, W]."""
    from mmpose_ssn.ops.triton_kernels import offset_gradient_kernel

    x, grad = x.contiguous(), grad.to(x.dtype).contiguous()
    by = offsets.detach().float().contiguous()
    grad_by = torch.zeros_like(by)
    if x.numel() > 0:
        offset_gradient_kernel[(x.shape[1],)](grad, x, by, grad_by, *x.shape, BLOCK=_BLOCK)
    return _shift(grad, offsets, -1.0), grad_by.to(offsets.dtype)


def _shift(x: Tensor, offsets: Tensor, sign: float) -> Tensor:
    from mmpose_ssn.ops.triton_kernels import shift_kernel

    samples, channels, height, width = x.shape
    out = torch.empty_like(x)
    if x.numel() > 0:
        grid = samples * channels, -(-height * width // _BLOCK)
        by = offsets.detach().float().contiguous()
        shift_kernel[grid](x, by, out, sign, channels, height, width, BLOCK=_BLOCK)
    return out
