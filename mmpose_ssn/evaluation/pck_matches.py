"""PCK and its kin of a results file: what a network found in each photo, and the same of any resample of the photos."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mmpose_ssn.evaluation.bootstrap import KeypointAnnotations, read_detections
from mmpose_ssn.evaluation.pck import (
    confused_joints,
    known_mean,
    right_joints,
    shares_of_photos,
    torso_lengths,
)

TORSO = ("left_shoulder", "right_hip")
"""Joints at the ends of the torso, by which distances are measured."""

_USUAL, _STRICT = 0.2, 0.1


@dataclass(frozen=True, eq=False)
class PCKMatches:
    """A results file's joints held against the one person of each photo.

    Figures are ``PCK@0.2`` and ``PCK@0.1``; ``confused@0.2``, the share of joints that are right only if left and right
    are swapped; and ``PCK@0.2 <joint>``, the share of photos in which that joint is right. Each is a mean over photos.

    Attributes:
        image_ids: Ids of the photos that are scored, [I], ascending: those in which both ends of the torso are
            labelled.
        of_photos: What each photo gives to each figure, [I], by the figure's name, as a fraction; NaN where it gives
            nothing to it, such as a joint that is not labelled in it.
        figures: The figures of all photos, as fractions; NaN where no photo gives anything.
    """

    image_ids: npt.NDArray[np.int64]
    of_photos: dict[str, npt.NDArray[np.float64]]
    figures: dict[str, float]

    @classmethod
    def from_results(cls, annotations: KeypointAnnotations, results_file: str | Path) -> PCKMatches:
        """Hold a COCO keypoint results file against its annotations.

        In each photo the detection with the best score counts; where there is none, all joints are wrong.

        Args:
            annotations: The annotation file that the results were made for. Its category names the joints: ``left_``
                and ``right_`` before a name make a mirrored pair, and :data:`TORSO` are among them.
            results_file: Path of COCO keypoint results; the list may be empty.

        Raises:
            ValueError: If the two do not belong together, a joint of the torso is missing, a photo has more than one
                person, or no photo can be scored.
        """
        names = annotations.truth.cats[annotations.category].get("keypoints", [])
        if lacking := [name for name in TORSO if name not in names]:
            raise ValueError(
                f"{annotations.file}: its category names no {' and no '.join(lacking)}, but PCK measures by the torso "
                f"between {' and '.join(TORSO)}; got {', '.join(names) or 'no names'}"
            )
        torso = names.index(TORSO[0]), names.index(TORSO[1])
        people = _one_in_each_photo(annotations)
        true = np.array([person["keypoints"] for person in people.values()], dtype=np.float64).reshape(
            -1, len(names), 3
        )
        labelled = true[..., 2] > 0
        scored = ~np.isnan(torso_lengths(true[..., :2], labelled, torso))
        if not scored.any():
            raise ValueError(f"{annotations.file}: no photo has both {' and '.join(TORSO)} labelled: nothing is scored")

        best: dict[int, dict[str, Any]] = {}
        for detection in read_detections(results_file, annotations):
            known = best.setdefault(detection["image_id"], detection)
            if detection["score"] > known["score"]:
                best[detection["image_id"]] = detection
        nothing = {"keypoints": [np.nan] * 3 * len(names)}
        found = np.array([best.get(photo, nothing)["keypoints"] for photo in people], dtype=np.float64)

        image_ids = np.array(list(people), dtype=np.int64)[scored]
        joints = found.reshape(-1, len(names), 3)[scored, :, :2], true[scored, :, :2], labelled[scored], torso
        right = right_joints(*joints, _USUAL)
        of_photos = {
            f"PCK@{_USUAL}": shares_of_photos(right),
            f"PCK@{_STRICT}": shares_of_photos(right_joints(*joints, _STRICT)),
            f"confused@{_USUAL}": shares_of_photos(confused_joints(*joints, _USUAL, _mirrored(names))),
            **{f"PCK@{_USUAL} {name}": right[:, column] for column, name in enumerate(names)},
        }
        figures = {figure: float(known_mean(shares, axis=0)) for figure, shares in of_photos.items()}
        return cls(image_ids, of_photos, figures)

    def resampled(self, figure: str, draws: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """As :class:`mmpose_ssn.evaluation.bootstrap.ScoredDetections` has it."""
        if figure not in self.of_photos:
            raise ValueError(f"there is no figure {figure!r}; there are {', '.join(self.of_photos)}")
        return known_mean(self.of_photos[figure][draws], axis=1)


def _one_in_each_photo(annotations: KeypointAnnotations) -> dict[int, dict[str, Any]]:
    """The person of each photo that has one, by the photo's id, ascending."""
    people: dict[int, dict[str, Any]] = {}
    for person in sorted(annotations.truth.anns.values(), key=lambda one: one["image_id"]):
        if person["image_id"] in people:
            raise ValueError(
                f"{annotations.file}: the photo {person['image_id']} has more than one person; PCK is defined here for "
                "one person a photo, others are scored by AP"
            )
        people[person["image_id"]] = person
    return people


def _mirrored(names: list[str]) -> list[int]:
    """Position of each joint's mirror image; its own for a joint that has none."""
    other = {"left": "right", "right": "left"}
    swapped = [f"{other.get(side, side)}_{joint}" for side, _, joint in (name.partition("_") for name in names)]
    return [names.index(mirror) if mirror in names else position for position, mirror in enumerate(swapped)]
