r"""Weighted sums of networks' scores compared: the difference, its interval and its p by a t test, and one decision.

A score is AP, or whatever figure decides, in percent. A network's score in one training is taken to be the network's
mean plus noise whose spread is that of its *group*, such as all deep networks. Three trainings tell a spread poorly,
those of a whole group together well enough. For weights :math:`w_v` and :math:`n_v` trainings of each network v the
difference has the variance

.. math:: V = \sum_v w_v^2 s_{g(v)}^2 / n_v + V_\text{images},

with :math:`s_g^2` pooled over the networks of group g, and :math:`V_\text{images}` the bootstrap variance over images
of the same sum of means over trainings. Its degrees of freedom follow Satterthwaite, over the groups and the images;
interval and p come from that t distribution. Beside it stands Welch's test, for which every network has a spread of its
own. ``docs/statistics.md`` leads through it with an example.

Satterthwaite, An approximate distribution of estimates of variance components, Biometrics Bulletin 2 (1946). Welch, The
generalization of Student's problem, Biometrika 34 (1947). Brown and Forsythe, Robust tests for the equality of
variances, JASA 69 (1974). Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of
Statistics 6 (1979).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit
from scipy.stats import levene

LEVEL = 0.95
"""Level of the intervals that pages show."""

ERROR = 0.05
"""Level that each p is held to after Holm's adjustment."""

Interval = tuple[float, float]

Name = TypeVar("Name", bound=Hashable)


class Outcome(Enum):
    """What is said of the first side of a comparison against the second."""

    HIGHER = "higher"
    LOWER = "lower"
    UNDECIDED = "undecided"
    DESCRIPTIVE = "descriptive"
    NOT_COMPARED = "not compared"


class Basis(Enum):
    """Where a test takes the spread over trainings from."""

    POOLED = "pooled over its group"
    WELCH = "each network's own"
    GIVEN = "given beforehand"
    UNKNOWN = "not known of every network"


@dataclass(frozen=True)
class Spread:
    """How much the score of a group's networks varies from training to training.

    Attributes:
        sd: Standard deviation in points.
        freedom: Degrees of freedom that it was estimated with.
        levene: p-value of equal spreads of the group's networks, by Levene's test about medians; None where fewer than
            two of them have three trainings, as two trainings are equally far from their median.
    """

    sd: float
    freedom: float
    levene: float | None = None

    @classmethod
    def pooled(cls, networks: Iterable[Sequence[float]]) -> Spread | None:
        """The spread over the trainings of several networks.

        Args:
            networks: Score of each network's trainings, in percent.

        Returns:
            None where no network has two trainings.
        """
        trained = [scores for scores in networks if len(scores) > 1]
        freedom = sum(len(scores) - 1 for scores in trained)
        if not freedom:
            return None
        squares = sum((len(scores) - 1) * statistics.variance(scores) for scores in trained)
        told = [scores for scores in trained if len(scores) > 2]
        alike = len(told) < 2 or squares == 0  # Levene's statistic is 0 / 0 where nothing varies
        return cls(math.sqrt(squares / freedom), freedom, None if alike else float(levene(*told).pvalue))


@dataclass(frozen=True, eq=False)
class Term:
    """What one network brings to a comparison.

    Attributes:
        run: Name of the network under its recipe.
        group: Name of the group of networks that share its spread over trainings.
        weight: Weight of its final predictor's score; None where other predictors are in it, whose spread is their own.
        sums: Weighted sum of its predictors' scores in each training, in points.
        resampled: The same on each resample of the images, the mean over trainings, [R]; NaN where a resample has
            nobody in it.
    """

    run: str
    group: str
    weight: float | None
    sums: Sequence[float]
    resampled: npt.NDArray[np.float64]


@dataclass(frozen=True)
class TTest:
    """A t test of no difference.

    Attributes:
        basis: Where it takes the spread over trainings from.
        error: Standard error of the difference, in points.
        freedom: Degrees of freedom.
        p: Two-sided p-value.
        p_holm: The same, adjusted for its family; None where nothing is decided.
    """

    basis: Basis
    error: float
    freedom: float
    p: float
    p_holm: float | None = None


