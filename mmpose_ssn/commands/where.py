"""`python -m mmpose_ssn where`: what made a number of a results file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``where``."""
    parser.description = (
        "Print a number of a results file with everything that made it; of several seeds, one block each."
    )
    parser.add_argument("file", type=Path, help="a results file, such as results/table1.csv")
    parser.add_argument("row", help="value of its first column, such as ssn")
    parser.add_argument(
        "column", help="name of the column, as in the file, or in short: AP for what was measured of it"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        type=_condition,
        default=[],
        metavar="COLUMN=VALUE",
        help="lines with this value alone, such as predictor=E1 seed=0",
    )


def run(args: argparse.Namespace) -> int:
    """Print the blocks; return 1 where there is no such number."""
    from mmpose_ssn.files import RefusedInput
    from mmpose_ssn.pages.origin import origins

    try:
        found = origins(args.file, args.row, args.column, dict(args.only))
    except RefusedInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("\n\n".join(map(str, found)))
    return 0


def _condition(text: str) -> tuple[str, str]:
    column, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected COLUMN=VALUE, such as predictor=E1")
    return column, value
