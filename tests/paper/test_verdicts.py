"""Verdicts against cases worked out by hand, against SciPy's tests, and against the errors that they promise to keep.

The simulations make what the rules are for: seed noise on both sides, the paper's a single run and rounded, and image
noise that both sides share.
"""

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mmpose_ssn.evaluation.paired import ResampledAP, holm, paired_difference
from mmpose_ssn.paper import PrintedNumber
from mmpose_ssn.paper.verdicts import (
    CocoRuns,
    Comparison,
    Count,
    Finding,
    FindingKind,
    Printed,
    SeedSD,
    Verdict,
    VerdictKind,
    compare,
    find_all,
    find_little,
    find_ordering,
    find_shape,
    find_shape_within,
    judge_all,
    judge_contrast,
    judge_cost,
    judge_difference,
    judge_ordering,
    judge_point,
)

PRIOR = SeedSD(0.2, "a test")
SIMULATIONS = 2000
ALLOWED = 0.07
CERTAINTY = {VerdictKind.CONTRADICTED: 0, VerdictKind.INCONCLUSIVE: 1, VerdictKind.REPRODUCED: 2}


def coco(*ap):
    return CocoRuns("paper", ap)


def figure(text):
    return Printed.figure(PrintedNumber(text))


def gap(first, second):
    return Printed(first.value - second.value, first.rounding + second.rounding)


# Points and differences, by hand


def test_a_printed_figure_is_known_to_half_a_unit_of_its_last_digit():
    assert figure("73.0") == Printed(73.0, 0.05)
    assert figure("73") == Printed(73.0, 0.5)


def test_three_seeds_as_worked_out_by_hand():
    """Mean 72.6667, s² = 0.28 / 3 = 0.09333, V = s² (1/3 + 1) = 0.12444; t(2) is 2.92 at 95 % and 4.303 at 97.5 %."""
    verdict = judge_point(coco(72.4, 72.6, 73.0), figure("73.0"), PRIOR)
    found = verdict.basis
    assert verdict.kind is VerdictKind.INCONCLUSIVE
    assert found.estimate == pytest.approx(-1 / 3)
    assert found.interval90 == pytest.approx((-1 / 3 - 1.0301, -1 / 3 + 1.0301), abs=1e-4)
    assert found.interval95 == pytest.approx((-1 / 3 - 1.5178, -1 / 3 + 1.5178), abs=1e-4)
    assert found.delta == pytest.approx(0.75)
    assert found.seeds == (3,)
    (spread,) = found.spreads
    assert (spread.value, spread.source, spread.freedom) == (
        pytest.approx(0.30551, abs=1e-5),
        "measured over 3 seeds",
        2,
    )


@pytest.mark.parametrize(("ap", "terms"), [((72.8,), 2), ((72.7, 72.9), 1.5)])
def test_fewer_than_three_seeds_have_the_stated_spread(ap, terms):
    verdict = judge_point(coco(*ap), figure("73.0"), PRIOR)
    half = 1.644854 * 0.2 * math.sqrt(terms)
    assert verdict.kind is VerdictKind.REPRODUCED
    assert verdict.basis.interval90 == pytest.approx((-0.2 - half, -0.2 + half), abs=1e-5)
    assert verdict.basis.spreads == (PRIOR,)


def test_what_lies_wholly_outside_is_contradicted():
    verdict = judge_point(coco(70.0, 70.1, 70.2), figure("73.0"), PRIOR)
    assert verdict.kind is VerdictKind.CONTRADICTED
    assert verdict.basis.interval95[1] == pytest.approx(-2.9 + 4.302653 * 0.1 * math.sqrt(4 / 3))
    assert judge_point(coco(72.0), figure("73.0"), PRIOR).kind is VerdictKind.INCONCLUSIVE


def test_a_difference_has_the_spread_of_both_networks_and_of_the_papers_two_runs():
    """The SDs are 0.2 and 0.1: V = (0.04 + 0.01) 4/3 = 1/15, ν = V² / ((0.16/3)² + (0.04/3)²) 2 = 50/17."""
    verdict = judge_difference(
        coco(72.8, 73.0, 73.2), coco(71.0, 71.1, 71.2), gap(figure("73.0"), figure("71.3")), PRIOR
    )
    half = stats.t(50 / 17).ppf(0.95) / math.sqrt(15)
    assert verdict.basis.estimate == pytest.approx(0.2)
    assert verdict.basis.interval90 == pytest.approx((0.2 - half, 0.2 + half))
    assert verdict.basis.delta == pytest.approx(0.8)


