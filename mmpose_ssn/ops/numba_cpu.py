"""The shift (Eq. 1), at nearly the speed of a copy, and the attention gate (Eq. 6) on the CPU, by the kernels of
``numba_kernels.py``.

Maps are float32 or bfloat16, contiguous or strided. Blocks of channels are shared out among as many threads as PyTorch
uses; the result is the same to the bit for any number of threads.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

_DTYPES = (torch.float32, torch.bfloat16)
_MOST_POSITIONS = 1 << 30  # the kernels number a map's positions in int32
_LEAST_WORK = 1 << 18  # elements for each thread: waking one and waiting for it takes some 30 us

_pool: ThreadPoolExecutor | None = None


_MISSING = None if importlib.util.find_spec("numba") else "Numba is not installed: pip install numba"


def missing() -> str | None:
    """Why this back end cannot be used on this machine; None where it can."""
    return _MISSING  # torch.compile traces this, and could not trace an import that fails


def takes(x: Tensor) -> bool:
    """Whether this back end can shift a map, by its device, dtype and size."""
    return x.device.type == "cpu" and x.dtype in _DTYPES and x.shape[-2:].numel() < _MOST_POSITIONS


def forward(x: Tensor, offsets: Tensor) -> Tensor:
    """Shift ``x`` [B, K, H, W] by ``offsets`` [K, 2] pixels."""
    from mmpose_ssn.ops import numba_kernels as kernels

    x = x.contiguous()
    out = torch.empty_like(x)
    if x.numel() > 0:
        x_maps, out_maps, by, table, shape = _flat(x), _flat(out), _offsets(offsets), *_geometry(x)

        def work(start: int, stop: int) -> None:
            kernels.shift_channels(x_maps, out_maps, by, table, _edge(x_maps, shape), shape, start, stop)

        _share_out(work, x)
    return out


def backward(grad: Tensor, x: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients by ``x`` [B, K, H, W] and ``offsets`` [K, 2], given that by the output, ``grad`` [B, K, H, W]."""
    from mmpose_ssn.ops import numba_kernels as kernels

    x, grad = x.contiguous(), grad.to(x.dtype).contiguous()
    grad_x = torch.empty_like(x)
    by = _offsets(offsets)
    grad_by = np.zeros(by.shape, np.float64)
    if x.numel() > 0:
        maps, (table, shape) = [_flat(t) for t in (grad, x, grad_x)], _geometry(x)

        def work(start: int, stop: int) -> None:
            kernels.shift_channels_backward(*maps, by, grad_by, table, _edge(maps[0], shape), shape, start, stop)

        _share_out(work, x)
    return grad_x, torch.from_numpy(grad_by).to(offsets.dtype)


def gate_forward(x: Tensor, logits: Tensor, offsets: Tensor | None, form: int) -> Tensor:
    """Shift ``x`` (not at all where ``offsets`` is None) and multiply it by its gate, see :mod:`.gate`.

    ``form`` is the index of the normalisation in :data:`mmpose_ssn.ops.normalization.NORMALIZATIONS`.
    """
    from mmpose_ssn.ops import numba_kernels as kernels

    x, logits = x.contiguous(), logits.contiguous()
    out = torch.empty_like(x)
    if x.numel() > 0:
        maps, (table, shape) = [_flat(t) for t in (x, logits, out)], _geometry(x)
        moving, by = offsets is not None, _NO_OFFSETS if offsets is None else _offsets(offsets)

        def work(start: int, stop: int) -> None:
            edge, room = _edge(maps[0], shape), np.empty(2 * kernels.padded(x.shape[2] * x.shape[3]), np.float32)
            kernels.gate_channels(*maps, moving, by, table, edge, room, shape, start, stop, form)

        _share_out(work, x)
    return out


def gate_backward(
    grad: Tensor, x: Tensor, logits: Tensor, offsets: Tensor | None, form: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients by ``x``, ``logits`` and ``offsets``; the last one is empty where ``offsets`` is None."""
    from mmpose_ssn.ops import numba_kernels as kernels

    x, logits, grad = x.contiguous(), logits.contiguous(), grad.to(x.dtype).contiguous()
    grad_x, grad_logits = torch.empty_like(x), torch.empty_like(x)
    moving, by = offsets is not None, _NO_OFFSETS if offsets is None else _offsets(offsets)
    grad_by = np.zeros(by.shape, np.float64)
    if x.numel() > 0:
        maps, (table, shape) = [_flat(t) for t in (grad, x, logits, grad_x, grad_logits)], _geometry(x)

        def work(start: int, stop: int) -> None:
            edge = _edge(maps[0], shape)
            room = np.empty(3 * kernels.padded(x.shape[2] * x.shape[3]) + edge.size, np.float32)
            kernels.gate_channels_backward(*maps, moving, by, grad_by, table, edge, room, shape, start, stop, form)

        _share_out(work, x)
    return grad_x, grad_logits, torch.from_numpy(grad_by).to(x.dtype if offsets is None else offsets.dtype)


_NO_OFFSETS = np.empty((0, 2), np.float32)


def _offsets(offsets: Tensor) -> np.ndarray:
    if offsets.dtype != torch.float32 or not offsets.is_contiguous():
        offsets = offsets.to(torch.float32).contiguous()
    return offsets.detach().numpy()


def _flat(maps: Tensor) -> np.ndarray:
    """Contiguous maps as the flat array that the kernels take: uint16 for bfloat16, which NumPy does not have."""
    maps = maps.detach().view(-1)
    return (maps.view(torch.uint16) if maps.dtype == torch.bfloat16 else maps).numpy()


@lru_cache(64)
def _table(height: int, width: int) -> np.ndarray:
    from mmpose_ssn.ops import numba_kernels as kernels

    return kernels.positions(height, width)


def _geometry(x: Tensor) -> tuple[np.ndarray, tuple[int, ...]]:
    return _table(*x.shape[2:]), tuple(x.shape)


def _edge(maps: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """An array with room for one map and a margin on either side of it."""
    from mmpose_ssn.ops import numba_kernels as kernels

    return np.empty(kernels.padded(shape[2] * shape[3]) + 2 * kernels.margin(*shape[2:]), maps.dtype)


def _share_out(work: Callable[[int, int], None], x: Tensor) -> None:
    """Call ``work(start, stop)`` on slices of the channels, each in a thread of its own."""
    from mmpose_ssn.ops.numba_kernels import BLOCK

    global _pool
    channels = x.shape[1]
    blocks = -(-channels // BLOCK)
    threads = max(1, min(torch.get_num_threads(), blocks, x.numel() // _LEAST_WORK))
    borders = [min(blocks * thread // threads * BLOCK, channels) for thread in range(threads + 1)]
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
    _pool = None  # its threads do not exist in the forked process


os.register_at_fork(after_in_child=_forget_pool)
