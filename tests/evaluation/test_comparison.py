"""Comparisons against SciPy's t tests, formulas written out here and Holm by hand; and how often the rule of
docs/figures/confirmation.md is wrong and right, by simulation with an engine of its own.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from mmpose_ssn.evaluation.comparison import Basis, Outcome, Spread, Term, compare, holm, measure

NO_IMAGES = (0.0, 0.0, 0.0)  # AP does not move with the draws of the images

SSN, WO_SHIFT = (60.1, 62.3, 61.0), (55.0, 55.8, 57.9)
REST = ((52.0, 50.1, 51.7), (53.3, 49.9, 52.0))  # two more networks of the group


def term(run, ap, weight=1.0, group="deep", images=NO_IMAGES, final=True):
    sums = [weight * one for one in ap]
    return Term(run, group, weight if final else None, sums, np.mean(sums) + weight * np.asarray(images))


def pair(first, second, **options):
    return term("ssn", first, **options), term("ssn-wo-shift", second, -1.0, **options)


def spread_of(*networks, group="deep"):
    return {group: Spread.pooled(networks)}


def measured(terms, spreads=None, given=None, images=100, too_low=()):
    return measure("figures", terms, images, spreads or {}, given or {}, too_low)


def t_test(difference, shares, freedom):
    """Two-sided p and degrees of freedom by Satterthwaite, from shares of a variance along the last axis."""
    variance = np.sum(shares, axis=-1)
    satterthwaite = variance**2 / np.sum(np.square(shares) / freedom, axis=-1)
    return 2 * stats.t.sf(np.abs(difference) / np.sqrt(variance), satterthwaite), satterthwaite


def equals(test):
    """A t test with SciPy's statistic, degrees of freedom and p."""
    return pytest.approx((test.statistic, test.df, test.pvalue), rel=1e-9)


# Holm


def test_holm_as_worked_out_by_hand():
    # Sorted: .005 x 4 = .02; .01 x 3 = .03; .03 x 2 = .06; .04 x 1 = .04, raised to the .06 before it.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02], abs=1e-15)


def test_holm_counts_the_tests_that_were_planned_and_not_made():
    # Of six: .005 x 6 = .03; .01 x 5 = .05; .03 x 4 = .12; .04 x 3 = .12.
    assert holm([0.01, 0.04, 0.03, 0.005], size=6) == pytest.approx([0.05, 0.12, 0.12, 0.03], abs=1e-15)


def test_holm_keeps_one_as_it_is_exceeds_no_one_and_takes_none():
    assert holm([0.03]) == [0.03]
    assert holm([0.5, 0.6, 0.9]) == [1.0, 1.0, 1.0]
    assert holm([0.02, 0.02]) == [0.04, 0.04]
    assert holm([]) == []


@pytest.mark.parametrize(("p", "size"), [([0.1, 0.2], 1), ([-0.1], 1), ([1.1], 1), ([math.nan], 1)])
def test_holm_refuses_what_are_no_p_values_of_the_family(p, size):
    with pytest.raises(ValueError, match=r"got the p-values .*, expected at most 1 numbers between 0 and 1"):
        holm(p, size)


# The spread of a group


@pytest.mark.parametrize("lengths", [(3, 3, 3), (3, 5, 4), (4, 6)])
def test_a_spread_is_pooled_over_networks_of_any_number_of_trainings(lengths):
    rng = np.random.default_rng(0)
    networks = [rng.normal(50 + place, 1 + place, n).tolist() for place, n in enumerate(lengths)]
    within = np.concatenate([ap - np.mean(ap) for ap in networks])  # residuals of one mean each
    spread = Spread.pooled(networks)
    assert spread.freedom == sum(lengths) - len(lengths)
    assert spread.sd == pytest.approx(math.sqrt(within @ within / spread.freedom), rel=1e-12)
    assert spread.levene == pytest.approx(stats.levene(*networks, center="median").pvalue, rel=1e-12)
    assert Spread.pooled([*networks, [99.0]]) == spread, "one training tells no spread"


def test_a_spread_that_nothing_is_known_of_and_one_that_has_no_other_beside_it():
    assert Spread.pooled([]) is Spread.pooled([[50.0], [60.0]]) is None
    assert Spread.pooled([[50.0, 52.0]]) == Spread(math.sqrt(2), 1, None)
    assert Spread.pooled([[50.0, 50.0], [60.0, 60.0]]) == Spread(0, 2, None)


