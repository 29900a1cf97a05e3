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
        help="writes PREFIX.csv and PREFIX-offsets.csv, which `page dependency` shows (default: %(default)s)",
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
    """Run the cells that are missing, and write both files; what was measured before is kept.

    Return 1 where the files hold another experiment.
    """
    from mmpose_ssn.dependency.cells import FORMS, plan
    from mmpose_ssn.dependency.record import Record, measure
    from mmpose_ssn.experiment import provenance

    form = FORMS[args.form]
    cells = plan(form)
    made = {"planned": len(cells), "commit": provenance.commit(), "machine": provenance.machine()}
    # apart from what was measured in earnest, which would refuse cells of other settings
    prefix = args.out.with_name(f"{args.out.name}-{form.name}") if form.meaningless else args.out
    record = Record(prefix)
    try:
        measure(record, cells, args.workers, made)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{record.cells_file}, {record.offsets_file}: {len(cells)} trainings.")
    return 0