@dataclass(frozen=True)
class Comparison:
    """The first side's score less the second's, in points.

    Attributes:
        preset: The preset that all networks were trained under.
        trainings: Number of trainings of each network, by its run's name.
        difference: The difference of means over trainings.
        images_error: The part of its standard error that the choice of images makes, in points.
        test: The test that interval and outcome are of.
        welch: Welch's test beside it; None where a network has one training.
        spreads: Spread of each group, as far as the test takes it from a group.
        levene: Smallest p-value of equal spreads among the groups that it could pool over; None where there is none.
        family: Number of comparisons that are decided together; None where this one is descriptive.
        too_low: Networks whose score is below the bound under which the preset compares nothing.
    """

    preset: str
    trainings: Mapping[str, int]
    difference: float
    images_error: float
    test: TTest
    welch: TTest | None
    spreads: Mapping[str, Spread] = field(default_factory=dict)
    levene: float | None = None
    family: int | None = None
    too_low: tuple[str, ...] = ()

    def interval(self, level: float = LEVEL) -> Interval:
        """The t interval of the difference, not adjusted for the number of comparisons."""
        half = float(stdtrit(self.test.freedom, (1 + level) / 2)) * self.test.error
        return self.difference - half, self.difference + half

    @property
    def t(self) -> float:
        """The difference in standard errors."""
        if self.test.error:
            return self.difference / self.test.error
        return math.copysign(math.inf, self.difference) if self.difference else 0.0

    @property
    def outcome(self) -> Outcome:
        """The decision: a difference whose adjusted p is at most :data:`ERROR` has the sign that was seen."""
        if self.too_low:
            return Outcome.NOT_COMPARED
        return Outcome.DESCRIPTIVE if self.family is None else self._decision(self.test)

    @property
    def rests_on_pooling(self) -> bool:
        """Whether Welch's test would decide otherwise than the one that decides."""
        decided = self.outcome not in (Outcome.NOT_COMPARED, Outcome.DESCRIPTIVE)
        return decided and self.welch is not None and self._decision(self.welch) is not self.outcome

    @property
    def in_these_runs(self) -> bool:
        """Whether it speaks of these trainings alone, as it is not known how much others would differ."""
        return self.test.basis is Basis.UNKNOWN

    def _decision(self, test: TTest) -> Outcome:
        unlike = test.basis is not Basis.WELCH and self.levene is not None and self.levene < ERROR
        if unlike or test.p_holm is None or test.p_holm > ERROR or self.difference == 0:
            return Outcome.UNDECIDED
        return Outcome.HIGHER if self.difference > 0 else Outcome.LOWER

    def __str__(self) -> str:
        low, high = self.interval()
        decided = "" if self.test.p_holm is None else f", p = {self.test.p_holm:.2g} after Holm"
        counts = sorted(set(self.trainings.values()))
        each = " to ".join(map(str, dict.fromkeys((counts[0], counts[-1]))))
        return (
            f"{self.difference:+.2f} points, 95 % [{low:+.2f}, {high:+.2f}]{decided}; {each} training"
            f"{'s' * (counts[-1] > 1)} of each network, their spread {self.test.basis.value}"
        )


def measure(
    preset: str,
    terms: Sequence[Term],
    images: int,
    spreads: Mapping[str, Spread],
    given: Mapping[str, Spread],
    too_low: tuple[str, ...] = (),
) -> Comparison:
    """Measure the sum of some terms, and test it against zero.

    Of final predictors the spread over trainings is that of each group. Where Levene's test says that a group's
    networks have different ones it is each network's own (Welch), and where they were trained too seldom for that,
    nothing is decided. Other predictors have spreads of their own in any case. A spread that is not known is left out,
    and the comparison then speaks of these trainings.

    Args:
        preset: The preset that all networks were trained under.
        terms: One term for each network.
        images: Number of images that were scored.
        spreads: Spread of each group, as these trainings have it.
        given: Spread of each group, for one whose networks were trained once here.
        too_low: Networks whose score is too low to be compared.

    Returns:
        A descriptive comparison; :func:`compare` decides.

    Raises:
        ValueError: If there are no terms, a score is not a number, the terms are not resampled alike, or no resample
            has anybody in it.
    """
    if not terms or not all(term.sums and all(map(math.isfinite, term.sums)) for term in terms):
        raise ValueError("expected one score or more of each network, all numbers: evaluate the trainings again")
    if len(lengths := {len(term.resampled) for term in terms}) != 1:
        raise ValueError(f"got {sorted(lengths)} resamples, expected the same draws of images for all trainings")
    resampled = np.sum([term.resampled for term in terms], axis=0)
    resampled = resampled[~np.isnan(resampled)]
    if len(resampled) < 2:
        raise ValueError("no resample has a person who counts: there is nothing to compare on")
    of_images = [(float(resampled.var(ddof=1)), float(max(images - 1, 1)))]
    difference = sum(statistics.fmean(term.sums) for term in terms)

    twice = [term.sums for term in terms if len(term.sums) > 1]
    own = [(statistics.variance(sums) / len(sums), float(len(sums) - 1)) for sums in twice]
    welch = _t_test(Basis.WELCH, difference, own + of_images) if len(twice) == len(terms) else None
    levene, known = None, {}
    if all(term.weight is not None for term in terms):
        groups = {term.group for term in terms}
        known = {group: one for group in sorted(groups) if (one := spreads.get(group) or given.get(group))}
        levene = min((one.levene for one in known.values() if one.levene is not None), default=None)
        basis = Basis.POOLED if groups <= spreads.keys() else Basis.GIVEN if groups <= known.keys() else Basis.UNKNOWN
        test = _t_test(basis, difference, _shares(terms, known) + of_images)
        if welch and (basis is Basis.UNKNOWN or (levene is not None and levene < ERROR)):
            test, known = welch, {}
    else:
        test = welch or _t_test(Basis.UNKNOWN, difference, own + of_images)
    return Comparison(
        preset=preset,
        trainings={term.run: len(term.sums) for term in terms},
        difference=difference,
        images_error=math.sqrt(of_images[0][0]),
        test=test,
        welch=welch,
        spreads=known,
        levene=levene,
        too_low=too_low,
    )


