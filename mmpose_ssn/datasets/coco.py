"""Whether COCO 2017 lies in place, in MMPose's layout; nothing is ever downloaded."""

from __future__ import annotations

import os
from pathlib import Path

FILES = (
    "annotations/person_keypoints_train2017.json",
    "annotations/person_keypoints_val2017.json",
    "person_detection_results/COCO_val2017_detections_AP_H_56_person.json",
)
"""Files below the data root."""

FOLDERS = {"train2017": 118_287, "val2017": 5_000}
"""Folders below the data root, and the number of photos in each official archive."""

HOW_TO_GET = (
    "photos and annotations: https://cocodataset.org/#download; person detections: linked from MMPose's guide to its "
    "2D body keypoint datasets"
)
"""Where a user finds what is missing."""


def missing(root: Path) -> list[str]:
    """Name what is missing below a data root: files, and photos of the folders."""
    lacking = [name for name in FILES if not (root / name).is_file()]
    for name, expected in FOLDERS.items():
        folder = root / name
        found = sum(entry.name.endswith(".jpg") for entry in os.scandir(folder)) if folder.is_dir() else 0
        if found < expected:
            lacking.append(f"{name}/ ({found:,} of {expected:,} photos)")
    return lacking
