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


def test_head_that_puts_out_its_answer_alone_is_refused_with_what_to_set(annotations: Path, samples, meta) -> None:
    answer = {key: value for key, value in samples[0]["pred_instances"].items() if not key.startswith("predictor")}
    metric = StagePredictorsMetric(ann_file=str(annotations))
    with pytest.raises(ValueError, match=r"model\.test_cfg\.predictors set to 'all' or a list"):
        evaluated(metric, meta, [{**samples[0], "pred_instances": answer}])
