r"""The paper's claims about offsets (Sections 4, 4.1 and 4.2), each measured as ``claims.yaml`` defines it.

Every claim is that one figure of the trained offsets lies above a boundary: a margin of that file, or a half where it
says "most". A bootstrap over channels tells how sure that is, for all claims alike. The K channels of a module come
from one distribution, as nothing but their random start tells them apart; so K offsets of each module, both coordinates
of one together, are drawn with replacement, for each module and training separately, and the figure is computed anew.
That assumes no distribution of a figure, be it a mean, a ratio or a count of modules, and is paired where two times of
one training are compared. Modules are not drawn: a claim is about those that the network has. Two networks of one seed
share a few initial offsets; drawing them separately errs on the safe side.

Where there are several seeds, the figure is their mean, and each draw adds what other seeds would have given,
:math:`s / \sqrt S` times a t variable with S - 1 degrees of freedom, where s is the SD of the S seeds' figures. s
contains the channels' spread once more, which errs on the safe side and keeps a few coarse figures that agree by chance
from looking certain. With one seed the channels alone are drawn.

p is two-sided, and Holm's adjustment is over all claims, measured or not. Where fewer than about ten offsets make
the whole difference, a bootstrap is rough and decides too readily. Where a preset names what it decides, all this is
descriptive.

Bootstrap: Efron and Tibshirani, An Introduction to the Bootstrap (1993).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mmpose_ssn.analysis import offset_figures
from mmpose_ssn.analysis.trained_offsets import Offsets, Site, TrainedOffsets
from mmpose_ssn.claims.catalogue import claims
from mmpose_ssn.claims.claim import Claim
from mmpose_ssn.claims.verdicts import PAPER_PRESET, Finding, find_shape
from mmpose_ssn.evaluation.comparison import Interval, holm

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DrawnChannels:
    """A training's offsets, and how often each of D draws has each channel.

    Attributes:
        training: The offsets.
        times: How often each draw has each channel, by module, [D, K]; every row adds up to K.
    """

    training: TrainedOffsets
    times: Mapping[Site, FloatArray]

    @classmethod
    def once(cls, training: TrainedOffsets) -> DrawnChannels:
        """One draw that has every channel once: the training as it is."""
        return cls(training, {site: np.ones((1, len(offsets))) for site, offsets in training.end.items()})

    @classmethod
    def draw(cls, training: TrainedOffsets, draws: int, rng: np.random.Generator) -> DrawnChannels:
        """The training as it is, and then ``draws`` draws with replacement."""
        times = {}
        for site, once in cls.once(training).times.items():
            k = once.shape[1]
            drawn = rng.integers(k, size=(draws, k)) + k * np.arange(draws)[:, None]  # counted line by line
            counts = np.bincount(drawn.ravel(), minlength=draws * k).reshape(draws, k)
            times[site] = np.concatenate([once, counts])
        return cls(training, times)

    def mean(self, values: Mapping[Site, FloatArray]) -> FloatArray:
        """Mean of values [K], by module, over all channels of those modules in each draw, [D]."""
        total = np.sum([self.times[site] @ value for site, value in values.items()], axis=0)
        return np.asarray(total / sum(map(len, values.values())))

    def means(self, values: Mapping[Site, FloatArray]) -> FloatArray:
        """Mean of values [K], by module, over the channels of each of those modules in each draw, [modules, D]."""
        return np.stack([self.mean({site: value}) for site, value in values.items()])


def on_grid(offsets: Offsets) -> dict[Site, FloatArray]:
    """Share of the two coordinates of each offset that is on the grid, [K], by module."""
    return {site: offset_figures.on_grid(one) for site, one in offsets.items()}


def lengths(offsets: Offsets) -> dict[Site, FloatArray]:
    """Length of each offset in pixels of the module's map, [K], by module."""
    return {site: offset_figures.lengths(one) for site, one in offsets.items()}


