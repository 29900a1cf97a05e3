"""What Figure 5 shows, as numbers: offsets of all modules, and the windows of keypoints in one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations

import numpy as np
import numpy.typing as npt

from mmpose_ssn.analysis.energy_spread import overlap
from mmpose_ssn.analysis.joint_kinds import kinds
from mmpose_ssn.analysis.keypoint_channels import KeypointGradients, ScoreReading, above, keypoint_scores
from mmpose_ssn.analysis.measured_number import MeasuredNumber, known_mean
from mmpose_ssn.analysis.offset_figures import density_fall, lengths, on_grid

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

LITERAL = "as it is"
"""The literal reading of the scores, as :meth:`ScoreReading.alternatives` names it."""

_HALVES = 20
"""Number of random halves of the images."""


def module_figures(offsets: Mapping[str, FloatArray], depth: Mapping[str, int], when: str) -> list[MeasuredNumber]:
    """Figures of the offsets of all modules at one time of a training.

    Args:
        offsets: Offsets [K, 2] in pixels of the module's map, by the module's name.
        depth: The stage of each module, from 1.
        when: ``"start"``, ``"half"`` or ``"end"``.
    """
    found = []
    grid = {name: on_grid(one) for name, one in offsets.items()}
    for name, one in offsets.items():
        length = lengths(one)
        fall = float(density_fall(length, np.ones((1, len(one))))[0])
        for what, value, unit in (
            ("grid", float(grid[name].mean()), "share of coordinates"),
            ("length", float(length.mean()), "pixels"),
            ("density-fall", fall, "rank correlation"),
        ):
            found.append(MeasuredNumber("figure5", f"{what}-at-{when}", value, unit, of=name))
    shallow, deep = (
        np.concatenate([share for name, share in grid.items() if (depth[name] > 2) == is_deep] or [np.full(1, np.nan)])
        for is_deep in (False, True)
    )
    difference = float(deep.mean() - shallow.mean())
    found.append(MeasuredNumber("figure5", f"grid-by-depth-at-{when}", difference, "share of coordinates"))
    return found


def keypoint_figures(
    gradients: KeypointGradients, windows: FloatArray, joints: Sequence[str], predictor: str, seed: int = 0
) -> list[MeasuredNumber]:
    """Figures of the windows of all kinds of joints, under the literal reading of the scores and all its alternatives.

    Args:
        gradients: Gradients of the images at S and at F * S.
        windows: Window positions of the module's K channels, (x, y) in pixels of its map, y downwards, [K, 2].
        joints: Names of the M joints.
        predictor: The predictor whose heatmaps were taken back.
        seed: Seed of the halves of the images.
    """
    found = []
    halves = _halves(len(gradients.peaks), seed)
    for name, reading in ScoreReading().alternatives().items():
        of_kind = by_kind(above(keypoint_scores(gradients, reading)), joints)
        measured = [*window_figures(of_kind, windows), *_differences(gradients, reading, joints, halves)]
        found += [
            MeasuredNumber("figure5", what, value, unit, of=of, predictor=predictor, reading=name)
            for what, of, value, unit in measured
        ]
    chosen = above(keypoint_scores(gradients))
    for joint, own in zip(joints, chosen, strict=True):
        for what, number, unit in (
            ("channels-of-joint", float(own.sum()), "channels"),
            ("length-of-joint", known_mean(lengths(windows[own])), "pixels"),
        ):
            found.append(MeasuredNumber("figure5", what, number, unit, joint, predictor, LITERAL))
    return found


def by_kind(chosen: BoolArray, joints: Sequence[str]) -> dict[str, BoolArray]:
    """The channels of each kind of joints, [K]: those of the left or of the right one.

    Args:
        chosen: Whether each joint has each channel, [M, K].
        joints: Names of the joints.
    """
    return {name: chosen[numbers].any(axis=0) for name, numbers in kinds(joints).items()}


def window_figures(of_kind: Mapping[str, BoolArray], windows: FloatArray) -> Iterator[tuple[str, str, float, str]]:
    """Name, kind of joint, value and unit of each figure of the kinds' windows.

    Args:
        of_kind: Whether each kind of joints has each channel, [K].
        windows: Window positions of the channels, (x, y) in pixels of the module's map, y downwards, [K, 2].
    """
    mean_length = {name: known_mean(lengths(windows[chosen])) for name, chosen in of_kind.items()}
    for name, chosen in of_kind.items():
        yield "channels", name, float(chosen.sum()), "channels"
        yield "length", name, mean_length[name], "pixels"
    shoulders, hips = (windows[of_kind[name]] for name in ("shoulder", "hip"))
    yield "shoulders-below", "", below(shoulders), "share"
    yield "shoulders-below-beyond-all", "", below(shoulders) - below(windows), "share"
    yield "hips-vertical", "", vertical(hips), "ratio"
    yield "hips-vertical-against-all", "", vertical(hips) / vertical(windows), "ratio"
    known = [one for one in mean_length.values() if not np.isnan(one)]
    median = float(np.median(known)) if known else float("nan")
    yield "ankles-length-beyond-median", "", mean_length["ankle"] - median, "pixels"


def below(windows: FloatArray) -> float:
    """Share of window positions [n, 2] that lie below the centre, of those that lie above or below it."""
    decided = windows[:, 1][windows[:, 1] != 0]
    return known_mean((decided > 0).astype(float))


def vertical(windows: FloatArray) -> float:
    """Root mean square of the vertical over that of the horizontal coordinates of window positions [n, 2]."""
    across, down = (float((windows[:, axis] ** 2).sum()) for axis in (0, 1))
    return float(np.sqrt(down / across)) if across > 0 else float("nan")


def _differences(
    gradients: KeypointGradients,
    reading: ScoreReading,
    joints: Sequence[str],
    halves: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]],
) -> Iterator[tuple[str, str, float, str]]:
    same, different = [], []
    for first, second in halves:
        one, other = (by_kind(above(keypoint_scores(gradients.of(h), reading)), joints) for h in (first, second))
        same.append(known_mean([overlap(one[name], other[name]) for name in one]))
        different.append(known_mean([overlap(one[a], other[b]) for a, b in permutations(one, 2)]))
    within, between = known_mean(same), known_mean(different)
    yield "overlap-of-halves", "", within, "overlap (Jaccard)"
    yield "overlap-of-kinds", "", between, "overlap (Jaccard)"
    yield "windows-differ", "", within - between, "overlap (Jaccard)"


def _halves(images: int, seed: int) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    if images < 2:
        return []
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(images) for _ in range(_HALVES)]
    return [(order[: images // 2], order[images // 2 : 2 * (images // 2)]) for order in orders]
