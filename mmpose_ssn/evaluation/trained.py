"""The trainings of one preset and their detections, from which weighted sums of predictors' AP are resampled."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from statistics import fmean

import numpy as np

from mmpose_ssn.evaluation.bootstrap import KeypointAnnotations, KeypointMatches, draw_images
from mmpose_ssn.evaluation.comparison import ResampledAP, Sides
from mmpose_ssn.evaluation.scores import Scores
from mmpose_ssn.files import RefusedInput

Term = tuple[str, str | None]
"""Name of a run and one of its predictors; None for its final predictor."""

Contrast = Mapping[Term, float]
"""Weight of each predictor's AP; a comparison asks whether their sum is above zero."""


class TrainedPredictors:
    """Every predictor of the trainings of one preset, matched with the people when it is first asked for.

    Args:
        scores: Scores of one preset, data set and protocol. Beside each file lie its detections.
        resamples: Number of draws of the images.
        least_ap: AP in percent, the mean over seeds, below which a network is not compared; 0 for no bound.
        decisive: Networks that void every comparison where one of them is below it.
        seed: Seed of the drawing.

    Attributes:
        scores: The scores by run and seed; the mean pose, which was not trained, is left out.
        resamples: Number of draws of the images.
    """

    def __init__(
        self,
        scores: Iterable[Scores],
        resamples: int,
        least_ap: float = 0.0,
        decisive: Collection[str] = (),
        seed: int = 0,
    ) -> None:
        self.scores = {(one.run, one.seed): one for one in scores if one.seed is not None}
        self.resamples = resamples
        self._least_ap, self._decisive, self._seed = least_ap, decisive, seed
        self._annotations: KeypointAnnotations | None = None
        self._resampled: dict[tuple[str, int, str], ResampledAP] = {}

    def of(self, run: str) -> list[Scores]:
        """A run's trainings by ascending seed."""
        return [one for (name, _), one in sorted(self.scores.items()) if name == run]

    def missing(self, contrast: Contrast) -> set[str]:
        """Runs of a contrast that have no training here, or not that predictor."""
        return {
            run
            for run, predictor in contrast
            if not self.of(run) or any(predictor not in (None, *one.predictors) for one in self.of(run))
        }

    def seeds(self, contrast: Contrast) -> list[int]:
        """The seeds that all of a contrast's runs were trained with."""
        of_each = [{seed for name, seed in self.scores if name == run} for run, _ in contrast]
        return sorted(set.intersection(*of_each))

    def sides(self, contrast: Contrast) -> Sides:
        """The two sides of a contrast: its terms above zero and those below, each added up for each seed that all its
        runs have.

        Raises:
            RefusedInput: If detections are missing, or do not give the AP that their ``scores.json`` holds.
        """
        above = {term: weight for term, weight in contrast.items() if weight > 0}
        below = {term: -weight for term, weight in contrast.items() if weight < 0}
        seeds = self.seeds(contrast)
        return Sides(
            first=[self._sum(above, seed) for seed in seeds],
            second=[self._sum(below, seed) for seed in seeds],
            seeds=tuple(seeds),
            too_low=self.too_low(run for run, _ in contrast),
        )

    def too_low(self, runs: Iterable[str]) -> tuple[str, ...]:
        """The decisive networks whose AP is below the bound, and those of some runs; none is compared with another."""
        asked = dict.fromkeys([*self._decisive, *runs])
        return tuple(run for run in asked if self.of(run) and 100 * fmean(s.ap for s in self.of(run)) < self._least_ap)

    def _sum(self, terms: Contrast, seed: int) -> ResampledAP:
        each = [(weight, self._one(run, seed, predictor)) for (run, predictor), weight in terms.items()]
        return ResampledAP(
            whole=sum(weight * one.whole for weight, one in each),
            resampled=np.sum([weight * one.resampled for weight, one in each], axis=0),
        )

    def _one(self, run: str, seed: int, predictor: str | None) -> ResampledAP:
        scores = self.scores[run, seed]
        name = predictor or scores.final
        key = (run, seed, name)
        if key not in self._resampled:
            matches = self._matched(scores, name)
            draws = draw_images(len(matches.image_ids), self.resamples, self._seed)
            self._resampled[key] = ResampledAP(matches.average_precision(), matches.resampled_average_precision(draws))
        return self._resampled[key]

    def _matched(self, scores: Scores, predictor: str) -> KeypointMatches:
        detections = scores.path.parent / "predictions" / f"predictor.{predictor}.keypoints.json"
        file = scores.annotations
        try:
            if self._annotations is None:
                self._annotations = KeypointAnnotations.from_file(file)
            file = detections
            matches = KeypointMatches.from_results(self._annotations, detections)
        except OSError as error:
            why = f"cannot be read ({error.strerror}); evaluate {scores.run} again"
            raise RefusedInput(f"{file}: {why}") from error
        except ValueError as error:
            raise RefusedInput(str(error)) from error
        said = scores.predictors[predictor].ap
        if abs(matches.figures["AP"] - said) > 1e-6:
            raise RefusedInput(
                f"{detections}: its AP on {scores.annotations} is {matches.figures['AP']:.6f}, but {scores.path} says "
                f"{said:.6f}; evaluate {scores.run} again"
            )
        return matches
