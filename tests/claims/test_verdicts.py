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

from mmpose_ssn.claims.verdicts import (
    CocoRuns,
    Count,
    Finding,
    FindingKind,
    Printed,
    SeedSD,
    Verdict,
    VerdictKind,
    find_little,
    find_ordering,
    find_shape,
    judge_contrast,
    judge_cost,
    judge_ordering,
)
from mmpose_ssn.evaluation.comparison import Comparison, ResampledAP, Sides, compare
from mmpose_ssn.paper import PrintedNumber

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


def judge_point(runs, *held_against):
    """Of one network's AP."""
    return judge_contrast([(1, runs)], *held_against)


def judge_difference(first, second, *held_against):
    """Of the AP of one network less that of another."""
    return judge_contrast([(1, first), (-1, second)], *held_against)


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


def comparison(preset="paper", seeds=(0, 1, 2), difference=1.0, half=0.5, p_holm=0.01, stability=0.99):
    ends = [(difference - width, difference + width) for width in (half, 1.2 * half)]
    return Comparison(preset, seeds, difference, *ends, 0.01 if p_holm is None else p_holm, p_holm, stability)


def compared(preset, aps, others):
    """Two networks whose AP, in points, is the same on every draw of images."""
    first, second = ([ResampledAP(ap / 100, np.full(999, ap / 100)) for ap in seeds] for seeds in (aps, others))
    return compare(preset, {"one": Sides(first, second, tuple(range(len(aps))))})["one"]


@pytest.mark.parametrize(
    ("p_holm", "difference", "kind"),
    [
        (0.05, 1.0, VerdictKind.REPRODUCED),
        (0.051, 1.0, VerdictKind.INCONCLUSIVE),
        (0.05, -1.0, VerdictKind.CONTRADICTED),
        (0.051, -1.0, VerdictKind.INCONCLUSIVE),
        (None, 1.0, VerdictKind.INCONCLUSIVE),
    ],
)
def test_an_order_is_decided_by_the_adjusted_p_and_its_side(p_holm, difference, kind):
    assert judge_ordering(comparison(p_holm=p_holm, difference=difference)).kind is kind


def test_three_seeds_that_agree_by_chance_decide_nothing():
    found = compared("paper", (60.1, 60.2, 60.3), (60.0, 60.0, 60.0))
    assert judge_ordering(found).kind is VerdictKind.INCONCLUSIVE
    assert judge_ordering(compared("paper", (60.1, 60.101, 60.102), (60.0,) * 3)).kind is VerdictKind.REPRODUCED


def several():
    sure = comparison(p_holm=0.01, stability=0.999)
    unsure = comparison(p_holm=0.3, stability=0.9)
    refuted = comparison(difference=-1.0, p_holm=0.02, stability=0.005)
    return sure, unsure, refuted


def test_of_several_orders_the_least_sure_one_decides():
    sure, unsure, refuted = several()
    assert judge_ordering(sure, sure).kind is VerdictKind.REPRODUCED
    assert judge_ordering(sure, unsure).kind is VerdictKind.INCONCLUSIVE
    assert judge_ordering(sure, unsure, refuted).kind is VerdictKind.CONTRADICTED
    assert judge_ordering(sure, refuted).basis is refuted
    sure, unsure, refuted = (replace(one, preset="figures") for one in several())
    assert find_ordering(sure, sure).kind is FindingKind.HOLDS
    assert find_ordering(sure, unsure).kind is FindingKind.UNDECIDED
    assert find_ordering(sure, unsure, refuted).kind is FindingKind.DOES_NOT_HOLD


def test_one_seed_speaks_of_these_runs_only():
    several, one = judge_ordering(comparison()), judge_ordering(comparison(seeds=(0,)))
    assert several.words == (
        "reproduced: +1.00 AP, 95 % [+0.40, +1.60], p = 0.01 after Holm, stability figure 99%; 3 seeds"
    )
    assert one.words.startswith("in these runs: reproduced: ")
    assert one.words.endswith("; 1 seed")


