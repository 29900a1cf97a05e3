"""The real pipeline learns four real COCO photographs by heart: data, network, loop, decoder and metric fit together.

A network that has seen nothing else must find these twelve people again. One wrong sign, axis, scale or order of
keypoints anywhere between the image file and COCOeval, and it cannot.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from mmengine.config import Config
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmpose_ssn.__main__ import main
from mmpose_ssn.experiment.detection import detect
from mmpose_ssn.experiment.presets import Preset, load_preset
from mmpose_ssn.experiment.protocol_scores import read_protocols, score_protocols
from mmpose_ssn.experiment.resolved_config import resolve, write
from mmpose_ssn.experiment.scoring import score
from mmpose_ssn.experiment.training import train
from mmpose_ssn.networks import configs_folder

SAMPLE = os.environ.get("SSN_COCO_SAMPLE")
pytestmark = pytest.mark.skipif(SAMPLE is None, reason="SSN_COCO_SAMPLE names no folder of COCO photographs")

# The lite network at a quarter of its widths (K = 128). How many random offsets there are and how far they reach
# decides how soon the people are known: with K = 64, or offsets of 3 pixels, some seeds need twice as long.
NETWORK = "lite-k512"
SETTINGS = {
    "data": "coco",
    "network": {
        "width_divisor": 4,
        "norm_groups": 4,
        "input_size": [144, 192],
        "sigma": 1.5,
        "fsm": {"offset_std": 12.0, "norm_shift": 1.0, "zero_init": True},
    },
    "evaluation": {"batch_size": 32, "resamples": 10},
    "training": {
        "iterations": 450,
        "batch_size": 4,
        "learning_rate": 1e-2,
        "workers": 0,
        "checkpoint_interval": 450,
    },
}
RATES = {
    "offsets": {"lr_mult": 8.0},
    # A BN scale that falls to the targets' own (0.06) within few iterations takes the signal from the layers before it.
    "predictors.P.norm": {"lr_mult": 0.1},
}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The photographs under the names that MMPose's configs give COCO's files."""
    root, sample = tmp_path_factory.mktemp("photos") / "coco", Path(SAMPLE).resolve()
    links = {
        "train2017": sample,
        "val2017": sample,
        "annotations/person_keypoints_train2017.json": sample / "test_coco.json",
        "annotations/person_keypoints_val2017.json": sample / "test_coco.json",
        "person_detection_results/COCO_val2017_detections_AP_H_56_person.json": sample / "test_coco_det_AP_H_56.json",
    }
    for name, target in links.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)
    return root


def protocol_for(boxes: str) -> dict:
    protocol = {**load_preset("paper")["protocol"], "boxes": boxes, "flip_test": False}
    return protocol if boxes == "detector" else {**protocol, "soft_nms": None}


def config_for(boxes: str, photos: Path) -> Config:
    protocol = protocol_for(boxes)
    config = resolve(Preset("four-photos", {**SETTINGS, "protocol": protocol}), NETWORK, 0, photos)
    # To be learned by heart, every person is always shown in the same way, and never mirrored.
    loader = config.train_dataloader.dataset
    loader.pipeline = [step for step in loader.pipeline if step.type not in ("RandomFlip", "RandomBBoxTransform")]
    config.optim_wrapper.paramwise_cfg = {"custom_keys": RATES}
    write(config, photos.parent / f"{boxes}.py")
    return Config.fromfile(photos.parent / f"{boxes}.py")


@pytest.fixture(scope="module")
def weights(photos: Path, one_thread: None) -> Path:
    train(config_for("ground truth", photos), photos.parent / "work", photos.parent / "weights.pth")
    return photos.parent / "weights.pth"


@pytest.mark.parametrize(("boxes", "at_least"), [("ground truth", 0.9), ("detector", 0.6)])
def test_photographs_are_learned_by_heart(
    photos: Path, weights: Path, tmp_path: Path, boxes: str, at_least: float, record_property
) -> None:
    content = score(config_for(boxes, photos), weights, tmp_path / "scores.json")
    found = content["predictors"]["P"]["AP"]
    record_property(f"AP, {boxes} boxes", found)

    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(photos / "annotations" / "person_keypoints_val2017.json"))
        results = coco.loadRes(str(tmp_path / "predictions" / "predictor.P.keypoints.json"))
        evaluation = COCOeval(coco, results, "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    assert found == pytest.approx(evaluation.stats[0], abs=1e-6)
    assert found >= at_least


def test_photographs_go_through_every_protocol(photos: Path, weights: Path, tmp_path: Path, record_property) -> None:
    """Whatever the protocol, the people are found; but not by a flip test, as no mirrored one was shown in training."""
    shipped = read_protocols(configs_folder() / "protocols.yaml", "paper")
    protocols = {name: replace(protocol, flip_test=False) for name, protocol in shipped.items()}
    protocols["flip"] = shipped["preset"]
    found = {one.name: one for one in score_protocols(config_for("detector", photos), weights, protocols, tmp_path)}
    assert list(found) == list(protocols)
    for name, one in found.items():
        record_property(f"AP, {name}", one.ap["P"])
        if name != "flip":
            assert one.ap["P"] >= (0.9 if one.protocol.boxes == "ground truth" else 0.6)
    assert found["flip"].ap["P"] < found["preset"].ap["P"]
    assert {one.forward_pass for one in found.values()} == {1, 2}


def test_photographs_make_a_test_dev_archive(photos: Path, weights: Path, tmp_path: Path) -> None:
    config, annotations = config_for("detector", photos), photos / "annotations" / "person_keypoints_val2017.json"
    boxes = photos / "person_detection_results" / "COCO_val2017_detections_AP_H_56_person.json"
    final = detect(config, weights, photos / "val2017", annotations, boxes, tmp_path)[-1]
    packed = ["test-dev", "--results", str(final), "--image-info", str(annotations), "--name", "lite"]
    assert main([*packed, "--out", str(tmp_path)]) == 0
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(annotations))
        with zipfile.ZipFile(tmp_path / "person_keypoints_test-dev2017_lite_results.zip") as archive:
            results = coco.loadRes(json.loads(archive.read(archive.namelist()[0])))
        evaluation = COCOeval(coco, results, "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    assert evaluation.stats[0] >= 0.6
