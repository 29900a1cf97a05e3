"""`python -m mmpose_ssn complexity`: parameters, MACs and operations of the paper's networks, beside the paper's
figures, or of any config; on request, every claim of the paper that counting decides, and the networks that they are
compared with.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmpose_ssn.complexity import Complexity


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``complexity``."""
    parser.add_argument(
        "configs", nargs="*", type=Path, metavar="CONFIG", help="count these configs' networks, and not the paper's"
    )
    parser.add_argument(
        "--check", action="store_true", help="exit 1 unless every figure matches the paper's printed digits"
    )
    parser.add_argument("--out", type=Path, metavar="CSV", help="also write the exact counts to this file")
    parser.add_argument(
        "--claims", type=Path, metavar="CSV", help="also count every claim that counting decides, and write them there"
    )
    parser.add_argument(
        "--compared",
        type=Path,
        metavar="CSV",
        help="also count MMPose's networks and the alternatives to the modules, and write them there",
    )


def run(args: argparse.Namespace) -> int:
    """Count, print and optionally write; with ``--check`` return 1 where a figure does not match, and 2 where what is
    asked of given configs can be said of the paper's networks alone.
    """
    if args.configs:
        if args.check or args.claims or args.compared:
            print("error: --check, --claims and --compared are of the paper's networks: no CONFIG", file=sys.stderr)
            return 2
        return _count_configs(args.configs, args.out)
    import pandas as pd

    from mmpose_ssn.complexity import POLICY
    from mmpose_ssn.complexity.full_size import count_papers_networks
    from mmpose_ssn.files import write_together

    counted = count_papers_networks()
    print(
        f"{'network':14}{'params, M':>12}{'paper':>8}   {'ops, G':>9}{'paper':>8}   {'MACs, G':>9}   "
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
    tables = {}
    if args.out:
        tables[args.out] = [entry.as_row() for entry in counted]
    if args.claims:
        tables[args.claims] = _claims({entry.paper.id: entry.whole for entry in counted})
    if args.compared:
        tables[args.compared] = _compared()
    write_together({file: pd.DataFrame(rows).to_csv(index=False) for file, rows in tables.items()})
    if args.check and not params == flops == len(counted):
        print("A figure differs from the paper's: the networks or the counting policy have changed.", file=sys.stderr)
        return 1
    return 0


def _count_configs(configs: list[Path], out: Path | None) -> int:
    """Count the networks of configs, print them and optionally write them; return 1 where one is no such network."""
    import csv
    import io

    from mmpose_ssn.complexity.full_size import count_network
    from mmpose_ssn.files import write_together

    figures = ("params", "macs", "ops")
    rows = []
    print(f"{'params, M':>10}{'ops, G':>9}{'MACs, G':>9}{'deployed: params, M':>21}{'ops, G':>9}  config")
    for file in configs:
        try:
            whole, deployed = count_network(file)
        except (OSError, ValueError, NotImplementedError) as error:
            print(f"error: {file}: {error}", file=sys.stderr)
            return 1
        print(
            f"{whole.params / 1e6:10.3f}{whole.ops / 1e9:9.3f}{whole.macs / 1e9:9.3f}{deployed.params / 1e6:21.3f}"
            f"{deployed.ops / 1e9:9.3f}  {file}"
        )
        counted = {name: getattr(whole, name) for name in figures}
        rows.append(
            {"config": str(file), **counted, **{f"deployed_{name}": getattr(deployed, name) for name in figures}}
        )
    if out:
        table = io.StringIO()
        writer = csv.DictWriter(table, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_together({out: table.getvalue()})
    return 0


def _claims(costs: dict[str, Complexity]) -> list[dict[str, Any]]:
    """Count the claims, print those that do not hold, and return all of them as rows."""
    from mmpose_ssn.claims.counted_claims import counted_claims

    counted = counted_claims(costs=costs)
    failing = [entry for entry in counted if not entry.holds]
    print(f"Claims that counting decides: {len(counted) - len(failing)} of {len(counted)} hold.")
    for entry in failing:
        row = entry.as_row()
        print(
            f"{_mark(False)} {row['id']}: {row['counted']:g} {row['unit']}, claimed {row['relation']} {row['bound']} "
            f"({row['how']})"
        )
    return [entry.as_row() for entry in counted]


def _compared() -> list[dict[str, Any]]:
    """Count the networks, print how many come to the figures that MMPose prints, and return all of them as rows."""
    from mmpose_ssn.complexity.compared import count_compared

    counted = count_compared()
    for what, matches in (
        ("parameters", [entry.params_match for entry in counted]),
        ("FLOPs, as MMPose counts them,", [entry.flops_match for entry in counted]),
    ):
        printed = [match for match in matches if match is not None]
        print(f"MMPose's networks: {what} match to the printed digit in {sum(printed)} of {len(printed)}.")
    return [entry.as_row() for entry in counted]


def _mark(match: bool) -> str:
    return "✓" if match else "✗"