def test_networks_that_score_alike_on_everything_are_undecided():
    assert find_ordering(compared("smoke", (0.0,) * 3, (0.0,) * 3)).kind is FindingKind.UNDECIDED


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
    other_side = comparison("figures", difference=2.0, half=0.5)
    assert find_little(other_side, 1.39).kind is FindingKind.DOES_NOT_HOLD
    assert find_little(other_side, 1.41).kind is FindingKind.UNDECIDED
    assert find_little(other_side, 2.5).kind is FindingKind.HOLDS
    assert find_little(other_side, math.nextafter(2.5, 0)).kind is FindingKind.UNDECIDED


def test_an_order_holds_the_other_one_does_not_and_no_order_is_undecided():
    assert find_ordering(comparison("figures")).kind is FindingKind.HOLDS
    assert find_ordering(comparison("figures", difference=-1.0, stability=0.01)).kind is FindingKind.DOES_NOT_HOLD
    assert find_ordering(comparison("figures", p_holm=0.2, stability=0.9)).kind is FindingKind.UNDECIDED


def test_what_is_not_compared_finds_nothing_whatever_else_is_sure():
    sure, low = comparison("figures", stability=0.9), comparison("figures", p_holm=None, stability=0.999)
    refuted = comparison("figures", difference=-1.0, stability=0.001)
    for asked in ([low], [sure, low], [low, sure], [refuted, low]):
        assert find_ordering(*asked).kind is FindingKind.NOT_COMPARED
    for margin in (0.1, 0.9, 9.0):
        assert find_little(low, margin).kind is FindingKind.NOT_COMPARED
        assert find_little(sure, margin).kind is not FindingKind.NOT_COMPARED


def test_a_shape_is_found_by_a_test():
    assert find_shape("figures", True, 0.05).kind is FindingKind.HOLDS
    assert find_shape("figures", False, 0.05).kind is FindingKind.DOES_NOT_HOLD
    assert find_shape("figures", True, 0.06).kind is FindingKind.UNDECIDED
    assert find_shape("figures", False, 0.06).kind is FindingKind.UNDECIDED


@pytest.mark.parametrize("preset", ["smoke", "figures"])
def test_a_controlled_experiment_has_four_sentences_and_reproduces_nothing(preset):
    measured = comparison(preset)
    spoken = {
        find_ordering(measured).words,
        find_little(measured, 0.1).words,
        find_shape(preset, True, 0.9).words,
        find_ordering(comparison(preset, p_holm=None)).words,
    }
    words = ("holds", "does not hold", "undecided", "not compared")
    assert spoken == {f"in the controlled experiment: {word}" for word in words}
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
        (judge_ordering, "got no comparison, expected at least one"),
        (find_ordering, "got no comparison, expected at least one"),
        (lambda: find_ordering(comparison("figures", p_holm=math.nan)), "p is nan, expected a number between 0 and 1"),
        (lambda: find_little(comparison("figures"), float("nan")), "the margin of a little difference is nan"),
        (lambda: find_shape("figures", True, float("nan")), "p is nan, expected a number between 0 and 1"),
        (
            lambda: find_little(replace(comparison("figures"), interval95=(0.6, 1.4)), 1.0),
            "expected one within the other",
        ),
        (
            lambda: find_little(replace(comparison("figures"), interval90=(0.5, math.nan)), 1.0),
            "expected one within the other",
        ),
        (lambda: Verdict.not_run(""), "'not run' rests on '', expected a reason in words"),
        (lambda: Verdict(VerdictKind.NOT_RUN, Count(1.0, "equal to 1.0")), "expected a reason in words"),
    ],
)
def test_what_cannot_be_judged_is_refused(refused, message):
    with pytest.raises(ValueError, match=message):
        refused()


def test_verdicts_need_no_torch():
    code = "import sys, mmpose_ssn.claims.verdicts; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
