"""The forms of the correlation attention's normalisation, by name (Eq. 6; supplement, Section 3)."""

from __future__ import annotations

from typing import Literal

Normalization = Literal["softplus-l1", "softplus-mean", "sigmoid"]

NORMALIZATIONS: tuple[Normalization, ...] = ("softplus-l1", "softplus-mean", "sigmoid")

LEAST_SUM = 1e-30
"""Lower bound on the sum that softplus is divided by. Because of it a channel that underflows everywhere is 0, not NaN,
and its gradient stays finite, under a scaled loss too; with the smallest float32 as the bound it would not. The value
is compiled into the kernels of ``numba_kernels.py``, whose cache notices changes of that file alone."""


def check_normalization(normalization: str) -> None:
    """Raise ValueError unless ``normalization`` is one of :data:`NORMALIZATIONS`."""
    if normalization not in NORMALIZATIONS:
        raise ValueError(f"unknown attention {normalization!r}, expected one of {', '.join(map(repr, NORMALIZATIONS))}")
