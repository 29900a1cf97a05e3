"""Verdicts against cases worked out by hand, against SciPy's tests, and against the errors that they promise to keep.

The simulation makes what the rule for a point is for: trainings of seven networks that vary alike, one of which has a
printed figure.
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
    Count,
    Finding,
    FindingKind,
    Verdict,
    VerdictKind,
    find_little,
    find_ordering,
    find_shape,
    judge_cost,
    judge_little,
    judge_ordering,
    judge_point,
    least_sure,
)
from mmpose_ssn.evaluation.comparison import Basis, Comparison, Spread, Term, TTest, measure
from mmpose_ssn.paper import PrintedNumber

KNOWN = Spread(0.2, math.inf)
NETWORKS, SIMULATIONS = 7, 4000
ALLOWED = 0.065  # 0.05, and four standard errors of a rate
CERTAINTY = {VerdictKind.CONTRADICTED: 0, VerdictKind.INCONCLUSIVE: 1, VerdictKind.REPRODUCED: 2}


def judged(ap, printed="73.0", spread=KNOWN, tolerance=0.7):
    return judge_point("paper", ap, PrintedNumber(printed), spread, tolerance)


def comparison(preset="paper", difference=1.0, error=0.25, freedom=20.0, basis=Basis.POOLED, **decided):
    """Of a family of one, unless ``p_holm``, ``family`` or ``too_low`` say otherwise."""
    p = float(2 * stats.t.sf(abs(difference) / error, freedom))
    decided = {"family": 1, "too_low": (), **decided}
    p_holm = decided.pop("p_holm", None if decided["too_low"] or decided["family"] is None else p)
    trainings = {"ssn": 3, "backbone": 3}
    return Comparison(preset, trainings, difference, 0.1, TTest(basis, error, freedom, p, p_holm), None, **decided)


# Points, by hand


def test_three_seeds_as_worked_out_by_hand():
    """V = 0.09 / 3 = 0.03; t(14) is 1.7613 at 95 % and 2.1448 at 97.5 %."""
    verdict = judged((72.2, 72.4, 72.8), spread=Spread(0.3, 14))
    found = verdict.basis
    assert verdict.kind is VerdictKind.INCONCLUSIVE
    assert found.estimate == pytest.approx(-8 / 15)
    assert found.interval90 == pytest.approx((-8 / 15 - 0.3051, -8 / 15 + 0.3051), abs=1e-4)
    assert found.interval95 == pytest.approx((-8 / 15 - 0.3715, -8 / 15 + 0.3715), abs=1e-4)
    assert (found.delta, found.trainings) == (pytest.approx(0.75), 3)


@pytest.mark.parametrize("seeds", [1, 2, 3, 4])
def test_what_hits_the_print_is_reproduced_with_any_number_of_seeds(seeds):
    """A spread of 0.3 AP, pooled over seven networks; with one seed it is known beforehand."""
    spread = Spread(0.3, 7 * (seeds - 1) or math.inf)
    assert judged([73.0] * seeds, spread=spread).kind is VerdictKind.REPRODUCED
    assert judged([70.0] * seeds, spread=spread).kind is VerdictKind.CONTRADICTED


def test_the_margin_is_the_tolerance_and_what_rounding_allows():
    assert judged([73.0], "73").basis.delta == pytest.approx(1.2)
    assert judged([73.0], tolerance=0.0).basis.delta == pytest.approx(0.05)


@pytest.mark.parametrize("ap", [73.0, 20.0])
def test_without_a_tolerance_the_deviation_is_shown_and_nothing_judged(ap):
    verdict = judged([ap], tolerance=None)
    assert verdict.kind is VerdictKind.INCONCLUSIVE and verdict.basis.delta is None
    assert str(verdict.basis).startswith(f"{ap - 73:+.2f} AP from the printed value, 90 % [")
    assert "no margin is known" in str(verdict.basis)


def test_the_words_say_what_decided():
    once = judged([72.8])
    assert (once.words, str(once.basis)) == (
        "reproduced",
        "-0.20 AP from the printed value, 90 % [-0.53, +0.13], 95 % [-0.59, +0.19], margin 0.75; "
        "SD over trainings 0.20 (assumed), of which there is 1",
    )
    assert str(judged([73.0, 73.0, 73.0], spread=Spread(0.3, 14)).basis).endswith(
        "; SD over trainings 0.30 (14 degrees of freedom), of which there are 3"
    )
    assert (Verdict.not_run("COCO").words, Verdict.not_run("COCO").basis) == ("not run", "COCO")
    assert Verdict.not_testable("the paper names no figure").words == "not testable"


# Properties of points

ap_lists = st.lists(st.floats(66, 74), min_size=1, max_size=6)
spreads = st.builds(Spread, st.floats(0, 2), st.integers(1, 30))


@given(ap_lists, spreads)
def test_too_high_is_as_far_as_too_low(ap, spread):
    here, mirrored = (judged(values, "70.0", spread) for values in (ap, [140 - one for one in ap]))
    assert mirrored.kind is here.kind
    assert mirrored.basis.interval95 == pytest.approx((-here.basis.interval95[1], -here.basis.interval95[0]), abs=1e-9)


@given(ap_lists, spreads, st.floats(0, 5), st.floats(0, 5))
def test_a_wider_margin_never_speaks_against_a_claim(ap, spread, tolerance, more):
    narrow, wide = (judged(ap, "70.0", spread, width) for width in (tolerance, tolerance + more))
    assert CERTAINTY[narrow.kind] <= CERTAINTY[wide.kind]


@given(ap_lists, spreads, st.floats(0, 1), st.floats(1, 4))
def test_more_noise_decides_nothing(ap, spread, tolerance, factor):
    calm, loud = (judged(ap, "70.0", replace(spread, sd=sd), tolerance) for sd in (spread.sd, spread.sd * factor))
    assert loud.kind in (calm.kind, VerdictKind.INCONCLUSIVE)


# Simulated errors and power of points


def rates(rng, seeds, true, sd, tolerance=0.7):
    """How often each verdict is given on a network whose mean AP is ``true`` margins off its printed figure."""
    trainings = rng.normal(0, sd, (SIMULATIONS, NETWORKS, seeds))
    ours = 70 + true * (tolerance + 0.05) + trainings[:, 0]
    if seeds == 1:
        spread = [Spread(sd, math.inf)] * SIMULATIONS
    else:
        pooled = np.sqrt(trainings.var(axis=2, ddof=1).mean(axis=1))
        spread = [Spread(one, NETWORKS * (seeds - 1)) for one in pooled.tolist()]
    given = zip(ours.tolist(), spread, strict=True)
    kinds = [judged(ap, "70.0", one, tolerance).kind for ap, one in given]
    return {kind: kinds.count(kind) / SIMULATIONS for kind in VerdictKind}


@pytest.mark.parametrize("seeds", [1, 2, 3, 5])
def test_what_is_off_by_the_margin_is_seldom_called_reproduced(seeds):
    rng = np.random.default_rng([1, seeds])
    for side, sd in ((-1, 0.3), (1, 0.1)):
        assert rates(rng, seeds, side, sd)[VerdictKind.REPRODUCED] <= ALLOWED


@pytest.mark.parametrize("seeds", [1, 2, 3, 5])
def test_what_is_equal_is_seldom_called_contradicted(seeds):
    strictest = rates(np.random.default_rng([2, seeds]), seeds, 0, 0.3, tolerance=0)  # any tolerance makes it rarer
    assert strictest[VerdictKind.CONTRADICTED] <= ALLOWED


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_levels_are_used_up_and_not_undercut(seeds):
    """Were the intervals wider than they need be, the two tests above would pass all the same."""
    rng = np.random.default_rng([3, seeds])
    assert rates(rng, seeds, 1, 0.1)[VerdictKind.REPRODUCED] >= 0.035
    assert rates(rng, seeds, 0, 2.0, tolerance=0)[VerdictKind.CONTRADICTED] >= 0.035


@pytest.mark.parametrize("seeds", [1, 3])
def test_small_noise_lets_the_truth_be_said(seeds):
    rng = np.random.default_rng([4, seeds])
    assert rates(rng, seeds, 0, 0.1)[VerdictKind.REPRODUCED] >= 0.95
    assert rates(rng, seeds, 3, 0.1)[VerdictKind.CONTRADICTED] >= 0.95


# Orderings and gains


@pytest.mark.parametrize(
    ("p_holm", "difference", "verdict", "finding"),
    [
        (0.05, 1.0, VerdictKind.REPRODUCED, FindingKind.HOLDS),
        (0.051, 1.0, VerdictKind.INCONCLUSIVE, FindingKind.UNDECIDED),
        (0.05, -1.0, VerdictKind.CONTRADICTED, FindingKind.DOES_NOT_HOLD),
        (0.051, -1.0, VerdictKind.INCONCLUSIVE, FindingKind.UNDECIDED),
    ],
)
def test_an_order_is_decided_by_the_adjusted_p_and_its_side(p_holm, difference, verdict, finding):
    assert judge_ordering(comparison(p_holm=p_holm, difference=difference)).kind is verdict
    assert find_ordering(comparison("figures", p_holm=p_holm, difference=difference)).kind is finding


def several(preset):
    sure = comparison(preset, difference=2.0)
    unsure = comparison(preset, difference=3.0, error=1.0, freedom=2.0)
    refuted = comparison(preset, difference=-1.0)
    return sure, unsure, refuted


def test_of_several_orders_the_least_sure_one_decides():
    sure, unsure, refuted = several("paper")
    assert judge_ordering(sure, sure).kind is VerdictKind.REPRODUCED
    assert judge_ordering(sure, unsure).kind is VerdictKind.INCONCLUSIVE
    assert judge_ordering(sure, unsure, refuted).kind is VerdictKind.CONTRADICTED
    assert judge_ordering(sure, refuted).basis is refuted
    sure, unsure, refuted = several("figures")
    assert find_ordering(sure, sure).kind is FindingKind.HOLDS
    assert find_ordering(sure, unsure).kind is FindingKind.UNDECIDED
    assert find_ordering(sure, unsure, refuted).kind is FindingKind.DOES_NOT_HOLD


def test_how_sure_one_is_does_not_hang_on_t_alone():
    """A t of 3 with 2 degrees of freedom has a p of 0.095, one of 2.5 with 100 has 0.014."""
    unsure = comparison("figures", difference=3.0, error=1.0, freedom=2.0)
    sure = comparison("figures", difference=2.5, error=1.0, freedom=100.0)
    assert unsure.t > sure.t and unsure.test.p > 0.05 > sure.test.p
    assert find_ordering(sure, unsure).kind is FindingKind.UNDECIDED
    surer = comparison("figures", difference=2.0, error=0.1, freedom=2.0)
    assert least_sure([surer, sure]) is sure, "of two that are decided alike"


def test_what_is_not_compared_or_not_asked_finds_nothing_whatever_else_is_sure():
    sure, unsure, refuted = several("figures")
    low, told = replace(sure, too_low=("backbone",)), comparison("figures", difference=9.0, family=None)
    for others in ([], [sure], [refuted], [unsure, sure]):
        assert find_ordering(low, *others).kind is find_ordering(*others, low).kind is FindingKind.NOT_COMPARED
        assert find_ordering(told, *others).kind is find_ordering(*others, told).kind is FindingKind.DESCRIPTIVE
    assert find_ordering(low, told).kind is FindingKind.NOT_COMPARED
    for margin in (0.1, 2.5, 99.0):
        assert find_little(low, margin).kind is FindingKind.NOT_COMPARED
        assert find_little(told, margin).kind is FindingKind.DESCRIPTIVE


@pytest.mark.parametrize("basis", Basis)
def test_only_where_nothing_is_known_of_other_trainings_these_are_spoken_of(basis):
    """It is said of what was decided: a description claims nothing of others."""
    verdict, found = comparison(basis=basis), comparison("figures", basis=basis)
    spoken = [judge_ordering(verdict), judge_little(verdict, 9.0), find_ordering(found), find_little(found, 9.0)]
    spoken += [judge_ordering(comparison(), verdict), find_ordering(comparison("figures"), found, found)]
    assert {one.words.startswith("in these runs: ") for one in spoken} == {basis is Basis.UNKNOWN}
    assert find_ordering(comparison("figures", basis=basis, family=None)).words == "descriptive"
    assert find_ordering(comparison("figures", basis=basis, too_low=("ssn",))).words == "not compared"


def test_a_verdict_on_an_order_says_what_decided():
    verdict = judge_ordering(comparison(freedom=math.inf, p_holm=0.01))
    assert (verdict.words, str(verdict.basis)) == (
        "reproduced",
        "+1.00 points, 95 % [+0.51, +1.49], p = 0.01 after Holm; 3 trainings of each network, their spread pooled over "
        "its group",
    )


# Little differences


def test_little_is_decided_as_by_scipys_two_one_sided_tests():
    rng, found = np.random.default_rng(0), []
    for number in range(100):
        margin = rng.uniform(0.2, 2.0)
        first, second = rng.normal(rng.uniform(-2, 2), 0.4, 5), rng.normal(0, 0.4, 3)
        zero = np.zeros(9)
        terms = [Term("ssn", "deep", 1.0, [*first], zero), Term("ssn-k256", "deep", -1.0, [*-second], zero)]
        one = measure("paper", terms, 100, {"deep": Spread.pooled([first, second])}, {})
        one = replace(one, family=1)
        below = stats.ttest_ind(first, second + margin, alternative="less").pvalue
        above = stats.ttest_ind(first, second - margin, alternative="greater").pvalue
        expected = VerdictKind.REPRODUCED if max(below, above) <= 0.05 else VerdictKind.INCONCLUSIVE
        if max(below, above) >= 0.975:
            expected = VerdictKind.CONTRADICTED
        assert judge_little(one, margin).kind is expected, number
        as_found = {VerdictKind.REPRODUCED: "HOLDS", VerdictKind.CONTRADICTED: "DOES_NOT_HOLD"}
        kind = FindingKind[as_found.get(expected, "UNDECIDED")]
        assert find_little(replace(one, preset="figures"), margin).kind is kind, number
        found.append(expected)
    assert min(map(found.count, CERTAINTY)) > 10, "all three are drawn"


# Costs


def test_costs_are_decided_without_doubt():
    printed = PrintedNumber("40.5")
    right, wrong = (judge_cost(Count(x, f"equal to {printed}"), printed.matches(x)) for x in (40.475, 40.56))
    assert right.kind is VerdictKind.REPRODUCED
    assert (wrong.words, str(wrong.basis)) == ("contradicted", "counted 40.56, claimed to be equal to 40.5")


# The controlled experiment


def test_a_shape_is_found_by_a_test_and_described_where_the_preset_decides_other_questions():
    def found(seen, p, descriptive=False):
        return find_shape("figures", seen, p, False, descriptive).kind

    assert (found(True, 0.05), found(False, 0.05)) == (FindingKind.HOLDS, FindingKind.DOES_NOT_HOLD)
    assert found(True, 0.06) is found(False, 0.06) is FindingKind.UNDECIDED
    assert {found(seen, p, True) for seen in (True, False) for p in (0.0, 0.9)} == {FindingKind.DESCRIPTIVE}
    assert find_shape("figures", True, 0.05, True, False).words == "in these runs: holds"
    assert find_shape("figures", True, 0.05, True, True).words == "descriptive"


@pytest.mark.parametrize("preset", ["smoke", "figures"])
def test_a_controlled_experiment_has_five_sentences_and_reproduces_nothing(preset):
    measured = comparison(preset)
    spoken = {
        find_ordering(measured).words,
        find_little(measured, 0.1).words,
        find_shape(preset, True, 0.9, False, False).words,
        find_ordering(comparison(preset, too_low=("ssn",))).words,
        find_ordering(comparison(preset, family=None)).words,
    }
    assert spoken == {"holds", "does not hold", "undecided", "not compared", "descriptive"}
    assert not {kind.value for kind in FindingKind} & {kind.value for kind in VerdictKind}
    with pytest.raises(TypeError, match="a finding is one of"):
        Finding(preset, VerdictKind.REPRODUCED)
    for judge in (
        lambda: judge_point(preset, [73.0], PrintedNumber("73.0"), KNOWN, 0.7),
        lambda: judge_ordering(measured),
        lambda: judge_little(measured, 9.0),
    ):
        with pytest.raises(ValueError, match=f"'{preset}' is a controlled experiment"):
            judge()
    with pytest.raises(ValueError, match="'reproduced' rests on 'it looks right', expected a measurement"):
        Verdict(VerdictKind.REPRODUCED, "it looks right")


def test_the_papers_own_experiment_is_judged_and_not_found():
    for find in (lambda: find_ordering(comparison()), lambda: find_little(comparison(), 1.0)):
        with pytest.raises(ValueError, match="not a controlled one: judge it"):
            find()


# Refusals


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (lambda: judged([]), r"got the AP \[\], expected one or more between 0 and 100"),
        (lambda: judged([72.0, math.nan]), r"got the AP \[72.0, nan\], expected one or more between 0 and 100"),
        (lambda: judged([-0.5]), "expected one or more between 0 and 100"),
        (lambda: judged([73.0], spread=Spread(math.nan, 3)), "the spread over trainings is nan"),
        (lambda: judged([73.0], tolerance=-0.1), "the tolerance is -0.1, expected a number of AP points"),
        (
            lambda: Count(float("nan"), "equal to 40.5"),
            "the counted cost is nan, expected a number to be equal to 40.5",
        ),
        (judge_ordering, "got no comparison, expected at least one"),
        (find_ordering, "got no comparison, expected at least one"),
        (lambda: find_little(comparison("figures"), float("nan")), "the margin of a little difference is nan"),
        (lambda: find_little(comparison("figures", error=math.nan), 1.0), "expected one within the other"),
        (lambda: find_shape("figures", True, float("nan"), False, False), "p is nan, expected a number between 0 and"),
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
