"""`python -m mmpose_ssn claims`: the ledger of every claim of the paper, with a verdict or what is missing for one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmpose_ssn.commands.arguments import add_annotations, add_scores


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``claims``."""
    parser.add_argument("--preset", required=True, help="preset that all scores are of, such as mini")
    add_annotations(parser)
    add_scores(parser, "trained variant and seed, with its predictions/ beside it")
    parser.add_argument(
        "--resamples",
        type=int,
        default=2000,
        metavar="N",
        help="bootstrap resamples; Holm over m comparisons decides nothing with less than 40 m (default: %(default)s)",
    )
    parser.add_argument("--costs", type=Path, required=True, metavar="CSV", help="what `complexity --claims` counted")
    parser.add_argument("--offsets", type=Path, metavar="CSV", help="what `offsets` measured (default: nothing)")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="PREFIX", help="where to write: PREFIX.md and PREFIX.csv"
    )


def run(args: argparse.Namespace) -> int:
    """Decide and write; return 1 where an input is refused."""
    from datetime import date

    from mmpose_ssn import paper
    from mmpose_ssn.experiment.provenance import commit
    from mmpose_ssn.files import write_together
    from mmpose_ssn.report.contrasts import TrainedPredictors
    from mmpose_ssn.report.inputs import RefusedInput, check_together, read_scores
    from mmpose_ssn.report.ledger import compared, ledger
    from mmpose_ssn.report.ledger_inputs import read_costs, read_offsets
    from mmpose_ssn.report.ledger_page import ledger_to_csv, ledger_to_markdown
    from mmpose_ssn.report.references import REFERENCES

    try:
        scores = [read_scores(path) for path in args.scores]
        check_together(args.preset, scores, [*paper.table1(), *REFERENCES, *paper.asserted_variants()])
        trained = TrainedPredictors(scores, args.annotations, args.resamples)
        entries = ledger(
            args.preset,
            trained,
            compared(args.preset, trained),
            read_costs(args.costs),
            read_offsets(args.offsets, args.preset) if args.offsets else {},
            {"cost": args.costs} | ({"offsets": args.offsets} if args.offsets else {}),
        )
    except RefusedInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    data = scores[0].provenance["data"] if scores else "nothing scored"
    made = {"preset": args.preset, "data": data, "commit": commit(), "date": date.today().isoformat()}
    folder = args.out.parent
    write_together(
        {
            args.out.with_suffix(".md"): ledger_to_markdown(entries, args.preset, data, folder, made),
            args.out.with_suffix(".csv"): ledger_to_csv(entries, made),
        }
    )
    decided, found = sum(entry.decided for entry in entries), sum(entry.found for entry in entries)
    print(f"{args.out}.md, .csv: {len(entries)} claims, {decided} with a verdict, {found} decided in {args.preset}")
    return 0
