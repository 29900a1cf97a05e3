"""`python -m mmpose_ssn protocols`: one checkpoint's AP under several testing protocols."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmpose_ssn.commands.console import log_to, saying_why


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``protocols``."""
    from mmpose_ssn.variants import configs_folder

    parser.add_argument("config", type=Path, help="the resolved config of the network")
    parser.add_argument("--weights", type=Path, required=True, help="a checkpoint of it")
    parser.add_argument(
        "--protocols",
        type=Path,
        default=configs_folder() / "protocols.yaml",
        metavar="YAML",
        help="what each protocol changes of the preset's own (default: %(default)s)",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="PREFIX", help="PREFIX.md and PREFIX.csv; detections go to PREFIX/"
    )
    parser.add_argument("--log", type=Path, help="write the full log here and only the result to the terminal")


def run(args: argparse.Namespace) -> int:
    """Score, write page and csv, and say the figures."""
    terminal = log_to(args.log)
    import pandas as pd
    from mmengine.config import Config

    from mmpose_ssn.experiment import provenance
    from mmpose_ssn.experiment.protocols import read_protocols, score_protocols
    from mmpose_ssn.experiment.resolve import digest
    from mmpose_ssn.files import write_together
    from mmpose_ssn.report.protocols import protocols_to_markdown

    with saying_why(args.log, terminal):
        config = Config.fromfile(args.config)
        experiment = config.experiment
        source = {"config_digest": digest(config), "checkpoint_digest": provenance.file_digest(args.weights)}
        scores = score_protocols(config, args.weights, read_protocols(args.protocols, experiment.preset), args.out)
        data, data_digest = provenance.data_description(
            experiment, Path(config.data_root), Path(config.test_evaluator.ann_file)
        )
        source |= {"data": data, "data_digest": data_digest, "commit": provenance.commit()}
        lines = [line for one in scores for line in one.records()]
        network = f"{experiment.network}, seed {experiment.seed}, preset {experiment.preset}"
        notes = {
            "AP": f"OKS AP in percent on {data}, with its 95 % bootstrap interval over images. "
            "One checkpoint was tested in every way; protocols of one forward pass read the same heatmaps.",
            "Boxes": "Soft-NMS lowers the scores of overlapping boxes before persons are scored; OKS-NMS drops the "
            "lower of two persons whose OKS is above the figure.",
            "From": ", ".join(f"{key.replace('_', ' ')} {source[key]}" for key in ("checkpoint_digest", "commit")),
        }
        write_together(
            {
                args.out.with_suffix(".csv"): pd.DataFrame([line | source for line in lines]).to_csv(
                    index=False, lineterminator="\n"
                ),
                args.out.with_suffix(".md"): protocols_to_markdown(
                    lines, f"{network}: AP under {len(scores)} protocols", notes
                ),
            }
        )
    for one in scores:
        print(f"{one.name}: AP {100 * one.ap[one.answer]:.1f}", file=terminal)
    return 0