def test_one_network_may_have_seeds_and_the_other_one_the_stated_spread():
    """V = 0.04 4/3 + 0.04 2 = 2/15; only the first term is estimated: ν = V² / (0.16/3)² 2 = 12.5."""
    found = judge_difference(coco(72.8, 73.0, 73.2), coco(71.3), Printed(1.7, 0.1), PRIOR).basis
    half = stats.t(12.5).ppf(0.975) * math.sqrt(2 / 15)
    assert found.interval95 == pytest.approx((-half, half))
    assert found.seeds == (3, 1)
    assert found.spreads[1] is PRIOR


def test_a_gain_less_another_gain_is_judged_from_four_networks():
    """Priors of 0.2 and one seed each: V = 4 (0.04 2) = 0.32, and half the weight counts a quarter."""
    gains = [(1, coco(73.0)), (-1, coco(72.0)), (-1, coco(70.3)), (1, coco(70.0))]
    found = judge_contrast(gains, Printed(0.6, 0.2), PRIOR).basis
    assert found.estimate == pytest.approx(0.1)
    assert found.interval95[1] == pytest.approx(0.1 + 1.959964 * math.sqrt(0.32))
    halved = judge_contrast([(weight / 2, runs) for weight, runs in gains], Printed(0.3, 0.1), PRIOR).basis
    assert halved.interval95 == pytest.approx([end / 2 for end in found.interval95])


def test_the_words_say_what_decided():
    assert judge_point(coco(72.8), figure("73.0"), PRIOR).words == (
        "reproduced: -0.20 AP from the printed value, 90 % [-0.67, +0.27], 95 % [-0.75, +0.35], margin 0.75; "
        "SD of a seed 0.20 (a test)"
    )
    assert Verdict.not_run("COCO").words == "not run: COCO"
    assert Verdict.not_testable("the paper names no figure").words == "not testable: the paper names no figure"


# Properties

ap_lists = st.lists(st.floats(66, 74), min_size=1, max_size=6).filter(lambda ap: len(ap) < 3 or np.std(ap) > 1e-6)


@given(ap_lists)
def test_too_high_is_as_far_as_too_low(ap):
    here = judge_point(coco(*ap), figure("70.0"), PRIOR)
    mirrored = judge_point(coco(*(140 - one for one in ap)), figure("70.0"), PRIOR)
    assert mirrored.kind is here.kind
    assert mirrored.basis.interval95 == pytest.approx((-here.basis.interval95[1], -here.basis.interval95[0]), abs=1e-9)


@given(ap_lists, ap_lists)
def test_a_difference_may_be_taken_either_way_round(first, second):
    here = judge_difference(coco(*first), coco(*second), Printed(1.7, 0.1), PRIOR)
    turned = judge_difference(coco(*second), coco(*first), Printed(-1.7, 0.1), PRIOR)
    assert turned.kind is here.kind
    assert turned.basis.estimate == pytest.approx(-here.basis.estimate, abs=1e-9)


@given(ap_lists, st.floats(0, 5), st.floats(0, 5))
def test_a_wider_margin_never_speaks_against_a_claim(ap, tolerance, more):
    narrow, wide = (judge_point(coco(*ap), figure("70.0"), PRIOR, width) for width in (tolerance, tolerance + more))
    assert CERTAINTY[narrow.kind] <= CERTAINTY[wide.kind]


@given(ap_lists, st.floats(0, 1), st.floats(1, 4))
def test_more_noise_decides_nothing(ap, tolerance, factor):
    mean = np.mean(ap)
    noisy = coco(*(mean + (one - mean) * factor for one in ap))
    calm = judge_point(coco(*ap), figure("70.0"), PRIOR, tolerance)
    loud = judge_point(noisy, figure("70.0"), replace(PRIOR, value=PRIOR.value * factor), tolerance)
    assert loud.kind in (calm.kind, VerdictKind.INCONCLUSIVE)


# Simulated errors and power


