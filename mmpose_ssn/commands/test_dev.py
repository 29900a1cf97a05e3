"""`python -m mmpose_ssn test-dev`: make of a results file the archive that COCO's test-dev server takes."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``test-dev``."""
    parser.add_argument(
        "--results", type=Path, required=True, help="detections on test-dev, a *.keypoints.json that MMPose wrote"
    )
    parser.add_argument(
        "--image-info", type=Path, required=True, help="COCO's image_info_test-dev2017.json, which lists the images"
    )
    parser.add_argument("--name", required=True, help="of the method, in the names of both files")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the JSON file and its zip to")


def run(args: argparse.Namespace) -> int:
    """Check and write; return 1 where the results are refused."""
    try:
        print(_export(args.results, args.image_info, args.name, args.out))
    except (ValueError, OSError) as error:
        print(f"test-dev: {error}", file=sys.stderr)
        return 1
    return 0


def _export(results: Path, image_info: Path, name: str, out: Path) -> str:
    """Write both files, and say what is in them."""
    from mmpose_ssn.evaluation import submission
    from mmpose_ssn.files import write_together

    file_name = submission.file_name(name)
    image_ids = _image_ids(image_info)
    print(f"reading {results}", file=sys.stderr)
    detections = _read(results)
    print("checking and packing", file=sys.stderr)
    try:
        submission.check(detections, image_ids, also=["bbox"])  # the box that MMPose writes beside the keypoints
    except ValueError as error:
        raise ValueError(f"{results}: {error}") from None
    kept = submission.submission(detections)
    content = submission.encode(kept)
    packed = out / f"{file_name}.zip"
    write_together({out / f"{file_name}.json": content, packed: submission.archive(f"{file_name}.json", content)})
    seen = len({detection["image_id"] for detection in kept})
    return f"{packed}: {len(kept):,} of {len(detections):,} detections, on {seen:,} of {len(image_ids):,} images"


def _image_ids(image_info: Path) -> set[int]:
    content = _read(image_info)
    try:
        return {image["id"] for image in content["images"]}
    except (KeyError, TypeError):
        raise ValueError(f"{image_info} has no list of images with ids: expected COCO's image information") from None


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except ValueError as error:
        raise ValueError(f"{file} is not JSON: {error}") from None
