"""The shift (Eq. 1) on the CPU at nearly the speed of a copy, by the kernels of ``numba_kernels.py``.

For contiguous or strided float32 and bfloat16 maps. Channels are shared out to as many threads as PyTorch uses, each
channel to one of them, so that the result does not depend on their number.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import torch
from torch import Tensor

_DTYPES = (torch.float32, torch.bfloat16)
_LEAST_WORK = 1 << 18  # elements for each thread: to wake one and wait for it takes some 30 us

_pool: ThreadPoolExecutor | None = None


@cache
def missing() -> str | None:
    """Why this back end cannot be used on this machine; None where it can."""
    try:
        import llvmlite.binding as llvm
        import numba  # noqa: F401
    except ImportError as error:
        return f"{error}: pip install numba"
    if not llvm.get_host_cpu_features().get("avx2", False):
        return "this processor has no AVX2"
    return None


def takes(x: Tensor) -> bool:
    """Whether a map's device and dtype are this back end's."""
    return x.device.type == "cpu" and x.dtype in _DTYPES


def forward(x: Tensor, offsets: Tensor) -> Tensor:
    """Shift ``x`` [B, K, H, W] by ``offsets`` [K, 2] pixels."""
    from mmpose_ssn.ops import numba_kernels

    x = x.contiguous()
    out = torch.empty_like(x)
    if x.numel() == 0:
        return out
    by = _offsets(offsets)
    positions = _positions(*x.shape[2:])

    def work(start: int, stop: int) -> None:
        room = numba_kernels.room_for_masks(positions)
        numba_kernels.shift_channels(
            x.data_ptr(), out.data_ptr(), by, positions, room, *x.shape, x.element_size(), start, stop
        )

    _share_out(work, x)
    return out


def backward(grad: Tensor, x: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients by ``x`` [B, K, H, W] and ``offsets`` [K, 2] for ``grad`` [B, K, H, W]."""
    from mmpose_ssn.ops import numba_kernels

    x, grad = x.contiguous(), grad.to(x.dtype).contiguous()
    grad_x = torch.empty_like(x)
    if x.numel() == 0:
        return grad_x, torch.zeros_like(offsets)
    by = _offsets(offsets)
    grad_by = np.empty(by.shape, np.float64)
    positions = _positions(*x.shape[2:])

    def work(start: int, stop: int) -> None:
        room = numba_kernels.room_for_masks(positions)
        addresses = grad.data_ptr(), x.data_ptr(), grad_x.data_ptr()
        numba_kernels.shift_channels_backward(
            *addresses, by, grad_by, positions, room, *x.shape, x.element_size(), start, stop
        )

    _share_out(work, x)
    return grad_x, torch.from_numpy(grad_by).to(offsets.dtype)


def gate_forward(x: Tensor, logits: Tensor, offsets: Tensor | None, form: int) -> Tensor:
    """Shift ``x`` (not at all where ``offsets`` is None) and multiply it by its gate, see :mod:`.gate`.

    ``form`` counts the normalisations of :data:`mmpose_ssn.ops.normalization.NORMALIZATIONS`.
    """
    from mmpose_ssn.ops import numba_gate_kernels, numba_kernels

    x, logits = x.contiguous(), logits.contiguous()
    out = torch.empty_like(x)
    if x.numel() == 0:
        return out
    moving, by = offsets is not None, _NO_OFFSETS if offsets is None else _offsets(offsets)
    positions = _positions(*x.shape[2:])

    def work(start: int, stop: int) -> None:
        masks, room = numba_kernels.room_for_masks(positions), np.empty((1, positions.shape[1]), np.float32)
        addresses = x.data_ptr(), logits.data_ptr(), out.data_ptr()
        numba_gate_kernels.gate_channels(
            *addresses, moving, by, positions, masks, room, *x.shape, x.element_size(), start, stop, form
        )

    _share_out(work, x)
    return out


def gate_backward(
    grad: Tensor, x: Tensor, logits: Tensor, offsets: Tensor | None, form: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients by x, logits and offsets; the last one is empty where ``offsets`` is None."""
    from mmpose_ssn.ops import numba_gate_kernels, numba_kernels

    x, logits, grad = x.contiguous(), logits.contiguous(), grad.to(x.dtype).contiguous()
    grad_x, grad_logits = torch.empty_like(x), torch.empty_like(x)
    moving, by = offsets is not None, _NO_OFFSETS if offsets is None else _offsets(offsets)
    grad_by = np.zeros(by.shape, np.float64)
    if x.numel() > 0:
        positions = _positions(*x.shape[2:])

        def work(start: int, stop: int) -> None:
            masks = numba_kernels.room_for_masks(positions)
            room = np.empty((4, positions.shape[1]), np.float32)
            addresses = (t.data_ptr() for t in (grad, x, logits, grad_x, grad_logits))
            numba_gate_kernels.gate_channels_backward(
                *addresses, moving, by, grad_by, positions, masks, room, *x.shape, x.element_size(), start, stop, form
            )

        _share_out(work, x)
    return grad_x, grad_logits, torch.from_numpy(grad_by).to(x.dtype if offsets is None else offsets.dtype)


_NO_OFFSETS = np.empty((0, 2), np.float32)


def _offsets(offsets: Tensor) -> np.ndarray:
    if offsets.dtype != torch.float32 or not offsets.is_contiguous():
        offsets = offsets.to(torch.float32).contiguous()
    return offsets.detach().numpy()


@cache
def _positions(height: int, width: int) -> np.ndarray:
    from mmpose_ssn.ops import numba_kernels

    return numba_kernels.flat_positions(height, width)


def _share_out(work: Callable[[int, int], None], x: Tensor) -> None:
    """Call ``work(start, stop)`` on slices of the channels, side by side."""
    global _pool
    channels = x.shape[1]
    threads = max(1, min(torch.get_num_threads(), channels, x.numel() // _LEAST_WORK))
    borders = [channels * thread // threads for thread in range(threads + 1)]
    if threads == 1:
        work(0, channels)
        return
    if _pool is None:
        _pool = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="mmpose_ssn.shift")
    others = [_pool.submit(work, *borders[thread : thread + 2]) for thread in range(1, threads)]
    work(borders[0], borders[1])
    for other in others:
        other.result()


def _forget_pool() -> None:
    global _pool
    _pool = None  # its threads have not come along


os.register_at_fork(after_in_child=_forget_pool)