def test_two_trainings_of_a_network_do_not_tell_whether_its_spread_is_another():
    assert Spread.pooled([[50.0, 52.0], [60.0, 61.0]]).levene is None
    assert Spread.pooled([SSN, WO_SHIFT, [50.0, 52.0]]).levene == Spread.pooled([SSN, WO_SHIFT]).levene


# The t test


@pytest.mark.parametrize("second", [WO_SHIFT, (*WO_SHIFT, 57.0)])
def test_two_networks_that_are_a_whole_group_are_compared_by_students_test(second):
    one = measured(pair(SSN, second), spread_of(SSN, second))
    student = stats.ttest_ind(SSN, second)
    assert (one.t, one.test.freedom, one.test.p) == equals(student)
    assert one.test.basis is Basis.POOLED
    assert one.difference == pytest.approx(np.mean(SSN) - np.mean(second), abs=1e-12)
    for level in (0.90, 0.95):
        assert one.interval(level) == pytest.approx(tuple(student.confidence_interval(level)), abs=1e-9)
    assert one.interval() == one.interval(0.95)


@pytest.mark.parametrize("second", [WO_SHIFT, (*WO_SHIFT, 57.0)])
def test_two_networks_with_spreads_of_their_own_are_compared_by_welchs_test(second):
    one = measured(pair(SSN, second, final=False))
    welch = stats.ttest_ind(SSN, second, equal_var=False)
    assert (one.t, one.test.freedom, one.test.p) == equals(welch)
    assert one.test.basis is Basis.WELCH
    assert one.welch == one.test == measured(pair(SSN, second), spread_of(SSN, second)).welch, "beside the pooled one"
    assert one.interval(0.90) == pytest.approx(tuple(welch.confidence_interval(0.90)), abs=1e-9)


def test_the_rest_of_a_group_tells_of_the_spread():
    one = measured(pair(SSN, WO_SHIFT), spread_of(SSN, WO_SHIFT, *REST))
    variance = np.mean([np.var(ap, ddof=1) for ap in (SSN, WO_SHIFT, *REST)])
    assert (one.test.error, one.test.freedom) == pytest.approx((math.sqrt(variance * 2 / 3), 8), rel=1e-9)
    assert one.test.p == pytest.approx(2 * stats.t.sf(one.t, 8), rel=1e-9)


@pytest.mark.parametrize("pooled", [True, False])
def test_weights_groups_numbers_of_trainings_and_images_enter_as_satterthwaite_says(pooled):
    """A weighted sum of four networks, two of one group and two that are alone in theirs."""
    rng = np.random.default_rng(1)
    weights, groups, numbers = (1.0, -1.0, -0.5, 0.5), ("deep", "deep", "lite", "ssn-frozen"), (3, 4, 2, 5)
    ap = [rng.normal(50, spread, n).tolist() for spread, n in zip((2, 2, 0.3, 1.0), numbers, strict=True)]
    draws = rng.normal(0, 0.5, (4, 60))
    terms = [term(f"{group}{k}", ap[k], weights[k], group, draws[k], pooled) for k, group in enumerate(groups)]
    spreads = {"deep": Spread.pooled(ap[:2]), "lite": Spread.pooled(ap[2:3]), "ssn-frozen": Spread.pooled(ap[3:])}
    one = measured(terms, spreads, images=40)

    variances = [np.var(each, ddof=1) for each in ap]
    if pooled:
        deep = (2 * variances[0] + 3 * variances[1]) / 5
        shares, freedom = [deep * (1 / 3 + 1 / 4), variances[2] * 0.25 / 2, variances[3] * 0.25 / 5], [5, 1, 4]
    else:
        shares, freedom = [w**2 * v / n for w, v, n in zip(weights, variances, numbers, strict=True)], [2, 3, 1, 4]
    shares, freedom = [*shares, np.var(weights @ draws, ddof=1)], [*freedom, 39]
    p, satterthwaite = t_test(one.difference, shares, np.array(freedom))
    assert one.difference == pytest.approx(sum(w * np.mean(each) for w, each in zip(weights, ap, strict=True)))
    assert (one.test.error, one.images_error) == pytest.approx(
        (math.sqrt(sum(shares)), math.sqrt(shares[-1])), rel=1e-9
    )
    assert (one.test.freedom, one.test.p) == pytest.approx((satterthwaite, p), rel=1e-9)
    assert one.test.basis is (Basis.POOLED if pooled else Basis.WELCH)
    assert (one.levene, one.spreads) == ((spreads["deep"].levene, spreads) if pooled else (None, {}))
    assert one.trainings == {"deep0": 3, "deep1": 4, "lite2": 2, "ssn-frozen3": 5}