def _stuck_after_strides(networks: Sequence[DrawnChannels], margin: float) -> FloatArray:
    (ssn,) = networks
    short = {site: (length < 1).astype(float) for site, length in lengths(ssn.training.end).items()}
    stages = {site.stage for site in short if site.after_stride}
    after = {site: value for site, value in short.items() if site.after_stride}
    others = {site: value for site, value in short.items() if site.stage in stages and not site.after_stride}
    return ssn.mean(after) - ssn.mean(others)


def _out_of_the_map(networks: Sequence[DrawnChannels], margin: float) -> FloatArray:
    shares = []
    for network in networks:
        size = network.training.input_size
        out = {
            site: (np.abs(offsets) > site.map_size(size)).any(axis=1).astype(float)
            for site, offsets in network.training.end.items()
        }
        shares.append(network.mean(out))
    return shares[0] - shares[1]


def _modules_on_the_grid(networks: Sequence[DrawnChannels], margin: float) -> FloatArray:
    (ssn,) = networks
    return np.asarray(np.mean(ssn.means(on_grid(ssn.training.end)) >= margin, axis=0))


def _grid_in_deep_stages(networks: Sequence[DrawnChannels], margin: float) -> FloatArray:
    (ssn,) = networks
    shallow, deep = _by_depth(on_grid(ssn.training.end))
    return ssn.mean(deep) - ssn.mean(shallow)


def _grid_since_half(networks: Sequence[DrawnChannels], margin: float) -> FloatArray:
    (ssn,) = networks
    return ssn.mean(on_grid(ssn.training.end)) - ssn.mean(on_grid(ssn.training.half or {}))


def _grid_by_rate(networks: Sequence[DrawnChannels], margin: float) -> FloatArray:
    falling, kept = (network.mean(on_grid(network.training.end)) for network in networks)
    return np.asarray(falling - kept)


def _dense_at_the_centre(networks: Sequence[DrawnChannels], margin: float) -> FloatArray:
    (ssn,) = networks
    ends = lengths(ssn.training.end)
    return np.asarray(
        np.mean([offset_figures.density_fall(length, ssn.times[site]) for site, length in ends.items()], axis=0)
    )


def _longer(networks: Sequence[DrawnChannels], margin: float) -> FloatArray:
    first, second = (network.means(lengths(network.training.end)).mean(axis=0) for network in networks)
    return np.asarray(first - second)


def _longer_in_shallow_stages(networks: Sequence[DrawnChannels], margin: float) -> FloatArray:
    shallow, deep = (
        np.divide(*(network.means(_by_depth(lengths(network.training.end))[part]).mean(axis=0) for network in networks))
        for part in (0, 1)
    )
    return np.asarray(shallow / deep)


def _by_depth(values: Mapping[Site, FloatArray]) -> tuple[dict[Site, FloatArray], dict[Site, FloatArray]]:
    """The values of the modules in stages 1 and 2, and of those in stages 3 and 4."""
    shallow = {site: value for site, value in values.items() if site.stage <= 2}
    return shallow, {site: value for site, value in values.items() if site.stage > 2}


@dataclass(frozen=True)
class Measure:
    """How a claim's figure is computed.

    Attributes:
        figure: Function that computes the figure in each draw, [D], from the networks of the claim, the one it speaks
            of first, and the claim's margin.
        unit: Unit of the figure.
        boundary: What the claim says that the figure lies above; None for the claim's margin.
        since_half: Whether it needs the offsets at half of the training.
    """

    figure: Callable[[Sequence[DrawnChannels], float], FloatArray]
    unit: str
    boundary: float | None = None
    since_half: bool = False


