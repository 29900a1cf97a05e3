"""What is said of each of the paper's claims, by rules that were fixed before any full-size network was trained.

There are two vocabularies, and nothing turns one into the other. A :class:`Verdict` is on a claim as the paper makes
it: a claim on trained networks has one only at full size on COCO (:data:`PAPER_PRESET`), a claim on counted costs has
one on any machine. A :class:`Finding` is on the same question asked of other networks or data, and says no more than
"in the controlled experiment: holds", "does not hold", "undecided" or "not compared".

Both rest on the same two decisions. A figure is compared with a region: it lies within where its 90 % interval does,
which is two one-sided tests at 5 % (TOST), and outside where its 95 % interval lies wholly outside. An order is the
outcome of a comparison (:mod:`mmpose_ssn.evaluation.comparison`): one way, the other way, or not decided. Noise widens
the intervals and never moves the region.

TOST: Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15 (1987).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy.special import stdtrit

from mmpose_ssn.evaluation.comparison import ERROR, Comparison, Interval, Outcome
from mmpose_ssn.paper.printed import PrintedNumber

PAPER_PRESET = "paper"
"""The one preset that trains the paper's networks at full size on COCO."""

TOLERANCE = 0.7
"""AP points by which a faithful re-implementation may differ: published ones of CPN differ by 0.2 to 0.7."""

FEWEST_SEEDS = 3
"""Number of seeds from which on their own spread is used; with fewer, the caller states one."""


class VerdictKind(Enum):
    """What can be said of a claim of the paper."""

    REPRODUCED = "reproduced"
    CONTRADICTED = "contradicted"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not run"
    NOT_TESTABLE = "not testable"


class FindingKind(Enum):
    """What can be said of a question in the controlled experiment."""

    HOLDS = "holds"
    DOES_NOT_HOLD = "does not hold"
    UNDECIDED = "undecided"
    NOT_COMPARED = "not compared"


_AS_CLAIMED = {Outcome.HIGHER: True, Outcome.LOWER: False, Outcome.UNDECIDED: None, Outcome.NOT_COMPARED: None}
_VERDICTS = {True: VerdictKind.REPRODUCED, False: VerdictKind.CONTRADICTED, None: VerdictKind.INCONCLUSIVE}
_FINDINGS = {True: FindingKind.HOLDS, False: FindingKind.DOES_NOT_HOLD, None: FindingKind.UNDECIDED}


@dataclass(frozen=True)
class CocoRuns:
    """AP of one network's full-size trainings on the images that the printed figure is on, one for each seed.

    Attributes:
        preset: Preset that the network was trained under; :data:`PAPER_PRESET`, as no other has printed figures.
        ap: AP of each training in AP points (73.0, not 0.730), not rounded.

    Raises:
        ValueError: If the preset is another one, there is no seed, a figure is no AP, or three or more seeds agree to
            the last digit.
    """

    preset: str
    ap: tuple[float, ...]

    def __post_init__(self) -> None:
        _expect_full_size(self.preset)
        if not self.ap:
            raise ValueError("got the AP of no seed, expected at least one: a claim without a training is not run")
        if any(not 0 <= ap <= 100 for ap in self.ap):
            raise ValueError(f"got {list(self.ap)}, expected AP points between 0 and 100: evaluate the training again")
        if len(self.ap) >= FEWEST_SEEDS and len(set(self.ap)) == 1:
            raise ValueError(
                f"got {self.ap[0]} from all of {len(self.ap)} seeds, expected figures that differ: give them "
                "unrounded, and each training once"
            )


@dataclass(frozen=True)
class SeedSD:
    """Standard deviation of one network's AP from seed to seed.

    Attributes:
        value: The standard deviation in AP points.
        source: Where it was measured or published.
        freedom: Degrees of freedom that it was estimated with; infinite where it is taken as known.

    Raises:
        ValueError: If the value or its degrees of freedom are not above 0, or it has no source.
    """

    value: float
    source: str
    freedom: float = math.inf

    def __post_init__(self) -> None:
        if not 0 < self.value < math.inf:
            raise ValueError(f"the SD of a seed is {self.value}, expected a number of AP points above 0")
        if not self.source.strip():
            raise ValueError(f"the SD of a seed, {self.value}, has no source: say where it was measured or published")
        if not self.freedom > 0:
            raise ValueError(f"the SD of a seed has {self.freedom} degrees of freedom, expected a number above 0")


