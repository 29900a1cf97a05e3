"""Sums of networks' AP compared on the same images: the difference, its intervals, a p-value, and one decision.

Both sides of a comparison are scored on the same drawn images each time, so that what makes an image hard for both
cancels. Where several seeds were trained, the difference is their mean, and what other seeds would have given is drawn
along with the images. Comparisons that are made together are a family, over which p is adjusted.

Bootstrap: Efron and Tibshirani, An Introduction to the Bootstrap (1993). Seeds: the solution of Behrens and Fisher, see
Kim and Cohen, On the Behrens-Fisher problem: a review, Journal of Educational and Behavioral Statistics 23 (1998).
Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6 (1979).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import numpy.typing as npt

LEVEL = 0.95
"""Level of the intervals that pages show."""

ERROR = 0.05
"""Level of each decision after Holm's adjustment, so the chance of any wrong decision in a whole family."""

Interval = tuple[float, float]


class Outcome(Enum):
    """What is said of the first side of a comparison against the second."""

    HIGHER = "higher"
    LOWER = "lower"
    UNDECIDED = "undecided"
    NOT_COMPARED = "not compared"


@dataclass(frozen=True, eq=False)
class ResampledAP:
    """AP of one training, on all images and on each of :func:`mmpose_ssn.evaluation.bootstrap.draw_images`' resamples.

    Attributes:
        whole: AP on all images, as a fraction.
        resampled: AP on each resample, [R]; NaN where a resample has nobody in it.
    """

    whole: float
    resampled: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sides:
    """The two sides of a comparison, resampled by the same draws of the images.

    Attributes:
        first: The first side's AP with each seed.
        second: The second side's AP with the same seeds, in the same order.
        seeds: Those seeds.
        too_low: Networks whose AP is below the bound under which a preset compares nothing.
    """

    first: Sequence[ResampledAP]
    second: Sequence[ResampledAP]
    seeds: tuple[int, ...]
    too_low: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """The first side's AP less the second's, in AP points.

    Attributes:
        preset: The preset that all networks were trained under.
        seeds: The seeds of the trainings, in pairs.
        difference: The difference on all images, the mean over seeds.
        interval90: Its paired percentile bootstrap interval at 90 %.
        interval95: The same at 95 %.
        p: Two-sided p-value of no difference, see :func:`two_sided_p`.
        p_holm: The same, adjusted for all comparisons of the family; None where nothing is compared.
        stability: Share of the resampled differences above zero; a description, not a probability that the first side
            is the better one.
        too_low: Networks whose AP is below the bound under which the preset compares nothing.
    """

    preset: str
    seeds: tuple[int, ...]
    difference: float
    interval90: Interval
    interval95: Interval
    p: float
    p_holm: float | None
    stability: float
    too_low: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The decision: a difference whose adjusted p is at most :data:`ERROR` has the sign that was seen."""
        if self.p_holm is None:
            return Outcome.NOT_COMPARED
        if not 0 <= self.p_holm <= 1:
            raise ValueError(f"p is {self.p_holm}, expected a number between 0 and 1")
        if self.p_holm > ERROR or self.difference == 0:
            return Outcome.UNDECIDED
        return Outcome.HIGHER if self.difference > 0 else Outcome.LOWER

    def __str__(self) -> str:
        low, high = self.interval95
        decided = "" if self.p_holm is None else f", p = {self.p_holm:.2g} after Holm"
        seeds = f"{len(self.seeds)} seed{'s' * (len(self.seeds) > 1)}"
        return (
            f"{self.difference:+.2f} AP, 95 % [{low:+.2f}, {high:+.2f}]{decided}, stability figure "
            f"{self.stability:.0%}; {seeds}"
        )


def compare(preset: str, family: Mapping[str, Sides], seed: int = 0) -> dict[str, Comparison]:
    """Make the comparisons of a family, and adjust their p-values by Holm.

    A family of m comparisons needs 40 m - 1 resamples, or none of them can be decided (:func:`two_sided_p`). Those in
    which a network's AP is too low are measured, and neither decided nor counted in m.

    Args:
        preset: The preset that all networks were trained under.
        family: The comparisons, by name.
        seed: Seed of the drawing of other seeds' differences.

    Raises:
        ValueError: If two sides do not make pairs, an AP is not a number, or no resample has anybody in it.
    """
    found = {name: _measured(preset, sides, seed) for name, sides in family.items()}
    decided = [name for name, one in found.items() if not one.too_low]
    for name, p_holm in zip(decided, holm([found[name].p for name in decided]), strict=True):
        found[name] = replace(found[name], p_holm=p_holm)
    return found


def resampled_difference(sides: Sides, seed: int = 0) -> npt.NDArray[np.float64]:
    """The resampled differences of two sides as fractions, without the resamples that nobody is in.

    Each is the mean over the S seeds on one draw of the images, plus a draw of what other seeds would have given:
    s / sqrt(S) times a t variable with S - 1 degrees of freedom, where s is the standard deviation of the seeds'
    differences on all images. It errs to the safe side. Drawing the S seeds themselves with replacement does not: three
    that agree in sign by chance, one time in four, always look certain. With one pair the choice of the images alone is
    drawn, and not what another training seed would have given.

    Raises:
        ValueError: As :func:`compare`.
    """
    first, second = sides.first, sides.second
    if len(first) != len(second) or not first:
        raise ValueError(f"got {len(first)} and {len(second)} trainings to pair, expected as many of both, at least 1")
    if not all(math.isfinite(one.whole) for one in (*first, *second)):
        raise ValueError("the AP of a training is not a number: evaluate it again")
    if len(lengths := {len(one.resampled) for one in (*first, *second)}) != 1:
        raise ValueError(f"got {sorted(lengths)} resamples, expected the same draws of images for all trainings")
    resampled = np.mean([a.resampled - b.resampled for a, b in zip(first, second, strict=True)], axis=0)
    seeds = len(first)
    if seeds > 1:
        other_seeds = np.random.default_rng([seed, seeds]).standard_t(seeds - 1, size=len(resampled))
        resampled = resampled + statistics.stdev(_whole(sides)) / math.sqrt(seeds) * other_seeds
    resampled = resampled[~np.isnan(resampled)]
    if len(resampled) == 0:
        raise ValueError("no resample has a person who counts: there is nothing to compare on")
    return np.asarray(resampled)


def two_sided_p(resampled: npt.NDArray[np.float64]) -> float:
    """The two-sided bootstrap p-value of no difference.

    p = 2 (1 + n) / (1 + R), at most 1, where n of the R resampled differences are 0 or on the rarer side of it. It is
    about 1 less the level at which the percentile interval would just touch 0. One is added to both counts because what
    was measured is a draw itself, so that p is never 0: R resamples give no less than 2 / (1 + R), and Holm at 5 % can
    decide none of m comparisons where R < 40 m - 1.
    """
    rarer = min(np.count_nonzero(resampled <= 0), np.count_nonzero(resampled >= 0))
    return float(min(1.0, 2 * (1 + rarer) / (1 + len(resampled))))


def holm(p: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the given order: holding each against one level keeps that level for all m tests
    together.

    The k-th smallest, k = 1 ... m, becomes the largest (m - j + 1) p_(j) of those up to it, j <= k, at most 1.
    """
    order = np.argsort(p, kind="stable")
    scaled = np.asarray(p, dtype=np.float64)[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return [float(value) for value in adjusted]


def _measured(preset: str, sides: Sides, seed: int) -> Comparison:
    resampled = resampled_difference(sides, seed)
    low95, low90, high90, high95 = (100 * float(end) for end in np.quantile(resampled, [0.025, 0.05, 0.95, 0.975]))
    return Comparison(
        preset=preset,
        seeds=sides.seeds,
        difference=100 * statistics.fmean(_whole(sides)),
        interval90=(low90, high90),
        interval95=(low95, high95),
        p=two_sided_p(resampled),
        p_holm=None,
        stability=float(np.mean(resampled > 0)),
        too_low=sides.too_low,
    )


def _whole(sides: Sides) -> list[float]:
    return [a.whole - b.whole for a, b in zip(sides.first, sides.second, strict=True)]
