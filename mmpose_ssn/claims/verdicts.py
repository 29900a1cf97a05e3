"""What is said of each of the paper's claims, by rules that were fixed before any full-size network was trained.

There are two vocabularies, and nothing turns one into the other. A :class:`Verdict` is on a claim as the paper makes
it: a claim on trained networks has one only at full size on COCO (:data:`PAPER_PRESET`), a claim on counted costs has
one on any machine. A :class:`Finding` is on the same question asked of other networks or data, and says no more than
that it holds, does not hold, is undecided or not compared there, or was not asked beforehand ("descriptive").

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
from dataclasses import dataclass, replace
from enum import Enum

from scipy.special import stdtrit

from mmpose_ssn.evaluation.comparison import ERROR, Comparison, Interval, Outcome, Spread
from mmpose_ssn.paper.printed import PrintedNumber

PAPER_PRESET = "paper"
"""The one preset that trains the paper's networks at full size on COCO."""

IN_THESE_RUNS = "in these runs: "
"""What stands before a decision that speaks of these trainings alone."""


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
    DESCRIPTIVE = "descriptive"
    NOT_COMPARED = "not compared"


_AS_CLAIMED = {Outcome.HIGHER: True, Outcome.LOWER: False}
_VERDICTS = {True: VerdictKind.REPRODUCED, False: VerdictKind.CONTRADICTED, None: VerdictKind.INCONCLUSIVE}
_FINDINGS = {True: FindingKind.HOLDS, False: FindingKind.DOES_NOT_HOLD, None: FindingKind.UNDECIDED}


@dataclass(frozen=True)
class Deviation:
    """How far full-size trainings of a network are from what the paper prints of it, in AP points.

    Attributes:
        trainings: Number of trainings.
        spread: The spread over trainings that was used.
        estimate: Our figure, the mean over trainings, less the printed one.
        interval90: 90 % interval of the deviation, with the spread of our trainings (:func:`judge_point`).
        interval95: The same at 95 %.
        delta: The margin, with what rounding of the print allows; None where nobody knows one.
    """

    trainings: int
    spread: Spread
    estimate: float
    interval90: Interval
    interval95: Interval
    delta: float | None

    def __str__(self) -> str:
        known = " (assumed)" if math.isinf(self.spread.freedom) else f" ({self.spread.freedom:g} degrees of freedom)"
        margin = "no margin is known" if self.delta is None else f"margin {self.delta:.2f}"
        return (
            f"{self.estimate:+.2f} AP from the printed value, 90 % {_bracket(self.interval90)}, "
            f"95 % {_bracket(self.interval95)}, {margin}; SD over trainings {self.spread.sd:.2f}{known}, of which "
            f"there {'is' if self.trainings == 1 else 'are'} {self.trainings}"
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
        in_these_runs: Whether it speaks of these trainings alone, as it is not known how much others would differ.

    Raises:
        ValueError: If a verdict that needs a measurement has none, one that needs a reason in words has none, or
            networks other than the full-size ones are to speak for it.
    """

    kind: VerdictKind
    basis: Deviation | Comparison | Count | str
    in_these_runs: bool = False

    def __post_init__(self) -> None:
        reason_only = self.kind in (VerdictKind.NOT_RUN, VerdictKind.NOT_TESTABLE)
        if reason_only != isinstance(self.basis, str) or self.basis == "":
            expected = "a reason in words" if reason_only else "a measurement"
            raise ValueError(f"{self.kind.value!r} rests on {self.basis!r}, expected {expected}")
        if isinstance(self.basis, Comparison):
            _expect_full_size(self.basis.preset)

    @property
    def words(self) -> str:
        """All that may be printed of the verdict without what it rests on."""
        return f"{IN_THESE_RUNS if self.in_these_runs else ''}{self.kind.value}"

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
        in_these_runs: Whether it speaks of these trainings alone, as nothing is known of how much others would differ.

    Raises:
        TypeError: If ``kind`` is of another vocabulary.
        ValueError: If the preset is :data:`PAPER_PRESET`, whose results get a verdict.
    """

    preset: str
    kind: FindingKind
    in_these_runs: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.kind, FindingKind):
            raise TypeError(f"a finding is one of {[kind.value for kind in FindingKind]}, got {self.kind!r}")
        if self.preset == PAPER_PRESET:
            raise ValueError(f"preset {self.preset!r} is the paper's own experiment, not a controlled one: judge it")

    @property
    def words(self) -> str:
        """All that may be printed of the finding, where it is said that it is the controlled experiment's."""
        decided = self.kind in (FindingKind.HOLDS, FindingKind.DOES_NOT_HOLD, FindingKind.UNDECIDED)
        return f"{IN_THESE_RUNS if self.in_these_runs and decided else ''}{self.kind.value}"