def test_what_is_hard_for_both_cancels():
    draws = np.random.default_rng(2).normal(0, 3, 200)
    one = measured(pair(SSN, WO_SHIFT, images=draws), spread_of(SSN, WO_SHIFT))
    assert one.test.error == pytest.approx(measured(pair(SSN, WO_SHIFT), spread_of(SSN, WO_SHIFT)).test.error)


def test_resamples_with_nobody_in_them_are_left_out():
    with_holes, without = (math.nan, 1.0, math.nan, 2.0, 4.0), (1.0, 2.0, 4.0)
    assert measured([term("ssn", SSN, images=with_holes)]).test == measured([term("ssn", SSN, images=without)]).test


def test_where_nothing_varies_any_difference_is_certain():
    nothing, all_of_it = (measured(pair((50.0, 50.0), (second,) * 2)) for second in (50.0, 49.0))
    assert (nothing.test.error, nothing.test.p, nothing.t, nothing.interval()) == (0, 1, 0, (0, 0))
    assert (all_of_it.test.error, all_of_it.test.p, all_of_it.t, all_of_it.interval()) == (0, 0, math.inf, (1, 1))
    decided = compare({"none": nothing, "some": all_of_it})
    assert [one.outcome for one in decided.values()] == [Outcome.UNDECIDED, Outcome.HIGHER]


# Where the spread is taken from


ONCE, GIVEN = (60.0,), {"deep": Spread(2.0, 14)}
CALM, WILD = (50.0, 50.1, 50.05, 50.2, 50.1), (50.0, 60.0, 55.0, 40.0, 45.0)  # Levene's p is 0.01
UNLIKE = Spread(5.0, 8, levene=0.01)
DEEP_AND_LITE = [term("ssn", SSN), term("lite-k256", WO_SHIFT, -1.0, "lite")]


@pytest.mark.parametrize(
    ("terms", "spreads", "basis"),
    [
        (pair(SSN, WO_SHIFT), spread_of(SSN, WO_SHIFT), Basis.POOLED),
        (pair(SSN, ONCE), spread_of(SSN, WO_SHIFT), Basis.POOLED),  # the group is known from others
        (pair(SSN, WO_SHIFT, final=False), spread_of(SSN, WO_SHIFT), Basis.WELCH),  # their spread is their own
        (pair(CALM, WILD), spread_of(CALM, WILD), Basis.WELCH),  # by Levene's test
        (pair(CALM, WILD), {"deep": replace(UNLIKE, levene=0.05)}, Basis.POOLED),  # not below 0.05
        (DEEP_AND_LITE, {"deep": replace(UNLIKE, levene=0.9), "lite": UNLIKE}, Basis.WELCH),  # one group is enough
        (pair(SSN, ONCE), {"deep": UNLIKE}, Basis.POOLED),  # trained too seldom, so that nothing is decided
        (pair(ONCE, ONCE), {}, Basis.GIVEN),
        (pair(SSN, ONCE), {}, Basis.GIVEN),
        (DEEP_AND_LITE, {"lite": Spread(1.0, 2)}, Basis.GIVEN),  # of one group
        (DEEP_AND_LITE, {"deep": Spread(1.0, 2)}, Basis.WELCH),  # nothing tells of the lite ones but they themselves
        ([term("ssn", SSN), term("lite-k256", ONCE, -1.0, "lite")], {"deep": Spread(1.0, 2)}, Basis.UNKNOWN),
        (pair(ONCE, ONCE, final=False), {}, Basis.UNKNOWN),  # given spreads are of final predictors
    ],
)
def test_the_spread_is_pooled_or_welchs_or_given_or_unknown(terms, spreads, basis):
    one = measured(terms, spreads, GIVEN)
    assert one.test.basis is basis
    assert one.in_these_runs is (basis is Basis.UNKNOWN)
    assert (one.welch is None) is any(len(each.sums) == 1 for each in terms)


