"""The mean pose: worked out by hand on three figures, and scored as a network that saw nothing would be."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmpose_ssn.__main__ import main
from mmpose_ssn.checked_yaml import validator
from mmpose_ssn.evaluation.mean_pose import MeanPose, detect_mean_pose, fit_mean_pose
from mmpose_ssn.evaluation.protocol import Protocol

M = 17


def person(number: int, box: list[float], keypoints: dict[int, tuple[float, float]], **fields: object) -> dict:
    """A COCO annotation; keypoints that are not named are not labelled."""
    flat = [0.0] * (3 * M)
    for index, (x, y) in keypoints.items():
        flat[3 * index : 3 * index + 3] = [x, y, 2]
    return {
        "id": number,
        "image_id": 1,
        "category_id": 1,
        "iscrowd": 0,
        "num_keypoints": len(keypoints),
        "keypoints": flat,
        "bbox": box,
        "area": box[2] * box[3],
        **fields,
    }


def annotations(people: list[dict]) -> str:
    categories = [{"id": 1, "name": "person", "keypoints": [str(k) for k in range(M)], "skeleton": []}]
    images = [{"id": 1, "file_name": "nowhere.png", "width": 1000, "height": 1000}]
    return json.dumps({"images": images, "categories": categories, "annotations": people})


@pytest.fixture
def config(smoke_config: Callable[..., Config], tmp_path: Path) -> Config:
    """The smoke preset's, on annotations in the test's own folder and no photos at all."""
    config = smoke_config()
    for dataset, split in ((config.train_dataloader.dataset, "train"), (config.test_dataloader.dataset, "val")):
        dataset.data_root, dataset.ann_file = str(tmp_path), f"{split}.json"
    config.test_dataloader.dataset.bbox_file = str(tmp_path / "boxes.json")
    config.test_evaluator.soft_nms = None
    config.test_evaluator.ann_file = str(tmp_path / "val.json")
    return config


def test_mean_over_three_figures_by_hand(config: Config, tmp_path: Path) -> None:
    rest = dict.fromkeys(range(2, M), (0.5, 0.5))

    def placed(x: float, y: float, width: float, height: float, nose: tuple[float, float] | None, eye=None) -> dict:
        inside = {0: nose, 1: eye, **rest}
        return {k: (x + width * at[0], y + height * at[1]) for k, at in inside.items() if at is not None}

    people = [
        person(1, [100, 100, 40, 80], placed(100, 100, 40, 80, (0.25, 0.125))),
        person(2, [300, 10, 200, 400], placed(300, 10, 200, 400, (0.75, 0.0), (0.5, -0.25))),
        person(3, [20, 500, 100, 100], placed(20, 500, 100, 100, (0.5, 0.25))),
        # What no network is trained on does not count: a crowd, and nobody's keypoints labelled.
        person(4, [0, 0, 100, 100], placed(0, 0, 100, 100, (1.0, 1.0)), iscrowd=1),
        person(5, [10, 10, 100, 100], {}),
    ]
    (tmp_path / "train.json").write_text(annotations(people))
    positions = fit_mean_pose(config).positions
    assert positions.shape == (M, 2)
    # The nose: x (1/4 + 3/4 + 1/2) / 3, y (1/8 + 0 + 1/4) / 3. The eye is labelled in the second figure alone.
    np.testing.assert_allclose(positions[:3], [[0.5, 0.125], [0.5, -0.25], [0.5, 0.5]], rtol=0, atol=1e-6)


def test_placed_in_a_box_by_hand() -> None:
    pose = MeanPose(np.array([[0.0, 0.0], [0.5, 0.25], [1.0, 1.5]]))
    expected = [[[10, 20], [15, 30], [20, 80]], [[0, 0], [50, 25], [100, 150]]]
    np.testing.assert_array_equal(pose.placed(np.array([[10, 20, 20, 60], [0, 0, 100, 100]])), expected)


def test_keypoint_that_is_never_labelled_is_refused(config: Config, tmp_path: Path) -> None:
    (tmp_path / "train.json").write_text(annotations([person(1, [10, 10, 50, 50], dict.fromkeys(range(15), (20, 20)))]))
    with pytest.raises(ValueError, match="keypoints 15, 16 are labelled in none of the training people"):
        fit_mean_pose(config)


def test_detections_are_the_pose_in_each_box_after_the_protocols_nms(config: Config, tmp_path: Path) -> None:
    grid = np.stack(np.meshgrid(np.linspace(0, 1, 6), np.linspace(0, 1, 3)), axis=-1).reshape(-1, 2)[:M]
    boxes = [[100, 100, 60, 120], [100, 101, 60, 120], [400, 300, 200, 200]]
    scores = [0.6, 0.9, 0.5]
    truth = [person(n, box, {}) for n, box in enumerate(boxes[1:], start=1)]
    for one in truth:
        at = grid * one["bbox"][2:] + one["bbox"][:2]
        one.update(keypoints=np.c_[at, np.full(M, 2)].ravel().tolist(), num_keypoints=M)
    (tmp_path / "val.json").write_text(annotations(truth))
    found = [{"image_id": 1, "category_id": 1, "bbox": b, "score": s} for b, s in zip(boxes, scores, strict=True)]
    (tmp_path / "boxes.json").write_text(json.dumps(found))

    figures = detect_mean_pose(MeanPose(grid), config, tmp_path / "found")
    detections = json.loads((tmp_path / "found.mean-pose.keypoints.json").read_text())
    # The first box holds nearly the second one's pose, and a lower score: OKS-NMS takes one of them.
    assert sorted(round(one["score"], 6) for one in detections) == [0.5, 0.9]
    for one, box in zip(sorted(detections, key=lambda d: -d["score"]), boxes[1:], strict=True):
        keypoints = np.reshape(one["keypoints"], (M, 3))
        np.testing.assert_allclose(keypoints[:, :2], grid * box[2:] + box[:2], rtol=0, atol=1e-3)
        assert (keypoints[:, 2] == 1).all()
    assert figures["mean-pose/AP"] == pytest.approx(1.0)


@pytest.mark.parametrize("boxes", ["detector", "ground truth"])
def test_command_scores_it_as_pycocotools_does(smoke_config, drawn: Path, tmp_path: Path, capsys, boxes: str) -> None:
    config = smoke_config()
    if boxes == "ground truth":
        replace(Protocol.of(config), boxes=boxes, soft_nms=None).apply(config, "")
    config.dump(tmp_path / "config.py")
    out = tmp_path / "mean-pose" / "scores.json"
    assert main(["evaluate", str(tmp_path / "config.py"), "--mean-pose", "--out", str(out)]) == 0
    assert "smoke/mean-pose: AP " in capsys.readouterr().err

    content = json.loads(out.read_text())
    validator("mmpose_ssn.evaluation", "scores").validate(content)
    assert Path(content["annotations"]) == drawn / "annotations" / "person_keypoints_val.json"
    lowered = "gaussian, sigma 0.5, scores from 0.001" if boxes == "detector" else "none"
    assert content["protocol"] == {
        "boxes": boxes,
        "soft_nms": lowered,
        "rescoring": "box x keypoints",
        "oks_nms": 0.9,
    }

    detections = out.parent / "predictions" / "predictor.mean-pose.keypoints.json"
    truth = COCO(str(drawn / "annotations" / "person_keypoints_val.json"))
    evaluation = COCOeval(truth, truth.loadRes(str(detections)), "keypoints")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    figures = content["predictors"]["mean-pose"]
    assert [figures[name] for name in ("AP", "AP .5", "AR")] == pytest.approx(evaluation.stats[[0, 1, 5]].tolist())
    # One detection a box and no more than one a box: the photos hold no other.
    source = "detections/val.json" if boxes == "detector" else "annotations/person_keypoints_val.json"
    content_of = json.loads((drawn / source).read_text())
    assert (
        0
        < len(json.loads(detections.read_text()))
        <= len(content_of if boxes == "detector" else content_of["annotations"])
    )
