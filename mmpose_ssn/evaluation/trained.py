"""The trainings of one preset and their detections, from which weighted sums of predictors' figures are compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from statistics import fmean

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from mmpose_ssn.evaluation.bootstrap import KeypointAnnotations, KeypointMatches, ScoredDetections, draw_images
from mmpose_ssn.evaluation.comparison import Comparison, Name, Spread, Term, compare, measure
from mmpose_ssn.evaluation.pck_matches import PCKMatches
from mmpose_ssn.evaluation.scores import PredictorScore, Scores
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.networks import FINAL_PREDICTOR, LITE_PREDICTOR, spread_group

RESAMPLES = 2000
"""Number of draws of the images behind the variance over images of a comparison."""

Predictor = tuple[str, str | None]
"""Name of a run and one of its predictors; None for its final predictor."""

Contrast = Mapping[Predictor, float]
"""Weight of each predictor's figure; a comparison asks whether their sum is above zero."""


def difference(higher: str, lower: str, predictor: str | None = None) -> Contrast:
    """The contrast of two networks, by one predictor or by their final ones."""
    return {(higher, predictor): 1.0, (lower, predictor): -1.0}


Question = frozenset[tuple[Predictor, float]]
"""What a contrast asks, alike however it is worded."""


def question(contrast: Contrast) -> Question:
    """What a contrast asks: its terms in no order, with the final predictor of a network of ours as None."""
    return frozenset(
        ((run, None if predictor in (FINAL_PREDICTOR, LITE_PREDICTOR) else predictor), weight)
        for (run, predictor), weight in contrast.items()
    )


