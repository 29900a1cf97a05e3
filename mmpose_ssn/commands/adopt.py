"""`python -m mmpose_ssn adopt`: put a checkpoint that was trained elsewhere in a training's place."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``adopt``."""
    parser.add_argument("config", type=Path, help="config that `python -m mmpose_ssn resolve` wrote")
    parser.add_argument("--checkpoint", required=True, metavar="PTH", help="a state dict, or MMEngine's checkpoint")
    parser.add_argument(
        "--weights", type=Path, required=True, help="file for the weights; a .json beside it says where they are from"
    )


def run(args: argparse.Namespace) -> int:
    """Check that the checkpoint fills the network, and copy its weights."""
    from mmengine.config import Config

    import mmpose_ssn.plugin  # noqa: F401  registers the networks
    from mmpose_ssn.experiment.adoption import adopt

    config = Config.fromfile(args.config)
    adopt(config, args.checkpoint, args.weights)
    print(f"{args.checkpoint} fills {config.experiment.network}, preset {config.experiment.preset}")
    return 0