def test_known_and_given_spreads_count_with_the_freedom_that_they_were_estimated_with():
    one = measured(pair(ONCE, (57.0, 58.0)), {}, GIVEN)
    assert (one.test.error, one.test.freedom) == pytest.approx((math.sqrt(4 * (1 + 1 / 2)), 14), rel=1e-9)
    both = measured(DEEP_AND_LITE, {"lite": Spread(1.0, 2)}, GIVEN)
    shares = np.array([4 / 3, 1 / 3])
    assert (both.test.error, both.test.freedom) == pytest.approx(
        (math.sqrt(shares.sum()), t_test(0, shares, np.array([14, 2]))[1]), rel=1e-9
    )
    assert both.spreads == {"lite": Spread(1.0, 2)} | GIVEN
    half_known = measured([term("ssn", SSN), term("lite-k256", ONCE, -1.0, "lite")], {}, GIVEN)
    assert half_known.test.error == pytest.approx(math.sqrt(4 / 3)), "the known part alone"


def test_images_alone_have_one_degree_of_freedom_less_than_there_are():
    draws = np.random.default_rng(3).normal(0, 1, 50)
    one = measured([term("ssn", ONCE, images=draws)], images=31)
    assert (one.test.error, one.test.freedom) == pytest.approx((np.std(draws, ddof=1), 30), rel=1e-9)


# Families and outcomes


def family(**differences):
    """Comparisons with the given differences, each with standard error 1 and 10 degrees of freedom."""
    spread = {"deep": Spread(math.sqrt(1.5), 10)}
    return {
        name: replace(measured(pair((50.0 + difference,) * 3, (50.0,) * 3), spread), welch=None)
        for name, difference in differences.items()
    }


def test_holm_and_the_sign_decide():
    given = family(a=4.0, b=-3.5, c=2.5, d=0.0)
    p = [2 * stats.t.sf(t, 10) for t in (4.0, 3.5, 2.5, 0.0)]
    assert p[2] < 0.05 < 2 * p[2], "decided alone, not among four"
    found = compare(given)
    assert [one.test.p_holm for one in found.values()] == pytest.approx([4 * p[0], 3 * p[1], 2 * p[2], 1.0])
    outcomes = [Outcome.HIGHER, Outcome.LOWER, Outcome.UNDECIDED, Outcome.UNDECIDED]
    assert [one.outcome for one in found.values()] == outcomes
    assert {one.family for one in found.values()} == {4}
    assert compare({"c": given["c"]})["c"].outcome is Outcome.HIGHER
    just = {"c": replace(given["c"], test=replace(given["c"].test, p=0.05))}
    assert compare(just)["c"].outcome is Outcome.HIGHER, "at most 0.05"
    assert compare({}) == {}


def test_comparisons_that_were_planned_and_not_measured_count():
    found = compare(family(a=4.0, b=-3.5), size=20)
    assert [one.family for one in found.values()] == [20, 20]
    assert [one.test.p_holm for one in found.values()] == pytest.approx(
        [20 * 2 * stats.t.sf(4.0, 10), 19 * 2 * stats.t.sf(3.5, 10)]
    )
    assert [one.outcome for one in found.values()] == [Outcome.UNDECIDED, Outcome.UNDECIDED]
    one = compare({"one": measured(pair(SSN, WO_SHIFT), spread_of(SSN, WO_SHIFT))}, size=4)["one"]
    assert (one.test.p_holm, one.welch.p_holm) == pytest.approx((4 * one.test.p, 4 * one.welch.p))


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_what_is_too_low_is_not_decided_and_helps_nobody_else(name):
    given = family(a=4.0, b=-3.5, c=2.5)
    before, after = (compare(given | {name: replace(given[name], too_low=low)}) for low in ((), ("ssn",)))
    assert (after[name].outcome, after[name].test.p_holm) == (Outcome.NOT_COMPARED, None)
    assert replace(after[name].test, p_holm=before[name].test.p_holm) == before[name].test, "all that is measured"
    others = [other for other in given if other != name]
    p = [given[other].test.p for other in others]
    assert [after[other].test.p_holm for other in others] == holm(p, size=3)
    assert not after[name].rests_on_pooling


