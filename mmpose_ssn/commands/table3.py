"""`python -m mmpose_ssn table3`: COCO test-dev as the paper prints it, and our rows with what the server said."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``table3``."""
    parser.description = "Render Table 3 as Markdown, CSV and TeX."
    parser.add_argument("--complexity", type=Path, required=True, metavar="CSV", help="cost of the full-size networks")
    parser.add_argument(
        "--server",
        type=Path,
        nargs="*",
        default=[],
        metavar="JSON",
        help="<variant>/server.json, what COCO's server found; a network without one is shown as not run",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="PREFIX", help="where to write: PREFIX.md, PREFIX.csv and PREFIX.tex"
    )


def run(args: argparse.Namespace) -> int:
    """Write the three files; return 1 where an input is refused."""
    from mmpose_ssn.files import write_together
    from mmpose_ssn.report.inputs import RefusedInput
    from mmpose_ssn.report.table3 import table3_lines, to_csv, to_markdown, to_tex

    try:
        lines = table3_lines(args.complexity, args.server)
    except RefusedInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    texts = {".md": to_markdown(lines), ".csv": to_csv(lines), ".tex": to_tex(lines)}
    write_together({args.out.with_name(args.out.name + suffix): text for suffix, text in texts.items()})
    submitted = sum(line.server is not None for line in lines)
    print(f"{args.out}.md, .csv, .tex: {submitted} of our networks with figures of the server")
    return 0
