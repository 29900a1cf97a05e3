"""The paper's orderings held against detections on disk: paired differences on the same images, decided by Holm."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from mmpose_ssn import paper
from mmpose_ssn.evaluation.paired import PairedDifference, holm, paired_difference
from mmpose_ssn.paper.verdicts import ERROR
from mmpose_ssn.report.contrasts import Contrast, TrainedPredictors
from mmpose_ssn.report.inputs import Scores
from mmpose_ssn.report.orderings import LEVEL, MeasuredOrdering


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
    compared: list[tuple[paper.Ordering, list[int], PairedDifference]] = []
    for ordering in paper.orderings().values():
        contrast: Contrast = {(ordering.higher, None): 1.0, (ordering.lower, None): -1.0}
        if seeds := trained.seeds(contrast):
            compared.append((ordering, seeds, paired_difference(*trained.sides(contrast), LEVEL, seed)))
    measured = []
    p_values = holm([paired.p for _, _, paired in compared])
    for (ordering, seeds, paired), p_holm in zip(compared, p_values, strict=True):
        example = trained.scores[ordering.higher, seeds[0]]
        measured.append(
            MeasuredOrdering(
                ordering=ordering,
                difference=100 * paired.difference,
                interval=(100 * paired.interval[0], 100 * paired.interval[1]),
                p=paired.p,
                p_holm=p_holm,
                outcome=_outcome(paired.difference, p_holm),
                seeds=tuple(seeds),
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