def judge_point(
    preset: str, ap: Sequence[float], printed: PrintedNumber, spread: Spread, tolerance: float | None
) -> Verdict:
    """Hold a network's AP against its printed figure.

    Both are on the same images, so that the choice of images cancels and trainings are left. Ours is the mean of n:

        V = s² / n,    interval = estimate ± t_ν sqrt(V),

    where s is pooled over the networks of one table and ν its degrees of freedom. The paper's figure is of one training
    too. What that one happened to give is no part of V: the tolerance is how far published figures differ, each of one
    training. A network whose mean is as far from the printed figure as the margin is called "reproduced" in at most 5 %
    of cases, and one whose mean equals it "contradicted" in at most 5 %. Rounding is in the margin, so that
    "reproduced" means within the tolerance of some figure that rounds to the print.

    Args:
        preset: Preset that the network was trained under; :data:`PAPER_PRESET`, as no other has printed figures.
        ap: AP of each training in AP points (73.0, not 0.730), not rounded.
        printed: The printed figure.
        spread: Spread over trainings.
        tolerance: The tolerance in AP points; None where nobody knows one, and then nothing is judged.

    Raises:
        ValueError: If the preset is another one, there is no training, a figure is no AP, or the spread or tolerance is
            no number.
    """
    _expect_full_size(preset)
    if not ap or any(not 0 <= one <= 100 for one in ap):
        raise ValueError(f"got the AP {list(ap)}, expected one or more between 0 and 100: evaluate the trainings again")
    _expect_width("the spread over trainings", spread.sd)
    estimate, error = statistics.fmean(ap) - float(printed), spread.sd / math.sqrt(len(ap))
    half90, half95 = (float(stdtrit(spread.freedom, upper)) * error for upper in (0.95, 0.975))
    interval90, interval95 = (estimate - half90, estimate + half90), (estimate - half95, estimate + half95)
    delta, within = None, None
    if tolerance is not None:
        _expect_width("the tolerance", tolerance)
        delta = printed.half_unit + tolerance
        within = _lies_within(delta, interval90, interval95)
    return Verdict(_VERDICTS[within], Deviation(len(ap), spread, estimate, interval90, interval95, delta))


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
    size of the difference. A printed gain is judged so too: one of another size has the same direction.

    Of several comparisons, which must all be as the paper has them, the least sure one decides. That they all hold
    needs no further adjustment (an intersection-union test), and Holm's adjustment has been made for the rest of the
    family.

    Raises:
        ValueError: If there are no comparisons, or the networks are not the full-size ones.
    """
    decisive = least_sure(comparisons)
    these = any(one.in_these_runs for one in comparisons)
    return Verdict(_VERDICTS[_AS_CLAIMED.get(decisive.outcome)], decisive, these)


def judge_little(comparison: Comparison, margin: float) -> Verdict:
    """The verdict on whether two networks differ by little, either way: equivalence within a margin that was fixed
    beforehand.

    Args:
        comparison: The comparison of the two networks.
        margin: What "little" was taken to mean, in AP points.

    Raises:
        ValueError: If the margin is negative or not a number, or the networks are not the full-size ones.
    """
    return Verdict(_VERDICTS[_is_little(comparison, margin)], comparison, comparison.in_these_runs)


def find_ordering(*comparisons: Comparison) -> Finding:
    """The finding on whether one network does better than another, by the test of :func:`judge_ordering`.

    Raises:
        ValueError: If there are no comparisons.
    """
    decisive = least_sure(comparisons)
    found = _found(decisive, _AS_CLAIMED.get(decisive.outcome))
    return replace(found, in_these_runs=any(one.in_these_runs for one in comparisons))


def find_little(comparison: Comparison, margin: float) -> Finding:
    """The finding on whether two networks differ by little, by the test of :func:`judge_little`.

    Raises:
        ValueError: If the margin is negative or not a number.
    """
    return _found(comparison, _is_little(comparison, margin))


def least_sure(comparisons: Sequence[Comparison]) -> Comparison:
    """Of comparisons that must all be as claimed, the one that decides: one that is not compared, else one that is
    descriptive, else the other way round, else undecided. Several alike are told apart by p, since their t may have
    different degrees of freedom.

    Raises:
        ValueError: If there are no comparisons.
    """
    if not comparisons:
        raise ValueError("got no comparison, expected at least one")
    return min(comparisons, key=lambda one: (_FIRST.index(one.outcome), math.copysign(1 - one.test.p, one.difference)))


_FIRST = (Outcome.NOT_COMPARED, Outcome.DESCRIPTIVE, Outcome.LOWER, Outcome.UNDECIDED, Outcome.HIGHER)
"""Whichever outcome stands further left decides for a claim that needs several."""


def find_shape(preset: str, seen: bool, p: float, in_these_runs: bool, descriptive: bool) -> Finding:
    """The finding on whether something has the shape that the paper describes, as far as a test tells.

    Args:
        preset: Preset of the controlled experiment.
        seen: Whether what was measured has that shape, rather than its opposite.
        p: Two-sided p-value of neither the shape nor its opposite, adjusted where several shapes are tested in one
            table.
        in_these_runs: Whether each network was trained once.
        descriptive: Whether the preset decides other questions, and not this one.

    Raises:
        ValueError: If ``p`` is not between 0 and 1.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p is {p}, expected a number between 0 and 1")
    kind = FindingKind.DESCRIPTIVE if descriptive else _FINDINGS[seen if p <= ERROR else None]
    return Finding(preset, kind, in_these_runs)


def _is_little(comparison: Comparison, margin: float) -> bool | None:
    _expect_width("the margin of a little difference", margin)
    return _lies_within(margin, comparison.interval(0.90), comparison.interval(0.95))


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
    undecided = {Outcome.NOT_COMPARED: FindingKind.NOT_COMPARED, Outcome.DESCRIPTIVE: FindingKind.DESCRIPTIVE}
    kind = undecided.get(comparison.outcome, _FINDINGS[as_claimed])
    return Finding(comparison.preset, kind, comparison.in_these_runs)


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
