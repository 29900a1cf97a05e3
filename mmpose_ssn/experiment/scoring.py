"""Score every predictor of a trained network in one pass, or the mean pose, each with a bootstrap interval."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from mmengine.config import Config

from mmpose_ssn.complexity.count import Complexity
from mmpose_ssn.complexity.full_size import count_network
from mmpose_ssn.complexity.stages import count_stages
from mmpose_ssn.engine.stream_config import unstreamed
from mmpose_ssn.evaluation.bootstrap import (
    KeypointAnnotations,
    KeypointMatches,
    ScoredDetections,
    bootstrap_interval,
)
from mmpose_ssn.evaluation.mean_pose import detect_mean_pose, fit_mean_pose
from mmpose_ssn.evaluation.metric import FINAL
from mmpose_ssn.evaluation.pck_matches import PCKMatches
from mmpose_ssn.evaluation.protocol import Protocol
from mmpose_ssn.experiment import provenance
from mmpose_ssn.experiment.data_sets import DATA_SETS
from mmpose_ssn.experiment.resolved_config import digest
from mmpose_ssn.experiment.runner import build_runner
from mmpose_ssn.files import write_together
from mmpose_ssn.networks import MEAN_POSE


def score(config: Config, weights: Path, out: Path) -> dict[str, Any]:
    """Run a network over the data set of its config and write ``out`` (``scores.json``) and each predictor's detections
    beside it.

    Args:
        config: Resolved config of the network.
        weights: Path of the trained weights; a JSON file of the same name beside it says how they were made.
        out: Path of ``scores.json``; detections go to ``predictions/predictor.<name>.keypoints.json`` next to it.

    Returns:
        What was written; ``mmpose_ssn/evaluation/scores.schema.yaml`` describes it.
    """
    experiment, protocol = config.experiment, Protocol.of(config)
    figures, names = run_test(config, weights, _predictions(out))
    final = names[-1] if protocol.predictor == FINAL else protocol.predictor
    return _write_scores(
        out,
        config,
        protocol,
        figures,
        names,
        final=final,
        network=experiment.network,
        recipe=experiment.recipe,
        seed=experiment.seed,
        cost=_cost(config, final),
        made=json.loads(weights.with_suffix(".json").read_text(encoding="utf-8")),
    )


def score_mean_pose(config: Config, out: Path) -> dict[str, Any]:
    """Place the mean pose of the people that a config trains on in each box that it is tested on, and write the same
    files as :func:`score`.
    """
    started = monotonic()
    figures = detect_mean_pose(fit_mean_pose(config), config, _predictions(out) / "predictor")
    train = unstreamed(config.train_dataloader.dataset)
    made = {
        "config_digest": digest(config),
        "commit": provenance.commit(),
        "training_annotations_digest": provenance.file_digest(Path(train.data_root) / train.ann_file),
        "machine": provenance.machine(),
        "wall_time_s": round(monotonic() - started, 1),
    }
    return _write_scores(
        out,
        config,
        Protocol.of(config),
        figures,
        [MEAN_POSE],
        final=MEAN_POSE,
        network=MEAN_POSE,
        recipe="common",
        made=made,
    )


def run_test(config: Config, weights: Path, predictions: Path) -> tuple[dict[str, float], tuple[str, ...]]:
    """Test a network as its config says, and write the detections.

    Args:
        config: Resolved config of the network.
        weights: Path of a checkpoint of the network.
        predictions: Folder for the detections, ``predictor.<name>.keypoints.json``.

    Returns:
        The evaluator's figures, and the names of the predictors, the final one last.
    """
    config.work_dir = str(predictions.parent / "evaluation")
    config.load_from = str(weights)
    config.test_evaluator.outfile_prefix = str(predictions / "predictor")
    runner = build_runner(config)
    figures = runner.test()
    head = runner.model.head
    return figures, head.selected(config.model.test_cfg) if hasattr(head, "selected") else (FINAL,)


def annotations_of(config: Config) -> KeypointAnnotations:
    """The annotations that a config is scored against, with the OKS constants of its data set."""
    metainfo = config.test_dataloader.dataset.get("metainfo")
    return KeypointAnnotations.from_file(config.test_evaluator.ann_file, metainfo and metainfo["sigmas"])


def matched(annotations: KeypointAnnotations, detections: Path, said: float) -> KeypointMatches:
    """Detections from their results file, matched with the people.

    Args:
        annotations: The annotations that were scored against.
        detections: Path of the results file.
        said: The AP that the pipeline found, as a fraction.

    Raises:
        RuntimeError: If pycocotools finds another AP in the file.
    """
    matches = KeypointMatches.from_results(annotations, detections)
    if abs(matches.figures["AP"] - said) > 1e-6:
        raise RuntimeError(
            f"{detections}: the pipeline's AP {said} differs from pycocotools' {matches.figures['AP']}; the results "
            "file and the pipeline do not hold the same detections"
        )
    return matches


def _cost(config: Config, final: str) -> dict[str, Any]:
    """What the network costs: whole, with its final predictor alone, and cut off at each predictor.

    Where all predictors read one map they share the whole network, and it is cut off at the final one alone.
    """
    whole, deployed = count_network(config)
    in_stages = config.model.get("neck") and config.model.neck.type == "GlobalNet"
    up_to = count_stages(config) if in_stages else {final: deployed}
    return {
        "whole": _figures(whole),
        "deployed": _figures(deployed),
        "up_to": {name: _figures(counted) for name, counted in up_to.items()},
    }


def _figures(counted: Complexity) -> dict[str, int]:
    return {"params": counted.params, "macs": counted.macs, "ops": counted.ops}


def _predictions(out: Path) -> Path:
    folder = out.parent / "predictions"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write_scores(
    out: Path,
    config: Config,
    protocol: Protocol,
    figures: Mapping[str, float],
    names: Sequence[str],
    *,
    made: dict[str, Any],
    **described: Any,
) -> dict[str, Any]:
    """Write ``scores.json`` from the detections in ``predictions/`` and the pipeline's figures of them."""
    experiment, annotations = config.experiment, annotations_of(config)
    data_set, resamples = DATA_SETS[experiment.data], experiment.evaluation.resamples
    metric = data_set.metric
    predictors: dict[str, dict[str, Any]] = {}
    for name in names:
        detections = out.parent / "predictions" / f"predictor.{name}.keypoints.json"
        matches = matched(annotations, detections, figures[f"{name}/AP"])
        scored: ScoredDetections = matches
        if metric != "AP":
            scored = PCKMatches.from_results(annotations, detections)
        interval = bootstrap_interval(scored, metric, resamples=resamples)
        predictors[name] = {**_known(scored.figures), **matches.figures, f"{metric}_interval": list(interval)}
    data, data_digest = data_set.described(Path(config.data_root), annotations.file)
    tested = protocol.described()
    if "cost" not in described:  # the mean pose has no heatmaps
        tested = {key: tested[key] for key in ("boxes", "soft_nms", "rescoring", "oks_nms")}
    content = {
        **described,
        "preset": experiment.preset,
        "metric": metric,
        "predictors": predictors,
        "images": len(scored.image_ids),
        "instances": int(matches.people[np.isin(matches.image_ids, scored.image_ids)].sum()),
        "resamples": resamples,
        "annotations": annotations.file.as_posix(),
        "protocol": tested,
        "provenance": {**made, "data": data, "data_digest": data_digest, "date": date.today().isoformat()},
    }
    write_together({out: json.dumps(content, indent=2) + "\n"})
    return content


def _known(figures: Mapping[str, float]) -> dict[str, float | None]:
    """Figures as JSON has them: null where there is none."""
    return {name: None if math.isnan(value) else value for name, value in figures.items()}
