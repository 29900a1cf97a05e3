"""`python -m mmpose_ssn dependency`: how far information must travel, and which module carries it there."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``dependency``."""
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("results/dependency"),
        metavar="PREFIX",
        help="writes PREFIX.csv, PREFIX-offsets.csv, PREFIX.md and PREFIX.png (default: %(default)s)",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--short", dest="form", action="store_const", const="short", help="minutes (default)")
    form.add_argument(
        "--full", dest="form", action="store_const", const="full", help="more distances, seeds, iterations"
    )
    form.add_argument(
        "--smoke",
        dest="form",
        action="store_const",
        const="smoke",
        help="every kind once, into PREFIX-smoke.csv: numbers mean nothing",
    )
    parser.add_argument("--workers", type=int, default=2, help="processes, of one thread each (default: %(default)s)")
    parser.set_defaults(form="short")


def run(args: argparse.Namespace) -> int:
    """Run the cells that are missing, and write tables and picture; what was measured before is kept.

    Return 1 where the files hold another experiment.
    """
    from mmpose_ssn.dependency.cells import FORMS, plan
    from mmpose_ssn.dependency.record import Record, measure
    from mmpose_ssn.experiment import provenance
    from mmpose_ssn.files import write_together
    from mmpose_ssn.report.dependency import draw, read_results, to_markdown

    form = FORMS[args.form]
    cells = plan(form)
    made = {"commit": provenance.commit(), "machine": provenance.machine()}
    # apart from what was measured in earnest, which would refuse cells of other settings
    prefix = args.out.with_name(f"{args.out.name}-{form.name}") if form.meaningless else args.out
    try:
        measure(Record(prefix), cells, args.workers, made)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    results = read_results(prefix, len(cells), form.meaningless)
    picture = args.out.with_name(f"{args.out.name}.png")
    write_together({args.out.with_name(f"{args.out.name}.md"): to_markdown(results)})
    draw(results, picture)
    print(f"{args.out}.md, {picture}: {len(results.cells)} trainings.")
    return 0
