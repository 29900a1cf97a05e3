"""An image of a drawn set, and its labels as COCO's records."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from mmpose_ssn.datasets.drawn.detector import detect
from mmpose_ssn.datasets.drawn.figure import KEYPOINTS, SKELETON
from mmpose_ssn.datasets.drawn.random_stream import Stream
from mmpose_ssn.datasets.drawn.rendering import render
from mmpose_ssn.datasets.drawn.scene import sample_scene
from mmpose_ssn.datasets.drawn.spec import DESCRIPTION, DETECTED_SPLITS, VERSION, DrawnSpec

LEAST_SEEN = 0.2
"""A figure of which less than this share is seen has num_keypoints 0, as COCO leaves such persons unlabelled."""


def draw_image(spec: DrawnSpec, split: str, index: int) -> tuple[np.ndarray, dict[str, Any]]:
    """One image and its labels.

    Args:
        spec: Set to which the image belongs; only its seed and image size matter here.
        split: Split of the image: "train", "tune" or "val".
        index: Number of the image in its split, from 0.

    Returns:
        The image, uint8 [height, width, 3] in OpenCV's order of channels, and its labels: ``image`` (COCO's image
        record), ``annotations`` and, for splits with a detector file, ``detections`` (lists of COCO records).
    """
    width, height = spec.image_size
    key = (VERSION, spec.seed, split, index, width, height)
    scene = sample_scene(Stream(*key, "scene"), spec.image_size)
    pixels, appearances = render(scene)
    image_id = index + 1
    annotations = []
    for number, (figure, appearance) in enumerate(zip(scene.figures, appearances, strict=True), start=1):
        flags = appearance.visibility if appearance.seen >= LEAST_SEEN else (0,) * len(KEYPOINTS)
        points = [(x, y, flag) if flag else (0, 0, 0) for (x, y), flag in zip(figure.joints, flags, strict=True)]
        annotations.append(
            {
                "id": image_id * 10 + number,
                "image_id": image_id,
                "category_id": 1,
                "bbox": list(appearance.box),
                "area": appearance.silhouette,
                "iscrowd": 0,
                "keypoints": list(chain.from_iterable(points)),
                "num_keypoints": sum(flag > 0 for flag in flags),
            }
        )
    labels: dict[str, Any] = {
        "image": {"id": image_id, "file_name": f"{image_id:012d}.png", "width": width, "height": height},
        "annotations": annotations,
    }
    if split in DETECTED_SPLITS:
        labels["detections"] = [
            {"bbox": list(box), "category_id": 1, "image_id": image_id, "score": score}
            for box, score in detect(Stream(*key, "detector"), appearances, spec.image_size)
        ]
    return pixels, labels


def header(spec: DrawnSpec, split: str) -> dict[str, Any]:
    """Entries of a split's annotation file besides images and annotations."""
    return {
        "info": {"description": f"{DESCRIPTION} Split {split}.", "version": VERSION, "seed": spec.seed},
        "licenses": [],
        "categories": [
            {
                "supercategory": "person",
                "id": 1,
                "name": "person",
                "keypoints": list(KEYPOINTS),
                "skeleton": [list(e) for e in SKELETON],
            }
        ],
    }
