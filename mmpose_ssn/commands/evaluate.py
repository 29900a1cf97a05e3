"""`python -m mmpose_ssn evaluate`: score every predictor of a trained network, or the mean pose."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmpose_ssn.commands.console import errors_to_log, log_to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``evaluate``."""
    parser.add_argument(
        "config", type=Path, help="resolved config of the network; for the mean pose, any of the preset's configs"
    )
    scored = parser.add_mutually_exclusive_group(required=True)
    scored.add_argument("--weights", type=Path, help="weights that `python -m mmpose_ssn train` wrote")
    scored.add_argument(
        "--mean-pose",
        action="store_true",
        help="score the mean pose of the training people in each box instead, the reference for chance",
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="scores.json to write; detections go to predictions/ beside it"
    )
    parser.add_argument("--log", type=Path, help="write the full log here and only the result to the terminal")


def run(args: argparse.Namespace) -> int:
    """Score, and print the deciding figure of every predictor."""
    terminal = log_to(args.log)
    from mmengine.config import Config

    from mmpose_ssn.experiment.scoring import score, score_mean_pose
    from mmpose_ssn.networks import run_name

    with errors_to_log(args.log, terminal):
        config = Config.fromfile(args.config)
        content = score_mean_pose(config, args.out) if args.mean_pose else score(config, args.weights, args.out)
    figures = ", ".join(f"{name} {100 * found[content['metric']]:.1f}" for name, found in content["predictors"].items())
    seed = "" if args.mean_pose else f" seed {content['seed']}"
    print(
        f"{content['preset']}/{run_name(content['network'], content['recipe'])}{seed}: {content['metric']} {figures}",
        file=terminal,
    )
    return 0
