"""Figure 5's numbers on windows that were made to have them, and against loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmpose_ssn.analysis.joint_kinds import groups, kinds
from mmpose_ssn.analysis.keypoint_channels import KeypointGradients
from mmpose_ssn.analysis.window_figures import (
    below,
    by_kind,
    keypoint_figures,
    module_figures,
    vertical,
    window_figures,
)
from mmpose_ssn.datasets.leeds import KEYPOINTS as LEEDS

JOINTS = ("left_shoulder", "right_shoulder", "left_hip", "right_hip", "left_ankle", "right_ankle")


def gradients(scores: np.ndarray) -> KeypointGradients:
    """Gradients of images whose literal scores are given, [I, M, K], at S and at F * S."""
    images, joints, _ = scores.shape
    means = {
        (at, quantity, mean): np.abs(scores) if mean == "absolute" else scores
        for at in ("shifted", "gated")
        for quantity in ("gradient", "gradient-times-activation")
        for mean in ("signed", "absolute")
    }
    return KeypointGradients(np.ones((images, joints)), np.zeros((images, joints, 2), int), 10, means)


def found(measured, name, **keys):
    (one,) = [m for m in measured if m.name == name and all(getattr(m, k) == v for k, v in keys.items())]
    return one.value


def test_joints_of_two_data_sets_have_kinds_and_groups():
    assert kinds(LEEDS)["ankle"] == [0, 5] and kinds(LEEDS)["top head"] == [13] and len(kinds(LEEDS)) == 8
    assert [LEEDS[n] for n in groups(LEEDS)["head"]] == ["top_head"]
    assert sorted(LEEDS[n] for n in groups(LEEDS)["upper limbs"]) == [
        *("left_elbow", "left_wrist", "right_elbow", "right_wrist"),
    ]
    assert groups(("nose", "left_eye", "top_head"))["head"] == [0, 1]


def test_a_kind_has_the_channels_of_either_side():
    chosen = np.zeros((6, 4), bool)
    chosen[0, 0] = chosen[1, 2] = chosen[4, 3] = True
    of_kind = by_kind(chosen, JOINTS)
    assert {name: np.flatnonzero(one).tolist() for name, one in of_kind.items()} == {
        "shoulder": [0, 2],
        "hip": [],
        "ankle": [3],
    }


def test_below_is_of_y_downwards_and_leaves_out_what_is_level():
    assert below(np.array([[5.0, 1.0], [-3.0, 2.0], [0.0, -1.0], [9.0, 0.0]])) == pytest.approx(2 / 3)
    assert math.isnan(below(np.zeros((0, 2))))


def test_vertical_spread_is_against_the_horizontal_one():
    assert vertical(np.array([[1.0, 2.0], [-1.0, -2.0], [1.0, -2.0]])) == pytest.approx(2)
    assert math.isnan(vertical(np.array([[0.0, 2.0]])))


def test_figures_of_windows_by_hand():
    windows = np.array([[0.0, 1.0], [0.0, 2.0], [1.0, -1.0], [3.0, 4.0], [-3.0, -4.0], [1.0, 0.5]])
    of_kind = {
        "shoulder": np.array([1, 1, 1, 0, 0, 0], bool),
        "hip": np.array([0, 0, 0, 0, 0, 1], bool),
        "ankle": np.array([0, 0, 0, 1, 1, 0], bool),
    }
    got = {(name, of): value for name, of, value, _ in window_figures(of_kind, windows)}
    assert got["shoulders-below", ""] == pytest.approx(2 / 3)
    assert got["shoulders-below-beyond-all", ""] == pytest.approx(2 / 3 - 4 / 6)
    assert got["hips-vertical", ""] == pytest.approx(0.5)
    across, down = sum(x * x for x, _ in windows), sum(y * y for _, y in windows)
    assert got["hips-vertical-against-all", ""] == pytest.approx(0.5 / math.sqrt(down / across))
    lengths = [(1 + 2 + math.sqrt(2)) / 3, math.sqrt(1.25), 5]
    assert got["ankles-length-beyond-median", ""] == pytest.approx(5 - sorted(lengths)[1])
    assert got["channels", "ankle"] == 2 and got["length", "ankle"] == pytest.approx(5)


def test_windows_differ_where_kinds_have_channels_of_their_own_in_every_image():
    scores = np.zeros((8, 6, 6))
    scores[:, range(6), range(6)] = 1
    measured = keypoint_figures(gradients(scores), np.ones((6, 2)), JOINTS, "E1")
    assert found(measured, "overlap-of-halves", reading="as it is") == 1
    assert found(measured, "overlap-of-kinds", reading="as it is") == 0
    assert found(measured, "windows-differ", reading="as it is") == 1


def test_windows_do_not_differ_where_scores_are_noise():
    scores = np.random.default_rng(0).normal(size=(64, 6, 400))
    measured = keypoint_figures(gradients(scores), np.ones((400, 2)), JOINTS, "E1")
    assert abs(found(measured, "windows-differ", reading="as it is")) < 0.03
    assert {one.reading for one in measured} >= {"as it is", "mean: absolute", "normalised_by: sum"}


def test_of_one_image_there_are_no_halves():
    measured = keypoint_figures(gradients(np.ones((1, 6, 3))), np.ones((3, 2)), JOINTS, "E1")
    assert math.isnan(found(measured, "windows-differ", reading="as it is"))


def test_offsets_of_all_modules_are_told_by_depth():
    rng = np.random.default_rng(0)
    whole = np.round(rng.normal(size=(200, 2)) * 4)
    between = whole + 0.5
    measured = module_figures({"shallow": between, "deep": whole}, {"shallow": 1, "deep": 3}, "end")
    assert found(measured, "grid-at-end", of="deep") == 1 and found(measured, "grid-at-end", of="shallow") == 0
    assert found(measured, "grid-by-depth-at-end") == 1
    assert found(measured, "length-at-end", of="deep") == pytest.approx(np.hypot(*whole.T).mean())
    assert found(measured, "density-fall-at-end", of="deep") > 0.5
    alone = module_figures({"shallow": between}, {"shallow": 1}, "end")
    assert math.isnan(found(alone, "grid-by-depth-at-end"))