@dataclass(frozen=True)
class Printed:
    """A figure of the paper, or the gap between figures, as precisely as its digits tell it.

    Attributes:
        value: The figure or the gap in AP points.
        rounding: AP points by which rounding may have moved it: half a unit of the last digit for each printed figure
            in it.

    Raises:
        ValueError: If either is not a number, or ``rounding`` is negative.
    """

    value: float
    rounding: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"the printed value is {self.value}, expected a number")
        _expect_width("the rounding of a printed value", self.rounding)

    @classmethod
    def figure(cls, number: PrintedNumber) -> Printed:
        """The figure that one printed number gives."""
        return cls(float(number), number.half_unit)


@dataclass(frozen=True)
class Deviation:
    """How far full-size trainings are from what the paper prints, in AP points.

    Attributes:
        runs: The trainings of each network that our figure is made of.
        spreads: The seed SD that was used for each network, and where it comes from.
        printed: The printed figure, or the gap between printed figures.
        estimate: Our figure, the mean over seeds, less the printed one.
        interval90: 90 % interval of the deviation, with the spread of our seeds and of the paper's own
            (:func:`judge_contrast`).
        interval95: The same at 95 %.
        delta: The margin, rounding of the print and tolerance together.
    """

    runs: tuple[CocoRuns, ...]
    spreads: tuple[SeedSD, ...]
    printed: Printed
    estimate: float
    interval90: Interval
    interval95: Interval
    delta: float

    @property
    def seeds(self) -> tuple[int, ...]:
        """How many trainings there are of each network."""
        return tuple(len(runs.ap) for runs in self.runs)

    def __str__(self) -> str:
        sds = " and ".join(f"{sd.value:.2f} ({sd.source})" for sd in self.spreads)
        return (
            f"{self.estimate:+.2f} AP from the printed value, 90 % {_bracket(self.interval90)}, "
            f"95 % {_bracket(self.interval95)}, margin {self.delta:.2f}; SD of a seed {sds}"
        )


@dataclass(frozen=True)
class Count:
    """A cost that was counted.

    Attributes:
        counted: The count in the unit of the claim.
        bound: What the count is held against and how, such as ``"equal to printed digits 40.5"``.
    """

    counted: float
    bound: str

    def __post_init__(self) -> None:
        if not math.isfinite(self.counted):
            raise ValueError(f"the counted cost is {self.counted}, expected a number to be {self.bound}")

    def __str__(self) -> str:
        return f"counted {self.counted:g}, claimed to be {self.bound}"


@dataclass(frozen=True)
class Verdict:
    """What is said of a claim that the paper makes.

    Attributes:
        kind: Which verdict it is.
        basis: What the verdict rests on: a measurement; for a claim that is not run, what is missing; for one that is
            not testable, why.

    Raises:
        ValueError: If a verdict that needs a measurement has none, one that needs a reason in words has none, or
            networks other than the full-size ones are to speak for it.
    """

    kind: VerdictKind
    basis: Deviation | Comparison | Count | str

    def __post_init__(self) -> None:
        reason_only = self.kind in (VerdictKind.NOT_RUN, VerdictKind.NOT_TESTABLE)
        if reason_only != isinstance(self.basis, str) or self.basis == "":
            expected = "a reason in words" if reason_only else "a measurement"
            raise ValueError(f"{self.kind.value!r} rests on {self.basis!r}, expected {expected}")
        if isinstance(self.basis, Comparison):
            _expect_full_size(self.basis.preset)

    @property
    def words(self) -> str:
        """The verdict and what it rests on; of an order that one seed shows it says "in these runs"."""
        one_seed = isinstance(self.basis, Comparison) and len(self.basis.seeds) == 1
        return f"{'in these runs: ' if one_seed else ''}{self.kind.value}: {self.basis}"

    @classmethod
    def not_run(cls, missing: str) -> Verdict:
        """The verdict on a claim that is not run, with what is missing: data, a device, a training."""
        return cls(VerdictKind.NOT_RUN, missing)

    @classmethod
    def not_testable(cls, why: str) -> Verdict:
        """The verdict on a claim that is not testable, with why nothing that could be run would decide it."""
        return cls(VerdictKind.NOT_TESTABLE, why)


