"""A contact sheet: images of a set with their labels drawn on them, for a person to look at."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmpose_ssn.datasets.drawn.figure import KEYPOINTS, SKELETON, Colour
from mmpose_ssn.datasets.drawn.spec import DETECTED_SPLITS, SPLITS
from mmpose_ssn.datasets.drawn.write import annotation_file, detection_file
from mmpose_ssn.files import write_together

ZOOM = 3
LEFT: Colour = (80, 160, 255)
RIGHT: Colour = (255, 170, 60)
MIDDLE: Colour = (120, 255, 120)
_GROUND_TRUTH: Colour = (255, 255, 255)
_DETECTED: Colour = (0, 230, 230)
_SHIFT = 4


def contact_sheet(
    out: str | os.PathLike[str], split: str, path: str | os.PathLike[str], rows: int = 3, columns: int = 4
) -> None:
    """Draws the first images of a split, enlarged ``ZOOM`` times, with their labels.

    The figure's left is orange, its right is blue, and what has no side is green. A visible keypoint is full, an
    occluded one hollow. Boxes of annotated figures are white; the detector's are yellow, with their scores.

    Args:
        out: Directory of a drawn set.
        split: Split to show: "train", "tune" or "val".
        path: Path of the image file to write.
        rows: Number of rows of images.
        columns: Number of columns of images.

    Raises:
        ValueError: If there is no such split, if it has no image, or if OpenCV cannot write images with the suffix of
            ``path``.
        FileNotFoundError: If the set has no annotations for the split.
    """
    out, path = Path(out), Path(path)
    if split not in SPLITS:
        raise ValueError(f"got split {split!r}; expected one of {', '.join(SPLITS)}")
    if not cv2.haveImageWriter(str(path)):
        raise ValueError(f"got {path}; expected a suffix that OpenCV can write, for example .png or .jpg")
    contents = json.loads(annotation_file(out, split).read_text())
    images = contents["images"][: rows * columns]
    if not images:
        raise ValueError(f"split {split!r} of {out} has no image to show")
    annotations = _by_image(contents["annotations"])
    detections = _by_image(json.loads(detection_file(out, split).read_text())) if split in DETECTED_SPLITS else {}
    tiles = []
    for image in images:
        pixels = cv2.imread(str(out / split / image["file_name"]))
        tile = cv2.resize(pixels, None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_CUBIC)
        for detection in detections.get(image["id"], []):
            _box(tile, detection["bbox"], _DETECTED, f"{detection['score']:.2f}")
        for annotation in annotations.get(image["id"], []):
            _box(tile, annotation["bbox"], _GROUND_TRUTH, "")
            _keypoints(tile, annotation["keypoints"])
        tiles.append(cv2.copyMakeBorder(tile, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=(32, 32, 32)))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    sheet = np.vstack([np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)])
    ok, encoded = cv2.imencode(path.suffix, sheet)
    if not ok:
        raise RuntimeError(f"OpenCV could not encode the contact sheet as {path.suffix}")
    write_together({path: encoded.tobytes()})


def _by_image(records: list[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    grouped = defaultdict(list)
    for record in records:
        grouped[record["image_id"]].append(record)
    return grouped


def _side(*keypoints: int) -> Colour:
    """The colour of a keypoint, or of an edge between two: a side's where all are on that side, else the middle's."""
    sides = {KEYPOINTS[keypoint].split("_")[0] for keypoint in keypoints}
    return {"left": LEFT, "right": RIGHT}.get(sides.pop() if len(sides) == 1 else "", MIDDLE)


def _zoomed(x: float, y: float) -> tuple[int, int]:
    """A point of the image, pixel centres at integers, in OpenCV's fixed-point coordinates of the enlarged image."""
    return tuple(int(((value + 0.5) * ZOOM - 0.5) * 2**_SHIFT) for value in (x, y))  # type: ignore[return-value]


def _keypoints(tile: np.ndarray, flat: list[float]) -> None:
    points = [_zoomed(x, y) for x, y in zip(flat[0::3], flat[1::3], strict=True)]
    flags = flat[2::3]
    for first, second in ((first - 1, second - 1) for first, second in SKELETON):
        if flags[first] and flags[second]:
            cv2.line(tile, points[first], points[second], _side(first, second), 1, cv2.LINE_AA, _SHIFT)
    for keypoint, (point, flag) in enumerate(zip(points, flags, strict=True)):
        if flag:
            thickness = cv2.FILLED if flag == 2 else 1
            cv2.circle(tile, point, 4 << _SHIFT, (0, 0, 0), thickness if flag == 2 else 3, cv2.LINE_AA, _SHIFT)
            cv2.circle(tile, point, (3 if flag == 2 else 4) << _SHIFT, _side(keypoint), thickness, cv2.LINE_AA, _SHIFT)


def _box(tile: np.ndarray, box: list[float], colour: Colour, caption: str) -> None:
    left, top, right, bottom = (int(value * ZOOM) for value in (box[0], box[1], box[0] + box[2], box[1] + box[3]))
    cv2.rectangle(tile, (left, top), (right - 1, bottom - 1), colour, 1)
    cv2.putText(tile, caption, (left + 2, top + 11), cv2.FONT_HERSHEY_SIMPLEX, 0.38, colour, 1, cv2.LINE_AA)
