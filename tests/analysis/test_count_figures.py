"""Figure 6's numbers: shares by hand, and p against the exact distribution where there is one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from mmpose_ssn.analysis.channel_counts import permuted_counts
from mmpose_ssn.analysis.count_figures import count_figures, p_of_difference, p_of_share, share
from mmpose_ssn.analysis.keypoint_channels import KeypointGradients

JOINTS = ("nose", "left_elbow", "left_hip", "left_knee", "left_ankle")


def one_hot(joints: list[int]) -> np.ndarray:
    """Scores [5, channels] where each channel serves one joint."""
    scores = np.zeros((5, len(joints)))
    scores[joints, range(len(joints))] = 1
    return scores


def gradients(**of_maps: np.ndarray) -> KeypointGradients:
    means = {
        (name, quantity, "signed"): scores[None]
        for name, scores in of_maps.items()
        for quantity in ("gradient", "gradient-times-activation")
    }
    return KeypointGradients(np.ones((1, 5)), np.zeros((1, 5, 2), int), 10, means)


def test_p_of_a_share_is_that_of_a_binomial_where_each_channel_serves_one_joint():
    counts = permuted_counts(one_hot([0] * 9 + [1, 2, 3, 4] * 4), draws=20000)
    exact = 2 * binom.sf(8, 25, 1 / 5)
    assert p_of_share(counts, [0]) == pytest.approx(exact, abs=0.01)
    assert share(counts.observed, [0]) == pytest.approx(9 / 25)


def test_p_of_a_difference_is_that_of_two_binomials():
    before, after = (permuted_counts(one_hot([0] * n + [1, 2, 3, 4] * 2), draws=20000, seed=n) for n in (7, 2))
    n, m = 15, 10
    moved = abs(2 / m - 7 / n)
    exact = sum(
        binom.pmf(a, n, 0.2) * binom.pmf(b, m, 0.2)
        for a in range(n + 1)
        for b in range(m + 1)
        if abs(b / m - a / n) >= moved - 1e-12
    )
    assert p_of_difference(before, after, [0]) == pytest.approx(exact, abs=0.015)


def test_what_a_module_moves_is_the_share_of_its_own_maps_less_that_of_its_input():
    measured = count_figures(gradients(input=one_hot([0, 0, 0, 1]), nonlocal_maps=one_hot([1, 1, 0, 2])), JOINTS, "E1")
    got = {(one.name, one.of): one.value for one in measured if one.reading == "gradient"}
    assert got["share-of-input", "head"] == 0.75 and got["share-of-nonlocal_maps", "head"] == 0.25
    assert got["share-moved", "head"] == -0.5 and got["share-moved", "upper limbs"] == 0.25
    assert got["channels-of-input", "nose"] == 3 and got["channels-of-nonlocal_maps", "left_hip"] == 1
    assert ("share-of-attention", "head") not in got
    assert {one.predictor for one in measured} == {"E1"}


def test_where_nothing_is_counted_there_is_no_share():
    nothing = np.zeros((5, 3))
    measured = count_figures(gradients(input=nothing, nonlocal_maps=nothing), JOINTS, "E1")
    values = [one.value for one in measured if one.name in ("share-of-input", "share-moved", "p-moved", "p-of-input")]
    assert len(values) == 16 and all(map(math.isnan, values))
