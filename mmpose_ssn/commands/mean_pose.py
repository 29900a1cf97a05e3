"""`python -m mmpose_ssn mean-pose`: score the mean pose of the training people, the reference for chance."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmpose_ssn.commands.console import log_to, saying_why


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
    from mmengine.config import Config

    from mmpose_ssn.experiment.scoring import score_mean_pose

    with saying_why(args.log, terminal):
        content = score_mean_pose(Config.fromfile(args.config), args.out)
    (figures,) = content["predictors"].values()
    print(f"{content['preset']}/{content['variant']}: AP {100 * figures['AP']:.1f}", file=terminal)
    return 0
