"""The mean pose in each box: the AP of somebody who never looks at the image, which is the reference for chance.

It goes through the networks' own protocol: MMPose's data set, boxes, transforms and ``CocoMetric``, with no photo read.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mmpose.datasets  # noqa: F401  registers data sets and transforms
import numpy as np
import numpy.typing as npt
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import DefaultScope
from mmpose.registry import DATASETS, METRICS
from tqdm import tqdm

from mmpose_ssn.engine.stream_config import unstreamed
from mmpose_ssn.networks import MEAN_POSE


@dataclass(frozen=True, eq=False)
class MeanPose:
    """Where each keypoint lies on average in a person's box.

    Attributes:
        positions: Mean position of each keypoint, [M, 2], as (x, y) from the box's top left corner, in shares of its
            width and height.
    """

    positions: npt.NDArray[np.float64]

    @classmethod
    def of(cls, people: Iterable[Mapping[str, Any]]) -> MeanPose:
        """Average over people, for each keypoint over those who have it labelled.

        Args:
            people: MMPose's data infos: ``bbox`` [1, 4] as (left, top, right, bottom) and ``keypoints`` [1, M, 2], both
                in pixels of the image, and ``keypoints_visible`` [1, M], 0 where not labelled.

        Raises:
            ValueError: If a keypoint is labelled in nobody.
        """
        total, labelled = np.zeros((1, 2)), np.zeros((1, 1))
        for person in people:
            corner, size = _corner_and_size(np.asarray(person["bbox"], dtype=np.float64))
            seen = np.asarray(person["keypoints_visible"])[0, :, None] > 0
            inside = (np.asarray(person["keypoints"], dtype=np.float64)[0] - corner) / size
            total, labelled = total + np.where(seen, inside, 0.0), labelled + seen
        if not labelled.all():
            nowhere = ", ".join(map(str, np.flatnonzero(labelled[:, 0] == 0)))
            raise ValueError(
                f"keypoints {nowhere} are labelled in none of the training people: they have no mean position; "
                "train on annotations that show every keypoint"
            )
        return cls(total / labelled)

    def placed(self, boxes: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """The mean pose in each box.

        Args:
            boxes: The boxes, [N, 4], as (left, top, right, bottom) in pixels of the image.

        Returns:
            Keypoints, [N, M, 2], in pixels of the image.
        """
        corner, size = _corner_and_size(np.asarray(boxes, dtype=np.float64))
        return corner[:, None] + self.positions * size[:, None]


def fit_mean_pose(config: Config) -> MeanPose:
    """The mean pose of the people that the config trains on."""
    settings = copy.deepcopy(unstreamed(config.train_dataloader.dataset))
    settings.pipeline = []
    dataset = _build(settings)
    return MeanPose.of(dataset.get_data_info(index) for index in _counted(len(dataset), "training people"))


def detect_mean_pose(pose: MeanPose, config: Config, outfile_prefix: Path) -> dict[str, float]:
    """Place the pose in every box of the config's test set and score it by the config's own metric.

    All keypoints are given the confidence 1, so that a detection scores as its box does.

    Args:
        pose: The pose to place.
        config: Resolved config of a network; its ``test_dataloader`` and ``test_evaluator`` are the protocol.
        outfile_prefix: Prefix of the results file: detections go to ``<prefix>.mean-pose.keypoints.json``, in COCO's
            results format.

    Returns:
        The metric's figures, ``mean-pose/AP`` among them, as fractions.
    """
    settings = copy.deepcopy(config.test_dataloader.dataset)
    settings.pipeline = [transform for transform in settings.pipeline if transform.type != "LoadImage"]
    dataset = _build(settings)
    with DefaultScope.overwrite_default_scope("mmpose"):
        metric = METRICS.build({**config.test_evaluator, "outfile_prefix": str(outfile_prefix)})
    metric.dataset_meta = dataset.metainfo
    for sample in _samples(dataset):
        # The network's box, with its score and the scale that OKS-NMS takes a person's area from.
        truth = sample["gt_instances"]
        keypoints = pose.placed(truth["bboxes"])
        confidence = np.ones(keypoints.shape[:2], dtype=np.float32)
        instances = {
            "bboxes": truth["bboxes"],
            "bbox_scores": truth["bbox_scores"],
            "keypoints": keypoints,
            "keypoint_scores": confidence,
            "predictor_names": [(MEAN_POSE,)],
            "predictor_keypoints": keypoints[:, None],
            "predictor_scores": confidence[:, None],
        }
        metric.process({}, [{**sample, "pred_instances": instances}])
    figures: dict[str, float] = metric.evaluate(len(dataset))
    return figures


def _samples(dataset: BaseDataset) -> Iterator[dict[str, Any]]:
    """The samples that the networks' metric is given, one for each box, with a blank image."""
    for index in _counted(len(dataset), "boxes"):
        info = dataset.get_data_info(index)
        info["img"] = np.zeros((1, 1, 3), dtype=np.uint8)  # to be cropped, and never looked at
        yield dataset.pipeline(info)["data_samples"].to_dict()


def _build(settings: Any) -> BaseDataset:
    with DefaultScope.overwrite_default_scope("mmpose"):
        return DATASETS.build(settings)


def _counted(number: int, unit: str) -> Iterable[int]:
    return tqdm(range(number), desc="mean pose", unit=f" {unit}", delay=5, leave=False)


def _corner_and_size(boxes: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    return boxes[:, :2], boxes[:, 2:] - boxes[:, :2]