def test_nothing_is_decided_where_spreads_differ_and_trainings_are_too_few_for_welchs_test():
    unlike, alike = (measured(pair((99.0, 99.5), ONCE), {"deep": Spread(2.0, 8, p)}) for p in (0.01, 0.05))
    assert compare({"one": alike})["one"].outcome is Outcome.HIGHER
    assert compare({"one": unlike})["one"].outcome is Outcome.UNDECIDED
    assert compare({"one": unlike})["one"].test.p_holm == unlike.test.p < 0.001


def test_what_speaks_of_these_runs_alone_decides_nothing_beside_what_speaks_of_others_too():
    these, others = measured(pair((99.0,), ONCE)), family(b=4.0)["b"]
    together = compare({"a": these, "b": others})
    assert (together["a"].outcome, together["a"].test.p_holm) == (Outcome.UNDECIDED, None)
    assert together["b"].test.p_holm == pytest.approx(2 * others.test.p), "and is counted"
    assert compare({"a": these})["a"].outcome is Outcome.HIGHER


def test_what_nobody_decides_is_descriptive():
    one = measured(pair(SSN, WO_SHIFT), spread_of(SSN, WO_SHIFT))
    assert (one.outcome, one.family, one.test.p_holm, one.welch.p_holm) == (Outcome.DESCRIPTIVE, None, None, None)
    assert not one.rests_on_pooling


@pytest.mark.parametrize(
    ("first", "second", "rest", "outcomes"),
    [
        ((60.0, 62.0, 64.0), (56.0, 58.0, 60.0), 2.0, (Outcome.HIGHER, Outcome.UNDECIDED)),
        ((60.0, 60.1, 60.2), (61.0, 61.1, 61.2), 2.0, (Outcome.UNDECIDED, Outcome.LOWER)),
        ((60.0, 62.0, 64.0), (50.0, 52.0, 54.0), 2.0, (Outcome.HIGHER, Outcome.HIGHER)),
        ((60.0, 62.0, 64.0), (60.0, 62.0, 64.0), 2.0, (Outcome.UNDECIDED, Outcome.UNDECIDED)),
    ],
)
def test_an_outcome_rests_on_pooling_where_welchs_test_would_decide_otherwise(first, second, rest, outcomes):
    others = [(mean - rest, mean, mean + rest) for mean in (40.0, 45.0, 50.0)]
    one = compare({"one": measured(pair(first, second), spread_of(first, second, *others))})["one"]
    alone = compare({"one": measured(pair(first, second, final=False))})["one"]
    assert (one.outcome, alone.outcome) == outcomes
    assert one.rests_on_pooling is (outcomes[0] is not outcomes[1])
    assert one.welch == alone.test, "adjusted in a family of its own"
    assert not alone.rests_on_pooling


def test_it_reads_as_a_sentence():
    one = measured(pair(SSN, (*WO_SHIFT, 57.0)), spread_of(SSN, WO_SHIFT))
    low, high = one.interval()
    said = f"{one.difference:+.2f} points, 95 % [{low:+.2f}, {high:+.2f}]"
    assert str(one) == f"{said}; 3 to 4 trainings of each network, their spread pooled over its group"
    decided = compare({"one": one})["one"]
    assert str(decided).startswith(f"{said}, p = {one.test.p:.2g} after Holm; 3 to 4 trainings")
    assert "; 1 training of each network, their spread not known of every network" in str(measured(pair(ONCE, ONCE)))


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ([], "expected one score or more of each network, all numbers"),
        ([term("ssn", (), images=())], "expected one score or more of each network"),
        ([term("ssn", (60.0, math.nan))], "all numbers: evaluate the trainings again"),
        ([term("ssn", SSN), term("b", SSN, images=(0.0,))], r"got \[1, 3\] resamples, expected the same draws"),
        ([term("ssn", SSN, images=(math.nan, 0.0))], "no resample has a person who counts"),
    ],
)
def test_what_cannot_be_compared_is_refused(terms, message):
    with pytest.raises(ValueError, match=message):
        measured(terms)


# How often the rule is wrong and right: simulated, by plain NumPy that does all families at once

