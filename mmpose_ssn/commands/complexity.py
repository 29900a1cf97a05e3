"""`python -m mmpose_ssn complexity`: parameters, MACs and operations of the paper's networks, beside the paper's
figures.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``complexity``."""
    parser.add_argument(
        "--check", action="store_true", help="exit 1 unless every figure matches the paper's printed digits"
    )
    parser.add_argument("--out", type=Path, help="also write the exact counts to this csv file")


def run(args: argparse.Namespace) -> int:
    """Count, print and optionally write; with ``--check`` return 1 where a figure does not match."""
    import pandas as pd

    from mmpose_ssn.complexity import POLICY
    from mmpose_ssn.complexity.variants import count_variants
    from mmpose_ssn.files import write_together

    counted = count_variants()
    print(
        f"{'variant':14}{'params, M':>12}{'paper':>8}   {'ops, G':>9}{'paper':>8}   {'MACs, G':>9}   "
        f"{'deployed: params, M':>20}{'ops, G':>9}"
    )
    for entry in counted:
        print(
            f"{entry.paper.id:14}"
            f"{entry.whole.params / 1e6:12.3f}{entry.paper.params_m.text:>8} {_mark(entry.params_match)} "
            f"{entry.whole.ops / 1e9:9.3f}{entry.paper.flops_g.text:>8} {_mark(entry.flops_match)} "
            f"{entry.whole.macs / 1e9:9.3f}   {entry.deployed.params / 1e6:20.3f}{entry.deployed.ops / 1e9:9.3f}"
        )
    params, flops = (sum(getattr(entry, name) for entry in counted) for name in ("params_match", "flops_match"))
    print(
        f"Match to the printed digit: parameters {params}/{len(counted)}, "
        f"FLOPs {flops}/{len(counted)} (ops, policy {POLICY!r})."
    )
    if args.out:
        write_together({args.out: pd.DataFrame([entry.as_row() for entry in counted]).to_csv(index=False)})
    if args.check and not params == flops == len(counted):
        print("A figure differs from the paper's: the networks or the counting policy have changed.", file=sys.stderr)
        return 1
    return 0


def _mark(match: bool) -> str:
    return "✓" if match else "✗"
