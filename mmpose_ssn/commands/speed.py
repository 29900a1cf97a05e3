"""`python -m mmpose_ssn speed`: render what `latency` measured of the full-size networks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``speed``."""
    parser.add_argument("--complexity", type=Path, required=True, metavar="CSV", help="cost of the paper's networks")
    parser.add_argument("--compared", type=Path, required=True, metavar="CSV", help="cost of the others")
    parser.add_argument("--latency", type=Path, required=True, metavar="CSV", help="what `latency` wrote")
    parser.add_argument("--out", type=Path, required=True, metavar="MD", help="file to write")


def run(args: argparse.Namespace) -> int:
    """Write the page; return 1 where an input is refused."""
    from mmpose_ssn.files import write_together
    from mmpose_ssn.report.baselines import read_full_size
    from mmpose_ssn.report.inputs import RefusedInput
    from mmpose_ssn.report.speed import to_markdown

    try:
        page = to_markdown(read_full_size(args.complexity, args.compared, args.latency))
    except RefusedInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    write_together({args.out: page})
    print(args.out)
    return 0
