"""`python -m mmpose_ssn bench`: what shift and modules cost, as ratios taken in one process, beside our targets."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mmpose_ssn.benchmark.processor import LESSER, NATIVE, as_processor, is_this

if TYPE_CHECKING:
    import pandas as pd


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``bench``."""
    parser.add_argument(
        "--device",
        choices=["cpu", "cuda"],
        default="cpu",
        help="cuda: the shift alone, with its Triton back end, on a GPU; no targets (default: %(default)s)",
    )
    parser.add_argument(
        "--cpu",
        nargs="+",
        choices=[NATIVE, *LESSER],
        default=[NATIVE],
        help="have Numba compile for a lesser processor, and PyTorch use its instructions alone; of several, one after"
        " the other (default: native)",
    )
    parser.add_argument(
        "--out", type=Path, help="csv file (default: results/bench.csv, with cuda results/bench-cuda.csv)"
    )
    parser.add_argument("--plot", type=Path, help="also draw the shift's cost, for example to docs/shift-speed.png")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="numbers of threads (default: 1 2)")
    parser.add_argument("--seconds", type=float, default=2.0, help="time for each comparison (default: %(default)s)")
    parser.add_argument("--check", action="store_true", help="exit 1 where a target that must be met is missed")


def run(args: argparse.Namespace) -> int:
    """Measure, write the csv file, print the targets; with ``--check`` return 1 where one is missed on the fewest
    threads.

    On a GPU the ratios are printed instead; without one it says so and returns 1.
    """
    import pandas as pd
    import torch

    from mmpose_ssn.files import write_together

    out = args.out or Path("results/bench.csv" if args.device == "cpu" else f"results/bench-{args.device}.csv")
    if args.device == "cuda" and not torch.cuda.is_available():
        print("torch sees no GPU: nothing was measured", file=sys.stderr)
        return 1
    if args.device == "cuda" and args.cpu != [NATIVE]:
        print(f"--cpu {' '.join(args.cpu)} goes with --device cpu alone: nothing was measured", file=sys.stderr)
        return 1
    table = pd.concat([_measure(args, cpu) if is_this(cpu) else _in_child(args, cpu) for cpu in args.cpu])
    write_together({out: table.round(4).to_csv(index=False)})
    if args.device != "cpu":
        print(table.pivot(index=["figure", "case"], columns="form", values="ratio").round(2).to_string())
        print(f"{out}: {len(table)} timings, on {torch.cuda.get_device_name()}.")
        return 0
    missed = _judge(table)
    if args.plot:
        from mmpose_ssn.benchmark.shift_plot import draw

        draw(table, args.plot)
    print(f"{out}: {len(table)} timings; worst is the largest ratio over the cases.")
    return 1 if args.check and missed else 0


def _in_child(args: argparse.Namespace, cpu: str) -> pd.DataFrame:
    """Time everything in a process of its own, compiled for one processor."""
    import pandas as pd

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "bench.csv"
        command = [sys.executable, "-m", "mmpose_ssn", "bench", "--cpu", cpu, "--device", args.device]
        command += ["--out", str(out), "--seconds", str(args.seconds), "--threads", *map(str, args.threads)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=as_processor(cpu))
        return pd.read_csv(out)


def _measure(args: argparse.Namespace, cpu: str) -> pd.DataFrame:
    """Time everything in this process."""
    import pandas as pd

    from mmpose_ssn.benchmark.processor import instruction_set, restrict_torch

    instructions = instruction_set()
    if cpu != NATIVE:
        restrict_torch(instructions)

    from mmpose_ssn.benchmark.shift_cost import measure, measure_shifts

    def report(doing: str) -> None:
        print(f"timing {doing}, {instructions}", file=sys.stderr, flush=True)

    if args.device == "cpu":
        measured = [one for threads in args.threads for one in measure(threads, args.seconds, report)]
    else:
        measured = list(measure_shifts(args.threads[0], args.seconds, report, args.device))
    table = pd.DataFrame(map(vars, measured))
    table.insert(0, "instructions", instructions if cpu == NATIVE else f"{instructions}, as {cpu}")
    return table


def _judge(table: pd.DataFrame) -> int:
    """Print every target beside the worst ratio measured; return how many are missed on the least number of threads."""
    from mmpose_ssn.benchmark.shift_cost import TARGETS

    missed, few = 0, table.threads.min()
    print(f"{'figure':50} {'cases':34} {'instructions':20} {'threads':>7} {'worst':>7} {'must':>6} {'stretch':>8}")
    for target in TARGETS:
        chosen = table[(table.figure == target.figure) & (table.form == target.form) & table.case.isin(target.cases)]
        for (instructions, threads), rows in chosen.groupby(["instructions", "threads"], sort=False):
            worst = rows.ratio.max()
            verdict = "stretch met" if worst <= target.stretch else "met" if worst <= target.must else "MISSED"
            missed += verdict == "MISSED" and threads == few
            cases = ", ".join(case.split("x", 1)[1] if "x" in case else case for case in target.cases[:3])
            numbers = f"{threads:7} {worst:7.2f} {target.must:6} {target.stretch:8}"
            print(f"{target.figure:50} {cases:34.34} {instructions:20} {numbers}  {verdict}")
    return missed
