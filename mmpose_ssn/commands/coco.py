"""`python -m mmpose_ssn coco`: stop within seconds where COCO is not in place, and say what to do."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``coco``."""
    parser.add_argument("--root", type=Path, required=True, help="data root of COCO 2017 in MMPose's layout")
    parser.add_argument("--out", type=Path, help="write the files' digests to this JSON file")


def run(args: argparse.Namespace) -> int:
    """Look for every file and count the photos; return 1 where something is missing."""
    from mmpose_ssn.datasets import coco
    from mmpose_ssn.experiment.provenance import file_digest
    from mmpose_ssn.files import write_together

    if missing := coco.missing(args.root):
        print(
            f"COCO is not in place: {args.root} lacks {', '.join(missing)}.\n"
            f"Get it by hand ({coco.HOW_TO_GET}), or say where you have it: --config coco_root=/path/to/coco",
            file=sys.stderr,
        )
        return 1
    if args.out:
        digests = {name: file_digest(args.root / name) for name in coco.FILES}
        write_together({args.out: json.dumps({"photos": coco.FOLDERS, "files": digests}, indent=2) + "\n"})
    print(f"COCO is in place in {args.root}")
    return 0
