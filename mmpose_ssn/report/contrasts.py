"""Weighted sums of predictors' AP, such as a gain or one gain less another, resampled over the same images."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from mmpose_ssn.evaluation.bootstrap import KeypointAnnotations, KeypointMatches, draw_images
from mmpose_ssn.evaluation.paired import ResampledAP
from mmpose_ssn.report.inputs import RefusedInput, Scores

Term = tuple[str, str | None]
"""A variant and one of its predictors; None for its answer."""

Contrast = Mapping[Term, float]
"""Weight of each predictor's AP: what is claimed to be above zero is their sum."""

Sides = tuple[list[ResampledAP], list[ResampledAP]]
"""The terms above zero and those below, each side added up without its sign, for each seed that all terms have."""


class TrainedPredictors:
    """Every predictor of the trainings of one preset, matched with the people when it is first asked for.

    Args:
        scores: Of one preset, data set and protocol. Beside each file lie its detections.
        annotation_file: The annotations that they were scored with.
        resamples: Draws of the images.
        seed: Of the drawing.

    Attributes:
        scores: By variant and seed; what was not trained, the mean pose, is left out.
    """

    def __init__(self, scores: Iterable[Scores], annotation_file: Path, resamples: int, seed: int = 0) -> None:
        self.scores = {(one.variant, one.seed): one for one in scores if one.seed is not None}
        self._annotation_file, self._resamples, self._seed = annotation_file, resamples, seed
        self._annotations: KeypointAnnotations | None = None
        self._resampled: dict[tuple[str, int, str], ResampledAP] = {}

    def of(self, variant: str) -> list[Scores]:
        """A variant's trainings by ascending seed."""
        return [one for (name, _), one in sorted(self.scores.items()) if name == variant]

    def missing(self, contrast: Contrast) -> set[str]:
        """Variants of a contrast that have no training here, or not that predictor."""
        return {
            variant
            for variant, predictor in contrast
            if not self.of(variant) or any(predictor not in (None, *one.predictors) for one in self.of(variant))
        }

    def seeds(self, contrast: Contrast) -> list[int]:
        """Seeds that all of a contrast's variants were trained with."""
        of_each = [{seed for name, seed in self.scores if name == variant} for variant, _ in contrast]
        return sorted(set.intersection(*of_each))

    def sides(self, contrast: Contrast) -> Sides:
        """What is above zero in a contrast and what below, on the same draws of images.

        Raises:
            RefusedInput: If detections are missing, or do not give the AP that their ``scores.json`` holds.
        """
        above = {term: weight for term, weight in contrast.items() if weight > 0}
        below = {term: -weight for term, weight in contrast.items() if weight < 0}
        seeds = self.seeds(contrast)
        return [self._sum(above, seed) for seed in seeds], [self._sum(below, seed) for seed in seeds]

    def _sum(self, terms: Contrast, seed: int) -> ResampledAP:
        each = [(weight, self._one(variant, seed, predictor)) for (variant, predictor), weight in terms.items()]
        return ResampledAP(
            whole=sum(weight * one.whole for weight, one in each),
            resampled=np.sum([weight * one.resampled for weight, one in each], axis=0),
        )

    def _one(self, variant: str, seed: int, predictor: str | None) -> ResampledAP:
        scores = self.scores[variant, seed]
        name = predictor or scores.final
        key = (variant, seed, name)
        if key not in self._resampled:
            matches = self._matched(scores, name)
            draws = draw_images(len(matches.image_ids), self._resamples, self._seed)
            self._resampled[key] = ResampledAP(matches.average_precision(), matches.resampled_average_precision(draws))
        return self._resampled[key]

    def _matched(self, scores: Scores, predictor: str) -> KeypointMatches:
        if self._annotations is None:
            self._annotations = KeypointAnnotations.from_file(self._annotation_file)
        detections = scores.path.parent / "predictions" / f"predictor.{predictor}.keypoints.json"
        try:
            matches = KeypointMatches.from_results(self._annotations, detections)
        except OSError as error:
            why = f"cannot be read ({error.strerror}); evaluate {scores.variant} again"
            raise RefusedInput(f"{detections}: {why}") from error
        except ValueError as error:
            raise RefusedInput(str(error)) from error
        said = scores.predictors[predictor]
        if abs(matches.figures["AP"] - said) > 1e-6:
            raise RefusedInput(
                f"{detections}: its AP on {self._annotation_file} is {matches.figures['AP']:.6f}, but {scores.path} "
                f"says {said:.6f}; evaluate {scores.variant} again, or name the annotations that it was scored with"
            )
        return matches


def descending(terms: Sequence[Contrast]) -> list[Contrast]:
    """Contrasts that say that each of some sums, which share no term, is above the next."""
    return [
        {**first, **{term: -weight for term, weight in second.items()}} for first, second in itertools.pairwise(terms)
    ]
