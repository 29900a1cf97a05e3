"""`python -m mmpose_ssn offsets`: what the paper says of trained offsets, measured, and a picture of them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``offsets``."""
    parser.add_argument("--preset", required=True, help="preset that all trainings are of, such as figures")
    parser.add_argument(
        "--trainings",
        type=Path,
        nargs="+",
        required=True,
        metavar="FOLDER",
        help="<network>/seed<k> of each training; those that no claim is about are passed over",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="CSV", help="file to write, and a PNG of the same name beside it"
    )


def run(args: argparse.Namespace) -> int:
    """Measure and write; return 1 where an input is refused."""
    from mmpose_ssn.analysis.offset_picture import draw
    from mmpose_ssn.analysis.trained_offsets import read_trainings
    from mmpose_ssn.claims.offset_claims import MeasuredClaim, measure, offset_claims
    from mmpose_ssn.claims.offset_table import to_csv
    from mmpose_ssn.experiment.presets import load_preset
    from mmpose_ssn.experiment.provenance import commit
    from mmpose_ssn.files import RefusedInput, write_together

    networks = list(dict.fromkeys(network for claim in offset_claims() for network in claim.contrast))
    try:
        preset = load_preset(args.preset)
        trainings = read_trainings(args.trainings, args.preset, networks)
        if not trainings:
            raise RefusedInput(f"got no training that a claim is about, expected some of {', '.join(networks)}")
    except ValueError as error:  # of an unknown preset too
        print(f"error: {error}", file=sys.stderr)
        return 1
    results = measure(args.preset, trainings, descriptive=preset.primary is not None)
    first_seed = {one.network: one for one in sorted(trainings, key=lambda one: one.seed, reverse=True)}
    shown = [first_seed[network] for network in networks if network in first_seed]
    picture = f"Window positions, minus the offsets, in pixels of each map. {preset['title']}"
    draw(shown, picture, args.out.with_suffix(".png"))
    write_together({args.out: to_csv(results, args.preset, commit())})
    for one in results:
        if isinstance(one, MeasuredClaim):
            found = f"in the controlled experiment: {one.finding.words}" if one.finding else "to be judged"
            print(
                f"{one.claim.id}: {found}; {one.figure:.3g} {one.unit}, claimed above {one.boundary:g}, "
                f"p = {one.p_holm:.2g} after Holm"
            )
        else:
            print(f"{one.claim.id}: not run: needs {one.missing}")
    return 0
