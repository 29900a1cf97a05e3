"""Files of COCO's size in COCO's layout: a few hundred drawn images under as many names as COCO has photos.

The annotations are as many and as long as COCO's, and an image has as many bytes and pixels as a photo of COCO. What
the images show, and how varied they are, matters to none of the costs that are measured on them.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from mmpose_ssn.datasets.drawn import DrawnSpec
from mmpose_ssn.datasets.drawn.coco_files import draw_image, header
from mmpose_ssn.files import write_together

_IMAGE_SIZE = (640, 480)
_JPEG_QUALITY = 100  # 135 KB an image, as much as a photo of COCO
_PEOPLE = 3  # labelled people that a scene must have to be used: no image of a CocoSize needs more
_OUTLINE_POINTS = 45  # COCO's polygons: 45 points on average over the people of MMPose's four sample photos


@dataclass(frozen=True)
class CocoSize:
    """How much there is of everything; by default as much as in COCO 2017, rounded.

    Attributes:
        train_images, train_people: Number of training photos with labelled people, and of these people.
        val_images, val_people: Number of all validation photos, and of the annotated people.
        detections: Number of scored poses on ``val_images``, one for each box of the detector file that the configs
            name.
    """

    train_images: int = 57_000
    train_people: int = 150_000
    val_images: int = 5_000
    val_people: int = 11_000
    detections: int = 100_000

    def part(self, fraction: float) -> CocoSize:
        """The size with this share of everything.

        Raises:
            ValueError: If the share is not within 0.001 to 1.
        """
        if not 0.001 <= fraction <= 1:
            raise ValueError(f"got the fraction {fraction} of COCO's size; expected one of 0.001 to 1")
        return CocoSize(**{name: int(count * fraction) for name, count in vars(self).items()})


@dataclass(frozen=True)
class LargeScene:
    """A drawn image on disk.

    Attributes:
        file: Path of the JPEG file.
        people: COCO's records of the labelled people in it, at least three.
    """

    file: Path
    people: list[dict[str, Any]]


def draw_scenes(folder: Path, count: int) -> list[LargeScene]:
    """Draw ``count`` different images of crowds into a folder."""
    folder.mkdir(parents=True)
    spec = DrawnSpec(train=count, tune=0, val=0, image_size=_IMAGE_SIZE)
    scenes: list[LargeScene] = []
    drawn = (draw_image(spec, "train", index) for index in itertools.count())
    labelled = ((pixels, [one for one in labels["annotations"] if one["num_keypoints"]]) for pixels, labels in drawn)
    crowds = itertools.islice((scene for scene in labelled if len(scene[1]) >= _PEOPLE), count)
    for pixels, people in tqdm(crowds, desc="drawing scenes", total=count, unit="image", delay=5, leave=False):
        file = folder / f"{len(scenes):04d}.jpg"
        if not cv2.imwrite(str(file), pixels, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]):
            raise OSError(f"OpenCV could not write {file}: is the disk full?")
        scenes.append(LargeScene(file, people))
    return scenes


def write_root(root: Path, scenes: list[LargeScene], size: CocoSize) -> None:
    """Write a data root in MMPose's layout of COCO: annotations, and images that are hard links to the scenes.

    It has no detector file: :func:`detections` gives the boxes together with their poses.
    """
    splits = {"train2017": (size.train_images, size.train_people), "val2017": (size.val_images, size.val_people)}
    for split, (images, people) in splits.items():
        (root / split).mkdir(parents=True)
        records: dict[str, list[dict[str, Any]]] = {"images": [], "annotations": []}
        for index in tqdm(range(images), desc=f"writing {split}", unit="image", delay=5, leave=False):
            scene, image_id = scenes[index % len(scenes)], index + 1
            name = f"{image_id:012d}.jpg"
            os.link(scene.file, root / split / name)
            width, height = _IMAGE_SIZE
            records["images"].append({"id": image_id, "file_name": name, "width": width, "height": height})
            for person in scene.people[: _share(people, images, index)]:
                number = len(records["annotations"]) + 1
                records["annotations"].append(
                    {**person, "id": number, "image_id": image_id, "segmentation": [_outline(person["bbox"])]}
                )
        head = header(DrawnSpec(train=1, tune=0, val=1), split)
        write_together({annotation_file(root, split): json.dumps({**head, **records})})


def annotation_file(root: Path, split: str) -> Path:
    """Path of the annotations of ``train2017`` or ``val2017``."""
    return root / "annotations" / f"person_keypoints_{split}.json"


@dataclass(frozen=True, eq=False)
class Detections:
    """The scored poses on one image.

    Attributes:
        image_id: Id of the image in the annotation file.
        boxes: Boxes, [D, 4] as (left, top, right, bottom), in pixels of the image.
        box_scores: Scores of the boxes, [D].
        keypoints: Keypoints (x, y), [D, M, 2], in pixels of the image.
        keypoint_scores: Scores of the keypoints, [D, M].
    """

    image_id: int
    boxes: np.ndarray
    box_scores: np.ndarray
    keypoints: np.ndarray
    keypoint_scores: np.ndarray


def detections(root: Path, size: CocoSize) -> Iterator[Detections]:
    """Poses as a network might find them on ``val2017``, image by image: people found well, and worse and worse copies.

    As in a detector's file that keeps low scores, there are far more poses than people, so that both OKS-NMS and the
    matching have work to do.
    """
    people: dict[int, list[dict[str, Any]]] = {image_id: [] for image_id in range(1, size.val_images + 1)}
    for person in json.loads(annotation_file(root, "val2017").read_text(encoding="utf-8"))["annotations"]:
        people[person["image_id"]].append(person)
    rng = np.random.default_rng(0)
    for index, (image_id, shown) in enumerate(people.items()):
        number = _share(size.detections, size.val_images, index)
        copy, which = np.divmod(np.arange(number), len(shown))
        boxes = np.array([person["bbox"] for person in shown], dtype=np.float32)[which]
        boxes[:, 2:] += boxes[:, :2]
        labelled = np.array([person["keypoints"] for person in shown], dtype=np.float32).reshape(len(shown), -1, 3)
        points, flags = labelled[which, :, :2], labelled[which, :, 2:]
        centre = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
        height = (boxes[:, 3] - boxes[:, 1])[:, None, None]
        noise = (0.02 + 0.03 * copy)[:, None, None] * height * rng.standard_normal(points.shape)
        yield Detections(
            image_id=image_id,
            boxes=boxes,
            box_scores=(rng.uniform(0.5, 1.0, number) / (1 + copy)).astype(np.float32),
            keypoints=(np.where(flags > 0, points, centre) + noise).astype(np.float32),
            keypoint_scores=rng.uniform(0.1, 1.0, points.shape[:2]).astype(np.float32),
        )


def _share(total: int, parts: int, index: int) -> int:
    """How many of ``total`` things fall to one of ``parts``: as evenly as whole numbers allow."""
    return total * (index + 1) // parts - total * index // parts


def _outline(box: list[float]) -> list[float]:
    """An oval in a box, as a polygon in COCO's form (x, y, x, y, ...), to 1/100 pixel."""
    left, top, width, height = box
    angle = np.linspace(0, 2 * np.pi, _OUTLINE_POINTS, endpoint=False)
    points = np.stack([left + width * (1 + np.cos(angle)) / 2, top + height * (1 + np.sin(angle)) / 2], axis=1)
    return [float(value) for value in points.round(2).ravel()]
