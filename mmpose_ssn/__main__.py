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
    "speed": "render what latency measured of the full-size networks",
    "bench-coco": "start-up, loading and evaluation at COCO's size, on drawn figures",
    "coco": "say whether COCO is in place; on request, download it",
    "draw": "write the drawn-figure data set",
    "resolve": "write the config of one training: preset, variant and seed",
    "adopt": "put a checkpoint that was trained elsewhere in a training's place",
    "train": "train from a resolved config, resuming where an earlier run stopped",
    "evaluate": "score every predictor of a trained network, with bootstrap intervals",
    "protocols": "test one checkpoint under several protocols",
    "trials": "list the trials on the tune split, from which a preset's learning rate is chosen",
    "mean-pose": "score the mean pose of the training people, the reference for chance",
    "detect": "a trained network's keypoints on images with person boxes, without scores",
    "test-dev": "make of results the archive that COCO's test-dev server takes",
    "compare": "measure the paper's orderings of two networks, with paired intervals",
    "table": "render Table 1 from scores, complexity and orderings",
    "table2": "render Table 2: every predictor, the gains, and AP against the cost up to each",
    "table3": "render Table 3: COCO test-dev as printed, and ours once the server has been asked",
    "where": "print a number of a results file with everything that made it",
    "baselines": "the paper's networks beside MMPose's and other ways to reach far: AP, cost and time",
    "offsets": "measure what the paper says of trained offsets, and draw them",
    "curves": "draw the learning curves of a preset's trainings",
    "dependency": "how far information must travel, for the feature shifting module and every alternative to it",
    "claims": "decide every claim of the paper as far as the files go, in one ledger",
    "readme": "put the committed runs of Table 1 into the README",
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
