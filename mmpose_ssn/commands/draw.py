"""`python -m mmpose_ssn draw`: write the drawn-figure data set, check it, and show it on a contact sheet."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``draw``."""
    parser.add_argument(
        "--out", type=Path, required=True, help="directory of the set; empty, new, or holding this very set"
    )
    for split, use in (("train", "to train on"), ("tune", "to choose settings with"), ("val", "to report on")):
        parser.add_argument(f"--{split}", type=int, required=True, metavar="N", help=f"number of images {use}")
    parser.add_argument(
        "--image-size", type=_size, default=(256, 192), metavar="WxH", help="in pixels (default: 256x192)"
    )
    parser.add_argument("--seed", type=int, default=0, help="number of the world that is drawn (default: 0)")
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: one for each usable core)")
    parser.add_argument("--verify", action="store_true", help="hold the files on disk against the manifest's digests")
    parser.add_argument(
        "--contact-sheet", type=Path, metavar="FILE", help="image of some val figures with their labels"
    )


def run(args: argparse.Namespace) -> int:
    """Draw, and on request verify and show; return 1 where the set is refused."""
    from mmpose_ssn.datasets.drawn import DrawnSpec, contact_sheet, verify, write

    try:
        spec = DrawnSpec(args.train, args.tune, args.val, args.image_size, args.seed)
        manifest = write(spec, args.out, args.workers)
        if args.verify:
            verify(args.out)
        if args.contact_sheet:
            contact_sheet(
                args.out, next(split for split in ("val", "tune", "train") if spec.counts[split]), args.contact_sheet
            )
    except (ValueError, OSError) as error:
        print(f"draw: {error}", file=sys.stderr)
        return 1
    print(manifest)
    return 0


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = map(int, text.split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"got {text!r}; expected WIDTHxHEIGHT in pixels, for example 256x192"
        ) from None
    return width, height
