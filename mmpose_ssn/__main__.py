"""`python -m mmpose_ssn SUBCOMMAND`: every step of the workflow as a command that a person can type."""

from __future__ import annotations

import argparse
import importlib
import sys
import warnings
from collections.abc import Sequence

from mmpose_ssn.allocator import keep_freed_memory

_COMMANDS = {
    "doctor": "what this machine can run, and what to do about what is missing",
    "complexity": "parameters, MACs and operations of the paper's networks, beside the paper's figures",
    "bench": "what shift and modules cost, as ratios taken in one process",
    "latency": "time and memory of one image through each network on the CPU",
    "bench-coco": "start-up, loading and evaluation at COCO's size, on drawn figures",
    "coco": "say whether COCO is in place; on request, download it",
    "leeds": "say whether Leeds Sports Pose is in place; on request, download and annotate it",
    "draw": "write the drawn-figure data set",
    "resolve": "write the config of one training: preset, network and seed",
    "adopt": "put a checkpoint that was trained elsewhere in a training's place",
    "train": "train from a resolved config, resuming where an earlier run stopped",
    "evaluate": "score every predictor of a trained network, or the mean pose, with bootstrap intervals",
    "protocols": "test one checkpoint under several protocols",
    "detect": "a trained network's keypoints on images with person boxes, without scores",
    "test-dev": "make of results the archive that COCO's test-dev server takes",
    "page": "write one page of a preset's results: a table of the paper, the ledger, baselines, and others",
    "where": "print a number of a results file with everything that made it",
    "offsets": "measure what the paper says of trained offsets, and draw them",
    "analyse": "look into one trained network for what the paper's Figures 5, 6 and 7 show",
    "dependency": "how far information must travel, for the feature shifting module and every alternative to it",
    "mmpose-script": "run a demo or tool of MMPose's, such as image_demo, with this package imported first",
    "readme": "put the committed run of Table 1 into the README",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; return its exit status."""
    argv = sys.argv[1:] if argv is None else list(argv)
    keep_freed_memory()
    # MMPose's packages warn of each other and of what has changed in them, at every import: nothing for a user to mend
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    for category in (DeprecationWarning, FutureWarning, UserWarning):
        warnings.filterwarnings("ignore", category=category, module="(mmengine|mmcv|mmdet|mmpose)\\.")
    parser = argparse.ArgumentParser(prog="python -m mmpose_ssn", description=__doc__)
    subparsers = parser.add_subparsers(dest="command", metavar="SUBCOMMAND", required=True)
    for name, summary in _COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, description=summary)
        if argv and argv[0] == name:  # import what one command needs, not what all do
            module = importlib.import_module(f"mmpose_ssn.commands.{name.replace('-', '_')}")
            module.add_arguments(subparser)
            subparser.set_defaults(run=module.run)
    args = parser.parse_args(argv)
    return int(args.run(args))


if __name__ == "__main__":
    sys.exit(main())
