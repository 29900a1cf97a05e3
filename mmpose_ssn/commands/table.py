"""`python -m mmpose_ssn table`: Table 1 of one preset, from the files that the workflow made."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmpose_ssn.commands.arguments import add_scores


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``table``."""
    parser.description = "Render Table 1 of one preset as Markdown, CSV and TeX."
    parser.add_argument("--preset", required=True, help="preset whose scores are shown, such as mini")
    parser.add_argument("--complexity", type=Path, required=True, metavar="CSV", help="cost of the full-size networks")
    add_scores(parser, "trained variant and seed, and of the mean pose; one without is shown as not run")
    parser.add_argument(
        "--orderings", type=Path, metavar="CSV", help="what `compare` measured on the same scores (default: nothing)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="PREFIX",
        help="where to write: PREFIX.md, PREFIX.csv, PREFIX-orderings.csv and PREFIX.tex",
    )


def run(args: argparse.Namespace) -> int:
    """Write the four files; return 1 where an input is refused."""
    from mmpose_ssn.files import write_together
    from mmpose_ssn.report.inputs import RefusedInput
    from mmpose_ssn.report.rendering import orderings_to_csv, to_csv, to_markdown, to_tex
    from mmpose_ssn.report.table1 import Table1

    try:
        table = Table1.from_files(args.preset, args.complexity, args.scores, args.orderings)
    except RefusedInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    texts = {
        ".md": to_markdown(table),
        ".csv": to_csv(table),
        "-orderings.csv": orderings_to_csv(table),
        ".tex": to_tex(table),
    }
    write_together({args.out.with_name(args.out.name + suffix): text for suffix, text in texts.items()})
    print(f"{args.out}.md, .csv, -orderings.csv, .tex: {table.title}")
    return 0
