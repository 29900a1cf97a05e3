"""`python -m mmpose_ssn page`: one page of a preset's results, as Markdown, CSV, TeX and pictures."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

PAGES = {
    "table1": "table1",
    "table2": "table2",
    "table3": "table3",
    "joints": "joint_table",
    "figure5": "figure5",
    "figure6": "figure6",
    "figure7": "figure7",
    "claims": "claims",
    "baselines": "baselines",
    "speed": "speed",
    "dependency": "distance",
    "protocols": "protocol_table",
    "curves": "curves",
    "trials": "trials",
}
"""The module of ``mmpose_ssn.pages`` that makes each page."""

_OF_ONE_PRESET = ("curves", "trials")  # their files lie in the preset's folder
_OF_TRAININGS = ("table1", "table2", "joints", "figure5", "figure6", "figure7", "claims", "baselines", "curves")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``page``."""
    parser.add_argument("name", choices=PAGES, help="the page")
    parser.add_argument("--preset", required=True, help="preset whose results are shown, such as figures")
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="TRAINING",
        help="trainings to show, by their folders under DIR/PRESET, such as ssn/seed0 (default: all there are)",
    )
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="folder of the results (default: %(default)s)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="PREFIX", help="where to write: PREFIX.md and its like (default: DIR/NAME)"
    )


def run(args: argparse.Namespace) -> int:
    """Write the page; return 1 where an input is refused."""
    import importlib

    from mmpose_ssn.experiment.presets import load_preset
    from mmpose_ssn.networks import MEAN_POSE, networks
    from mmpose_ssn.pages.render import write
    from mmpose_ssn.pages.results import Results

    module = importlib.import_module(f"mmpose_ssn.pages.{PAGES[args.name]}")
    folder = args.results / args.preset if args.name in _OF_ONE_PRESET else args.results
    if args.only and args.name not in _OF_TRAININGS:
        print(f"error: --only goes with {', '.join(_OF_TRAININGS)}, not with {args.name}", file=sys.stderr)
        return 1
    folder_of_preset = args.results / args.preset
    names = [run for one in networks().values() for run in one.runs]
    for training in args.only or ():
        run, _, seed = training.rpartition("/")
        if training != MEAN_POSE and not (run in names and seed.startswith("seed") and seed[4:].isdecimal()):
            print(f"error: got {training}, expected a training, e.g. ssn/seed0, hrnet-w32/own/seed0", file=sys.stderr)
            return 1
        if not (folder_of_preset / training).is_dir():
            print(f"error: {folder_of_preset / training} is not there", file=sys.stderr)
            return 1
    try:
        load_preset(args.preset)
        page = module.page(Results(args.preset, args.results, args.only))
        files = write(page, args.out or folder / args.name)
    except ValueError as error:  # a refused input, or an unknown preset
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{', '.join(map(str, files))}: {page.title}")
    return 0
