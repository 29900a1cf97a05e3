"""The ledger: every claim of the paper with what this project's files say of it.

A claim has a verdict, which on a trained figure only the full-size networks on COCO can give, and beside it a finding
where a controlled experiment has asked the same question of its own networks (:mod:`mmpose_ssn.claims.verdicts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmpose_ssn.claims.catalogue import claims
from mmpose_ssn.claims.claim import Claim
from mmpose_ssn.claims.questions import questions
from mmpose_ssn.claims.verdicts import (
    PAPER_PRESET,
    Count,
    Finding,
    Verdict,
    VerdictKind,
    find_little,
    find_ordering,
    judge_cost,
    judge_little,
    judge_ordering,
    judge_point,
    least_sure,
)
from mmpose_ssn.evaluation.comparison import Comparison
from mmpose_ssn.evaluation.trained import TrainedPredictors

_COCO = "a full-size training on COCO (preset paper)"


@dataclass(frozen=True)
class Counted:
    """The line of ``cost-claims.csv`` of a claim on costs.

    Attributes:
        counted: The figure in the claim's unit.
        bound: What the figure is held against.
        relation: How it is held against the bound, in words.
        holds: Whether the claim holds.
        how: How the figure was counted.
    """

    counted: float
    bound: str
    relation: str
    holds: bool
    how: str


@dataclass(frozen=True)
class MeasuredElsewhere:
    """A claim that another file of the experiment decides, such as ``offsets.csv``.

    Attributes:
        finding: The finding of that file.
        figure: The figure and its interval or p-value, in words.
        sources: The files that it comes from; empty for the file of all claims that are decided alike.
    """

    finding: Finding
    figure: str
    sources: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One line of the ledger.

    Attributes:
        claim: The claim.
        verdict: The verdict on what the paper says.
        finding: The finding on the same question in the controlled experiment; None where it was not asked.
        evidence: The figures behind the finding, or how a cost was counted, in words.
        sources: The files that the figures come from.
    """

    claim: Claim
    verdict: Verdict
    finding: Finding | None = None
    evidence: str = ""
    sources: tuple[Path, ...] = ()

    @property
    def asked(self) -> str:
        """What the controlled experiment was asked; of a printed difference, other networks can tell the direction
        alone.
        """
        if self.claim.kind == "shape":
            return "its shape"
        if _is_of_little(self.claim):
            return f"within {self.claim.bound:g} points"
        return "its direction"

    @property
    def decided(self) -> bool:
        """Whether the verdict says yes or no."""
        return self.verdict.kind in (VerdictKind.REPRODUCED, VerdictKind.CONTRADICTED)


def ledger(
    trained: TrainedPredictors,
    comparisons: Mapping[str, Sequence[Comparison]],
    counted: Mapping[str, Counted],
    measured: Mapping[str, MeasuredElsewhere],
    sources: Mapping[str, Path],
) -> list[Entry]:
    """Decide every claim as far as the files go.

    Args:
        trained: The trainings.
        comparisons: The comparisons by claim id, as :func:`mmpose_ssn.claims.questions.compared` gives them.
        counted: The counted costs, by claim id.
        measured: What other files say of claims, by claim id.
        sources: The file of ``counted`` under ``"cost"``, and of ``measured`` under the claims' ``decided_by``.
    """
    return [_entry(claim, trained, comparisons, counted, measured, sources) for claim in claims().values()]


def _entry(
    claim: Claim,
    trained: TrainedPredictors,
    comparisons: Mapping[str, Sequence[Comparison]],
    counted: Mapping[str, Counted],
    measured: Mapping[str, MeasuredElsewhere],
    sources: Mapping[str, Path],
) -> Entry:
    if claim.decided_by == "not testable":
        return Entry(claim, Verdict.not_testable(claim.why or ""))
    if claim.decided_by == "cost":
        return _of_cost(claim, counted, sources)
    if claim.id in measured:
        of = measured[claim.id]
        return Entry(claim, Verdict.not_run(_COCO), of.finding, of.figure, of.sources or (sources[claim.decided_by],))
    if claim.decided_by == "scores":
        return _of_scores(claim, trained, comparisons.get(claim.id, []))
    return Entry(claim, Verdict.not_run(_NEEDED.get(claim.decided_by, claim.quantity)))


_NEEDED = {
    "offsets": "the offsets of full-size networks trained on COCO (preset paper)",
    "heatmaps": "what full-size networks trained on COCO (preset paper) have learned; run python -m mmpose_ssn analyse",
    "test-dev": "the figures that COCO's server returns, put into results/test-dev",
}


def _of_cost(claim: Claim, counted: Mapping[str, Counted], sources: Mapping[str, Path]) -> Entry:
    of = counted.get(claim.id)
    if of is None:
        return Entry(claim, Verdict.not_run("its count: run python -m mmpose_ssn complexity --claims"))
    verdict = judge_cost(Count(of.counted, f"{of.relation} {of.bound}"), of.holds)
    return Entry(claim, verdict, evidence=of.how, sources=(sources["cost"],))


def _of_scores(claim: Claim, trained: TrainedPredictors, comparisons: Sequence[Comparison]) -> Entry:
    lacking = {name for contrast in questions(claim) for name in trained.missing(contrast)}
    if trained.preset == PAPER_PRESET and not lacking:
        return Entry(claim, _judged(claim, trained, comparisons), sources=_scores_files(trained, claim))
    verdict = Verdict.not_run(f"{_COCO} of {', '.join(sorted(claim.contrast))}")
    if not comparisons:  # for want of a training, or as a point: another network's figure says nothing of it
        return Entry(claim, verdict)
    found = find_little(comparisons[0], claim.bound) if _is_of_little(claim) else find_ordering(*comparisons)
    return Entry(claim, verdict, found, _spoken(comparisons), _scores_files(trained, claim))


def _is_of_little(claim: Claim) -> bool:
    """Whether a claim says that two networks hardly differ."""
    return claim.kind == "difference" and claim.value is None


def _judged(claim: Claim, trained: TrainedPredictors, comparisons: Sequence[Comparison]) -> Verdict:
    if claim.kind != "point":
        return judge_little(comparisons[0], claim.bound) if _is_of_little(claim) else judge_ordering(*comparisons)
    assert claim.subject is not None and claim.value is not None  # claims.schema.yaml
    ap = [100 * one.predictors[claim.predictor or one.final].score for one in trained.of(claim.subject)]
    return judge_point(trained.preset, ap, claim.value, trained.spread(claim.subject), claim.margin.value)


def _spoken(comparisons: Sequence[Comparison]) -> str:
    if len(comparisons) == 1:
        return str(comparisons[0])
    return f"{len(comparisons)} comparisons, the least sure of them: {least_sure(comparisons)}"


def _scores_files(trained: TrainedPredictors, claim: Claim) -> tuple[Path, ...]:
    """The ``scores.json`` files that a claim rests on."""
    return tuple(one.path for network in claim.contrast for one in trained.of(network))