@dataclass(frozen=True)
class Finding:
    """What the controlled experiment, with other networks or other data than the paper's, says of a question.

    Attributes:
        preset: Preset of the experiment.
        kind: Which finding it is.

    Raises:
        TypeError: If ``kind`` is of another vocabulary.
        ValueError: If the preset is :data:`PAPER_PRESET`, whose results get a verdict.
    """

    preset: str
    kind: FindingKind

    def __post_init__(self) -> None:
        if not isinstance(self.kind, FindingKind):
            raise TypeError(f"a finding is one of {[kind.value for kind in FindingKind]}, got {self.kind!r}")
        if self.preset == PAPER_PRESET:
            raise ValueError(f"preset {self.preset!r} is the paper's own experiment, not a controlled one: judge it")

    @property
    def words(self) -> str:
        """All that may be printed of the finding."""
        return f"in the controlled experiment: {self.kind.value}"


def judge_contrast(
    terms: Sequence[tuple[float, CocoRuns]], printed: Printed, prior: SeedSD, tolerance: float = TOLERANCE
) -> Verdict:
    """Hold a weighted sum of networks' AP against the same sum of printed figures.

    The printed figures are on the same images as ours, so that the choice of images cancels and the seeds are left. The
    paper's figure of network k is from one training, with the same seed SD s_k as ours; ours is the mean of n_k seeds:

        V = sum_k w_k² s_k² (1 / n_k + 1),    interval = estimate ± t_ν sqrt(V),
        ν = V² / sum_k (w_k² s_k² (1 / n_k + 1))² / ν_k    (Welch and Satterthwaite).

    From n_k >= 3 seeds s_k is estimated, with ν_k = n_k - 1. With fewer it is the prior, which counts as known (ν_k is
    infinite); where every s_k is the prior, the interval is normal. Seeds are not paired: the paper's trainings, which
    make up most of V, cannot be, and what two networks owe to a common seed only makes the interval of their difference
    too wide.

    A sum whose true value is as far from the printed one as the margin is called "reproduced" in at most 5 % of cases,
    and one whose true value equals it "contradicted" in at most 5 %; Welch's ν, an approximation, lets up to 6 %
    through in simulations. Rounding is in the margin, so that "reproduced" means within the tolerance of some figure
    that rounds to the print. With fewer than three seeds all this holds only if the real SD is no larger than the
    prior: where it is twice the prior, the 5 % become 20 %.

    Args:
        terms: Weight of each network's AP, and its trainings; each network comes once.
        printed: The same sum of the printed figures.
        prior: Seed SD of a network with fewer than three seeds.
        tolerance: The tolerance in AP points.

    Raises:
        ValueError: If ``tolerance`` is negative or not a number.
    """
    _expect_width("the tolerance", tolerance)
    spreads = [_seed_sd(runs, prior) for _, runs in terms]
    shares = [
        (weight * sd.value) ** 2 * (1 / len(runs.ap) + 1) for (weight, runs), sd in zip(terms, spreads, strict=True)
    ]
    variance = sum(shares)
    doubt = sum(share**2 / sd.freedom for share, sd in zip(shares, spreads, strict=True))
    freedom = variance**2 / doubt if doubt else math.inf

    estimate = sum(weight * statistics.fmean(runs.ap) for weight, runs in terms) - printed.value
    half90, half95 = (float(stdtrit(freedom, upper)) * math.sqrt(variance) for upper in (0.95, 0.975))
    deviation = Deviation(
        runs=tuple(runs for _, runs in terms),
        spreads=tuple(spreads),
        printed=printed,
        estimate=estimate,
        interval90=(estimate - half90, estimate + half90),
        interval95=(estimate - half95, estimate + half95),
        delta=printed.rounding + tolerance,
    )
    within = _lies_within(deviation.delta, deviation.interval90, deviation.interval95)
    return Verdict(_VERDICTS[within], deviation)


def _seed_sd(runs: CocoRuns, prior: SeedSD) -> SeedSD:
    seeds = len(runs.ap)
    if seeds < FEWEST_SEEDS:
        return prior
    return SeedSD(float(np.std(runs.ap, ddof=1)), f"measured over {seeds} seeds", freedom=seeds - 1)


