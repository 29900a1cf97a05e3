"""COCO's keypoint AP for every predictor of a network, from one pass over the data."""

from __future__ import annotations

import copy
import functools
from collections.abc import Sequence
from typing import Any

from mmengine.evaluator import BaseMetric
from mmpose.evaluation.metrics import CocoMetric
from mmpose.registry import METRICS


@METRICS.register_module()
class StagePredictorsMetric(BaseMetric):
    """MMPose's ``CocoMetric`` once for each predictor that the head puts out (``test_cfg.predictors``).

    Figures come as ``<predictor>/<figure>`` (``E1/AP``), and the answer's also as ``coco/<figure>``, where MMPose's
    users look.

    Args:
        outfile_prefix: Write each predictor's detections to ``<prefix>.<predictor>.keypoints.json`` in COCO's results
            format.
        coco: Every other argument of ``CocoMetric``.
    """

    def __init__(self, outfile_prefix: str | None = None, collect_device: str = "cpu", **coco: Any) -> None:
        super().__init__(collect_device=collect_device)
        self._outfile_prefix = outfile_prefix
        self._coco = coco
        self._metrics: dict[str, CocoMetric] = {}

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        for sample in data_samples:
            instances = sample["pred_instances"]
            if "predictor_names" not in instances:
                raise ValueError(
                    "StagePredictorsMetric needs a StagePredictorsHead, and model.test_cfg.predictors set to 'all' or "
                    "a list of names"
                )
            for column, name in enumerate(instances["predictor_names"][0]):
                single = dict(instances)
                single["keypoints"] = instances["predictor_keypoints"][:, column]
                single["keypoint_scores"] = instances["predictor_scores"][:, column]
                self._metric(name).process(data_batch, [{**sample, "pred_instances": single}])

    def _metric(self, name: str) -> CocoMetric:
        if name not in self._metrics:
            metric = copy.copy(self._blank)
            metric.prefix, metric.results = name, []
            metric.dataset_meta = dict(self.dataset_meta)  # a copy, as CocoMetric converts it in place
            if self._outfile_prefix is not None:
                metric.outfile_prefix = f"{self._outfile_prefix}.{name}"
            if metric.gt_converter is not None:  # then a CocoMetric changes, once, what it has of the annotations
                metric.coco = copy.deepcopy(metric.coco)
            self._metrics[name] = metric
        return self._metrics[name]

    @functools.cached_property
    def _blank(self) -> CocoMetric:
        """Takes no sample: it reads the annotation file for its copies, the metrics of all predictors."""
        return CocoMetric(outfile_prefix=self._outfile_prefix, collect_device=self.collect_device, **self._coco)

    def evaluate(self, size: int) -> dict[str, float]:
        if not self._metrics:
            raise ValueError("no sample was evaluated: the data set of test_dataloader (or val_dataloader) is empty")
        figures: dict[str, float] = {}
        for metric in self._metrics.values():
            figures.update(metric.evaluate(size))
        answer = list(self._metrics)[-1]
        figures.update(
            {
                key.replace(f"{answer}/", "coco/", 1): value
                for key, value in figures.items()
                if key.startswith(f"{answer}/")
            }
        )
        self._metrics = {}
        return figures

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        raise RuntimeError("StagePredictorsMetric collects in one CocoMetric a predictor; call evaluate()")
