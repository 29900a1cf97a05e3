"""`python -m mmpose_ssn coco`: say within seconds whether COCO is in place; on request, download and unpack it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mmpose_ssn.commands.getting import get_and_say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``coco``."""
    parser.add_argument("--root", type=Path, required=True, help="data root of COCO 2017 in MMPose's layout")
    parser.add_argument("--download", action="store_true", help="get what is missing; a broken-off download goes on")
    parser.add_argument(
        "--have", type=Path, metavar="FOLDER", help="with --download: take archives or unpacked files from here first"
    )
    parser.add_argument(
        "--only",
        type=lambda text: text.split(","),
        metavar="PART,...",
        help="of annotations, train2017, val2017, detections (these four by default) and test-dev",
    )
    parser.add_argument("--out", type=Path, help="write the files' digests to this JSON file")


def run(args: argparse.Namespace) -> int:
    """Look for every file and count the photos; return 1 where something is missing or could not be got."""
    from mmpose_ssn.datasets import coco
    from mmpose_ssn.experiment.provenance import file_digest
    from mmpose_ssn.files import write_together

    parts = args.only or coco.REQUIRED
    status = get_and_say(
        "COCO",
        args,
        get=lambda: coco.get(coco.contents(parts), args.root, args.have),
        missing=lambda: coco.missing(args.root, parts),
        remedy=f"{coco.HOW_TO_GET}; or say where you have it: --config coco_root=/path/to/coco",
    )
    if status == 0 and args.out:
        wanted = coco.contents(parts)
        photos = {published.folder: published.photos for published in wanted if published.photos}
        digests = {name: file_digest(args.root / name) for published in wanted for name in published.files}
        write_together({args.out: json.dumps({"photos": photos, "files": digests}, indent=2) + "\n"})
    return status
