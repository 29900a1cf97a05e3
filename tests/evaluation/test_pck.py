"""PCK against loops that follow its definition word by word, and against MMPose where the two mean the same thing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmpose_ssn.datasets.leeds import KEYPOINTS
from mmpose_ssn.evaluation.pck import (
    confused_joints,
    right_joints,
    shares_of_joints,
    shares_of_photos,
    torso_lengths,
)

PHOTOS, JOINTS = 40, 14
SHOULDER, HIP = TORSO = (KEYPOINTS.index("left_shoulder"), KEYPOINTS.index("right_hip"))
MIRRORED = [5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 6, 12, 13]
THRESHOLDS = [0.1, 0.2]


@pytest.fixture
def people() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predicted and annotated joints, every fourth of them predicted at its mirror image, and which are labelled."""
    random = np.random.default_rng(0)
    true = random.uniform(0, 150, (PHOTOS, JOINTS, 2))
    sides = np.where(random.random((PHOTOS, JOINTS)) < 0.25, MIRRORED, np.arange(JOINTS))
    predicted = np.take_along_axis(true, sides[..., None], axis=1) + random.normal(0, 8, true.shape)
    labelled = random.random((PHOTOS, JOINTS)) < 0.8
    labelled[0] = False
    labelled[1, SHOULDER], labelled[2, HIP] = False, False
    labelled[3, [SHOULDER, HIP]], true[3, SHOULDER] = True, true[3, HIP]  # a torso without length
    return predicted, true, labelled


def marks_by_loop(predicted, true, labelled, threshold, confused: bool) -> np.ndarray:
    marks = np.full((PHOTOS, JOINTS), math.nan)
    for photo in range(PHOTOS):
        if not (labelled[photo, SHOULDER] and labelled[photo, HIP]):
            continue
        torso = math.dist(true[photo, SHOULDER], true[photo, HIP])
        if torso == 0:
            continue
        for joint, mirror in enumerate(MIRRORED):
            if not labelled[photo, joint]:
                continue
            right = math.dist(predicted[photo, joint], true[photo, joint]) < threshold * torso
            if not confused:
                marks[photo, joint] = right
            elif mirror != joint and labelled[photo, mirror]:
                right_if_swapped = math.dist(predicted[photo, joint], true[photo, mirror]) < threshold * torso
                marks[photo, joint] = right_if_swapped and not right
    return marks


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_marks_and_shares_are_those_of_a_loop(people, threshold: float) -> None:
    for confused in (False, True):
        expected = marks_by_loop(*people, threshold, confused)
        marks = (
            confused_joints(*people, TORSO, threshold, MIRRORED)
            if confused
            else right_joints(*people, TORSO, threshold)
        )
        assert np.array_equal(marks, expected, equal_nan=True)
        assert 0 < np.nanmean(expected) < 1
        photos, joints = shares_of_photos(marks), shares_of_joints(marks)
        for photo in range(PHOTOS):
            counted = [mark for mark in expected[photo] if not math.isnan(mark)]
            assert photos[photo] == pytest.approx(sum(counted) / len(counted) if counted else math.nan, nan_ok=True)
        for joint in range(JOINTS):
            counted = [mark for mark in expected[:, joint] if not math.isnan(mark)]
            assert joints[joint] == pytest.approx(sum(counted) / len(counted) if counted else math.nan, nan_ok=True)


def test_photos_without_a_torso_are_not_scored(people) -> None:
    marks = right_joints(*people, TORSO, 0.2)
    assert np.isnan(torso_lengths(*people[1:], TORSO)[:4]).all()
    assert np.isnan(shares_of_photos(marks)[:4]).all() and not np.isnan(shares_of_photos(marks)).all()


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_mmpose_finds_the_same_of_each_joint_and_of_all_where_all_are_labelled(people, threshold: float) -> None:
    from mmpose.evaluation import keypoint_pck_accuracy

    predicted, true, labelled = people
    for known in (labelled, np.ones_like(labelled)):
        lengths = torso_lengths(true, known, TORSO)
        scored = ~np.isnan(lengths)
        measure = np.repeat(lengths[scored, None], 2, axis=1)
        joints, mean, _ = keypoint_pck_accuracy(predicted[scored], true[scored], known[scored], threshold, measure)
        marks = right_joints(predicted, true, known, TORSO, threshold)
        assert shares_of_joints(marks) == pytest.approx(joints)
        same_mean = np.nanmean(shares_of_photos(marks)) == pytest.approx(mean, abs=1e-12)
        assert same_mean == known.all()


def test_everybody_seen_from_behind_is_confused_and_not_right() -> None:
    true = np.random.default_rng(1).uniform(0, 150, (5, JOINTS, 2))
    labelled = np.ones((5, JOINTS), dtype=bool)
    marks = confused_joints(true[:, MIRRORED], true, labelled, TORSO, 0.01, MIRRORED)
    assert (marks[:, :12] == 1).all() and np.isnan(marks[:, 12:]).all()
    right = right_joints(true[:, MIRRORED], true, labelled, TORSO, 0.01)
    assert (right[:, :12] == 0).all() and (right[:, 12:] == 1).all()
    nothing = np.full_like(true, np.nan)
    assert (right_joints(nothing, true, labelled, TORSO, 0.2) == 0).all()


def test_what_does_not_fit_is_refused(people) -> None:
    predicted, true, labelled = people
    with pytest.raises(ValueError, match=r"got predicted joints of \[40, 13, 2\]"):
        right_joints(predicted[:, 1:], true, labelled, TORSO, 0.2)
    with pytest.raises(ValueError, match="expected a positive number of torsos"):
        confused_joints(predicted, true, labelled, TORSO, 0.0, MIRRORED)
