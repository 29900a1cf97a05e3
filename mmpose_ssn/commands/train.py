"""`python -m mmpose_ssn train`: train from a resolved config, resuming where it was interrupted."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmpose_ssn.commands.console import errors_to_log, log_to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``train``."""
    parser.add_argument("config", type=Path, help="config that `python -m mmpose_ssn resolve` wrote")
    parser.add_argument(
        "--work-dir", type=Path, required=True, help="folder for checkpoints and logs, kept across interruptions"
    )
    parser.add_argument(
        "--weights",
        type=Path,
        required=True,
        help="file for the last weights; a .json beside it says how they were made",
    )
    parser.add_argument("--plan", type=Path, help="the workflow's plan, to say how long all its trainings will take")
    parser.add_argument("--log", type=Path, help="write the full log here and only progress to the terminal")


def run(args: argparse.Namespace) -> int:
    """Train; return 1 where another process already does."""
    progress = log_to(args.log)
    from mmengine.config import Config

    from mmpose_ssn.experiment.training import AlreadyRunning, train

    with errors_to_log(args.log, progress):
        try:
            train(Config.fromfile(args.config), args.work_dir, args.weights, progress, args.plan)
        except AlreadyRunning as error:
            print(error, file=progress)
            return 1
        except KeyboardInterrupt:
            print(f"interrupted: the same command goes on from the last checkpoint in {args.work_dir}", file=progress)
            return 130
    return 0