def rates(rng, seeds, true, sds, tolerance=0.7, prior=None):
    """How often each verdict is given on networks whose mean AP is ``true`` margins off what the paper's have."""
    rounding = 0.05 * len(sds)
    off = true * (tolerance + rounding)
    means = np.array([70.0, 68.0])[: len(sds), None]
    images = rng.normal(0, 1, SIMULATIONS)  # the same images for everyone
    theirs = means + images + rng.normal(0, np.array(sds)[:, None], (len(sds), SIMULATIONS))
    ours = (means + images)[..., None] + rng.normal(0, np.array(sds)[:, None, None], (len(sds), SIMULATIONS, seeds))
    ours[0] += off
    prior = prior or SeedSD(max(sds), "the simulation")
    counts = dict.fromkeys(VerdictKind, 0)
    for k in range(SIMULATIONS):
        runs = [coco(*network[k].tolist()) for network in ours]
        prints = [figure(f"{network[k]:.1f}") for network in theirs]
        if len(runs) == 1:
            verdict = judge_point(*runs, *prints, prior, tolerance)
        else:
            verdict = judge_difference(*runs, gap(*prints), prior, tolerance)
        counts[verdict.kind] += 1
    return {kind: count / SIMULATIONS for kind, count in counts.items()}


SDS = [(0.1,), (0.3,), (0.1, 0.3)]


@pytest.mark.parametrize("sds", SDS)
@pytest.mark.parametrize("seeds", [1, 3, 5])
def test_what_is_off_by_the_margin_is_seldom_called_reproduced(seeds, sds):
    rng = np.random.default_rng([1, seeds, len(sds)])
    for side in (-1, 1):
        assert rates(rng, seeds, side, sds)[VerdictKind.REPRODUCED] <= ALLOWED


@pytest.mark.parametrize("sds", SDS)
@pytest.mark.parametrize("seeds", [1, 3, 5])
def test_what_is_equal_is_seldom_called_contradicted(seeds, sds):
    rng = np.random.default_rng([2, seeds, len(sds)])
    strictest = rates(rng, seeds, 0, sds, tolerance=0)  # any tolerance makes it rarer
    assert strictest[VerdictKind.CONTRADICTED] <= ALLOWED


@pytest.mark.parametrize("seeds", [1, 3, 5])
def test_the_levels_are_used_up_and_not_undercut(seeds):
    """Were the intervals wider than they need be, the two tests above would pass all the same."""
    rng = np.random.default_rng([3, seeds])
    assert rates(rng, seeds, 1, (0.1,))[VerdictKind.REPRODUCED] >= 0.035
    assert rates(rng, seeds, 0, (2.0,), tolerance=0)[VerdictKind.CONTRADICTED] >= 0.035


@pytest.mark.parametrize("sds", [(0.1,), (0.1, 0.1)])
@pytest.mark.parametrize("seeds", [1, 3, 5])
def test_small_noise_lets_the_truth_be_said(seeds, sds):
    rng = np.random.default_rng([4, seeds, len(sds)])
    assert rates(rng, seeds, 0, sds)[VerdictKind.REPRODUCED] >= 0.85
    assert rates(rng, seeds, 3, sds)[VerdictKind.CONTRADICTED] >= 0.85


def test_a_prior_below_the_real_spread_breaks_the_promise_as_documented():
    rng = np.random.default_rng(5)
    for seeds in (1, 2):
        rate = rates(rng, seeds, 1, (0.2,), prior=SeedSD(0.1, "too small"))[VerdictKind.REPRODUCED]
        assert rate == pytest.approx(stats.norm.cdf(-1.645 / 2), abs=0.04), "about 20 %"
    assert rates(rng, 3, 1, (0.2,), prior=SeedSD(0.1, "too small"))[VerdictKind.REPRODUCED] <= ALLOWED, "not asked for"


# Orderings


def trainings(rng, aps, images=0.0, resamples=999, draws=None):
    """Trainings of one network; its AP moves with the drawn images by a normal of that deviation, in AP points."""
    draws = rng.normal(0, images, resamples) if draws is None else draws
    return [ResampledAP(ap / 100, (ap + draws) / 100) for ap in aps]


