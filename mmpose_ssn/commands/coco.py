"""`python -m mmpose_ssn coco`: say within seconds whether COCO is in place; on request, download and unpack it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


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
    failures: dict[str, str] = {}
    try:
        wanted = coco.contents(parts)
        if args.download:
            failures = coco.get(wanted, args.root, args.have)
        elif args.have:
            raise ValueError("--have says where to take files from; it goes with --download")
    except (ValueError, OSError) as error:
        print(f"coco: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("coco: interrupted; nothing is lost, the same command goes on from here", file=sys.stderr)
        return 130
    for file, reason in failures.items():
        print(f"coco: {file}: {reason}", file=sys.stderr)
    missing = coco.missing(args.root, parts)
    if missing:
        print(f"COCO is not in place: {args.root} lacks {', '.join(missing)}.", file=sys.stderr)
    if failures:
        print("Delete or replace what is refused above; the same command then goes on from here.", file=sys.stderr)
    elif missing:
        print(f"{coco.HOW_TO_GET}; or say where you have it: --config coco_root=/path/to/coco", file=sys.stderr)
    if failures or missing:
        return 1
    if args.out:
        photos = {published.folder: published.photos for published in wanted if published.photos}
        digests = {name: file_digest(args.root / name) for published in wanted for name in published.files}
        write_together({args.out: json.dumps({"photos": photos, "files": digests}, indent=2) + "\n"})
    print(f"COCO is in place in {args.root}")
    return 0
