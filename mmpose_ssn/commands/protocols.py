"""`python -m mmpose_ssn protocols`: one checkpoint's AP under several testing protocols."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmpose_ssn.commands.console import errors_to_log, log_to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``protocols``."""
    from mmpose_ssn.networks import configs_folder

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
        "--out", type=Path, required=True, metavar="CSV", help="file to write; detections go to a folder of its name"
    )
    parser.add_argument("--log", type=Path, help="write the full log here and only the result to the terminal")


def run(args: argparse.Namespace) -> int:
    """Score, write the file, and print the figures."""
    terminal = log_to(args.log)
    import pandas as pd
    from mmengine.config import Config

    from mmpose_ssn.experiment import provenance
    from mmpose_ssn.experiment.data_sets import DATA_SETS
    from mmpose_ssn.experiment.protocol_scores import read_protocols, score_protocols
    from mmpose_ssn.experiment.resolved_config import digest
    from mmpose_ssn.files import write_together

    with errors_to_log(args.log, terminal):
        config = Config.fromfile(args.config)
        experiment = config.experiment
        made = {name: experiment[name] for name in ("network", "recipe", "seed", "preset")}
        made |= {"config_digest": digest(config), "checkpoint_digest": provenance.file_digest(args.weights)}
        protocols, folder = read_protocols(args.protocols, experiment.preset), args.out.with_suffix("")
        scores = score_protocols(config, args.weights, protocols, folder)
        data, data_digest = DATA_SETS[experiment.data].described(
            Path(config.data_root), Path(config.test_evaluator.ann_file)
        )
        made |= {"data": data, "data_digest": data_digest, "commit": provenance.commit()}
        lines = pd.DataFrame([line | made for one in scores for line in one.records()])
        write_together({args.out: lines.to_csv(index=False, lineterminator="\n")})
    for one in scores:
        print(f"{one.name}: AP {100 * one.ap[one.final]:.1f}", file=terminal)
    return 0