def test_one_seed_is_compared_as_the_tables_of_orderings_are():
    rng = np.random.default_rng(6)
    first, second = trainings(rng, [61.0], 0.5), trainings(rng, [60.0], 0.5)
    found = compare("paper", {"one": (first, second)})["one"]
    paired = paired_difference(first, second)
    assert found.p == paired.p == found.p_holm
    assert found.difference == pytest.approx(1.0)
    assert found.interval95 == pytest.approx(tuple(100 * end for end in paired.interval))
    resampled = first[0].resampled - second[0].resampled
    assert found.stability == np.mean(resampled > 0)
    assert found.interval90 == pytest.approx(tuple(100 * np.percentile(resampled, [5, 95])))


@pytest.mark.parametrize("aps", [(60.1, 60.2, 60.3), (60.1, 60.9), (60.1, 60.9, 60.4, 60.6, 59.9), (59.2, 60.1, 60.3)])
def test_where_images_hardly_matter_p_is_that_of_students_test_over_seeds(aps):
    rng = np.random.default_rng(7)
    second = trainings(rng, [60.0] * len(aps), resamples=40000)
    found = compare("figures", {"one": (trainings(rng, aps, resamples=40000), second)})["one"]
    differences = np.array(aps) - 60
    test = stats.ttest_1samp(differences, 0)
    assert found.p == pytest.approx(test.pvalue, rel=0.1)
    assert found.stability == pytest.approx(stats.t.cdf(test.statistic, len(aps) - 1), abs=0.01)
    assert found.interval90 == pytest.approx(tuple(test.confidence_interval(0.90)), rel=0.1, abs=0.02)


def test_three_seeds_that_agree_by_chance_decide_nothing():
    rng = np.random.default_rng(8)
    first, second = trainings(rng, (60.1, 60.2, 60.3)), trainings(rng, (60.0, 60.0, 60.0))
    assert judge_ordering(compare("paper", {"one": (first, second)})["one"]).kind is VerdictKind.INCONCLUSIVE


def test_images_add_to_the_spread_over_seeds():
    rng = np.random.default_rng(9)
    aps, second = (61.0, 61.5, 62.0), trainings(rng, (60.0, 60.0, 60.0), resamples=4000)
    calm, loud = (
        compare("paper", {"one": (trainings(rng, aps, images, 4000), second)})["one"] for images in (0.0, 1.5)
    )
    variance = 0.25 / 3 + 1.5**2
    assert np.diff(loud.interval90) == pytest.approx(2 * 1.645 * math.sqrt(variance), rel=0.1)
    assert np.diff(loud.interval90) > np.diff(calm.interval90)
    assert loud.p > calm.p


def test_holm_is_over_the_whole_table():
    rng = np.random.default_rng(10)
    second = trainings(rng, [60.0])
    table = {name: (trainings(rng, [60 + gap], 0.3), second) for name, gap in (("a", 1.0), ("b", 0.6), ("c", 0.1))}
    found = compare("paper", table)
    assert [one.p_holm for one in found.values()] == holm([one.p for one in found.values()])
    alone = compare("paper", {"b": table["b"]})["b"]
    assert alone.p == alone.p_holm == found["b"].p < found["b"].p_holm


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_whole_family_of_equal_networks_is_seldom_told_apart(seeds):
    """One network against three, all equal; its trainings are common to the three tests."""
    rng = np.random.default_rng([11, seeds])
    mistaken = 0
    for _ in range(SIMULATIONS):
        spread = 0.3 if seeds > 1 else 0.0  # one seed speaks of these runs only
        images = rng.normal(0, 0.3, (4, 400))
        whole = rng.normal(0, spread, (4, seeds)) + images[:, :1] + 60
        networks = [trainings(rng, ap, draws=draws) for ap, draws in zip(whole, images[:, 1:], strict=True)]
        found = compare("paper", {str(k): (networks[0], networks[k]) for k in range(1, 4)})
        mistaken += any(judge_ordering(one).kind is not VerdictKind.INCONCLUSIVE for one in found.values())
    assert mistaken / SIMULATIONS <= ALLOWED


def comparison(preset="paper", seeds=3, difference=1.0, half=0.5, p_holm=0.01, stability=0.99):
    ends = [(difference - width, difference + width) for width in (half, 1.2 * half)]
    return Comparison(preset, seeds, difference, *ends, p_holm, p_holm, stability)