def compare(measured: Mapping[Name, Comparison], size: int | None = None) -> dict[Name, Comparison]:
    """Decide the comparisons of a family together, by Holm.

    Args:
        measured: The comparisons, by name.
        size: Number of comparisons that the family was planned with, of which some may not have been measured; by
            default as many as there are. One that is too low to be compared still counts, and so does one that speaks
            of these trainings alone where another does not: it is undecided, and its p helps none of the others.
    """
    size = len(measured) if size is None else size
    decided = {name: replace(one, family=size) for name, one in measured.items()}
    alike = len({one.in_these_runs for one in decided.values()}) < 2
    names = [name for name, one in decided.items() if not one.too_low and (alike or not one.in_these_runs)]
    for name, p_holm in zip(names, holm([decided[name].test.p for name in names], size), strict=True):
        decided[name] = replace(decided[name], test=replace(decided[name].test, p_holm=p_holm))
    welch = {name: one for name in names if (one := decided[name].welch)}
    for (name, one), p_holm in zip(welch.items(), holm([one.p for one in welch.values()], size), strict=True):
        decided[name] = replace(decided[name], welch=replace(one, p_holm=p_holm))
    return decided


def holm(p: Sequence[float], size: int | None = None) -> list[float]:
    """Holm's adjusted p-values, in the given order: holding each against one level keeps that level for all tests
    together.

    The k-th smallest, k = 1 ... m, becomes the largest (m - j + 1) p_(j) of those up to it, j <= k, at most 1.

    Args:
        p: The p-values.
        size: m, where more tests were planned than have a p-value; by default their number.

    Raises:
        ValueError: If there are more p-values than ``size``, or one is not between 0 and 1.
    """
    m = len(p) if size is None else size
    if len(p) > m or not all(0 <= one <= 1 for one in p):
        raise ValueError(f"got the p-values {list(p)}, expected at most {m} numbers between 0 and 1")
    order = np.argsort(p, kind="stable")
    scaled = np.asarray(p, dtype=np.float64)[order] * (m - np.arange(len(p)))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return [float(value) for value in adjusted]


_Share = tuple[float, float]
"""A part of a difference's variance, in squared points, and the degrees of freedom that it was estimated with."""


def _shares(terms: Sequence[Term], spreads: Mapping[str, Spread]) -> list[_Share]:
    """One share of the variance for each group whose spread is known."""
    factors: dict[str, float] = {}
    for term in terms:
        if term.group in spreads and term.weight is not None:
            factors[term.group] = factors.get(term.group, 0.0) + term.weight**2 / len(term.sums)
    return [(factor * spreads[group].sd ** 2, spreads[group].freedom) for group, factor in factors.items()]


def _t_test(basis: Basis, difference: float, shares: Sequence[_Share]) -> TTest:
    """The test of a difference whose variance is the sum of independently estimated shares (Satterthwaite)."""
    variance = sum(share for share, _ in shares)
    doubt = sum(share**2 / freedom for share, freedom in shares if share)
    freedom, error = variance**2 / doubt if doubt else math.inf, math.sqrt(variance)
    if not error:
        return TTest(basis, error, freedom, 0.0 if difference else 1.0)
    return TTest(basis, error, freedom, 2 * float(stdtr(freedom, -abs(difference) / error)))
