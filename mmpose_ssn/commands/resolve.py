"""`python -m mmpose_ssn resolve`: write the config of one training."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``resolve``."""
    from mmengine.config import DictAction

    parser.add_argument("--preset", required=True, help="name of a file in configs/presets, such as figures")
    parser.add_argument("--network", required=True, help="short id of the network, such as ssn-wo-ca")
    parser.add_argument("--seed", type=int, default=0, help="seed of the training (default: %(default)s)")
    parser.add_argument("--data-root", type=Path, required=True, help="folder of the data set")
    parser.add_argument(
        "--trunk",
        metavar="FILE",
        help="ImageNet weights of a full-size trunk, or `scratch` (default: the config's own)",
    )
    parser.add_argument(
        "--recipe",
        choices=["common", "own"],
        default="common",
        help="a baseline's own instead of the one that all networks share (default: %(default)s)",
    )
    parser.add_argument(
        "--split", help="split to score on, such as tune (default: the one that the data set is scored on)"
    )
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        action=DictAction,
        metavar="KEY=VALUE",
        default={},
        help="settings of the config to change, in MMEngine's notation, such as train_cfg.max_iters=100",
    )
    parser.add_argument("--out", type=Path, required=True, help="config file to write")


def run(args: argparse.Namespace) -> int:
    """Resolve and write."""
    from mmpose_ssn.experiment.presets import load_preset
    from mmpose_ssn.experiment.resolved_config import resolve, write

    preset = load_preset(args.preset)
    config = resolve(preset, args.network, args.seed, args.data_root, args.split, args.trunk, args.recipe)
    config.merge_from_dict(args.cfg_options)
    write(config, args.out)
    return 0
