"""`python -m mmpose_ssn evaluate`: score every predictor of a trained network, with bootstrap intervals."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmpose_ssn.commands.console import log_to, saying_why


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``evaluate``."""
    parser.add_argument("config", type=Path, help="the resolved config that the network was trained with")
    parser.add_argument("--weights", type=Path, required=True, help="weights that `python -m mmpose_ssn train` wrote")
    parser.add_argument(
        "--out", type=Path, required=True, help="scores.json to write; detections go to predictions/ beside it"
    )
    parser.add_argument("--log", type=Path, help="write the full log here and only the result to the terminal")


def run(args: argparse.Namespace) -> int:
    """Score and say the figures of every predictor."""
    terminal = log_to(args.log)
    from mmengine.config import Config

    from mmpose_ssn.experiment.scoring import score

    with saying_why(args.log, terminal):
        content = score(Config.fromfile(args.config), args.weights, args.out)
    figures = ", ".join(f"{name} {100 * found['AP']:.1f}" for name, found in content["predictors"].items())
    print(f"{content['preset']}/{content['variant']} seed {content['seed']}: AP {figures}", file=terminal)
    return 0
