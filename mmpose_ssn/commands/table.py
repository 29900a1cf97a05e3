"""`python -m mmpose_ssn table`: Table 1 of one preset, from the files that the workflow made."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``table``."""
    parser.description = "Render Table 1 of one preset as Markdown, CSV and TeX."
    parser.add_argument("--preset", required=True, help="preset whose scores are shown, such as mini")
    parser.add_argument("--complexity", type=Path, required=True, metavar="CSV", help="cost of the full-size networks")
    parser.add_argument(
        "--scores",
        type=Path,
        nargs="*",
        default=[],
        metavar="JSON",
        help="scores.json of each trained variant and seed; a variant without one is shown as not run",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="PREFIX", help="where to write: PREFIX.md, PREFIX.csv and PREFIX.tex"
    )


def run(args: argparse.Namespace) -> int:
    """Write the three files; return 1 where an input is refused."""
    from mmpose_ssn.files import write_together
    from mmpose_ssn.report.inputs import RefusedInput
    from mmpose_ssn.report.table1 import Table1, to_csv, to_markdown, to_tex

    try:
        table = Table1.from_files(args.preset, args.complexity, args.scores)
    except RefusedInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    texts = {".md": to_markdown(table), ".csv": to_csv(table), ".tex": to_tex(table)}
    write_together({args.out.with_name(args.out.name + suffix): text for suffix, text in texts.items()})
    print(f"{args.out}.md, .csv, .tex: {table.title}")
    return 0
