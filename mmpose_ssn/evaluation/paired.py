"""The difference in AP of two networks on the same images: paired bootstrap interval, p-value, Holm's adjustment.

Both networks are scored on the same drawn images each time, so that what makes an image hard for both cancels. Where
several seeds were trained, the difference is their mean, and what other seeds would have given is drawn along with the
images.

Bootstrap: Efron and Tibshirani, An Introduction to the Bootstrap (1993). Seeds: the solution of Behrens and Fisher, see
Kim and Cohen, On the Behrens-Fisher problem: a review, Journal of Educational and Behavioral Statistics 23 (1998).
Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6 (1979).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class ResampledAP:
    """AP of one training, on all images and on each of :func:`mmpose_ssn.evaluation.bootstrap.draw_images`' resamples.

    Attributes:
        whole: AP on all images, as a fraction.
        resampled: [R], NaN where a resample has nobody in it.
    """

    whole: float
    resampled: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PairedDifference:
    """AP of the first network less that of the second, as a fraction.

    Attributes:
        difference: on all images, the mean over the pairs of seeds.
        interval: its percentile bootstrap interval.
        p: two-sided p-value of no difference, see :func:`two_sided_p`.
        resampled: the resampled differences, without the resamples that nobody is in.
    """

    difference: float
    interval: tuple[float, float]
    p: float
    resampled: npt.NDArray[np.float64]


def paired_difference(
    first: Sequence[ResampledAP], second: Sequence[ResampledAP], level: float = 0.95, seed: int = 0
) -> PairedDifference:
    """Compare two networks in pairs.

    Each resampled difference is the mean over the S seeds on one draw of the images, plus a draw of what other seeds
    would have given: s / sqrt(S) times a t variable with S - 1 degrees of freedom, where s is the standard deviation of
    the seeds' differences on all images. It errs to the safe side. Drawing the S seeds themselves with replacement does
    not: three that agree in sign by chance, one time in four, always look certain. With one pair the interval holds the
    choice of the images alone, and not what another training seed would have given.

    Args:
        first: one network's trainings, of S seeds.
        second: the other's, of the same seeds in the same order, resampled by the same draws.
        level: of the interval, between 0 and 1.
        seed: of the drawing.

    Raises:
        ValueError: if the two do not make pairs, or no resample has anybody in it.
    """
    if len(first) != len(second) or not first:
        raise ValueError(f"got {len(first)} and {len(second)} trainings to pair, expected as many of both, at least 1")
    if not all(math.isfinite(one.whole) for one in (*first, *second)):
        raise ValueError("the AP of a training is not a number: evaluate it again")
    if len(lengths := {len(one.resampled) for one in (*first, *second)}) != 1:
        raise ValueError(f"got {sorted(lengths)} resamples, expected the same draws of images for all trainings")
    seeds, whole = len(first), [a.whole - b.whole for a, b in zip(first, second, strict=True)]
    resampled = np.mean([a.resampled - b.resampled for a, b in zip(first, second, strict=True)], axis=0)
    if seeds > 1:
        other_seeds = np.random.default_rng([seed, seeds]).standard_t(seeds - 1, size=len(resampled))
        resampled = resampled + statistics.stdev(whole) / math.sqrt(seeds) * other_seeds
    resampled = resampled[~np.isnan(resampled)]
    if len(resampled) == 0:
        raise ValueError("no resample has a person who counts: there is nothing to compare on")
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return PairedDifference(statistics.fmean(whole), (float(low), float(high)), two_sided_p(resampled), resampled)


def two_sided_p(resampled: npt.NDArray[np.float64]) -> float:
    """The two-sided bootstrap p-value of no difference.

    p = 2 (1 + n) / (1 + R), at most 1, where n of the R resampled differences are 0 or on the rarer side of it: about
    one less the level at which the percentile interval would just touch 0. One is added to both counts because what
    was measured is a draw itself, so that p is never 0: R resamples give no less than 2 / (1 + R), so that Holm at 5 %
    can decide none of m comparisons where R < 40 m - 1.
    """
    rarer = min(np.count_nonzero(resampled <= 0), np.count_nonzero(resampled >= 0))
    return float(min(1.0, 2 * (1 + rarer) / (1 + len(resampled))))


def holm(p: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the given order: what lies below a level holds at it for all m tests together.

    The k-th smallest, k = 1 ... m, becomes the largest (m - j + 1) p_(j) of those up to it, j <= k, at most 1.
    """
    order = np.argsort(p, kind="stable")
    scaled = np.asarray(p, dtype=np.float64)[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return [float(value) for value in adjusted]