MEASURES = {
    "offsets-stuck-after-a-strided-block": Measure(_stuck_after_strides, "share of offsets"),
    "undelayed-offsets-leave-the-map": Measure(_out_of_the_map, "share of offsets"),
    "most-modules-on-the-grid": Measure(_modules_on_the_grid, "share of modules", boundary=0.5),
    "deeper-modules-closer-to-the-grid": Measure(_grid_in_deep_stages, "share of coordinates"),
    "grid-late-in-training": Measure(_grid_since_half, "share of coordinates", since_half=True),
    "late-rate-pins-offsets": Measure(_grid_by_rate, "share of coordinates"),
    "offsets-dense-at-the-centre": Measure(_dense_at_the_centre, "rank correlation"),
    "shorter-offsets-without-attention": Measure(_longer, "pixels"),
    "shorter-offsets-without-attention-in-shallow-layers": Measure(_longer_in_shallow_stages, "ratio"),
}
"""The measures by the claim's id. Mean lengths are taken over each module, and then over modules; shares over all
offsets.
"""


@dataclass(frozen=True)
class MeasuredClaim:
    """A claim that was measured on trained networks.

    Attributes:
        claim: The claim.
        preset: Preset of the trainings.
        figure: The claim's figure, the mean over seeds.
        unit: Unit of the figure.
        boundary: What the figure is claimed to lie above.
        at_start: The figure before training; None where a training lacks it, or where the claim is about time.
        interval90: 90 % interval of the figure.
        interval95: The same at 95 %.
        stability: Share of the draws above the boundary; a description, not a probability that the claim is true.
        p: Two-sided p-value of a figure at the boundary.
        p_holm: The same, adjusted for all claims about offsets.
        descriptive: Whether the preset decides other questions, and not this one.
        seeds: Seeds of the trainings.
        modules: Number of modules in each network.
        offsets: Number of offsets in all these trainings.
        weights: Digest of each training's weights, by ``<network>/seed<k>``.
    """

    claim: Claim
    preset: str
    figure: float
    unit: str
    boundary: float
    at_start: float | None
    interval90: Interval
    interval95: Interval
    stability: float
    p: float
    p_holm: float
    descriptive: bool
    seeds: tuple[int, ...]
    modules: int
    offsets: int
    weights: Mapping[str, str]

    @property
    def seen(self) -> bool:
        """Whether what was measured has the claimed shape, rather than its opposite."""
        return self.figure > self.boundary

    @property
    def finding(self) -> Finding | None:
        """The finding of the controlled experiment; None for the paper's own preset, whose results get a verdict."""
        if self.preset == PAPER_PRESET:
            return None
        return find_shape(self.preset, self.seen, self.p_holm, len(self.seeds) == 1, self.descriptive)


@dataclass(frozen=True)
class ClaimNotRun:
    """A claim that was not measured, and what is missing."""

    claim: Claim
    missing: str


def measure(
    preset: str, trainings: Sequence[TrainedOffsets], descriptive: bool, draws: int = 2000, seed: int = 0
) -> list[MeasuredClaim | ClaimNotRun]:
    """Measure each claim whose networks have been trained, with the seeds that they have in common.

    Args:
        preset: Preset of the trainings.
        trainings: The trainings, each pair of network and seed once.
        descriptive: Whether the preset decides other questions, and none of these.
        draws: Number of draws of the channels; at least 40 for each claim, or Holm's p cannot reach 5 % (:func:`holm`).
        seed: Seed of the drawing.

    Returns:
        The claims that offsets decide, in the order of ``claims.yaml``.
    """
    drawn = {
        (one.network, one.seed): DrawnChannels.draw(one, draws, np.random.default_rng([seed, one.seed, number]))
        for number, one in enumerate(sorted(trainings, key=lambda one: (one.network, one.seed)))
    }
    results: list[MeasuredClaim | ClaimNotRun] = []
    for claim in offset_claims():
        own_seeds = [{seed for name, seed in drawn if name == network} for network in claim.contrast]
        common = sorted(set.intersection(*own_seeds))
        pairs = [[drawn[network, number] for network in claim.contrast] for number in common]
        missing = _missing(claim, own_seeds, pairs)
        results.append(ClaimNotRun(claim, missing) if missing else _measure(preset, claim, pairs, descriptive, seed))
    measured = [one for one in results if isinstance(one, MeasuredClaim)]
    adjusted = dict(
        zip((one.claim.id for one in measured), holm([one.p for one in measured], len(offset_claims())), strict=True)
    )
    return [replace(one, p_holm=adjusted[one.claim.id]) if isinstance(one, MeasuredClaim) else one for one in results]


