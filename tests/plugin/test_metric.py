"""StagePredictorsMetric is MMPose's CocoMetric once for each predictor, and what it writes scores the same in
pycocotools.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mmpose.datasets  # noqa: F401  registers the transforms
import numpy as np
import pytest
from mmengine.registry import DefaultScope
from mmpose.datasets import CocoDataset
from mmpose.evaluation.metrics import CocoMetric, coco_metric
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmpose_ssn.evaluation.metric import StagePredictorsMetric
from mmpose_ssn.evaluation.soft_nms import soft_nms

NOISE = {"E1": 6.0, "P3": 3.0, "P4": 1.5}  # pixels, so that every predictor has a score of its own
SHORT = ("AP", "AP .5", "AP .75", "AP (M)", "AP (L)", "AR", "AR .5", "AR .75", "AR (M)", "AR (L)")


@pytest.fixture(scope="module")
def annotations(drawn: Path) -> Path:
    return drawn / "annotations" / "person_keypoints_val.json"


@pytest.fixture(scope="module")
def samples(annotations: Path) -> list[dict[str, Any]]:
    """Predictions as the head puts them out: the ground truth and some noise, more in the shallower predictors."""
    rng = np.random.default_rng(0)
    people = [person for person in json.loads(annotations.read_text())["annotations"] if person["num_keypoints"]]
    predicted = []
    for person in people:
        truth = np.array(person["keypoints"], float).reshape(1, 17, 3)[..., :2]
        keypoints = np.stack([truth + rng.normal(scale=noise, size=truth.shape) for noise in NOISE.values()], axis=1)
        scores = rng.uniform(0.3, 1, (1, len(NOISE), 17)).astype(np.float32)
        instances = dict(
            bboxes=np.array([person["bbox"]]),
            bbox_scores=rng.uniform(0.2, 1, 1).astype(np.float32),
            predictor_names=[tuple(NOISE)],
            predictor_keypoints=keypoints,
            predictor_scores=scores,
            keypoints=keypoints[:, -1],
            keypoint_scores=scores[:, -1],
        )
        predicted.append(
            dict(id=person["id"], img_id=person["image_id"], category_id=1, pred_instances=instances, gt_instances={})
        )
    return predicted


@pytest.fixture(scope="module")
def meta() -> dict[str, Any]:
    with DefaultScope.overwrite_default_scope("mmpose"):
        return CocoDataset(ann_file="", lazy_init=True, pipeline=[]).metainfo


def evaluated(metric, meta: dict[str, Any], samples: list[dict[str, Any]]) -> dict[str, float]:
    metric.dataset_meta = dict(meta)  # CocoMetric converts it in place
    for sample in samples:
        metric.process({}, [sample])
    return metric.evaluate(len(samples))


# The labels of the two eyes change places, once for each predictor: a second time they would be back.
SWAPPED = {"gt_converter": {"num_keypoints": 17, "mapping": [(i, {1: 2, 2: 1}.get(i, i)) for i in range(17)]}}


@pytest.mark.parametrize("options", [{}, {"nms_mode": "none"}, {"score_mode": "bbox"}, SWAPPED], ids=" ".join)
def test_each_predictor_scores_as_in_a_cocometric_of_its_own(annotations: Path, samples, meta, options) -> None:
    figures = evaluated(StagePredictorsMetric(ann_file=str(annotations), **options), meta, samples)
    expected: dict[str, float] = {}
    for column, name in enumerate(NOISE):
        single = []
        for sample in samples:
            instances = sample["pred_instances"]
            keypoints, scores = instances["predictor_keypoints"], instances["predictor_scores"]
            alone = {**instances, "keypoints": keypoints[:, column], "keypoint_scores": scores[:, column]}
            single.append({**sample, "pred_instances": alone})
        metric = CocoMetric(ann_file=str(annotations), prefix=name, **options)
        expected |= evaluated(metric, meta, single)
    expected |= {f"coco/{key[3:]}": value for key, value in expected.items() if key.startswith("P4/")}
    assert figures == expected
    assert 0 < figures["E1/AP"] < figures["P3/AP"] < figures["P4/AP"] < 1


def test_written_detections_score_the_same_in_pycocotools(annotations: Path, samples, meta, tmp_path: Path) -> None:
    metric = StagePredictorsMetric(ann_file=str(annotations), outfile_prefix=str(tmp_path / "found"))
    figures = evaluated(metric, meta, samples)
    assert sorted(file.name for file in tmp_path.iterdir()) == [f"found.{name}.keypoints.json" for name in NOISE]
    for name in NOISE:
        coco = COCO(str(annotations))
        found = coco.loadRes(str(tmp_path / f"found.{name}.keypoints.json"))
        evaluation = COCOeval(coco, found, "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        assert [figures[f"{name}/{key}"] for key in SHORT] == pytest.approx(evaluation.stats.tolist(), abs=1e-6)


@pytest.mark.parametrize("options", [{}, SWAPPED], ids=" ".join)
def test_second_evaluation_starts_anew(annotations: Path, samples, meta, options) -> None:
    metric = StagePredictorsMetric(ann_file=str(annotations), **options)
    assert evaluated(metric, meta, samples) == evaluated(metric, meta, samples)


def test_annotations_are_read_once_for_all_predictors(
    annotations: Path, samples, meta, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    load = coco_metric.COCO
    monkeypatch.setattr(coco_metric, "COCO", lambda file: read.append(file) or load(file))
    evaluated(StagePredictorsMetric(ann_file=str(annotations)), meta, samples)
    assert read == [str(annotations)]


def alone(samples: list[dict[str, Any]], column: int, **instances: Any) -> list[dict[str, Any]]:
    """The samples as a head of MMPose's own puts them out, with one predictor's keypoints."""
    single = []
    for sample in samples:
        every = {**sample["pred_instances"], **instances}
        kept = {key: value for key, value in every.items() if not key.startswith("predictor")}
        kept["keypoints"] = every["predictor_keypoints"][:, column]
        kept["keypoint_scores"] = every["predictor_scores"][:, column]
        single.append({**sample, "pred_instances": kept})
    return single


def test_head_of_mmposes_own_has_one_predictor(annotations: Path, samples, meta) -> None:
    figures = evaluated(StagePredictorsMetric(ann_file=str(annotations)), meta, alone(samples, 1))
    expected = evaluated(CocoMetric(ann_file=str(annotations)), meta, alone(samples, 1))
    assert {key: value for key, value in figures.items() if key.startswith("coco/")} == expected
    assert figures["final/AP"] == expected["coco/AP"]


def test_final_predictor_can_be_named(annotations: Path, samples, meta) -> None:
    figures = evaluated(StagePredictorsMetric(ann_file=str(annotations), final="E1"), meta, samples)
    assert figures["coco/AP"] == figures["E1/AP"] < figures["P4/AP"]
    with pytest.raises(ValueError, match=r"final is 'P9', but the head puts out E1, P3, P4"):
        evaluated(StagePredictorsMetric(ann_file=str(annotations), final="P9"), meta, samples)


@pytest.fixture(scope="module")
def crowded(samples) -> list[dict[str, Any]]:
    """Every person twice: the second box a little beside the first, with a higher score and worse keypoints."""
    rng = np.random.default_rng(1)
    twice = []
    for sample in samples:
        instances = sample["pred_instances"]
        left, top, width, height = instances["bboxes"][0]
        box = np.array([[left, top, left + width, top + height]])
        first = {**instances, "bboxes": box}
        second = {**instances, "bboxes": box + 0.1 * width, "bbox_scores": instances["bbox_scores"] + 0.1}
        second["predictor_keypoints"] = instances["predictor_keypoints"] + rng.normal(scale=4, size=2)
        twice += [
            {**sample, "pred_instances": first},
            {**sample, "id": sample["id"] + 10**6, "pred_instances": second},
        ]
    return twice


def test_soft_nms_scores_as_boxes_with_lowered_scores(annotations: Path, crowded, meta) -> None:
    """Lowered here, image by image, and handed to MMPose's metric."""
    lowered = []
    for image in {sample["img_id"] for sample in crowded}:
        of_image = [sample for sample in crowded if sample["img_id"] == image]
        boxes = np.concatenate([sample["pred_instances"]["bboxes"] for sample in of_image])
        scores = np.concatenate([sample["pred_instances"]["bbox_scores"] for sample in of_image])
        for sample, score in zip(of_image, soft_nms(boxes, scores, min_score=0.05), strict=True):
            if score > 0:
                lowered += alone([sample], 2, bbox_scores=np.float32([score]))
    assert len(lowered) < len(crowded)
    expected = evaluated(CocoMetric(ann_file=str(annotations), nms_mode="none"), meta, lowered)
    figures = evaluated(
        StagePredictorsMetric(ann_file=str(annotations), nms_mode="none", soft_nms={"min_score": 0.05}), meta, crowded
    )
    plain = evaluated(StagePredictorsMetric(ann_file=str(annotations), nms_mode="none"), meta, crowded)
    assert figures["coco/AP"] == pytest.approx(expected["coco/AP"], abs=1e-12)
    assert abs(figures["coco/AP"] - plain["coco/AP"]) > 1e-3


def test_each_of_several_protocols_scores_as_a_metric_of_its_own(
    annotations: Path, crowded, meta, tmp_path: Path
) -> None:
    protocols: dict[str, dict[str, Any]] = {
        "plain": {},
        "soft": {"soft_nms": {"sigma": 0.3}, "nms_mode": "none"},
        "boxes": {"score_mode": "bbox", "nms_thr": 0.7},
    }
    prefix = str(tmp_path / "found")
    together = StagePredictorsMetric(ann_file=str(annotations), protocols=protocols, outfile_prefix=prefix)
    figures = evaluated(together, meta, crowded)
    assert len({figures[f"{name}/P4/AP"] for name in protocols}) == 3
    for name, settings in protocols.items():
        single = evaluated(StagePredictorsMetric(ann_file=str(annotations), **settings), meta, crowded)
        for predictor in NOISE:
            assert figures[f"{name}/{predictor}/AP"] == single[f"{predictor}/AP"]
            assert (tmp_path / f"found.{name}.{predictor}.keypoints.json").exists()
