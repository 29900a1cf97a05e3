"""`python -m mmpose_ssn trials`: the table of the trials on the tune split."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``trials``."""
    parser.add_argument(
        "--scores", type=Path, nargs="+", required=True, metavar="JSON", help="scores.json of each trial"
    )
    parser.add_argument("--out", type=Path, required=True, help="CSV file to write")


def run(args: argparse.Namespace) -> int:
    """Write the table and name the rate that it speaks for."""
    from mmpose_ssn.experiment.trials import best_rate, table_of_trials
    from mmpose_ssn.files import write_together

    table = table_of_trials(args.scores)
    write_together({args.out: table.to_csv(index=False, lineterminator="\n")})
    print(table.pivot(index="variant", columns="learning_rate", values="ap").round(1).to_string())
    print(f"best mean AP at the rate {best_rate(table):g}")
    return 0
