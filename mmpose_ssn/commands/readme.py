"""`python -m mmpose_ssn readme`: put the committed results of Table 1 into the README."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``readme``."""
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("docs/figures"),
        metavar="DIR",
        help="folder with committed copies of results/table1.csv and, as orderings.csv, of "
        "results/table1-orderings.csv (default: %(default)s)",
    )
    parser.add_argument(
        "--readme", type=Path, default=Path("README.md"), metavar="MD", help="file to write to (default: %(default)s)"
    )
    parser.add_argument("--check", action="store_true", help="write nothing, and exit 1 where the file would change")


def run(args: argparse.Namespace) -> int:
    """Write, or check; return 1 where an input is refused or, with ``--check``, the file is not up to date."""
    from mmpose_ssn.files import RefusedInput, write_together
    from mmpose_ssn.pages.readme_block import inject, render_block

    try:
        block = render_block(args.folder)
        old = args.readme.read_text(encoding="utf-8")
        new = inject(old, block)
    except RefusedInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        print(f"error: {args.readme}: {error}", file=sys.stderr)
        return 1
    if new == old:
        print(f"{args.readme} holds {args.folder} already")
        return 0
    if args.check:
        print(f"{args.readme} does not hold {args.folder}: run python -m mmpose_ssn readme", file=sys.stderr)
        return 1
    write_together({args.readme: new})
    print(f"{args.readme}: holds {args.folder} now")
    return 0
