"""Paired differences against a plain loop, Holm against a table worked out by hand, and p against counting."""

import math

import numpy as np
import pytest

from mmpose_ssn.evaluation.paired import ResampledAP, holm, paired_difference, two_sided_p


def test_holm_as_worked_out_by_hand():
    # Sorted: .005 x 4 = .02; .01 x 3 = .03; .03 x 2 = .06; .04 x 1 = .04, raised to the .06 before it.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02], abs=1e-15)


def test_holm_keeps_one_as_it_is_exceeds_no_one_and_takes_none():
    assert holm([0.03]) == [0.03]
    assert holm([0.5, 0.6, 0.9]) == [1.0, 1.0, 1.0]
    assert holm([0.02, 0.02]) == [0.04, 0.04]
    assert holm([]) == []


@pytest.mark.parametrize(
    ("resampled", "p"),
    [
        ([1, 2, 3, 4, 5, 6, 7, 8, 9], 2 * 1 / 10),  # never 0
        ([-1, 2, 3, 4, 5, 6, 7, 8, 9], 2 * 2 / 10),
        ([1, -2, -3, -4, -5, -6, -7, -8, -9], 2 * 2 / 10),  # two-sided
        ([0, 2, 3, 4, 5, 6, 7, 8, 9], 2 * 2 / 10),  # no difference counts against one
        ([0] * 9, 1.0),
        ([-4, -3, -2, -1, 0, 1, 2, 3, 4], 1.0),
    ],
)
def test_p_counts_what_lies_on_the_rarer_side(resampled, p):
    assert two_sided_p(np.array(resampled, dtype=float)) == pytest.approx(p, abs=1e-15)


def trainings(rng, means, resamples=400):
    return [ResampledAP(mean, mean + rng.normal(0, 0.02, resamples)) for mean in means]


def test_one_pair_differs_as_its_resamples_do():
    rng = np.random.default_rng(0)
    (first,), (second,) = trainings(rng, [0.61]), trainings(rng, [0.60])
    found = paired_difference([first], [second])
    differences = sorted(a - b for a, b in zip(first.resampled, second.resampled, strict=True))
    assert found.difference == pytest.approx(0.01)
    assert found.interval == pytest.approx(tuple(np.percentile(differences, [2.5, 97.5])), abs=1e-15)
    assert found.p == two_sided_p(np.array(differences))


def test_what_is_hard_for_both_cancels():
    rng = np.random.default_rng(1)
    shared = rng.normal(0, 0.05, 500)  # hard and easy draws of images
    first = ResampledAP(0.62, 0.62 + shared + rng.normal(0, 0.002, 500))
    second = ResampledAP(0.60, 0.60 + shared + rng.normal(0, 0.002, 500))
    found = paired_difference([first], [second])
    assert 0.01 < found.interval[0] < 0.02 < found.interval[1] < 0.03
    assert found.p == pytest.approx(2 / 501)
    shuffled = ResampledAP(0.60, rng.permutation(second.resampled))
    assert paired_difference([first], [shuffled]).p > 0.5, "without the pairing it is lost"


def test_interval_holds_the_images_and_other_seeds():
    """Against a plain loop with a generator of its own, the t variable made of normal ones."""
    rng = np.random.default_rng(2)
    first, second = trainings(rng, [0.70, 0.64, 0.61], 4000), trainings(rng, [0.60, 0.60, 0.60], 4000)
    found = paired_difference(first, second)
    assert found.difference == pytest.approx(0.05)

    plain = np.random.default_rng(99)
    spread = np.std([0.10, 0.04, 0.01], ddof=1) / np.sqrt(3)
    values = []
    for resample in range(4000):
        images = sum(first[k].resampled[resample] - second[k].resampled[resample] for k in range(3)) / 3
        t = plain.normal() / np.sqrt(np.sum(plain.normal(size=2) ** 2) / 2)
        values.append(images + spread * t)
    assert found.interval == pytest.approx(tuple(np.percentile(values, [2.5, 97.5])), abs=0.015)
    assert found.p == two_sided_p(found.resampled)


def test_seeds_that_agree_by_chance_do_not_look_certain():
    """No true difference, three seeds: wrong decisions stay near the 5 % that they are allowed."""
    rng = np.random.default_rng(3)
    wrong = 0
    for repetition in range(1000):
        means = rng.normal(0, 0.02, size=(2, 3))
        first, second = ([ResampledAP(m, m + rng.normal(0, 0.004, 200)) for m in 0.6 + side] for side in means)
        wrong += paired_difference(first, second, seed=repetition).p <= 0.05
    assert wrong / 1000 <= 0.07


def test_resamples_with_nobody_in_them_are_left_out():
    nothing = float("nan")
    first = ResampledAP(0.5, np.array([nothing, 0.5, 0.6, 0.7]))
    second = ResampledAP(0.4, np.array([nothing, 0.4, 0.4, 0.4]))
    found = paired_difference([first], [second])
    assert found.p == pytest.approx(2 * 1 / 4), "of three resamples"
    assert not any(map(math.isnan, found.interval))
    with pytest.raises(ValueError, match="nothing to compare on"):
        paired_difference(*[[ResampledAP(0.5, np.array([nothing]))]] * 2)


def test_what_makes_no_pairs_is_refused():
    one = ResampledAP(0.5, np.zeros(3))
    with pytest.raises(ValueError, match="got 2 and 1 trainings to pair"):
        paired_difference([one, one], [one])
    with pytest.raises(ValueError, match="got 0 and 0 trainings"):
        paired_difference([], [])
    with pytest.raises(ValueError, match=r"got \[3, 4\] resamples, expected the same draws"):
        paired_difference([one], [ResampledAP(0.5, np.zeros(4))])
