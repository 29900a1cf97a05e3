"""Pairs of networks held against detections on disk: paired differences on the same images, decided by Holm."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mmpose_ssn import paper
from mmpose_ssn.evaluation.paired import PairedDifference, holm, paired_difference
from mmpose_ssn.paper.verdicts import ERROR
from mmpose_ssn.report.contrasts import Contrast, TrainedPredictors
from mmpose_ssn.report.inputs import Scores
from mmpose_ssn.report.orderings import LEVEL, MeasuredOrdering


@dataclass(frozen=True)
class Decision:
    """What was found of one pair of networks, among those that were asked about together.

    Attributes:
        seeds: those that both networks were trained with.
        paired: their difference in AP.
        p_holm: its p-value, adjusted for all pairs.
        outcome: one of :data:`mmpose_ssn.report.orderings.OUTCOMES`.
    """

    seeds: tuple[int, ...]
    paired: PairedDifference
    p_holm: float
    outcome: str


def decide(pairs: Mapping[str, tuple[str, str]], trained: TrainedPredictors, seed: int = 0) -> dict[str, Decision]:
    """Decide which of two networks is the better one, for all pairs that have a seed in common.

    Args:
        pairs: variants by a name of the pair; is the first higher than the second?
        trained: the networks.
        seed: of the drawing of seeds.

    Raises:
        RefusedInput: if detections are missing, or do not give the AP that their ``scores.json`` holds.
    """
    found: dict[str, tuple[list[int], PairedDifference]] = {}
    for name, (first, second) in pairs.items():
        contrast: Contrast = {(first, None): 1.0, (second, None): -1.0}
        if seeds := trained.seeds(contrast):
            found[name] = (seeds, paired_difference(*trained.sides(contrast), LEVEL, seed))
    adjusted = holm([paired.p for _, paired in found.values()])
    return {
        name: Decision(tuple(seeds), paired, p_holm, _outcome(paired.difference, p_holm))
        for (name, (seeds, paired)), p_holm in zip(found.items(), adjusted, strict=True)
    }


def compare(
    scores: Sequence[Scores], annotation_file: Path, commit: str, resamples: int | None = None, seed: int = 0
) -> list[MeasuredOrdering]:
    """Measure every ordering whose two networks were scored, with the seeds that both have.

    Args:
        scores: of one preset, data set and protocol (:func:`mmpose_ssn.report.inputs.check_together`). Beside each file
            lie its detections, ``predictions/predictor.<final>.keypoints.json``.
        annotation_file: the annotations that they were scored with.
        commit: of the code that compares, for the record.
        resamples: bootstrap resamples; by default as many as the scores' own intervals had.
        seed: of the drawing of images and seeds.

    Raises:
        RefusedInput: if a detection file is missing, or does not give the AP that its ``scores.json`` holds.
    """
    resamples = resamples or max((one.resamples for one in scores), default=0)
    trained = TrainedPredictors(scores, annotation_file, resamples, seed)
    orderings = paper.orderings()
    decisions = decide({name: (one.higher, one.lower) for name, one in orderings.items()}, trained, seed)
    measured = []
    for name, decision in decisions.items():
        ordering, paired = orderings[name], decision.paired
        example = trained.scores[ordering.higher, decision.seeds[0]]
        measured.append(
            MeasuredOrdering(
                ordering=ordering,
                difference=100 * paired.difference,
                interval=(100 * paired.interval[0], 100 * paired.interval[1]),
                p=paired.p,
                p_holm=decision.p_holm,
                outcome=decision.outcome,
                seeds=decision.seeds,
                images=example.images,
                resamples=resamples,
                made={
                    "preset": example.preset,
                    "data": example.provenance["data"],
                    "data_digest": example.provenance["data_digest"],
                    "protocol": json.dumps(example.protocol),
                    "commit": commit,
                    "date": date.today().isoformat(),
                },
            )
        )
    return measured


def _outcome(difference: float, p_holm: float) -> str:
    if p_holm > ERROR or difference == 0:
        return "undecided"
    return "higher" if difference > 0 else "lower"
