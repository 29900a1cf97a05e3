"""`python -m mmpose_ssn detect`: a trained network's keypoints on images with person boxes, without scores."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmpose_ssn.commands.console import errors_to_log, log_to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``detect``."""
    parser.add_argument("config", type=Path, help="the resolved config of the network")
    parser.add_argument("--weights", type=Path, required=True, help="a checkpoint of it")
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="folder of the images")
    parser.add_argument("--image-info", type=Path, required=True, metavar="JSON", help="COCO file that lists them")
    parser.add_argument("--boxes", type=Path, required=True, metavar="JSON", help="a detector's person boxes")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for predictor.*.keypoints.json")
    parser.add_argument("--log", type=Path, help="write the full log here and only the result to the terminal")


def run(args: argparse.Namespace) -> int:
    """Detect, and say where the final predictor's keypoints lie."""
    terminal = log_to(args.log)
    from mmengine.config import Config

    from mmpose_ssn.experiment.detection import detect

    with errors_to_log(args.log, terminal):
        config = Config.fromfile(args.config)
        files = detect(config, args.weights, args.images, args.image_info, args.boxes, args.out)
    print(
        f"detections of {len(files) - 1} predictors in {args.out}, the final one's in {files[-1].name}", file=terminal
    )
    return 0
