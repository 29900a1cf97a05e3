"""`python -m mmpose_ssn evaluate`: score every predictor of a trained network, with bootstrap intervals."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmpose_ssn.commands.console import log_to


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

    try:
        content = score(Config.fromfile(args.config), args.weights, args.out)
    except Exception as error:
        if terminal is not sys.stderr:
            print(f"{type(error).__name__}: {error}\nfull log: {args.log}", file=terminal)
        raise
    figures = ", ".join(f"{name} {100 * found['AP']:.1f}" for name, found in content["predictors"].items())
    print(f"{content['preset']}/{content['variant']} seed {content['seed']}: AP {figures}", file=terminal)
    return 0
