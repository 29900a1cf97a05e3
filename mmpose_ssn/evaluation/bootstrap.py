"""A figure and its spread over images: images are drawn with replacement, and the figure computed each time; COCO
keypoint AP is one such figure.

Matching detections with people concerns one image at a time, so pycocotools matches them once; a resample only merges
the drawn images' matches again, as :meth:`COCOeval.accumulate` would on a data set in which every draw of an image is a
new image.

OKS, its matching and AP: https://cocodataset.org/#keypoints-eval. Bootstrap: Efron and Tibshirani, An Introduction to
the Bootstrap (1993).
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scipy.special import stdtrit
from tqdm import tqdm

FIGURES = ("AP", "AP .5", "AP .75", "AP (M)", "AP (L)", "AR", "AR .5", "AR .75", "AR (M)", "AR (L)")
"""The ten figures of COCO keypoint evaluation, in COCOeval's order and under MMPose's names."""

_RECALL_LEVELS = np.linspace(0.0, 1.0, 101)
_RESULT_FIELDS = ("image_id", "category_id", "keypoints", "score")
_LISTED = 5  # offenders named in an error message


def draw_images(n_images: int, resamples: int, seed: int) -> npt.NDArray[np.int32]:
    """Draw bootstrap resamples of a set of images, as a pure function of the arguments.

    Two results files on the same images are compared in pairs by giving both the same draws. A smaller number of
    resamples draws the first rows of a larger one.

    Returns:
        Positions of images, [resamples, n_images], each row drawn uniformly with replacement.
    """
    return np.random.default_rng(seed).integers(n_images, size=(resamples, n_images), dtype=np.int32)


class ScoredDetections(Protocol):
    """A results file's detections, held against an annotation file's people once and for all resamples of the images.

    Attributes:
        image_ids: Ids of the images that are scored, [I], ascending.
        figures: Every figure of the whole set, by name, as fractions; negative or NaN for one that there is not.
    """

    @property
    def image_ids(self) -> npt.NDArray[np.int64]: ...

    @property
    def figures(self) -> dict[str, float]: ...

    def resampled(self, figure: str, draws: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """A figure of each of :func:`draw_images`' resamples, [resamples]; NaN where a resample has none.

        Raises:
            ValueError: If there is no such figure, or it cannot be resampled.
        """


def bootstrap_interval(
    scored: ScoredDetections, figure: str, level: float = 0.95, resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """The interval of a figure over images, (low, high) as fractions: the figure and t times its bootstrap deviation
    either way.

    It holds the spread that comes from the choice of the evaluated images, not that of training seeds. t has one degree
    of freedom less than there are images. COCO's interpolated precision flatters small sets, and a resample of a set
    more than the set itself, so that the percentiles of the resamples lie too high; an interval about AP itself does
    not move with them. ``docs/statistics.md`` says how often it holds the AP of the population.

    Raises:
        ValueError: If ``level`` is not between 0 and 1, fewer than two resamples are asked for, or the figure is not
            there, as AP is not where no person in the annotation file counts.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1 (0.95 is 95 %), but is {level}")
    if resamples < 2:
        raise ValueError(f"resamples must be at least 2, but is {resamples}")
    value = scored.figures[figure]
    if not value >= 0:
        raise ValueError(f"no person is annotated who counts: there is no {figure} to put an interval around")
    values = scored.resampled(figure, draw_images(len(scored.image_ids), resamples, seed))
    values = values[~np.isnan(values)]
    if len(values) < 2:
        raise ValueError(f"hardly a resample has a person who counts: there is no spread to put around {figure}")
    freedom = max(len(scored.image_ids) - 1, 1)
    half = float(stdtrit(freedom, (1 + level) / 2)) * float(values.std(ddof=1))
    return max(value - half, 0.0), min(value + half, 1.0)


@dataclass(frozen=True, eq=False)
class KeypointAnnotations:
    """An annotation file, read and checked once for all the results files that are matched with it.

    Attributes:
        file: Path of the file.
        truth: Index of the file by pycocotools; matching writes flags of its own into the annotations, anew each time.
        category: Id of the file's one category.
        keypoints: M, number of keypoints.
        sigmas: OKS constant of each keypoint, [M]; None where they are not known, and then there is no OKS.
    """

    file: Path
    truth: COCO
    category: int
    keypoints: int
    sigmas: npt.NDArray[np.float64] | None

    @classmethod
    def from_file(cls, file: str | Path, keypoint_sigmas: Sequence[float] | None = None) -> KeypointAnnotations:
        """Read COCO annotations (``person_keypoints_*.json``) with one category.

        Args:
            file: Path of the annotations.
            keypoint_sigmas: OKS constant of each keypoint, [M]; by default those of COCO's keypoints, unless the
                file's category names another number of them.

        Raises:
            ValueError: If pycocotools would misread the file without a word.
        """
        with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress
            truth = COCO(str(file))
        return cls(Path(file), truth, *_check_annotations(truth, file, keypoint_sigmas))


