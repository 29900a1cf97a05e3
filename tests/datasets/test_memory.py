"""Images kept in memory give the very samples that MMPose's own loading gives, and are read from disk once."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from mmpose.datasets.transforms import LoadImage, RandomFlip, TopdownAffine

from mmpose_ssn.datasets.image_memory import LoadImageOnce


@pytest.fixture
def image(tmp_path: Path) -> Path:
    file = tmp_path / "noise.png"
    cv2.imwrite(str(file), np.random.default_rng(0).integers(256, size=(24, 32, 3), dtype=np.uint8))
    return file


def sample(file: Path) -> dict:
    return {
        "img_path": str(file),
        "bbox": np.array([[4.0, 4.0, 20.0, 20.0]]),
        "bbox_center": np.array([[12.0, 12.0]]),
        "bbox_scale": np.array([[18.0, 24.0]]),
        "bbox_rotation": np.array([30.0]),
        "flip_indices": [0],
        "keypoints": np.array([[[6.0, 7.0]]]),
        "keypoints_visible": np.ones((1, 1)),
    }


def test_every_look_at_an_image_is_what_mmpose_loads(image: Path) -> None:
    kept, fresh = LoadImageOnce(), LoadImage()
    for _ in range(3):
        ours, theirs = kept.transform(sample(image)), fresh.transform(sample(image))
        assert ours.keys() == theirs.keys()
        assert (ours["img_shape"], ours["ori_shape"]) == (theirs["img_shape"], theirs["ori_shape"])
        np.testing.assert_array_equal(ours["img"], theirs["img"])


def test_a_file_is_read_once(image: Path) -> None:
    load = LoadImageOnce()
    first = load.transform(sample(image))["img"]
    image.unlink()
    np.testing.assert_array_equal(load.transform(sample(image))["img"], first)


def test_flip_and_crop_leave_the_kept_image_as_it_was(image: Path) -> None:
    load, flip, crop = LoadImageOnce(), RandomFlip(prob=1.0), TopdownAffine(input_size=(18, 24))
    before = load.transform(sample(image))["img"].copy()
    crops = [crop.transform(flip.transform(load.transform(sample(image))))["img"] for _ in range(2)]
    np.testing.assert_array_equal(crops[0], crops[1])
    np.testing.assert_array_equal(load.transform(sample(image))["img"], before)


def test_a_transform_that_paints_on_the_image_is_refused(image: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        LoadImageOnce().transform(sample(image))["img"][0, 0] = 0


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.png"):
        LoadImageOnce().transform(sample(tmp_path / "missing.png"))