GROUPS = {
    "deep": (1.83, ("backbone", "backbone-esp", "ssn-wo-ca", "ssn-wo-shift", "ssn-wo-esp", "ssn-k256", "ssn")),
    "lite": (0.28, ("lite-k256", "lite-k512", "lite-k256-wo-shift", "lite-k256-wo-fsm")),
    "ssn-frozen": (1.1, ("ssn-frozen",)),
    "lite-k256-frozen": (1.1, ("lite-k256-frozen",)),
}
RUNS = [run for _, runs in GROUPS.values() for run in runs]
MEMBERS = np.array([[run in runs for run in RUNS] for _, runs in GROUPS.values()])  # [groups, networks]
PRIMARY = {
    "shift": ("ssn", "ssn-wo-shift"),
    "backbone": ("ssn", "backbone-esp"),
    "attention": ("ssn", "ssn-wo-ca"),
    "learning": ("ssn", "ssn-frozen"),
    "lite": ("lite-k256", "lite-k256-frozen"),
}
WEIGHTS = np.array([[float(run == first) - float(run == second) for run in RUNS] for first, second in PRIMARY.values()])
IMAGES = 500


def draw_ap(families, trainings=3, images=0.5, mean=None, times=None, seed=0):
    """AP of all networks, [families, networks, trainings], and the variance over images of each primary contrast.

    Each network's error over images has a deviation of ``images`` AP, and half its variance in common with all others'.
    """
    rng = np.random.default_rng(seed)
    sd = np.array([sd * (times or {}).get(run, 1.0) for sd, runs in GROUPS.values() for run in runs])
    error = images * math.sqrt(0.5) * (rng.normal(size=(families, 1)) + rng.normal(size=(families, len(RUNS))))
    means = [50 + (mean or {}).get(run, 0.0) for run in RUNS]
    noise = sd[:, None] * rng.normal(size=(families, len(RUNS), trainings))
    return (means + error)[..., None] + noise, np.full((families, len(PRIMARY)), images**2)


def signs(difference, p):
    """The sign of each difference that Holm decides among those along the last axis, else 0."""
    order = np.argsort(p, axis=1)
    m = p.shape[1]
    adjusted = np.maximum.accumulate(np.take_along_axis(p, order, 1) * np.arange(m, 0, -1), axis=1)
    return np.sign(difference) * (np.take_along_axis(adjusted, np.argsort(order, axis=1), 1) <= 0.05)


def decide(ap, of_images):
    """The sign of each primary contrast where the rule decides it, else 0, the same by Welch's test, and whether
    Levene's test takes pooling from it; all [families, contrasts].
    """
    n = ap.shape[2]
    difference, own = ap.mean(axis=2) @ WEIGHTS.T, ap.var(axis=2, ddof=1)
    pooled = own @ MEMBERS.T / MEMBERS.sum(axis=1)
    far = np.abs(ap - np.median(ap, axis=2, keepdims=True))  # Levene's test is an analysis of variance of them
    unlike = np.zeros(pooled.shape, dtype=bool)
    for group, members in enumerate(MEMBERS):
        if members.sum() > 1:
            unlike[:, group] = stats.f_oneway(*np.moveaxis(far[:, members], 1, 0), axis=1).pvalue < 0.05

    def p(variances, factors, freedom):
        shares = np.concatenate([variances[:, None] * factors / n, of_images[..., None]], axis=2)
        return t_test(difference, shares, np.append(freedom, IMAGES - 1))[0]

    by_welch = p(own, WEIGHTS**2, np.full(len(RUNS), n - 1))
    factors = WEIGHTS**2 @ MEMBERS.T
    voided = (unlike[:, None] & (factors > 0)).any(axis=2)
    by_rule = np.where(voided, by_welch, p(pooled, factors, (n - 1) * MEMBERS.sum(axis=1)))
    return signs(difference, by_rule), signs(difference, by_welch), voided


