"""Detections on images without annotations are those that a scored test finds, and make a test-dev archive."""

from __future__ import annotations

import copy
import json
import zipfile
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmpose_ssn.__main__ import main
from mmpose_ssn.experiment.runner import build_runner
from mmpose_ssn.experiment.scoring import run_test

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def network(smoke_config, tmp_path: Path) -> tuple[Config, Path]:
    config, weights = smoke_config("lite-k256"), tmp_path / "weights.pth"
    runner = build_runner(Config({**config.to_dict(), "work_dir": str(tmp_path / "work")}))
    torch.save(runner.model.state_dict(), weights)
    return config, weights


def test_images_without_annotations_get_the_same_keypoints(network, drawn: Path, tmp_path: Path) -> None:
    config, weights = network
    run_test(copy.deepcopy(config), weights, tmp_path / "scored")
    listed = json.loads((drawn / "annotations" / "person_keypoints_val.json").read_text())
    info, out = tmp_path / "image_info.json", tmp_path / "found"
    info.write_text(json.dumps({key: listed[key] for key in ("images", "categories")}))
    command = ["detect", config.filename, "--weights", str(weights), "--images", str(drawn / "val")]
    command += ["--image-info", str(info), "--boxes", str(drawn / "detections" / "val.json"), "--out", str(out)]
    assert main(command) == 0
    scored = json.loads((tmp_path / "scored" / "predictor.P.keypoints.json").read_text())
    final = json.loads((out / "final.keypoints.json").read_text())
    assert scored and final == scored == json.loads((out / "predictor.P.keypoints.json").read_text())

    assert main(command) == 0, "a second time, over its own files"
    packed = ["test-dev", "--results", str(out / "final.keypoints.json"), "--image-info", str(info)]
    assert main([*packed, "--name", "lite", "--out", str(tmp_path)]) == 0
    with zipfile.ZipFile(tmp_path / "person_keypoints_test-dev2017_lite_results.zip") as archive:
        (member,) = archive.namelist()
        assert len(json.loads(archive.read(member))) == len(final)


def test_what_is_not_there_is_named(network, drawn: Path, tmp_path: Path) -> None:
    config, weights = network
    command = ["detect", config.filename, "--weights", str(weights), "--images", str(drawn / "val")]
    command += ["--image-info", str(drawn / "manifest.json"), "--boxes", "no/boxes.json", "--out", str(tmp_path)]
    with pytest.raises(FileNotFoundError, match=r"no/boxes\.json is not there"):
        main(command)


def test_protocol_with_ground_truth_boxes_is_refused(network, drawn: Path, tmp_path: Path) -> None:
    from mmpose_ssn.experiment.detection import detect

    config, weights = network
    config.test_dataloader.dataset.bbox_file = None
    config.test_evaluator.soft_nms = None
    with pytest.raises(ValueError, match="the protocol of smoke takes ground-truth boxes"):
        detect(config, weights, drawn / "val", drawn / "manifest.json", drawn / "manifest.json", tmp_path)
