"""`python -m mmpose_ssn doctor`: one screen about what this machine can run, and what to do about the rest."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmpose_ssn import checkup


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``doctor``."""
    parser.add_argument(
        "--coco-root",
        type=Path,
        default=Path("data/coco"),
        help="data root of COCO 2017 in MMPose's layout (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Print the report; return 1 only if what is installed cannot run."""

    def show(doing: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\033[K{doing}", end="", file=sys.stderr, flush=True)

    findings = checkup.diagnose(args.coco_root, progress=show)
    show("")
    print(checkup.render(findings))
    return checkup.exit_status(findings)