def judge_cost(count: Count, holds: bool) -> Verdict:
    """The verdict on a counted cost, which is exact: its claim is reproduced or contradicted, on any machine.

    Args:
        count: The count and what it is held against.
        holds: Whether the count is what is claimed; for printed digits :meth:`mmpose_ssn.paper.PrintedNumber.matches`
            says so.
    """
    return Verdict(_VERDICTS[holds], count)


def judge_ordering(*comparisons: Comparison) -> Verdict:
    """The verdict on whether one network does better than another, as the paper has it: the test decides, whatever the
    size of the difference.

    Of several comparisons, which must all be as the paper has them, the least sure one decides. That they all hold
    needs no further adjustment (an intersection-union test), and Holm's adjustment has been made for the rest of the
    family.

    Raises:
        ValueError: If there are no comparisons, or the networks are not the full-size ones.
    """
    decisive = _least_sure(comparisons)
    return Verdict(_VERDICTS[_AS_CLAIMED[decisive.outcome]], decisive)


def find_ordering(*comparisons: Comparison) -> Finding:
    """The finding on whether one network does better than another, by the test of :func:`judge_ordering`.

    Raises:
        ValueError: If there are no comparisons.
    """
    decisive = _least_sure(comparisons)
    return _found(decisive, _AS_CLAIMED[decisive.outcome])


def find_little(comparison: Comparison, margin: float) -> Finding:
    """The finding on whether two networks differ by little, either way: equivalence within a margin that was fixed
    beforehand.

    Args:
        comparison: The comparison of the two networks.
        margin: What "little" was taken to mean, in AP points.

    Raises:
        ValueError: If the margin is negative or not a number.
    """
    _expect_width("the margin of a little difference", margin)
    within = _lies_within(margin, comparison.interval90, comparison.interval95)
    return _found(comparison, within)


def find_shape(preset: str, seen: bool, p: float) -> Finding:
    """The finding on whether something has the shape that the paper describes, as far as a test tells.

    Args:
        preset: Preset of the controlled experiment.
        seen: Whether what was measured has that shape, rather than its opposite.
        p: Two-sided p-value of neither the shape nor its opposite, adjusted where several shapes are tested in one
            table.

    Raises:
        ValueError: If ``p`` is not between 0 and 1.
    """
    return Finding(preset, _FINDINGS[_shows(seen, p)])


def _lies_within(margin: float, interval90: Interval, interval95: Interval) -> bool | None:
    """True where a figure is no further from 0 than a margin, False where it is further, None where its intervals allow
    both.
    """
    ordered = (interval95[0], interval90[0], interval90[1], interval95[1])
    if not all(map(math.isfinite, ordered)) or list(ordered) != sorted(ordered):
        raise ValueError(f"got a 90 % interval {interval90} and a 95 % one {interval95}, expected one within the other")
    if -margin <= interval90[0] and interval90[1] <= margin:
        return True
    return False if interval95[1] < -margin or margin < interval95[0] else None


def _found(comparison: Comparison, as_claimed: bool | None) -> Finding:
    if comparison.outcome is Outcome.NOT_COMPARED:
        return Finding(comparison.preset, FindingKind.NOT_COMPARED)
    return Finding(comparison.preset, _FINDINGS[as_claimed])


def _least_sure(comparisons: Sequence[Comparison]) -> Comparison:
    """The comparison that speaks least for its claim; p follows from stability where tables and draws are the same."""
    if not comparisons:
        raise ValueError("got no comparison, expected at least one")
    return min(comparisons, key=lambda one: (one.outcome is not Outcome.NOT_COMPARED, one.stability))


def _shows(as_claimed: bool, p: float) -> bool | None:
    """What is seen, if a two-sided test confirms it; else None."""
    if not 0 <= p <= 1:
        raise ValueError(f"p is {p}, expected a number between 0 and 1")
    return as_claimed if p <= ERROR else None


def _bracket(interval: Interval) -> str:
    return f"[{interval[0]:+.2f}, {interval[1]:+.2f}]"


def _expect_full_size(preset: str) -> None:
    if preset != PAPER_PRESET:
        raise ValueError(
            f"preset {preset!r} is a controlled experiment, and no claim about COCO is judged by one: train with "
            f"preset {PAPER_PRESET!r}, or ask for a Finding"
        )


def _expect_width(what: str, value: float) -> None:
    if not 0 <= value < math.inf:
        raise ValueError(f"{what} is {value}, expected a number of AP points, 0 or more")
