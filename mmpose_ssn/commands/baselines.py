"""`python -m mmpose_ssn baselines`: the paper's networks beside MMPose's and beside other ways to reach far."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmpose_ssn.commands.arguments import add_annotations, add_scores


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``baselines``."""
    parser.add_argument("--preset", required=True, help="preset whose scores are shown, such as mini")
    parser.add_argument("--complexity", type=Path, required=True, metavar="CSV", help="cost of the paper's networks")
    parser.add_argument("--compared", type=Path, required=True, metavar="CSV", help="cost of the others, at full size")
    parser.add_argument(
        "--full-size-latency", type=Path, metavar="CSV", help="what `latency` wrote of the full-size networks"
    )
    parser.add_argument("--latency", type=Path, metavar="CSV", help="what `latency --preset` wrote of the preset's")
    add_annotations(parser)
    add_scores(parser, "trained network and seed, with its config.py and predictions/ beside it")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="PREFIX",
        help="where to write: PREFIX.md, .csv, .png, and PREFIX-full-size.csv and .png",
    )


def run(args: argparse.Namespace) -> int:
    """Write the five files; return 1 where an input is refused."""
    from mmpose_ssn.commands.counting import count_trained
    from mmpose_ssn.experiment.presets import load_preset
    from mmpose_ssn.files import write_together
    from mmpose_ssn.report.baselines import Comparison
    from mmpose_ssn.report.baselines_page import full_size_to_csv, to_csv, to_markdown
    from mmpose_ssn.report.inputs import Cost, RefusedInput, read_scores
    from mmpose_ssn.report.pareto_plot import draw_full_size, draw_trained

    try:
        scores = [read_scores(path) for path in args.scores]
        counted = {name: count_trained(one)[1] for name, one in {one.variant: one for one in scores}.items()}
        comparison = Comparison.of(
            preset=args.preset,
            scaled=load_preset(args.preset).get("network") is not None,
            scores=scores,
            deployed={name: Cost(one.params, one.macs, one.ops) for name, one in counted.items()},
            annotation_file=args.annotations,
            complexity_file=args.complexity,
            compared_file=args.compared,
            full_size_latency=args.full_size_latency,
            latency=args.latency,
        )
    except RefusedInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    picture, full_size_picture = (args.out.with_name(f"{args.out.name}{end}") for end in (".png", "-full-size.png"))
    draw_trained(comparison, picture)
    draw_full_size(comparison.full_size, full_size_picture)
    texts = {
        ".md": to_markdown(comparison, picture.name, full_size_picture.name),
        ".csv": to_csv(comparison),
        "-full-size.csv": full_size_to_csv(comparison.full_size),
    }
    write_together({args.out.with_name(args.out.name + suffix): text for suffix, text in texts.items()})
    print(f"{args.out}.md, .csv, .png, -full-size.csv, -full-size.png: {comparison.title}")
    return 0
