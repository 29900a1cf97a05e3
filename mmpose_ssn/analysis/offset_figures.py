"""Figures of a module's offsets that need no image: whether they lie on the grid, how long they are, and how their
density falls outwards (Section 4.1).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

FloatArray = npt.NDArray[np.float64]

NEAR = 0.1
"""Distance from a whole number, in pixels of the module's map, up to which a coordinate is on the grid."""


def on_grid(offsets: npt.NDArray[Any]) -> FloatArray:
    """Share of the two coordinates of each offset [K, 2] that is on the grid, [K]."""
    return np.asarray((np.abs(offsets - np.round(offsets)) <= NEAR).mean(axis=1))


def lengths(offsets: npt.NDArray[Any]) -> FloatArray:
    """Length of each offset [K, 2] in pixels of the module's map, [K]."""
    return np.asarray(np.linalg.norm(offsets, axis=1))


def density_fall(length: FloatArray, times: FloatArray) -> FloatArray:
    """How surely density falls outwards: minus the rank correlation of rings and their densities.

    Rings end at 1, 2, 4, 8, ... pixels, up to the one that holds the longest offset. Where all offsets lie in the first
    ring it is 1.

    Args:
        length: Lengths of the offsets in pixels of the module's map, [K].
        times: How often each of D draws has each offset, [D, K]; a row of ones is the module as it is.

    Returns:
        Rank correlations [D], from -1 to 1.
    """
    ring = np.ceil(np.log2(np.maximum(length, 1))).astype(int)
    rings = ring.max() + 1
    if rings == 1:
        return np.ones(len(times))
    density = times @ np.eye(rings)[ring] / np.diff(np.concatenate([[0.0], math.pi * 4.0 ** np.arange(rings)]))
    ranks = rankdata(density, axis=1)
    order = np.arange(rings) - (rings - 1) / 2
    spread = np.sqrt(((ranks - ranks.mean(axis=1, keepdims=True)) ** 2).sum(axis=1) * (order**2).sum())
    return np.asarray(-(ranks @ order) / spread)
