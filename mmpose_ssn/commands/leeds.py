"""`python -m mmpose_ssn leeds`: say whether Leeds Sports Pose is in place; on request, get and annotate it."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmpose_ssn.commands.getting import get_and_say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``leeds``."""
    parser.add_argument("--root", type=Path, required=True, help="data root of Leeds Sports Pose")
    parser.add_argument(
        "--download",
        action="store_true",
        help="get what is missing, and write the annotations; a broken-off download goes on",
    )
    parser.add_argument(
        "--have", type=Path, metavar="FOLDER", help="with --download: take archives or unpacked folders from here first"
    )
    parser.add_argument(
        "--lsp",
        metavar="FORM",
        help="lsp_dataset, scaled, or lsp_dataset_original; by default the one that is there, or the scaled one",
    )
    parser.add_argument(
        "--few", type=Path, metavar="FOLDER", help="make another data root, with some of the photos of each split"
    )
    parser.add_argument(
        "--limit",
        type=int,
        default=32,
        metavar="PHOTOS",
        help="with --few: photos of each split (default: %(default)s)",
    )
    parser.add_argument("--out", type=Path, help="write a copy of the manifest to this JSON file")


def run(args: argparse.Namespace) -> int:
    """Look for every file and count the photos; return 1 where something is missing or could not be got."""
    from mmpose_ssn.datasets import leeds
    from mmpose_ssn.files import write_together

    form = args.lsp or leeds.chosen_form(args.root, args.have)

    def get() -> dict[str, str]:
        failures = leeds.get(leeds.contents(form), args.root, args.have)
        if not failures:
            leeds.annotate(args.root, form)
        return failures

    status = get_and_say(
        "Leeds Sports Pose",
        args,
        get,
        missing=lambda: leeds.missing(args.root, form),
        remedy=f"{leeds.HOW_TO_GET}; or say where you have it: --config leeds_have=/path/to/leeds",
    )
    if status == 0 and args.few:
        leeds.limit(args.root, args.limit, args.few)
    if status == 0 and args.out:
        write_together({args.out: (args.root / "manifest.json").read_bytes()})
    return status
