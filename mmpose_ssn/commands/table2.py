"""`python -m mmpose_ssn table2`: every predictor of the deep networks, with the gains and the cost up to each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmpose_ssn.commands.arguments import add_annotations, add_scores

if TYPE_CHECKING:
    from mmpose_ssn.report.inputs import Scores


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``table2``."""
    parser.description = "Render Table 2 of one preset as Markdown, CSV and TeX, and draw AP by predictor against MACs."
    parser.add_argument("--preset", required=True, help="preset whose scores are shown, such as mini")
    parser.add_argument("--complexity", type=Path, required=True, metavar="CSV", help="cost of the full-size networks")
    add_annotations(parser)
    add_scores(parser, "trained variant and seed, with its config.py and predictions/ beside it")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="PREFIX",
        help="where to write: PREFIX.md, PREFIX.csv, PREFIX-gains.csv, PREFIX.tex and PREFIX.png",
    )


def run(args: argparse.Namespace) -> int:
    """Write the five files; return 1 where an input is refused."""
    from datetime import date

    from mmpose_ssn.experiment.provenance import commit
    from mmpose_ssn.files import write_together
    from mmpose_ssn.report.inputs import RefusedInput, read_scores
    from mmpose_ssn.report.stage_plot import draw
    from mmpose_ssn.report.table2 import Table2
    from mmpose_ssn.report.table2_rendering import gains_to_csv, to_csv, to_markdown, to_tex

    try:
        scores = [read_scores(path) for path in args.scores]
        table = Table2.of(args.preset, args.complexity, scores, _macs(scores), args.annotations)
    except RefusedInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    picture = args.out.with_name(f"{args.out.name}.png")
    draw(table, picture)
    texts = {
        ".md": to_markdown(table, picture.name),
        ".csv": to_csv(table),
        "-gains.csv": gains_to_csv(table, commit(), date.today().isoformat()),
        ".tex": to_tex(table),
    }
    write_together({args.out.with_name(args.out.name + suffix): text for suffix, text in texts.items()})
    print(f"{args.out}.md, .csv, -gains.csv, .tex, .png: {table.title}")
    return 0


def _macs(scores: Sequence[Scores]) -> dict[str, dict[str, int]]:
    """MACs up to each predictor of each network, on the config that lies beside its scores.

    Raises:
        RefusedInput: if a config is missing, or is not of the network that was scored.
    """
    from mmpose_ssn.commands.counting import count_trained
    from mmpose_ssn.complexity.stages import count_stages

    networks = {one.variant: count_trained(one)[0] for one in {one.variant: one for one in scores}.values()}
    return {
        variant: {name: counted.macs for name, counted in count_stages(config).items()}
        for variant, config in networks.items()
    }