@pytest.mark.parametrize(
    ("p_holm", "stability", "kind"),
    [
        (0.05, 0.98, VerdictKind.REPRODUCED),
        (0.051, 0.98, VerdictKind.INCONCLUSIVE),
        (0.05, 0.02, VerdictKind.CONTRADICTED),
        (0.051, 0.02, VerdictKind.INCONCLUSIVE),
    ],
)
def test_an_order_is_decided_by_the_adjusted_p_and_its_side(p_holm, stability, kind):
    assert judge_ordering(comparison(p_holm=p_holm, stability=stability)).kind is kind


def test_of_several_orders_the_least_sure_one_decides():
    sure, unsure, refuted = (
        comparison(p_holm=p, stability=share) for p, share in ((0.01, 0.999), (0.3, 0.9), (0.02, 0.005))
    )
    assert judge_all([sure, sure]).kind is VerdictKind.REPRODUCED
    assert judge_all([sure, unsure]).kind is VerdictKind.INCONCLUSIVE
    assert judge_all([sure, unsure, refuted]).kind is VerdictKind.CONTRADICTED
    assert judge_all([sure, refuted]).basis is refuted
    small = [replace(one, preset="figures") for one in (sure, unsure)]
    assert find_all(small).kind is FindingKind.UNDECIDED


def test_one_seed_speaks_of_these_runs_only():
    several, one = judge_ordering(comparison()), judge_ordering(comparison(seeds=1))
    assert several.words == (
        "reproduced: +1.00 AP, 95 % [+0.40, +1.60], p = 0.01 after Holm, stability figure 99%; 3 seeds"
    )
    assert one.words.startswith("in these runs: reproduced: ")
    assert one.words.endswith("; 1 seed")


def test_networks_that_score_alike_on_everything_are_undecided():
    nothing = [ResampledAP(0.0, np.zeros(99))] * 3
    found = compare("smoke", {"one": (nothing, nothing)})["one"]
    assert (found.p, found.stability, found.interval95) == (1.0, 0.0, (0.0, 0.0))
    assert find_ordering(found).kind is FindingKind.UNDECIDED


def test_resamples_with_nobody_in_them_are_left_out():
    nothing = float("nan")
    first = [ResampledAP(0.5, np.array([nothing, 0.5, 0.6, 0.7]))]
    second = [ResampledAP(0.4, np.array([nothing, 0.4, 0.4, 0.4]))]
    found = compare("figures", {"one": (first, second)})["one"]
    assert (found.p, found.stability) == (2 * 1 / 4, 1.0), "of three resamples"


# Costs


def test_costs_are_decided_without_doubt():
    printed = PrintedNumber("40.5")
    right, wrong = (judge_cost(Count(x, f"equal to {printed}"), printed.matches(x)) for x in (40.475, 40.56))
    assert right.kind is VerdictKind.REPRODUCED
    assert wrong.words == "contradicted: counted 40.56, claimed to be equal to 40.5"


# The controlled experiment


def test_a_little_difference_is_one_whose_interval_lies_within_the_margin():
    small = comparison("figures", difference=0.1, half=0.5)
    assert find_little(small, 0.6).kind is FindingKind.HOLDS
    assert find_little(small, 0.59).kind is FindingKind.UNDECIDED
    large = comparison("figures", difference=-2.0, half=0.5)
    assert find_little(large, 1.39).kind is FindingKind.DOES_NOT_HOLD
    assert find_little(large, 1.41).kind is FindingKind.UNDECIDED


def test_an_order_holds_the_other_one_does_not_and_no_order_is_undecided():
    assert find_ordering(comparison("figures")).kind is FindingKind.HOLDS
    assert find_ordering(comparison("figures", difference=-1.0, stability=0.01)).kind is FindingKind.DOES_NOT_HOLD
    assert find_ordering(comparison("figures", p_holm=0.2, stability=0.9)).kind is FindingKind.UNDECIDED


def test_a_shape_is_found_by_a_test_or_by_intervals():
    assert find_shape("figures", True, 0.05).kind is FindingKind.HOLDS
    assert find_shape("figures", False, 0.05).kind is FindingKind.DOES_NOT_HOLD
    assert find_shape("figures", True, 0.06).kind is FindingKind.UNDECIDED
    above_one = (1.0, math.inf)
    assert find_shape_within("figures", above_one, (1.1, 1.5), (0.9, 1.7)).kind is FindingKind.HOLDS
    assert find_shape_within("figures", above_one, (0.5, 0.8), (0.4, 0.9)).kind is FindingKind.DOES_NOT_HOLD
    assert find_shape_within("figures", above_one, (0.5, 0.8), (0.4, 1.1)).kind is FindingKind.UNDECIDED


