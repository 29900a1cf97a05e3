"""Target heatmaps decode to the keypoints that they were made of, up to half a pixel of the heatmap.

MMPose's ``MSRAHeatmap`` puts a target's Gaussian on the nearest pixel of the heatmap, a quarter of the crop's size, as
SimpleBaseline does: what is lost there is at most 0.5 pixels of the heatmap, which are 2 of the 192x256 crop. The
decoder's quarter step finds nothing to choose between in a symmetrical target.
"""

from __future__ import annotations

from typing import Any

import mmpose.datasets  # noqa: F401  registers the transforms
import numpy as np
import pytest
from mmengine.config import Config
from mmpose.registry import KEYPOINT_CODECS, TRANSFORMS

from mmpose_ssn.networks import config_file

PERSONS = 200


def persons(build, name: str, augmented: bool) -> list[dict[str, Any]]:
    """Random boxes with random keypoints in them, through the config's own pipeline from the box to the target."""
    config = Config.fromfile(config_file(name), import_custom_modules=False)
    train = config.train_dataloader.dataset.pipeline
    steps = train if augmented else [*config.val_dataloader.dataset.pipeline, *(s for s in train if "encoder" in s)]
    kinds = ("GetBBoxCenterScale", "RandomFlip", "RandomBBoxTransform", "TopdownAffine", "GenerateTarget")
    transforms = [build(TRANSFORMS, s) for s in steps if s.type in kinds]
    assert len(transforms) == (5 if augmented else 3)
    generator = np.random.default_rng(0)
    np.random.seed(0)
    found = []
    for _ in range(PERSONS):
        corner, size = generator.uniform(0, 200, 2), generator.uniform(60, 280, 2)
        data = {
            "img": np.zeros((480, 640, 3), np.uint8),
            "img_shape": (480, 640),
            "bbox": np.concatenate([corner, corner + size])[None].astype(np.float32),
            "keypoints": (corner + size * generator.uniform(0.1, 0.9, (1, 17, 2))).astype(np.float32),
            "keypoints_visible": np.ones((1, 17), np.float32),
            "flip_indices": list(range(17)),
            "dataset_keypoint_weights": np.ones(17, np.float32),
        }
        for transform in transforms:
            data = transform(data)
        found.append(data)
    return found


@pytest.mark.parametrize("name", ["ssn", "ssn-384x288"])
@pytest.mark.parametrize("augmented", [False, True], ids=["as in testing", "as in training"])
def test_target_decodes_to_its_keypoints(name: str, augmented: bool, build, record_property) -> None:
    config = Config.fromfile(config_file(name), import_custom_modules=False)
    decoder = build(KEYPOINT_CODECS, config.model.head.decoder)
    crop, heatmap = np.array(config.codec.input_size), np.array(config.codec.heatmap_size)
    in_crop, in_image = [], []
    for person in persons(build, name, augmented):
        assert person["heatmaps"].shape == (17, heatmap[1], heatmap[0])
        decoded, scores = decoder.decode(person["heatmaps"])
        true = person["transformed_keypoints"]
        inside = ((true >= 0) & (true <= crop - 3)).all(-1)  # a target just outside has its maximum elsewhere
        assert (scores[inside] == 1).all()
        in_crop.append((decoded - true)[inside] * heatmap / crop)

        # back to the image, by hand: from the crop to the box, turned about its centre
        angle = np.deg2rad(person["bbox_rotation"][0]) if augmented else 0.0
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        back = (decoded / crop - 0.5) * person["input_scale"] @ turn.T + person["input_center"]
        in_image.append((back - person["keypoints"])[inside] / (person["input_scale"] / heatmap))
    in_crop, in_image = np.concatenate(in_crop), np.concatenate(in_image)
    assert len(in_crop) > 0.85 * 17 * PERSONS
    record_property("greatest error, pixels of the crop", float((np.abs(in_crop) * crop / heatmap).max()))
    record_property("mean error, pixels of the crop", float((np.abs(in_crop) * crop / heatmap).mean()))
    assert np.abs(in_crop).max() < 0.5 + 1e-4
    assert np.abs(in_crop.mean(0)).max() < 0.03, "no bias to any side"
    assert np.linalg.norm(in_image, axis=-1).max() < 0.5 * np.sqrt(2) + 1e-3
    assert np.abs(in_image.mean(0)).max() < 0.03
