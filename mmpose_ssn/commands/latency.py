"""`python -m mmpose_ssn latency`: the time that one image takes through each full-size network on the CPU."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``latency``."""
    parser.add_argument(
        "--out", type=Path, default=Path("results/latency.csv"), help="csv file to write (default: %(default)s)"
    )
    parser.add_argument(
        "--variants",
        nargs="+",
        metavar="NAME",
        help="networks to time, beside ssn (default: the paper's and all baselines)",
    )
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="numbers of threads (default: 1 2)")
    parser.add_argument(
        "--seconds", type=float, default=120.0, help="time for each number of threads (default: %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Time, print and write; the file is written anew after each number of threads."""
    from mmpose_ssn.benchmark.timing import tune_allocator

    tune_allocator()
    import pandas as pd

    from mmpose_ssn.benchmark.latency import measure
    from mmpose_ssn.experiment.provenance import machine
    from mmpose_ssn.files import write_together
    from mmpose_ssn.variants import BASELINES, VARIANTS, missing_package

    known = (*VARIANTS, *(name for name in BASELINES if missing_package(name) is None))
    for name in BASELINES:
        if package := missing_package(name):
            print(f"{name} is left out: its network needs {package}, which is not installed")
    variants = args.variants or known
    print(f"{'network':22}{'input':>10}{'threads':>9}{'wall, ms':>11}{'cpu, ms':>11}{'/ ssn':>8}")
    measured = []
    for one in measure(variants, args.threads, args.seconds):
        measured.append(one)
        print(
            f"{one.variant:22}{one.input_size:>10}{one.threads:9}{one.wall_ms:11.2f}{one.cpu_ms:11.2f}{one.ratio:8.3f}"
        )
        table = pd.DataFrame(map(vars, measured)).round(4).assign(machine=machine())
        write_together({args.out: table.to_csv(index=False)})
    return 0
