"""What Figure 6 shows, as numbers: how many channels serve each joint, before, in and after a module."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import get_args

import numpy as np
import numpy.typing as npt

from mmpose_ssn.analysis.channel_counts import PermutedCounts, permuted_counts
from mmpose_ssn.analysis.joint_kinds import groups
from mmpose_ssn.analysis.keypoint_channels import (
    KeypointGradients,
    MapName,
    Quantity,
    ScoreReading,
    keypoint_scores,
)
from mmpose_ssn.analysis.measured_number import MeasuredNumber

COUNTED: tuple[MapName, ...] = ("input", "nonlocal_maps", "attention")
"""The maps whose channels are counted: P, N and F."""


def count_figures(gradients: KeypointGradients, joints: Sequence[str], predictor: str) -> list[MeasuredNumber]:
    """Figures of the channels of a module's maps that serve each joint, by the gradient and by it times the activation.

    Args:
        gradients: Gradients of the images at the module's maps; attention may be missing.
        joints: Names of the M joints.
        predictor: The predictor whose heatmaps were taken back.
    """
    found: list[MeasuredNumber] = []
    for quantity in get_args(Quantity):
        counts = {
            name: permuted_counts(
                keypoint_scores(gradients, ScoreReading(at=name, quantity=quantity)), seed=COUNTED.index(name)
            )
            for name in COUNTED
            if name in gradients.maps
        }

        def add(name: str, of: str, value: float, unit: str, reading: str = quantity) -> None:
            found.append(MeasuredNumber("figure6", name, value, unit, of, predictor, reading))

        for (at, counted), (number, joint) in product(counts.items(), enumerate(joints)):
            add(f"channels-of-{at}", joint, float(counted.observed[number]), "channels")
        for at, counted in counts.items():
            for end, quantile in (("low", 0.025), ("high", 0.975)):
                add(f"null-{end}-of-{at}", "", float(np.quantile(counted.drawn, quantile)), "channels")
        for group, numbers in groups(joints).items():
            for at, counted in counts.items():
                add(f"share-of-{at}", group, share(counted.observed, numbers), "share of counts")
                add(f"p-of-{at}", group, p_of_share(counted, numbers), "two-sided p")
            before, after = counts["input"], counts["nonlocal_maps"]
            moved = share(after.observed, numbers) - share(before.observed, numbers)
            add("share-moved", group, moved, "share of counts")
            add("p-moved", group, p_of_difference(before, after, numbers), "two-sided p")
    return found


def share(counts: npt.NDArray[np.int64], numbers: Sequence[int]) -> float:
    """Share of some joints in all counts [M]; NaN where nothing is counted."""
    total = counts.sum()
    return float(counts[numbers].sum() / total) if total else float("nan")


def p_of_share(counts: PermutedCounts, numbers: Sequence[int]) -> float:
    """Two-sided p of some joints' counts, against joints that are all alike."""
    if not counts.observed.any():
        return float("nan")
    return min(1.0, 2 * min(counts.p_at_least(numbers), counts.p_at_most(numbers)))


def p_of_difference(before: PermutedCounts, after: PermutedCounts, numbers: Sequence[int]) -> float:
    """Two-sided p of the difference of some joints' shares in two maps, against joints that are all alike in both."""
    if not (before.observed.any() and after.observed.any()):
        return float("nan")
    drawn = [one.drawn[:, numbers].sum(axis=1) / one.observed.sum() for one in (before, after)]
    observed = share(after.observed, numbers) - share(before.observed, numbers)
    beyond = np.abs(drawn[1] - drawn[0]) >= abs(observed) - 1e-12
    return float((1 + beyond.sum()) / (1 + len(beyond)))
