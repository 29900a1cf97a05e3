"""`python -m mmpose_ssn mean-pose`: score the mean pose of the training people, the reference for chance."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Any

from mmpose_ssn.commands.console import log_to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``mean-pose``."""
    parser.add_argument("config", type=Path, help="any resolved config of the preset: its data and protocol are used")
    parser.add_argument(
        "--out", type=Path, required=True, help="scores.json to write; detections go to predictions/ beside it"
    )
    parser.add_argument("--log", type=Path, help="write the full log here and only the result to the terminal")


def run(args: argparse.Namespace) -> int:
    """Score and say the figure."""
    terminal = log_to(args.log)
    try:
        content = _score(args.config, args.out)
    except Exception as error:
        if terminal is not sys.stderr:
            print(f"{type(error).__name__}: {error}\nfull log: {args.log}", file=terminal)
        raise
    (figures,) = content["predictors"].values()
    print(f"{content['preset']}/{content['variant']}: AP {100 * figures['AP']:.1f}", file=terminal)
    return 0


def _score(config_file: Path, out: Path) -> dict[str, Any]:
    """Write ``out`` and return its content, which ``mmpose_ssn/report/scores.schema.yaml`` describes."""
    from mmengine.config import Config

    from mmpose_ssn.evaluation.bootstrap import KeypointAnnotations
    from mmpose_ssn.evaluation.mean_pose import detect_mean_pose, fit_mean_pose
    from mmpose_ssn.experiment import provenance
    from mmpose_ssn.experiment.resolve import digest
    from mmpose_ssn.experiment.scoring import matched
    from mmpose_ssn.files import write_together
    from mmpose_ssn.variants import MEAN_POSE

    config = Config.fromfile(config_file)
    experiment, started = config.experiment, monotonic()
    predictions = out.parent / "predictions"
    predictions.mkdir(parents=True, exist_ok=True)
    reported = detect_mean_pose(fit_mean_pose(config), config, predictions / "predictor")
    wall_time = monotonic() - started

    annotation_file = Path(config.test_evaluator.ann_file)
    annotations = KeypointAnnotations.from_file(annotation_file)
    matches = matched(annotations, predictions, MEAN_POSE, reported)
    resamples = experiment.evaluation.resamples
    data, data_digest = provenance.data_description(experiment, Path(config.data_root), annotation_file)
    train = config.train_dataloader.dataset.dataset
    content = {
        "variant": MEAN_POSE,
        "preset": experiment.preset,
        "final": MEAN_POSE,
        "predictors": {
            MEAN_POSE: {**matches.figures, "AP_interval": list(matches.bootstrap_interval(resamples=resamples))},
        },
        "images": len(matches.image_ids),
        "instances": int(matches.people.sum()),
        "resamples": resamples,
        "protocol": {"boxes": experiment.evaluation.boxes, "nms": "OKS-NMS 0.9"},  # it has no heatmap, nor a flip of it
        "provenance": {
            "config_digest": digest(config),
            "commit": provenance.commit(),
            "training_annotations_digest": provenance.file_digest(Path(train.data_root) / train.ann_file),
            "machine": provenance.machine(),
            "wall_time_s": round(wall_time, 1),
            "data": data,
            "data_digest": data_digest,
            "date": date.today().isoformat(),
        },
    }
    write_together({out: json.dumps(content, indent=2) + "\n"})
    return content
