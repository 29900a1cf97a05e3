"""`python -m mmpose_ssn curves`: the learning curves of trainings, as a table and a picture."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``curves``."""
    parser.add_argument(
        "--trainings", type=Path, nargs="+", required=True, metavar="FOLDER", help="<variant>/seed<k> of each training"
    )
    parser.add_argument("--title", required=True, help="line above the picture; name the data")
    parser.add_argument("--out", type=Path, required=True, metavar="PREFIX", help="writes PREFIX.csv and PREFIX.png")


def run(args: argparse.Namespace) -> int:
    """Write both files; return 1 where a training has logged nothing."""
    from mmpose_ssn.files import write_together
    from mmpose_ssn.report.curves import draw, read_curves
    from mmpose_ssn.report.inputs import RefusedInput

    several = len({folder.name for folder in args.trainings}) > 1
    named = {
        f"{folder.parent.name} {folder.name}" if several else folder.parent.name: folder for folder in args.trainings
    }
    try:
        curves = read_curves(named)
    except RefusedInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    table = curves.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    write_together({args.out.with_suffix(".csv"): table})
    draw(curves, args.title, args.out.with_suffix(".png"))
    return 0