class TrainedPredictors:
    """Every predictor of the trainings of one preset, matched with the people when it is first asked for.

    Args:
        preset: The preset that all were trained under.
        scores: Scores of one preset, data set and protocol. Beside each file lie its detections.
        pool: The scores over which spreads are pooled, which are taken in too; by default ``scores``. Pages give those
            of Table 1, so that one difference has one interval and one outcome on every page.
        families: The contrasts that are decided, those of a family together; all others are descriptive.
        given: Spread over trainings of each group, for one whose networks were trained once.
        least_score: Deciding figure in percent, the mean over seeds, below which a network is not compared; 0 for no
            bound.
        decisive: Networks that void every comparison where one of them is below it.
        figure: Name of the figure that is compared; by default the one that decides (:attr:`Scores.metric`).
        resamples: Number of draws of the images.

    Attributes:
        preset: The preset.
        scores: The scores by run and seed; the mean pose, which was not trained, is left out.
        figure: Name of the figure that is compared.
        spreads: Spread over these trainings of each group's final predictors. A network that is a group of its own has
            one wherever it stands.
        resamples: Number of draws of the images.
    """

    def __init__(
        self,
        preset: str,
        scores: Iterable[Scores],
        pool: Iterable[Scores] = (),
        families: Iterable[Iterable[Contrast]] = (),
        given: Mapping[str, Spread] | None = None,
        least_score: float = 0.0,
        decisive: Collection[str] = (),
        figure: str | None = None,
        resamples: int = RESAMPLES,
    ) -> None:
        self.preset, self.resamples = preset, resamples
        self._families = [{question(one): one for one in family} for family in families]
        pooled_over = {(one.run, one.seed): one for one in pool if one.seed is not None}
        self.scores = pooled_over | {(one.run, one.seed): one for one in scores if one.seed is not None}
        self._given, self._least_score, self._decisive = given or {}, least_score, decisive
        self.figure = figure or next((one.metric for one in self.scores.values()), "AP")
        groups: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for (run, seed), one in self.scores.items():
            if not pooled_over or (run, seed) in pooled_over or spread_group(run) == run:
                groups[spread_group(run)][run].append(100 * self._of(one.predictors[one.final]))
        pooled = {group: Spread.pooled(networks.values()) for group, networks in groups.items()}
        self.spreads = {group: spread for group, spread in pooled.items() if spread}
        self._annotations: KeypointAnnotations | None = None
        self._resampled: dict[tuple[str, int, str], npt.NDArray[np.float64]] = {}

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

    def compare(self, contrasts: Mapping[Name, Contrast]) -> dict[Name, Comparison]:
        """Compare what was trained of some contrasts.

        One that belongs to a family is decided, with Holm's adjustment over the whole of that, trained or not. Any
        other is descriptive.

        Args:
            contrasts: The contrasts, by name.

        Raises:
            RefusedInput: If detections are missing, or do not give the figure that their ``scores.json`` holds.
        """
        asked = {name: question(one) for name, one in contrasts.items() if not self.missing(one)}
        wanted = dict(zip(asked.values(), (contrasts[name] for name in asked), strict=True))
        families = [family for family in self._families if family.keys() & wanted.keys()]
        for family in families:
            wanted |= {key: one for key, one in family.items() if not self.missing(one)}
        progress = tqdm(wanted.items(), desc="compare", unit="difference", delay=5, leave=False)
        found = {key: self._measured(one) for key, one in progress}
        for family in families:
            found |= compare({key: found[key] for key in family if key in found}, len(family))
        return {name: found[key] for name, key in asked.items()}

    def spread(self, run: str) -> Spread:
        """The spread over trainings of a run's final predictor: its group's here, or the one that is given.

        Raises:
            ValueError: If neither is known.
        """
        group = spread_group(run)
        if group not in self.spreads and group not in self._given:
            raise ValueError(f"{run} was trained once, and the preset {self.preset} gives no spread for {group}")
        return self.spreads.get(group) or self._given[group]

    def too_low(self, runs: Iterable[str]) -> tuple[str, ...]:
        """The decisive networks that are below the bound, and those of some runs; none is compared with another."""
        asked = dict.fromkeys([*self._decisive, *runs])
        reached = {run: 100 * fmean(one.score for one in self.of(run)) for run in asked if self.of(run)}
        return tuple(run for run, score in reached.items() if score < self._least_score)

    def _measured(self, contrast: Contrast) -> Comparison:
        runs: dict[str, dict[str, float]] = defaultdict(dict)
        for (run, predictor), weight in contrast.items():
            name = predictor or self.of(run)[0].final
            runs[run][name] = runs[run].get(name, 0.0) + weight
        images = self.of(next(iter(runs)))[0].images
        terms = [self._term(run, weights) for run, weights in runs.items()]
        return measure(self.preset, terms, images, self.spreads, self._given, self.too_low(runs))

    def _term(self, run: str, weights: Mapping[str, float]) -> Term:
        trainings = self.of(run)
        resampled = [
            weight * self._resampled_figure(scores, predictor)
            for scores in trainings
            for predictor, weight in weights.items()
        ]
        return Term(
            run=run,
            group=spread_group(run),
            weight=weights[trainings[0].final] if list(weights) == [trainings[0].final] else None,
            sums=[
                100 * sum(weight * self._of(scores.predictors[name]) for name, weight in weights.items())
                for scores in trainings
            ],
            resampled=100 * np.sum(resampled, axis=0) / len(trainings),
        )

    def _of(self, predictor: PredictorScore) -> float:
        return predictor.figures[self.figure]

    def _resampled_figure(self, scores: Scores, predictor: str) -> npt.NDArray[np.float64]:
        assert scores.seed is not None  # it was trained
        key = (scores.run, scores.seed, predictor)
        if key not in self._resampled:
            matches = self._matched(scores, predictor)
            draws = draw_images(len(matches.image_ids), self.resamples, seed=0)
            self._resampled[key] = matches.resampled(self.figure, draws)
        return self._resampled[key]

    def _matched(self, scores: Scores, predictor: str) -> ScoredDetections:
        detections = scores.path.parent / "predictions" / f"predictor.{predictor}.keypoints.json"
        file = scores.annotations
        try:
            if self._annotations is None:
                self._annotations = KeypointAnnotations.from_file(file)
            file = detections
            how = KeypointMatches if self.figure == "AP" else PCKMatches
            matches: ScoredDetections = how.from_results(self._annotations, detections)
        except OSError as error:
            why = f"cannot be read ({error.strerror}); evaluate {scores.run} again"
            raise RefusedInput(f"{file}: {why}") from error
        except ValueError as error:
            raise RefusedInput(str(error)) from error
        said, found = self._of(scores.predictors[predictor]), matches.figures[self.figure]
        if abs(found - said) > 1e-6:
            raise RefusedInput(
                f"{detections}: its {self.figure} on {scores.annotations} is {found:.6f}, but {scores.path} says "
                f"{said:.6f}; evaluate {scores.run} again"
            )
        return matches
