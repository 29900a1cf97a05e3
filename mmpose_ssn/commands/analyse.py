"""`python -m mmpose_ssn analyse`: look into one trained network for what the paper's Figures 5, 6 and 7 show."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmpose_ssn.commands.console import errors_to_log, log_to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``analyse``."""
    parser.add_argument("config", type=Path, help="resolved config of the network")
    parser.add_argument("--weights", type=Path, required=True, help="its trained weights")
    parser.add_argument(
        "--images",
        type=int,
        default=32,
        metavar="N",
        help="people to look at (default: %(default)s)",
    )
    parser.add_argument("--split", help="split of the people (default: the one that networks are scored on)")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="JSON", help="file to write, and an NPZ of the same name beside it"
    )
    parser.add_argument("--log", type=Path, help="write the full log here and only the result to the terminal")


def run(args: argparse.Namespace) -> int:
    """Measure and write; return 1 where an input is refused."""
    if args.images < 1:
        print(f"error: got --images {args.images}, expected 1 or more", file=sys.stderr)
        return 1
    terminal = log_to(args.log)
    from mmengine.config import Config

    from mmpose_ssn.analysis.trained_network import analyse
    from mmpose_ssn.networks import run_name

    with errors_to_log(args.log, terminal):
        try:
            found = analyse(Config.fromfile(args.config), args.weights, args.images, args.split)
        except (ValueError, FileNotFoundError) as error:
            print(f"error: {error}", file=terminal)
            return 1
        found.write(args.out)
    described = found.described
    print(
        f"{described['preset']}/{run_name(described['network'], described['recipe'])} seed {described['seed']}: "
        f"{len(found.measurements)} numbers from {described['images']} images, {args.out}",
        file=terminal,
    )
    return 0
