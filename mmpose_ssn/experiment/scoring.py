"""Score every predictor of a trained network in one pass, with a bootstrap interval each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from mmpose_ssn.complexity.variants import count_network
from mmpose_ssn.evaluation.bootstrap import KeypointAnnotations, KeypointMatches
from mmpose_ssn.experiment import provenance
from mmpose_ssn.files import write_together


def score(config: Config, weights: Path, out: Path) -> dict[str, Any]:
    """Run a network over the data set of its config and write ``out`` (``scores.json``) and each predictor's detections
    beside it.

    Args:
        config: Resolved config.
        weights: The trained weights, with the json file that says how they were made beside them.
        out: ``scores.json``; detections go to ``predictions/<predictor>.keypoints.json`` next to it.

    Returns:
        What was written; ``mmpose_ssn/report/scores.schema.yaml`` describes it.
    """
    experiment = config.experiment
    predictions = out.parent / "predictions"
    predictions.mkdir(parents=True, exist_ok=True)
    config.work_dir = str(out.parent / "evaluation")
    config.load_from = str(weights)
    config.test_evaluator.outfile_prefix = str(predictions / "predictor")
    runner = Runner.from_cfg(config)
    figures = runner.test()
    names = runner.model.head.selected(config.model.test_cfg)

    annotation_file = Path(config.test_evaluator.ann_file)
    annotations = KeypointAnnotations.from_file(annotation_file)
    predictors: dict[str, dict[str, Any]] = {}
    for name in names:
        matches = matched(annotations, predictions, name, figures)
        interval = matches.bootstrap_interval(resamples=experiment.evaluation.resamples)
        predictors[name] = {**matches.figures, "AP_interval": list(interval)}
    whole, _ = count_network(config)
    data, data_digest = provenance.data_description(experiment, Path(config.data_root), annotation_file)
    made = json.loads(weights.with_suffix(".json").read_text(encoding="utf-8"))
    content = {
        "variant": experiment.variant,
        "preset": experiment.preset,
        "seed": experiment.seed,
        "final": names[-1],
        "predictors": predictors,
        "images": len(matches.image_ids),
        "instances": int(matches.people.sum()),
        "resamples": experiment.evaluation.resamples,
        "protocol": {
            "boxes": experiment.evaluation.boxes,
            "flip_test": config.model.test_cfg.flip_test,
            "decoder": "quarter offset",
            "nms": "OKS-NMS 0.9",
        },
        "network": {"params": whole.params, "macs": whole.macs, "ops": whole.ops},
        "provenance": {**made, "data": data, "data_digest": data_digest, "date": date.today().isoformat()},
    }
    write_together({out: json.dumps(content, indent=2) + "\n"})
    return content


def matched(
    annotations: KeypointAnnotations, predictions: Path, name: str, figures: Mapping[str, float]
) -> KeypointMatches:
    """A predictor's detections from its results file, matched with the people.

    Args:
        annotations: What was scored against.
        predictions: Folder of the results files.
        name: The predictor.
        figures: What the pipeline said, ``<name>/AP`` among them.

    Raises:
        RuntimeError: If pycocotools finds another AP in the file than the pipeline said.
    """
    matches = KeypointMatches.from_results(annotations, predictions / f"predictor.{name}.keypoints.json")
    said = figures[f"{name}/AP"]
    if abs(matches.figures["AP"] - said) > 1e-6:
        raise RuntimeError(
            f"{name}: the pipeline's AP {said} differs from pycocotools' {matches.figures['AP']} on {predictions}; the "
            "results file and the pipeline do not hold the same detections"
        )
    return matches
