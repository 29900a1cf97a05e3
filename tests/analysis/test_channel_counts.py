"""Counts of channels by loops, and their distribution under permuted labels by all permutations there are."""

from __future__ import annotations

from collections import Counter
from itertools import permutations, product

import numpy as np
import pytest

from mmpose_ssn.analysis import channel_counts, permuted_counts

SCORES = np.array([[1.0, 0.9, -0.7], [0.6, 0.2, 1.0], [-1.0, 1.0, 0.5]])


def test_counts_by_loops():
    rng = np.random.default_rng(0)
    scores = rng.uniform(-1, 1, (17, 40))
    expected = [sum(1 for score in row if score > 0.5) for row in scores]
    assert channel_counts(scores).tolist() == expected
    assert channel_counts(scores, 0.9).sum() < sum(expected)
    assert channel_counts(SCORES).tolist() == [2, 2, 1]


def test_permuted_counts_have_the_distribution_of_all_permutations():
    every_deal = product(permutations(range(3)), repeat=3)
    exact = Counter(tuple(sum(SCORES[deal[c][m], c] > 0.5 for c in range(3)) for m in range(3)) for deal in every_deal)
    draws = 20_000
    permuted = permuted_counts(SCORES, draws, seed=3)
    seen = Counter(map(tuple, permuted.drawn.tolist()))
    assert seen.keys() == exact.keys()
    for counts, times in exact.items():
        share = times / 6**3
        assert seen[counts] / draws == pytest.approx(share, abs=5 * np.sqrt(share * (1 - share) / draws))
    by_hand = sum(times for counts, times in exact.items() if counts[0] + counts[2] >= 3) / 6**3
    assert permuted.p_at_least([0, 2]) == pytest.approx(by_hand, abs=0.02)
    by_hand = sum(times for counts, times in exact.items() if counts[2] <= 1) / 6**3
    assert permuted.p_at_most(2) == pytest.approx(by_hand, abs=0.02)


def test_permuting_keeps_what_each_channel_serves_and_the_seed_decides():
    rng = np.random.default_rng(1)
    scores = rng.uniform(-1, 1, (17, 40))
    first, again, other = (permuted_counts(scores, 50, seed) for seed in (5, 5, 6))
    assert (first.drawn.sum(axis=1) == first.observed.sum()).all()
    assert np.array_equal(first.drawn, again.drawn) and not np.array_equal(first.drawn, other.drawn)
    assert first.observed.tolist() == channel_counts(scores).tolist()


def test_a_keypoint_with_all_channels_stands_out_and_p_is_never_zero():
    scores = np.zeros((4, 30))
    scores[2] = 1
    permuted = permuted_counts(scores, 99)
    assert permuted.p_at_least(2) == 0.01 and permuted.p_at_most(0) < 0.05 < permuted.p_at_least(0)
