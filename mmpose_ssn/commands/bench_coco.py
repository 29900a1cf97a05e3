"""`python -m mmpose_ssn bench-coco`: start-up, loading and evaluation at COCO's size, on drawn figures."""

from __future__ import annotations

import argparse
import json
import os
from datetime import date
from pathlib import Path

FRACTIONS, QUICK_FRACTIONS = (0.125, 0.25, 0.5, 1.0), (0.002, 0.004)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``bench-coco``."""
    parser.add_argument(
        "--out", type=Path, default=Path("results/coco-size"), help="folder to write to (default: %(default)s)"
    )
    parser.add_argument(
        "--fractions",
        type=_fractions,
        help="parts of COCO's size, with commas (default: 0.125,0.25,0.5,1)",
    )
    parser.add_argument("--plot", type=Path, help="picture to write (default: growth.png in the folder)")
    parser.add_argument("--keep", action="store_true", help="leave the files that were measured on")
    parser.add_argument("--quick", action="store_true", help="see in seconds that it runs; the numbers mean nothing")


def _fractions(text: str) -> list[float]:
    try:
        fractions = sorted(float(part) for part in text.split(","))
    except ValueError:
        fractions = []
    if not fractions or not 0.001 <= fractions[0] <= fractions[-1] <= 1:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected numbers of 0.001 to 1, with commas between")
    return fractions


def run(args: argparse.Namespace) -> int:
    """Measure, write the table, where it comes from and its picture, and print what was found and how it grows."""
    import pandas as pd

    from mmpose_ssn.benchmark.coco_size.growth import QUICK, Effort, exponents, measure
    from mmpose_ssn.benchmark.coco_size.growth_plot import draw
    from mmpose_ssn.experiment import provenance
    from mmpose_ssn.files import write_together

    fractions = args.fractions or (QUICK_FRACTIONS if args.quick else FRACTIONS)
    picture = args.plot or args.out / "growth.png"
    made = {
        "date": date.today().isoformat(),
        "commit": provenance.commit(),
        "machine": provenance.machine(),
        "load": round(os.getloadavg()[0], 1),
    }
    write_together({args.out / "made.json": json.dumps(made, indent=2) + "\n"})
    table = measure(args.out, fractions, QUICK if args.quick else Effort(), args.out / "growth.csv", args.keep)
    draw(table, picture)
    whole = table[table["size"].notna()]
    shown = whole.pivot(index=["figure", "form", "unit"], columns="fraction", values="value")
    shown["exponent"] = exponents(table)
    with pd.option_context("display.width", 160, "display.float_format", "{:.4g}".format):
        print(shown.to_string(na_rep=""))
        print(table[table["size"].isna()][["figure", "form", "unit", "value", "low", "high"]].to_string(index=False))
    load = f"load {made['load']} before and {os.getloadavg()[0]:.1f} after"
    print(f"{args.out / 'growth.csv'}, {picture}; {made['machine']}; {load}.")
    return 0
