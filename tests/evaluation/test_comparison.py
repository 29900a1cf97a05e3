"""Comparisons against a plain loop, Student's test and the errors that they promise to keep, Holm against a table
worked out by hand, and p against counting.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from mmpose_ssn.evaluation.comparison import (
    Comparison,
    Outcome,
    ResampledAP,
    Sides,
    compare,
    holm,
    resampled_difference,
    two_sided_p,
)

SIMULATIONS = 2000
ALLOWED = 0.07


def sides(first, second):
    return Sides(first, second, tuple(range(len(first))))


def compared(first, second, seed=0):
    """The one comparison of a family of its own."""
    return compare("figures", {"one": sides(first, second)}, seed)["one"]


def percentiles(resampled, ends):
    """In AP points, of differences as fractions."""
    return pytest.approx(tuple(100 * np.percentile(resampled, ends)), abs=1e-13)


# Holm and p


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


# Differences, intervals and p, by other ways


def trainings(rng, means, resamples=400):
    """Trainings whose AP, as a fraction, moves with the drawn images for each by itself."""
    return [ResampledAP(mean, mean + rng.normal(0, 0.02, resamples)) for mean in means]


def of_one_network(rng, aps, images=0.0, resamples=999, draws=None):
    """Trainings whose AP, in points, moves with the drawn images for all alike, by a normal of that deviation."""
    draws = rng.normal(0, images, resamples) if draws is None else draws
    return [ResampledAP(ap / 100, (ap + draws) / 100) for ap in aps]


def test_one_pair_differs_as_its_resamples_do():
    rng = np.random.default_rng(0)
    (first,), (second,) = trainings(rng, [0.61]), trainings(rng, [0.60])
    found = compared([first], [second])
    differences = np.array(sorted(a - b for a, b in zip(first.resampled, second.resampled, strict=True)))
    assert found.difference == pytest.approx(1.0)
    assert found.interval95 == percentiles(differences, [2.5, 97.5])
    assert found.interval90 == percentiles(differences, [5, 95])
    assert found.p == found.p_holm == two_sided_p(differences)
    assert found.stability == np.mean(differences > 0)
    assert (found.preset, found.seeds, found.too_low) == ("figures", (0,), ())
    np.testing.assert_array_equal(np.sort(resampled_difference(sides([first], [second]))), differences)


def test_what_is_hard_for_both_cancels():
    rng = np.random.default_rng(1)
    shared = rng.normal(0, 0.05, 500)  # hard and easy draws of images
    first = ResampledAP(0.62, 0.62 + shared + rng.normal(0, 0.002, 500))
    second = ResampledAP(0.60, 0.60 + shared + rng.normal(0, 0.002, 500))
    found = compared([first], [second])
    assert 1 < found.interval95[0] < 2 < found.interval95[1] < 3
    assert found.p == pytest.approx(2 / 501)
    shuffled = ResampledAP(0.60, rng.permutation(second.resampled))
    assert compared([first], [shuffled]).p > 0.5, "without the pairing it is lost"


def test_interval_holds_the_images_and_other_seeds():
    """Against a plain loop with a generator of its own, the t variable made of normal ones."""
    rng = np.random.default_rng(2)
    first, second = trainings(rng, [0.70, 0.64, 0.61], 4000), trainings(rng, [0.60, 0.60, 0.60], 4000)
    found = compared(first, second)
    assert found.difference == pytest.approx(5.0)

    plain = np.random.default_rng(99)
    spread = np.std([0.10, 0.04, 0.01], ddof=1) / np.sqrt(3)
    values = []
    for resample in range(4000):
        images = sum(first[k].resampled[resample] - second[k].resampled[resample] for k in range(3)) / 3
        t = plain.normal() / np.sqrt(np.sum(plain.normal(size=2) ** 2) / 2)
        values.append(images + spread * t)
    assert found.interval95 == pytest.approx(tuple(100 * np.percentile(values, [2.5, 97.5])), abs=1.5)
    resampled = resampled_difference(sides(first, second))
    assert found.interval95 == percentiles(resampled, [2.5, 97.5])
    assert found.p == two_sided_p(resampled)


@pytest.mark.parametrize("aps", [(60.1, 60.2, 60.3), (60.1, 60.9), (60.1, 60.9, 60.4, 60.6, 59.9), (59.2, 60.1, 60.3)])
def test_where_images_hardly_matter_p_is_that_of_students_test_over_seeds(aps):
    rng = np.random.default_rng(7)
    second = of_one_network(rng, [60.0] * len(aps), resamples=40000)
    found = compared(of_one_network(rng, aps, resamples=40000), second)
    differences = np.array(aps) - 60
    test = stats.ttest_1samp(differences, 0)
    assert found.p == pytest.approx(test.pvalue, rel=0.1)
    assert found.stability == pytest.approx(stats.t.cdf(test.statistic, len(aps) - 1), abs=0.01)
    assert found.interval90 == pytest.approx(tuple(test.confidence_interval(0.90)), rel=0.1, abs=0.02)


def test_images_add_to_the_spread_over_seeds():
    rng = np.random.default_rng(9)
    aps, second = (61.0, 61.5, 62.0), of_one_network(rng, (60.0, 60.0, 60.0), resamples=4000)
    calm, loud = (compared(of_one_network(rng, aps, images, 4000), second) for images in (0.0, 1.5))
    variance = 0.25 / 3 + 1.5**2
    assert np.diff(loud.interval90) == pytest.approx(2 * 1.645 * math.sqrt(variance), rel=0.1)
    assert np.diff(loud.interval90) > np.diff(calm.interval90)
    assert loud.p > calm.p


# Chance alone


def test_seeds_that_agree_by_chance_do_not_look_certain():
    """No true difference, three seeds: wrong decisions stay near the 5 % that they are allowed."""
    rng = np.random.default_rng(3)
    wrong = 0
    for repetition in range(1000):
        means = rng.normal(0, 0.02, size=(2, 3))
        first, second = ([ResampledAP(m, m + rng.normal(0, 0.004, 200)) for m in 0.6 + side] for side in means)
        wrong += compared(first, second, seed=repetition).outcome is not Outcome.UNDECIDED
    assert wrong / 1000 <= ALLOWED


def test_three_seeds_that_agree_by_chance_decide_nothing():
    rng = np.random.default_rng(8)
    first, second = of_one_network(rng, (60.1, 60.2, 60.3)), of_one_network(rng, (60.0, 60.0, 60.0))
    assert compared(first, second).outcome is Outcome.UNDECIDED


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_whole_family_of_equal_networks_is_seldom_told_apart(seeds):
    """One network against three, all equal; its trainings are common to the three tests."""
    rng = np.random.default_rng([11, seeds])
    mistaken = 0
    for _ in range(SIMULATIONS):
        spread = 0.3 if seeds > 1 else 0.0  # one seed speaks of these runs only
        images = rng.normal(0, 0.3, (4, 400))
        whole = rng.normal(0, spread, (4, seeds)) + images[:, :1] + 60
        networks = [of_one_network(rng, ap, draws=draws) for ap, draws in zip(whole, images[:, 1:], strict=True)]
        found = compare("paper", {str(k): sides(networks[0], networks[k]) for k in range(1, 4)})
        mistaken += any(one.outcome is not Outcome.UNDECIDED for one in found.values())
    assert mistaken / SIMULATIONS <= ALLOWED


# Families and outcomes


def family(rng):
    """Three networks above a fourth, the least of them by hardly anything."""
    second = of_one_network(rng, [60.0])
    gaps = {"a": 1.0, "b": 0.6, "c": 0.1}
    return {name: sides(of_one_network(rng, [60 + gap], 0.3), second) for name, gap in gaps.items()}


def test_holm_is_over_the_whole_family():
    three = family(np.random.default_rng(10))
    found = compare("paper", three)
    assert [one.p_holm for one in found.values()] == holm([one.p for one in found.values()])
    alone = compare("paper", {"b": three["b"]})["b"]
    assert alone.p == alone.p_holm == found["b"].p < found["b"].p_holm
    assert compare("paper", {}) == {}


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_below_the_bound_nothing_is_decided_and_nobody_else_pays_for_it(name):
    three = family(np.random.default_rng(10))
    before = compare("figures", three)
    low = replace(three[name], too_low=("ssn",))
    after = compare("figures", three | {name: low})
    assert (after[name].outcome, after[name].p_holm, after[name].too_low) == (Outcome.NOT_COMPARED, None, ("ssn",))
    assert replace(after[name], p_holm=before[name].p_holm, too_low=()) == before[name], "all that is measured"
    assert "after Holm" in str(before[name]) and "after Holm" not in str(after[name])
    others = {other: one for other, one in after.items() if other != name}
    assert others == compare("figures", {other: three[other] for other in others}), "a family of two"
    assert [one.p_holm for one in others.values()] == holm([one.p for one in others.values()])


def test_what_is_not_compared_makes_holm_no_stricter():
    three = family(np.random.default_rng(10))
    before = compare("figures", three)
    after = compare("figures", three | {"c": replace(three["c"], too_low=("ssn",))})
    assert before["a"].outcome is after["a"].outcome is Outcome.HIGHER
    assert before["a"].p_holm == pytest.approx(3 * before["a"].p)
    assert after["a"].p_holm == pytest.approx(2 * before["a"].p)
    assert after["b"].p_holm == pytest.approx(before["b"].p)
    none = compare("figures", {name: replace(one, too_low=("ssn",)) for name, one in three.items()})
    assert {one.outcome for one in none.values()} == {Outcome.NOT_COMPARED}


def a_comparison(difference=1.0, p_holm=0.01):
    ends = [(difference - width, difference + width) for width in (0.5, 0.6)]
    return Comparison("figures", (0, 1, 2), difference, *ends, 0.01, p_holm, 0.99)


@pytest.mark.parametrize(
    ("difference", "p_holm", "outcome"),
    [
        (1.0, 0.05, Outcome.HIGHER),
        (-1.0, 0.05, Outcome.LOWER),
        (1.0, 0.051, Outcome.UNDECIDED),
        (-1.0, 0.051, Outcome.UNDECIDED),
        (0.0, 0.05, Outcome.UNDECIDED),
        (1.0, None, Outcome.NOT_COMPARED),
    ],
)
def test_the_adjusted_p_and_the_sign_decide(difference, p_holm, outcome):
    assert a_comparison(difference, p_holm).outcome is outcome


@pytest.mark.parametrize("p_holm", [-0.1, 1.1, math.nan])
def test_a_p_that_is_none_decides_nothing(p_holm):
    with pytest.raises(ValueError, match=f"p is {p_holm}, expected a number between 0 and 1"):
        _ = a_comparison(p_holm=p_holm).outcome


def test_networks_that_score_alike_on_everything_are_undecided():
    nothing = [ResampledAP(0.0, np.zeros(99))] * 3
    found = compared(nothing, nothing)
    assert (found.p, found.stability, found.interval95) == (1.0, 0.0, (0.0, 0.0))
    assert found.outcome is Outcome.UNDECIDED


# What cannot be compared


def test_resamples_with_nobody_in_them_are_left_out():
    nothing = float("nan")
    first = ResampledAP(0.5, np.array([nothing, 0.5, 0.6, 0.7]))
    second = ResampledAP(0.4, np.array([nothing, 0.4, 0.4, 0.4]))
    found = compared([first], [second])
    assert (found.p, found.stability) == (pytest.approx(2 * 1 / 4), 1.0), "of three resamples"
    assert not any(map(math.isnan, (*found.interval90, *found.interval95)))
    with pytest.raises(ValueError, match="nothing to compare on"):
        compared(*[[ResampledAP(0.5, np.array([nothing]))]] * 2)


def test_what_makes_no_pairs_is_refused():
    one = ResampledAP(0.5, np.zeros(3))
    with pytest.raises(ValueError, match="got 2 and 1 trainings to pair"):
        compared([one, one], [one])
    with pytest.raises(ValueError, match="got 0 and 0 trainings"):
        compared([], [])
    with pytest.raises(ValueError, match=r"got \[3, 4\] resamples, expected the same draws"):
        compared([one], [ResampledAP(0.5, np.zeros(4))])
    with pytest.raises(ValueError, match="the AP of a training is not a number"):
        compared([ResampledAP(math.nan, np.zeros(3))], [one])
