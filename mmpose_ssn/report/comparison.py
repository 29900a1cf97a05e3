"""The paper's orderings held against detections on disk: paired differences on the same images, decided by Holm."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from mmpose_ssn import paper
from mmpose_ssn.evaluation.bootstrap import KeypointAnnotations, KeypointMatches, draw_images
from mmpose_ssn.evaluation.paired import PairedDifference, ResampledAP, holm, paired_difference
from mmpose_ssn.report.inputs import RefusedInput, Scores
from mmpose_ssn.report.orderings import ERROR, LEVEL, MeasuredOrdering


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
    by_variant: dict[str, dict[int, Scores]] = {}
    for one in scores:
        if one.seed is not None:
            by_variant.setdefault(one.variant, {})[one.seed] = one
    pairs: list[tuple[paper.Ordering, list[int]]] = []
    for ordering in paper.orderings().values():
        shared = by_variant.get(ordering.higher, {}).keys() & by_variant.get(ordering.lower, {}).keys()
        if shared:
            pairs.append((ordering, sorted(shared)))
    if not pairs:
        return []

    resamples = resamples or max(one.resamples for one in scores)
    needed = {(name, k) for ordering, seeds in pairs for name in (ordering.higher, ordering.lower) for k in seeds}
    chosen = {(one.variant, one.seed): one for one in scores if (one.variant, one.seed) in needed}
    resampled = _resampled(chosen, annotation_file, resamples, seed)
    found: list[PairedDifference] = []
    for ordering, seeds in pairs:
        first, second = ([resampled[name, k] for k in seeds] for name in (ordering.higher, ordering.lower))
        found.append(paired_difference(first, second, LEVEL, seed))
    measured = []
    for (ordering, seeds), paired, p_holm in zip(pairs, found, holm([each.p for each in found]), strict=True):
        example = by_variant[ordering.higher][seeds[0]]
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


def _resampled(
    scores: Mapping[tuple[str, int | None], Scores], annotation_file: Path, resamples: int, seed: int
) -> dict[tuple[str, int | None], ResampledAP]:
    """Each training's AP on the same draws of images."""
    annotations = KeypointAnnotations.from_file(annotation_file)
    draws, resampled = None, {}
    for key, one in scores.items():
        detections = one.path.parent / "predictions" / f"predictor.{one.final}.keypoints.json"
        try:
            matches = KeypointMatches.from_results(annotations, detections)
        except OSError as error:
            why = f"cannot be read ({error.strerror}); evaluate {one.variant} again"
            raise RefusedInput(f"{detections}: {why}") from error
        except ValueError as error:
            raise RefusedInput(str(error)) from error
        if abs(matches.figures["AP"] - one.ap) > 1e-6:
            raise RefusedInput(
                f"{detections}: its AP on {annotation_file} is {matches.figures['AP']:.6f}, but {one.path} says "
                f"{one.ap:.6f}; evaluate {one.variant} again, or name the annotations that it was scored with"
            )
        if draws is None:
            draws = draw_images(len(matches.image_ids), resamples, seed)
        resampled[key] = ResampledAP(matches.average_precision(), matches.resampled_average_precision(draws))
    return resampled


def _outcome(difference: float, p_holm: float) -> str:
    if p_holm > ERROR or difference == 0:
        return "undecided"
    return "higher" if difference > 0 else "lower"
