"""`python -m mmpose_ssn compare`: the paper's orderings of two networks, measured on the same images."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmpose_ssn.commands.arguments import add_annotations, add_scores


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``compare``."""
    parser.add_argument("--preset", required=True, help="preset that all scores are of, such as mini")
    add_annotations(parser)
    add_scores(parser, "trained variant and seed, with its predictions/ beside it")
    parser.add_argument(
        "--resamples", type=int, metavar="N", help="bootstrap resamples (default: as many as the scores' intervals had)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="file to write")


def run(args: argparse.Namespace) -> int:
    """Measure and write; return 1 where an input is refused."""
    from mmpose_ssn import paper
    from mmpose_ssn.experiment.provenance import commit
    from mmpose_ssn.files import write_together
    from mmpose_ssn.report.comparison import compare
    from mmpose_ssn.report.inputs import RefusedInput, check_together, read_scores
    from mmpose_ssn.report.orderings import to_csv
    from mmpose_ssn.report.references import REFERENCES

    try:
        if args.resamples is not None and args.resamples < 1:
            raise RefusedInput(f"--resamples is {args.resamples}, expected at least 1")
        scores = [read_scores(path) for path in args.scores]
        check_together(args.preset, scores, [*paper.table1(), *REFERENCES])
        measured = compare(scores, args.annotations, commit(), args.resamples)
    except RefusedInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    write_together({args.out: to_csv(measured)})
    decided = sum(one.outcome != "undecided" for one in measured)
    print(f"{args.out}: {len(measured)} of {len(paper.orderings())} orderings measured, {decided} decided")
    return 0
