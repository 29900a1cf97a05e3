"""A fixed choice of people of a data set as a network sees them: crops by their boxes, and where their joints are."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from mmengine.config import Config
from torch import Tensor

from mmpose_ssn.experiment.data_sets import DATA_SETS


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Crops of people all of whose joints are labelled.

    Attributes:
        split: The split that they are of.
        joints: Names of the M joints.
        crops: The crops as a picture has them, RGB, [N, H, W, 3].
        places: Where the joints are, (x, y) in pixels of the crop, [N, M, 2].
        people: Ids of their annotations, [N].
    """

    split: str
    joints: tuple[str, ...]
    crops: npt.NDArray[np.uint8]
    places: npt.NDArray[np.float64]
    people: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.crops)

    def batches(self, estimator: Any, size: int) -> Iterator[Tensor]:
        """The crops as the network takes them, [size, 3, H, W] at a time."""
        from mmpose.structures import PoseDataSample

        for start in range(0, len(self), size):
            crops = self.crops[start : start + size, ..., ::-1]  # the pipeline's are BGR
            inputs = list(torch.from_numpy(np.ascontiguousarray(crops.transpose(0, 3, 1, 2))))
            packed = {"inputs": inputs, "data_samples": [PoseDataSample() for _ in inputs]}
            images: Tensor = estimator.data_preprocessor(packed, False)["inputs"]
            yield images

    def on_map(self, size: tuple[int, int]) -> npt.NDArray[np.int64]:
        """Where the joints are on a map of a size (height, width): the nearest pixel, [N, M, 2].

        Pixel (x, y) of a map at stride s stands for pixel (s x, s y) of the crop.
        """
        height, width = size
        strides = np.array([self.crops.shape[2] / width, self.crops.shape[1] / height])
        return np.rint(self.places / strides).astype(np.int64).clip(0, np.array([width - 1, height - 1]))


def evenly_spaced(available: int, count: int) -> list[int]:
    """Numbers of ``count`` out of ``available`` things, evenly spaced; all of them where there are no more."""
    if available <= count:
        return list(range(available))
    return [int((i + 0.5) * available / count) for i in range(count)]


def held_out(config: Config, split: str, count: int) -> HeldOut:
    """Choose people of a split, evenly spaced in the order of the annotations, and cut them out by their boxes.

    Args:
        config: Resolved config; its test pipeline cuts the people out.
        split: Split of the config's data set.
        count: Number of people to choose; fewer where no more have all their joints labelled.

    Raises:
        ValueError: If there is no such split, or nobody in it with all joints labelled.
        FileNotFoundError: If the data set is not there.
    """
    from mmpose.registry import DATASETS

    annotations, images = DATA_SETS[config.experiment.data].files(split)
    settings = copy.deepcopy(config.test_dataloader.dataset)
    settings.update(ann_file=annotations, data_prefix={"img": images}, bbox_file=None)
    settings.pipeline = settings.pipeline[:-1]  # without what packs the crop, whose joints would be lost
    dataset = DATASETS.build(settings)
    whole = [n for n in range(len(dataset)) if (dataset.get_data_info(n)["keypoints_visible"] > 0).all()]
    if not whole:
        raise ValueError(f"{settings.data_root}: nobody in the split {split!r} has all joints labelled")
    names = dataset.metainfo["keypoint_id2name"]
    people = [dataset[whole[n]] for n in evenly_spaced(len(whole), count)]
    return HeldOut(
        split,
        tuple(names[number] for number in range(len(names))),
        np.stack([one["img"][..., ::-1] for one in people]),
        np.stack([one["transformed_keypoints"][0] for one in people]).astype(np.float64),
        tuple(int(one["id"]) for one in people),
    )
