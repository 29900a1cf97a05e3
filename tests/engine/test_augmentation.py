"""Augmentation as Section 4 and docs/silences.md have it, drawn by MMPose's transforms as the configs set them."""

from __future__ import annotations

import math
from typing import Any

import mmpose.datasets  # noqa: F401  registers the transforms
import numpy as np
import pytest
from mmengine.config import Config
from mmpose.registry import TRANSFORMS

from mmpose_ssn.networks import config_file

IMAGES = 4000


def step(kind: str) -> dict[str, Any]:
    config = Config.fromfile(config_file("ssn"), import_custom_modules=False)
    pipeline = config.train_dataloader.dataset.pipeline
    (found,) = (step for step in pipeline if step.type == kind)
    return dict(found)


@pytest.fixture(scope="module")
def drawn_values(build) -> dict[str, np.ndarray]:
    """Of each image rotation, scale and shift, in units of their range: 30 degrees, 0.25, 0.05 of the box."""
    transform = build(TRANSFORMS, step("RandomBBoxTransform"))
    np.random.seed(0)
    rows = []
    for _ in range(IMAGES):
        image = {"bbox_center": np.zeros((1, 2)), "bbox_scale": np.array([[100.0, 200.0]])}
        image = transform.transform(image)
        (width, height), (x, y) = image["bbox_scale"][0], image["bbox_center"][0]
        assert height == pytest.approx(2 * width), "one factor for both sides"
        rows.append((image["bbox_rotation"][0] / 30, (width / 100 - 1) / 0.25, x / 100 / 0.05, y / 200 / 0.05))
    return dict(zip(("rotation", "scale", "shift x", "shift y"), np.array(rows).T, strict=True))


def distance(values: np.ndarray, cdf) -> float:
    """Kolmogorov-Smirnov statistic, times the root of the number of values: above 1.63 in 1 % of all draws."""
    expected, n = np.array([cdf(value) for value in np.sort(values)]), len(values)
    steps = np.arange(n + 1) / n
    return math.sqrt(n) * max(np.abs(expected - steps[1:]).max(), np.abs(expected - steps[:-1]).max())


def normal_cut_at_one_deviation(value: float) -> float:
    def normal(x: float) -> float:
        return 0.5 * (1 + math.erf(x / math.sqrt(2)))

    return (normal(value) - normal(-1)) / (normal(1) - normal(-1))


def test_every_image_is_rotated_scaled_and_shifted(drawn_values: dict[str, np.ndarray]) -> None:
    for name, values in drawn_values.items():
        assert np.count_nonzero(values) == IMAGES, name


def test_ranges_are_the_papers(drawn_values: dict[str, np.ndarray]) -> None:
    for name, values in drawn_values.items():
        assert np.abs(values).max() <= 1 + 1e-5 and values.min() < -0.99 and values.max() > 0.99, name


def test_distribution_is_the_normal_cut_at_one_deviation(drawn_values: dict[str, np.ndarray]) -> None:
    for name, values in drawn_values.items():
        assert distance(values, normal_cut_at_one_deviation) < 1.63, name
    together = np.concatenate(list(drawn_values.values()))
    assert distance(together, normal_cut_at_one_deviation) < 1.63
    assert distance(together, lambda value: (value + 1) / 2) > 2 * 1.63, "so many images tell it from a uniform one"


def test_the_four_are_drawn_independently(drawn_values: dict[str, np.ndarray]) -> None:
    correlations = np.corrcoef(list(drawn_values.values()))[np.triu_indices(4, 1)]
    assert np.abs(correlations).max() < 4 / math.sqrt(IMAGES)


@pytest.mark.parametrize("prob", [None, 0.0], ids=["as shipped", "switched off"])
def test_half_of_the_images_are_flipped_or_none(prob: float | None, build) -> None:
    setting = step("RandomFlip")
    assert setting == dict(type="RandomFlip", direction="horizontal", prob=0.5)
    transform = build(TRANSFORMS, {**setting, "prob": setting["prob"] if prob is None else prob})
    np.random.seed(0)
    flips = 0
    for _ in range(IMAGES):
        pixels = np.arange(12).reshape(2, 2, 3)
        image = transform.transform({"img": pixels, "img_shape": (2, 2), "flip_indices": list(range(17))})
        assert image["flip"] is (not np.array_equal(image["img"], pixels))
        flips += image["flip"]
    if prob is None:
        assert abs(flips - IMAGES / 2) < 4 * math.sqrt(IMAGES) / 2
    else:
        assert flips == 0
