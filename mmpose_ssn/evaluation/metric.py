"""COCO's keypoint AP for every predictor of a network and every way to score it, from one pass over the data."""

from __future__ import annotations

import copy
import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from mmengine.evaluator import BaseMetric
from mmpose.evaluation.metrics import CocoMetric
from mmpose.registry import METRICS

from mmpose_ssn.evaluation.soft_nms import soft_nms as lowered

FINAL = "final"
"""Name of the predictor of a head that has only one."""


@METRICS.register_module()
class StagePredictorsMetric(BaseMetric):
    """MMPose's ``CocoMetric`` once for each predictor that the head puts out (``test_cfg.predictors``).

    Figures come as ``<predictor>/<figure>`` (``E1/AP``), and those of the final predictor also as ``coco/<figure>``,
    where MMPose's users look. A head of MMPose's own has one predictor, ``final``.

    Args:
        soft_nms: Settings of :func:`mmpose_ssn.evaluation.soft_nms.soft_nms`, applied to each image's boxes before they
            are scored, or None.
        final: The predictor that is the network's result; by default the last.
        protocols: Several ways to score instead of one, by name: other values of ``soft_nms`` and of CocoMetric's
            arguments, and the ``reading`` of the heatmaps (``test_cfg.readings`` of the head). Figures then come as
            ``<protocol>/<predictor>/<figure>``.
        outfile_prefix: Write each predictor's detections to ``<prefix>.<predictor>.keypoints.json`` in COCO's results
            format, or ``<prefix>.<protocol>.<predictor>.keypoints.json``.
        coco: Every other argument of ``CocoMetric``.
    """

    def __init__(
        self,
        soft_nms: dict[str, Any] | None = None,
        final: str | None = None,
        protocols: dict[str, dict[str, Any]] | None = None,
        outfile_prefix: str | None = None,
        collect_device: str = "cpu",
        **coco: Any,
    ) -> None:
        super().__init__(collect_device=collect_device)
        self._soft_nms = soft_nms
        self._final = final
        self._protocols = protocols
        self._outfile_prefix = outfile_prefix
        self._coco = coco

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        needed = ["id", "img_id", "category_id", "pred_instances", "gt_instances"]
        if self._coco.get("ann_file") is None:  # then CocoMetric makes one of what the samples know
            needed += ["ori_shape", "crowd_index", "raw_ann_info"]
        self.results += [{key: sample[key] for key in needed if key in sample} for sample in data_samples]

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        if not results:
            raise ValueError("no sample was evaluated: the data set of test_dataloader (or val_dataloader) is empty")
        samples = list({sample["id"]: sample for sample in results}.values())
        if self._protocols is None:
            figures = self._figures(samples, "", {"soft_nms": self._soft_nms})
            if not figures:  # CocoMetric's format_only
                return figures
            final = self._final or list(figures)[-1].split("/")[0]
            ours = {key: value for key, value in figures.items() if key.startswith(f"{final}/")}
            if not ours:
                raise ValueError(f"final is {final!r}, but the head puts out {', '.join(_columns(samples[0]))}")
            return figures | {key.replace(f"{final}/", "coco/", 1): value for key, value in ours.items()}
        figures = {}
        for name, settings in self._protocols.items():
            figures |= self._figures(samples, f"{name}/", settings)
        return figures

    def _figures(self, samples: list[dict[str, Any]], title: str, settings: Mapping[str, Any]) -> dict[str, float]:
        """Score every predictor of one reading in one way."""
        scoring = {key: value for key, value in settings.items() if key not in ("soft_nms", "reading", "final")}
        reading = settings.get("reading", "")
        box_scores = _box_scores(samples, settings.get("soft_nms"))
        figures: dict[str, float] = {}
        for column, (of_reading, predictor) in enumerate(map(_split, _columns(samples[0]))):
            if of_reading != reading:
                continue
            metric = self._metric(scoring, f"{title}{predictor}".replace("/", "."))
            for sample, box_score in zip(samples, box_scores, strict=True):
                if box_score > 0:
                    metric.process({}, [_single(sample, column, box_score)])
            found = metric.compute_metrics(metric.results)
            figures |= {f"{title}{predictor}/{key}": value for key, value in found.items()}
        return figures

    def _metric(self, scoring: Mapping[str, Any], name: str) -> CocoMetric:
        metric = copy.copy(self._blank)
        metric.results = []
        metric.dataset_meta = dict(self.dataset_meta)  # a copy, as CocoMetric converts it in place
        for key, value in scoring.items():
            setattr(metric, key, value)
        if self._outfile_prefix is not None:
            metric.outfile_prefix = f"{self._outfile_prefix}.{name}"
        if metric.gt_converter is not None:  # then a CocoMetric changes, once, what it has of the annotations
            metric.coco = copy.deepcopy(metric.coco)
        return metric

    @functools.cached_property
    def _blank(self) -> CocoMetric:
        """A ``CocoMetric`` that takes no sample: it reads the annotation file once for its copies, the metrics of all
        predictors.
        """
        return CocoMetric(outfile_prefix=self._outfile_prefix, collect_device=self.collect_device, **self._coco)


def _columns(sample: dict[str, Any]) -> tuple[str, ...]:
    """The head's predictors, ``<reading>/<predictor>`` where there is more than one reading."""
    instances = sample["pred_instances"]
    return tuple(instances["predictor_names"][0]) if "predictor_names" in instances else (FINAL,)


def _split(column: str) -> tuple[str, str]:
    reading, _, predictor = column.rpartition("/")
    return reading, predictor


def _single(sample: dict[str, Any], column: int, box_score: float) -> dict[str, Any]:
    """A sample as a head with that one predictor would have put it out."""
    single = dict(sample["pred_instances"])
    if "predictor_names" in single:
        single["keypoints"] = single["predictor_keypoints"][:, column]
        single["keypoint_scores"] = single["predictor_scores"][:, column]
    single["bbox_scores"] = np.array([box_score])
    return {**sample, "pred_instances": single}


def _box_scores(samples: list[dict[str, Any]], settings: Mapping[str, Any] | None) -> npt.NDArray[np.floating]:
    """The score of each sample's box, [N]; 0 where Soft-NMS suppresses it."""
    scores = np.array([sample["pred_instances"]["bbox_scores"][0] for sample in samples])
    if settings is None:
        return scores
    of_image: dict[int, list[int]] = defaultdict(list)
    for index, sample in enumerate(samples):
        of_image[sample["img_id"]].append(index)
    for indices in of_image.values():
        boxes = np.array([samples[index]["pred_instances"]["bboxes"][0] for index in indices])
        scores[indices] = lowered(boxes, scores[indices], **settings)
    return scores