@dataclass(frozen=True, eq=False)
class KeypointMatches:
    """A results file's detections matched with an annotation file's people, image by image, over all areas.

    T is the number of OKS thresholds (10), I of images and D of detections (at most 20 an image, best score first).
    Images are in the order of ``image_ids``, and detections in the order of their images.

    Attributes:
        image_ids: Ids of the images, [I], ascending; every image of the annotation file, also one without people or
            detections.
        first_detection: Position of each image's first detection, and D at the end, [I + 1].
        scores: Score of each detection, [D].
        true_positive: Whether each detection is matched with a person who counts, [T, D].
        false_positive: Whether each detection is unmatched, [T, D]; one matched with an ignored person (a crowd, or
            somebody without labelled keypoints) is neither.
        people: Number of people who count in each image, [I].
        figures: The ten COCO figures of the whole set, from pycocotools itself, as fractions; -1 where nobody counts.
    """

    image_ids: npt.NDArray[np.int64]
    first_detection: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    true_positive: npt.NDArray[np.bool_]
    false_positive: npt.NDArray[np.bool_]
    people: npt.NDArray[np.int64]
    figures: dict[str, float]

    @classmethod
    def from_results(cls, annotations: KeypointAnnotations, results_file: str | Path) -> KeypointMatches:
        """Match a COCO keypoint results file with its annotations, once, by pycocotools.

        Args:
            annotations: The annotation file that the results were made for.
            results_file: Path of COCO keypoint results, a JSON list of entries with ``image_id``, ``category_id``,
                ``keypoints`` and ``score``; it may be empty.

        Raises:
            ValueError: If the two do not belong together, the keypoints have no OKS constants, or pycocotools would
                misread the results without a word.
        """
        if annotations.sigmas is None:
            raise ValueError(
                f"{annotations.file}: OKS needs a constant for each of its {annotations.keypoints} keypoints, and by "
                "default there are COCO's: give keypoint_sigmas"
            )
        detections = read_detections(results_file, annotations)
        with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress
            evaluation = COCOeval(annotations.truth, _load_detections(annotations.truth, detections), "keypoints")
            evaluation.params.kpt_oks_sigmas = annotations.sigmas
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()

        image_ids = np.asarray(evaluation.params.imgIds, dtype=np.int64)
        # evalImgs runs over area ranges, then images; the first range is "all". None is an image with nothing in it.
        images = evaluation.evalImgs[: len(image_ids)]
        filled = [image for image in images if image is not None]
        no_detections = np.zeros((len(evaluation.params.iouThrs), 0), dtype=bool)
        matched = np.concatenate([no_detections, *(image["dtMatches"] != 0 for image in filled)], axis=1)
        ignored = np.concatenate([no_detections, *(image["dtIgnore"] for image in filled)], axis=1)
        detections_per_image = [0 if image is None else len(image["dtScores"]) for image in images]
        return cls(
            image_ids=image_ids,
            first_detection=np.concatenate([[0], np.cumsum(detections_per_image, dtype=np.int64)]),
            scores=np.asarray([score for image in filled for score in image["dtScores"]], dtype=np.float64),
            true_positive=matched & ~ignored,
            false_positive=~matched & ~ignored,
            people=np.asarray(
                [0 if image is None else np.count_nonzero(image["gtIgnore"] == 0) for image in images], dtype=np.int64
            ),
            figures=dict(zip(FIGURES, map(float, evaluation.stats), strict=True)),
        )

    def average_precision(self, images: npt.NDArray[np.integer] | None = None) -> float:
        """OKS AP, the mean over thresholds 0.50:0.05:0.95, of a list of images, as a fraction.

        Args:
            images: Positions in ``image_ids``; one that comes twice counts as two images, and the order settles ties
                between scores, as the order of image ids does in COCOeval. By default every image comes once.

        Returns:
            What COCOeval gives on a data set of exactly these images, so -1 where no person in them counts.
        """
        if images is None:
            images = np.arange(len(self.image_ids))
        people = int(self.people[images].sum())
        if people == 0:
            return -1.0
        detections = self._detections_of(images)
        detections = detections[np.argsort(-self.scores[detections], kind="stable")]
        if len(detections) == 0:
            return 0.0
        true_positives = np.cumsum(self.true_positive[:, detections], axis=1, dtype=np.float64)
        false_positives = np.cumsum(self.false_positive[:, detections], axis=1, dtype=np.float64)
        precision = true_positives / (false_positives + true_positives + np.spacing(1))
        # The best precision at this recall or a higher one, and none beyond the last recall reached.
        envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        envelope = np.pad(envelope, ((0, 0), (0, 1)))
        recall = true_positives / people
        first_at_level = [np.searchsorted(reached, _RECALL_LEVELS) for reached in recall]
        return float(np.take_along_axis(envelope, np.asarray(first_at_level), axis=1).mean())

    def resampled_average_precision(self, draws: Iterable[npt.NDArray[np.integer]]) -> npt.NDArray[np.float64]:
        """:meth:`average_precision` of each of :func:`draw_images`' resamples, [resamples].

        NaN where a resample has no person who counts: it has no AP.
        """
        progress = tqdm(draws, desc="bootstrap", unit="resample", delay=5, leave=False)
        values = np.asarray([self.average_precision(images) for images in progress], dtype=np.float64)
        return np.where(values < 0, np.nan, values)

    def resampled(self, figure: str, draws: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """As :class:`ScoredDetections` has it; AP alone can be resampled."""
        if figure != "AP":
            raise ValueError(f"of the figures of OKS only AP can be resampled; got {figure}")
        return self.resampled_average_precision(draws)

    def _detections_of(self, images: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """Positions of the images' detections, image by image in the given order."""
        first, end = self.first_detection[images], self.first_detection[np.asarray(images) + 1]
        counts = end - first
        before = np.cumsum(counts) - counts
        return np.arange(counts.sum()) + np.repeat(first - before, counts)


def _check_annotations(
    truth: COCO, annotation_file: str | Path, keypoint_sigmas: Sequence[float] | None
) -> tuple[int, int, npt.NDArray[np.float64] | None]:
    """The one category's id, M, and the OKS constants, [M]; ValueError where pycocotools would misread the file."""
    categories = truth.getCatIds()
    if len(categories) != 1:
        raise ValueError(f"{annotation_file}: expected one category (person), got {len(categories)}: {categories}")
    if 0 in truth.anns:
        raise ValueError(
            f"{annotation_file}: an annotation has the id 0, which pycocotools reads as 'unmatched'; count them from 1"
        )
    cocos = COCOeval(iouType="keypoints").params.kpt_oks_sigmas
    sigmas = np.asarray(cocos if keypoint_sigmas is None else keypoint_sigmas, dtype=np.float64)
    number = len(truth.cats[categories[0]].get("keypoints", sigmas))
    for annotation in truth.anns.values():
        if len(annotation["keypoints"]) != 3 * number:
            raise ValueError(
                f"{annotation_file}: annotation {annotation['id']} has {len(annotation['keypoints'])} keypoint numbers,"
                f" expected 3 x {number}, as many as its category names, or else OKS has constants for"
            )
    if keypoint_sigmas is not None and len(sigmas) != number:
        raise ValueError(
            f"{annotation_file}: got {len(sigmas)} OKS constants; expected {number}, one for each keypoint"
        )
    return categories[0], number, sigmas if len(sigmas) == number else None


def read_detections(results_file: str | Path, annotations: KeypointAnnotations) -> list[dict[str, Any]]:
    """The detections of a COCO keypoint results file, checked: they are keypoints on the annotated images.

    Raises:
        ValueError: If they are anything else.
    """
    detections = json.loads(Path(results_file).read_text(encoding="utf-8"))
    category, n_keypoints = annotations.category, annotations.keypoints
    if not isinstance(detections, list):
        raise ValueError(f"{results_file}: expected a JSON list of detections, got {type(detections).__name__}")
    for number, detection in enumerate(detections):
        where = f"{results_file}: detection {number}"
        missing = [key for key in ("image_id", "category_id", "keypoints", "score") if key not in detection]
        if missing:
            raise ValueError(f"{where} lacks {', '.join(missing)}: expected COCO's keypoint results format")
        if detection["category_id"] != category:
            raise ValueError(
                f"{where} has category_id {detection['category_id']}, expected {category}, the annotated one"
            )
        if len(detection["keypoints"]) != 3 * n_keypoints:
            raise ValueError(
                f"{where} has {len(detection['keypoints'])} keypoint numbers, expected 3 x {n_keypoints} (x, y, score)"
            )
        if not np.isfinite([detection["score"], *detection["keypoints"]]).all():
            raise ValueError(f"{where} has a score or keypoint that is not finite: the network's output was not")
    strangers = sorted({detection["image_id"] for detection in detections} - set(annotations.truth.imgs))
    if strangers:
        listed = ", ".join(map(str, strangers[:_LISTED])) + (", ..." if len(strangers) > _LISTED else "")
        raise ValueError(
            f"{results_file}: {len(strangers)} of its images are not in {annotations.file} (ids {listed}): "
            "score it with the annotation file that it was made for"
        )
    return detections


def _load_detections(truth: COCO, detections: list[dict[str, Any]]) -> COCO:
    if detections:
        # MMPose's results carry the box. pycocotools would take a person's size from it; COCO's server never sees it.
        return truth.loadRes([{key: one[key] for key in _RESULT_FIELDS} for one in detections])
    nothing = COCO()  # loadRes fails on an empty list
    nothing.dataset = {"images": truth.dataset["images"], "categories": truth.dataset["categories"], "annotations": []}
    nothing.createIndex()
    return nothing