def test_the_simulated_rule_is_the_engines():
    rng = np.random.default_rng(4)
    ap, _ = draw_ap(100, trainings=4, mean={"ssn": 3.0}, times={"ssn": 3.0})  # so that all that can happen does
    draws = rng.normal(0, 0.5, (len(RUNS), 20))
    of_images = np.tile((WEIGHTS @ draws).var(axis=1, ddof=1), (len(ap), 1))
    expected = decide(ap, of_images)
    seen = set()
    group = dict(zip(RUNS, np.repeat(list(GROUPS), MEMBERS.sum(axis=1)).tolist(), strict=True))
    for number, networks in enumerate(ap.tolist()):
        of = dict(zip(RUNS, networks, strict=True))
        moves = dict(zip(RUNS, draws, strict=True))
        spreads = {name: Spread.pooled([of[run] for run in runs]) for name, (_, runs) in GROUPS.items()}
        terms = {
            name: [term(run, of[run], w, group[run], moves[run]) for run, w in zip(runs, (1.0, -1.0), strict=True)]
            for name, runs in PRIMARY.items()
        }
        found = compare({name: measured(both, spreads, images=IMAGES) for name, both in terms.items()})
        for place, one in enumerate(found.values()):
            rule, welch, voided = (values[number, place] for values in expected)
            sign = {Outcome.HIGHER: 1, Outcome.LOWER: -1, Outcome.UNDECIDED: 0}[one.outcome]
            assert (sign, one.rests_on_pooling, one.test.basis is Basis.WELCH) == (rule, rule != welch, voided)
            seen.add((sign, one.rests_on_pooling, one.test.basis))
    assert {(1, True, Basis.POOLED), (0, True, Basis.POOLED), (1, False, Basis.POOLED), (0, False, Basis.WELCH)} <= seen


# No difference is true but those named. Rates are in percent of 20 000 families, so the standard error of 5 % is 0.16.
WITHOUT_MODULES = {"ssn-wo-shift": -8.0, "backbone-esp": -8.0, "ssn-wo-ca": -8.0, "ssn-frozen": -8.0}


def simulated(seed=0, **options):
    """Signs by the rule and by Welch's test, whether Levene's voids, [families, contrasts]; and the true signs."""
    mean = options.get("mean", {})
    return *decide(*draw_ap(20_000, seed=seed, **options)), np.sign(WEIGHTS @ [mean.get(run, 0.0) for run in RUNS])


@pytest.mark.parametrize(
    ("options", "wrong", "not_resting_on_pooling"),
    [
        # The target is 5 %. It is missed by up to 1.3, as networks that are alone in their group have two degrees of
        # freedom: Satterthwaite's approximation, like Welch's own test, is a little too bold with so few.
        ({}, 5.3, 3.1),
        ({"images": 0.0}, 5.9, 1.9),
        ({"mean": WITHOUT_MODULES}, 6.3, 4.8),  # one contrast is left for Holm, and it is of such a network
        ({"trainings": 6}, 4.5, 3.1),
        # Far from kept where one network varies three times as much as its group, which Levene's test hardly ever sees.
        ({"times": {"ssn": 3.0}}, 21.1, 5.1),
        ({"times": {"ssn-wo-shift": 3.0}}, 11.5, 3.6),
        ({"times": {"backbone": 3.0}}, 2.8, 2.2),  # too careful where it is none of those compared
    ],
)
def test_how_often_any_of_the_primary_contrasts_is_decided_wrongly(options, wrong, not_resting_on_pooling):
    rule, welch, _, true = simulated(**options)
    mistaken = (rule != 0) & (rule != true)
    assert 100 * mistaken.any(axis=1).mean() == pytest.approx(wrong, abs=0.7)
    assert 100 * (mistaken & (rule == welch)).any(axis=1).mean() == pytest.approx(not_resting_on_pooling, abs=0.6)


@pytest.mark.parametrize(
    ("options", "unlike"), [({}, 0), ({"times": {"ssn": 3.0}}, 0.1), ({"times": {"ssn": 3.0}, "trainings": 6}, 48)]
)
def test_of_three_trainings_levenes_test_hardly_ever_says_that_spreads_differ(options, unlike):
    assert 100 * simulated(**options)[2][:, 0].mean() == pytest.approx(unlike, abs=0.2 if unlike < 1 else 2)


@pytest.mark.parametrize(
    ("mean", "found", "by_welch"),
    [({"ssn-wo-shift": -8.0}, 97.6, 62), ({"ssn": 8.0, "lite-k256": 8.0}, 99.6, 82)],  # alone, or with the other four
)
def test_a_difference_of_8_ap_is_found_by_three_trainings_where_welchs_test_may_miss_it(mean, found, by_welch):
    rule, welch, _, true = simulated(mean=mean)
    assert true[0] == 1
    assert 100 * (rule[:, 0] == 1).mean() == pytest.approx(found, abs=0.6)
    assert 100 * (welch[:, 0] == 1).mean() == pytest.approx(by_welch, abs=2)