@pytest.mark.parametrize("preset", ["smoke", "figures"])
def test_a_controlled_experiment_has_three_sentences_and_reproduces_nothing(preset):
    measured = comparison(preset)
    spoken = {
        find_ordering(measured).words,
        find_little(measured, 0.1).words,
        find_shape(preset, True, 0.9).words,
    }
    assert spoken == {f"in the controlled experiment: {word}" for word in ("holds", "does not hold", "undecided")}
    assert not {kind.value for kind in FindingKind} & {kind.value for kind in VerdictKind}
    with pytest.raises(TypeError, match="a finding is one of"):
        Finding(preset, VerdictKind.REPRODUCED)
    with pytest.raises(ValueError, match=f"'{preset}' is a controlled experiment"):
        CocoRuns(preset, (73.0,))
    with pytest.raises(ValueError, match=f"'{preset}' is a controlled experiment"):
        judge_ordering(measured)
    with pytest.raises(ValueError, match="'reproduced' rests on 'it looks right', expected a measurement"):
        Verdict(VerdictKind.REPRODUCED, "it looks right")


def test_the_papers_own_experiment_is_judged_and_not_found():
    with pytest.raises(ValueError, match="not a controlled one: judge it"):
        find_ordering(comparison("paper"))


# Refusals


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (lambda: coco(), "got the AP of no seed, expected at least one"),
        (lambda: coco(72.0, float("nan")), r"got \[72.0, nan\], expected AP points between 0 and 100"),
        (lambda: coco(-0.5), "expected AP points"),
        (lambda: coco(72.0, 72.0, 72.0), "got 72.0 from all of 3 seeds"),
        (lambda: Printed(float("nan"), 0.05), "the printed value is nan"),
        (lambda: Printed(73.0, -0.05), "the rounding of a printed value is -0.05, expected a number of AP points"),
        (lambda: Printed(73.0, float("nan")), "the rounding of a printed value is nan"),
        (lambda: SeedSD(0.0, "somewhere"), "the SD of a seed is 0.0"),
        (lambda: SeedSD(float("nan"), "somewhere"), "the SD of a seed is nan"),
        (lambda: SeedSD(0.2, " "), "has no source"),
        (lambda: SeedSD(0.2, "somewhere", 0), "0 degrees of freedom"),
        (lambda: judge_point(coco(73.0), figure("73.0"), PRIOR, -0.1), "the tolerance is -0.1"),
        (
            lambda: Count(float("nan"), "equal to 40.5"),
            "the counted cost is nan, expected a number to be equal to 40.5",
        ),
        (lambda: judge_all([]), "got no comparison, expected at least one"),
        (lambda: find_little(comparison("figures"), float("nan")), "the margin of a little difference is nan"),
        (lambda: find_shape("figures", True, float("nan")), "p is nan, expected a number between 0 and 1"),
        (lambda: find_shape_within("figures", (0, 1), (0.1, 0.9), (0.2, 0.8)), "expected one within the other"),
        (
            lambda: find_shape_within("figures", (0, 1), (0.1, float("nan")), (0.0, 0.8)),
            "expected one within the other",
        ),
        (lambda: find_shape_within("figures", (1, 0), (0.2, 0.8), (0.1, 0.9)), "expected its lower end first"),
        (lambda: Verdict.not_run(""), "'not run' rests on '', expected a reason in words"),
        (lambda: Verdict(VerdictKind.NOT_RUN, Count(1.0, "equal to 1.0")), "expected a reason in words"),
        (lambda: compare("figures", {"one": ([], [])}), "got 0 and 0 trainings to pair"),
        (
            lambda: compare(
                "figures", {"one": ([ResampledAP(math.nan, np.zeros(9))], [ResampledAP(0.1, np.zeros(9))])}
            ),
            "the AP of a training is not a number",
        ),
    ],
)
def test_what_cannot_be_judged_is_refused(refused, message):
    with pytest.raises(ValueError, match=message):
        refused()


def test_verdicts_need_no_torch():
    code = "import sys, mmpose_ssn.paper.verdicts; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