@functools.cache
def offset_claims() -> tuple[Claim, ...]:
    """The claims that trained offsets decide."""
    return tuple(claim for claim in claims().values() if claim.decided_by == "offsets")


def _missing(claim: Claim, own_seeds: Sequence[set[int]], pairs: Sequence[Sequence[DrawnChannels]]) -> str:
    untrained = [network for network, seeds in zip(claim.contrast, own_seeds, strict=True) if not seeds]
    if untrained:
        return f"a training of {' and of '.join(untrained)}"
    if not pairs:
        return f"a seed that {' and '.join(claim.contrast)} have in common"
    if MEASURES[claim.id].since_half:
        without = [one.training for pair in pairs for one in pair if one.training.half is None]
        if without:
            names = ", ".join(f"{one.network} seed {one.seed}" for one in without)
            return f"the snapshot of the offsets at half of the training of {names}"
    return ""


def _measure(
    preset: str, claim: Claim, pairs: Sequence[Sequence[DrawnChannels]], descriptive: bool, seed: int
) -> MeasuredClaim:
    how, margin = MEASURES[claim.id], claim.bound
    boundary = margin if how.boundary is None else how.boundary
    by_seed = np.stack([how.figure(pair, margin) for pair in pairs])
    figure, resampled = float(by_seed[:, 0].mean()), by_seed[:, 1:].mean(axis=0)
    if len(pairs) > 1:
        error = by_seed[:, 0].std(ddof=1) / math.sqrt(len(pairs))
        other_seeds = np.random.default_rng([seed, len(pairs)]).standard_t(len(pairs) - 1, size=len(resampled))
        resampled = resampled + error * other_seeds
    low95, low90, high90, high95 = map(float, np.quantile(resampled, [0.025, 0.05, 0.95, 0.975]))
    p = _two_sided_p(figure, resampled, boundary)
    trainings = [one.training for pair in pairs for one in pair]
    return MeasuredClaim(
        claim=claim,
        preset=preset,
        figure=figure,
        unit=how.unit,
        boundary=boundary,
        at_start=None if how.since_half else _at_start(how, margin, pairs),
        interval90=(low90, high90),
        interval95=(low95, high95),
        stability=float(np.mean(resampled > boundary)),
        p=p,
        p_holm=p,
        descriptive=descriptive,
        seeds=tuple(pair[0].training.seed for pair in pairs),
        modules=len(trainings[0].end),
        offsets=sum(len(offsets) for one in trainings for offsets in one.end.values()),
        weights={f"{one.network}/seed{one.seed}": one.weights for one in trainings},
    )


def _two_sided_p(figure: float, resampled: FloatArray, boundary: float) -> float:
    """Twice the share of draws at the boundary or across it from the figure, with one added to both counts, as what was
    measured is a draw itself.

    It is never small where most draws lie across the boundary from the figure itself, as they may where a figure counts
    modules: then nothing is known.
    """
    against = resampled <= boundary if figure > boundary else resampled >= boundary
    return float(min(1.0, 2 * (1 + np.count_nonzero(against)) / (1 + len(resampled))))


def _at_start(how: Measure, margin: float, pairs: Sequence[Sequence[DrawnChannels]]) -> float | None:
    figures = []
    for pair in pairs:
        started = [replace(one.training, end=one.training.start) for one in pair if one.training.start is not None]
        if len(started) < len(pair):
            return None
        figures.append(how.figure([DrawnChannels.once(training) for training in started], margin)[0])
    return float(np.mean(figures))
