r"""One public function that translates every channel by its own real-valued offset (paper, Section 3.1, Eq. 1).

.. math:: S_k(x, y) = R^*_k(x - \Delta x_k,\; y - \Delta y_k)

:math:`R^*_k` is the bilinear interpolation of channel :math:`R_k`, which is zero outside the map. With
:math:`m = \lfloor -\Delta x \rfloor,\ a = -\Delta x - m` and :math:`n = \lfloor -\Delta y \rfloor,\ b = -\Delta y - n`,
all positions of a channel share one split,

.. math::
    S(x, y) = (1-b)\,[(1-a) R(x+m, y+n) + a R(x+m+1, y+n)] + b\,[(1-a) R(x+m, y+n+1) + a R(x+m+1, y+n+1)].

The map :math:`\Delta x \mapsto S` has a kink at every integer. There the derivative is that of this split
(:math:`a = 0`), which is the one-sided derivative for a *decreasing* offset:
:math:`\partial S / \partial \Delta x = R(x+m, y) - R(x+m+1, y)`. It is not zero, so offsets that start on the grid can
leave it.

The function is a ``torch.library`` operator, so that tracing and counting see one operation, whichever back end
computes it.
"""

from __future__ import annotations

import os
import warnings
from functools import cache
from types import ModuleType

import torch
from torch import Tensor

from mmpose_ssn.ops import grid_sample, numba_cpu, reference, triton_gpu
from mmpose_ssn.ops.operator import define

_BACKENDS: dict[str, ModuleType] = {
    "numba": numba_cpu,
    "triton": triton_gpu,
    "torch": grid_sample,
    "reference": reference,
}

ENVIRONMENT_VARIABLE = "MMPOSE_SSN_SHIFT"
"""Environment variable that names the back end which ``"auto"`` takes."""


def available_backends() -> dict[str, str | None]:
    """Name every back end of :func:`shift`, with ``None`` where it is usable and else the reason why it is not."""
    return {name: module.missing() for name, module in _BACKENDS.items()}


def choose_backend(x: Tensor, backend: str = "auto") -> str:
    """The back end that :func:`shift` uses for a map.

    Where a named back end cannot be used, on this machine or for this map, ``"torch"`` takes its place, with one
    warning. ``"auto"`` is the back end that the environment variable ``MMPOSE_SSN_SHIFT`` names, else the fastest
    usable one.

    Raises:
        ValueError: If there is no such back end.
    """
    named = os.environ.get(ENVIRONMENT_VARIABLE, "auto") if backend == "auto" else backend
    if named == "auto":
        return "torch" if reason_against("numba", x) else "numba"
    _check_name(named)
    if reason := reason_against(named, x):
        _warn_once(f"the shift's back end {named!r} is not used ({reason}): 'torch' takes its place")
        return "torch"
    return named


def reason_against(name: str, x: Tensor) -> str | None:
    """Why a back end cannot shift a map; None where it can."""
    if not _BACKENDS[name].takes(x):
        return f"it takes no {x.dtype} on {x.device.type}"
    return _BACKENDS[name].missing()


def _check_name(backend: str) -> None:
    if backend not in _BACKENDS:
        raise ValueError(f"unknown shift back end {backend!r}, expected 'auto' or one of {sorted(_BACKENDS)}")


@cache
def _warn_once(text: str) -> None:
    warnings.warn(text, stacklevel=2)


def shift(x: Tensor, offsets: Tensor, backend: str = "auto") -> Tensor:
    """Translate each channel of ``x`` by its own offset, with bilinear interpolation and zeros outside (Eq. 1).

    Args:
        x: Feature maps, floating point.
        offsets: (dx, dy) of each channel in pixels of *this* map; positive values move the content right and down. Keep
            them in float32 (or float64) also where ``x`` has less precision: a bfloat16 offset of 20 knows its position
            to 0.06 px only. Offsets that move a channel out of view, infinite ones too, give zeros; NaN gives NaN.
        backend: Back end to use: ``"auto"`` (default, see :func:`choose_backend`), ``"numba"`` (float32 and bfloat16 on
            the CPU, nearly as fast as a copy), ``"torch"`` (every device and dtype), ``"triton"`` (on a GPU, never
            timed yet, used only where it is named) or ``"reference"`` (slow, in float64, for tests).

    Returns:
        The shifted maps, in the dtype of ``x``, contiguous. Gradients flow to both arguments; second derivatives do not
        exist. A bfloat16 map is computed in float32 at least and rounded once, and so is its gradient: the error of an
        element is at most 2^-8 of the element plus 1e-6 of the map's largest. Autocast casts nothing here: the dtype is
        still that of ``x``, and float32 offsets stay float32.

    Raises:
        ValueError: If a shape, a dtype or the back end does not fit.

    Shape:
        - x: [B, K, H, W]
        - offsets: [K, 2]
        - output: [B, K, H, W]
    """
    check_shift(x, offsets)
    if backend != "auto":
        _check_name(backend)
    return _shift_op(x, offsets, backend)


def check_shift(x: Tensor, offsets: Tensor) -> None:
    """Raise ValueError unless ``x`` is [B, K, H, W], ``offsets`` is [K, 2], and both are floating point."""
    if x.dim() != 4:
        raise ValueError(f"shift expects x of shape [B, K, H, W], got {list(x.shape)}")
    if offsets.shape != (x.shape[1], 2):
        raise ValueError(
            f"shift expects one (dx, dy) for each of the {x.shape[1]} channels of x, so offsets of shape "
            f"[{x.shape[1]}, 2], got {list(offsets.shape)}"
        )
    if not (x.is_floating_point() and offsets.is_floating_point()):
        raise ValueError(f"shift expects floating point tensors, got x {x.dtype} and offsets {offsets.dtype}")


def _forward(x: Tensor, offsets: Tensor, backend: str) -> Tensor:
    return _BACKENDS[choose_backend(x, backend)].forward(x, offsets)


def _forward_shapes(x: Tensor, offsets: Tensor, backend: str) -> Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


def _backward(grad: Tensor, x: Tensor, offsets: Tensor, backend: str) -> tuple[Tensor, Tensor]:
    return _BACKENDS[choose_backend(x, backend)].backward(grad, x, offsets)


def _backward_shapes(grad: Tensor, x: Tensor, offsets: Tensor, backend: str) -> tuple[Tensor, Tensor]:
    return torch.empty_like(x, memory_format=torch.contiguous_format), torch.empty_like(offsets)


_shift_backward_op = define(
    "shift_backward(Tensor grad, Tensor x, Tensor offsets, str backend) -> (Tensor, Tensor)",
    _backward,
    _backward_shapes,
)
_shift_op = define(
    "shift(Tensor x, Tensor offsets, str backend) -> Tensor", _forward, _forward_shapes, _shift_backward_op
)
