"""`python -m mmpose_ssn latency`: the time and the memory that one image takes through each network on the CPU."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmengine.config import Config

    from mmpose_ssn.experiment.presets import Preset


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``latency``."""
    parser.add_argument(
        "--out", type=Path, default=Path("results/latency.csv"), help="csv file to write (default: %(default)s)"
    )
    parser.add_argument("--preset", help="time the networks at this preset's size (default: full size)")
    parser.add_argument(
        "--networks",
        nargs="+",
        metavar="NAME",
        help="networks to time, beside ssn (default: the paper's and all baselines that have the size)",
    )
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="numbers of threads (default: 1 2)")
    parser.add_argument(
        "--seconds", type=float, default=120.0, help="time for each number of threads (default: %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Time, print and write; the file is written anew with each line."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # PyTorch's profiler calls it an error that there is no GPU
    import pandas as pd

    from mmpose_ssn import paper
    from mmpose_ssn.benchmark import forward_time
    from mmpose_ssn.experiment.presets import load_preset
    from mmpose_ssn.experiment.provenance import commit, machine
    from mmpose_ssn.files import write_together
    from mmpose_ssn.networks import REFERENCE, of_groups

    of_table1 = [name for name, row in paper.table1().items() if row.ap]
    preset = load_preset(args.preset) if args.preset else None
    names = dict.fromkeys([REFERENCE, *(args.networks or (*of_table1, *of_groups("baseline")))])
    networks = {}
    for name in names:
        try:
            networks[name] = _config(name, preset)
        except ValueError as error:
            if args.networks:
                raise SystemExit(f"error: {error}") from error
            print(f"left out: {error}")
    print(f"{'network':26}{'input':>10}{'threads':>9}{'wall, ms':>11}{'cpu, ms':>11}{'/ ssn':>8}{'peak, MB':>10}")
    measured = []
    for one in forward_time.measure(networks, args.threads, args.seconds):
        measured.append(one)
        print(
            f"{one.network:26}{one.input_size:>10}{one.threads:9}{one.wall_ms:11.2f}{one.cpu_ms:11.2f}{one.ratio:8.3f}"
            f"{one.peak_mb:10.1f}"
        )
        table = pd.DataFrame(map(vars, measured)).round(4)
        table = table.assign(preset=args.preset or "full size", machine=machine(), commit=commit())
        write_together({args.out: table.to_csv(index=False)})
    return 0


def _config(name: str, preset: Preset | None) -> Config:
    """A network's config, at full size or at a preset's.

    Raises:
        ValueError: If it cannot be built; the message says what is missing.
    """
    from mmengine.config import Config

    from mmpose_ssn.experiment.resolved_config import resolve
    from mmpose_ssn.networks import config_file, network

    if not network(name).can_be_built:
        raise ValueError(f"{name}: needs {network(name).package}, which is not installed")
    if preset is None:
        return Config.fromfile(config_file(name))
    return resolve(preset, name, 0, Path("data"))
