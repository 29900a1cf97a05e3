"""Options that several commands have."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_annotations(parser: argparse.ArgumentParser) -> None:
    """Declare ``--annotations``, for commands that score detections again."""
    parser.add_argument(
        "--annotations", type=Path, required=True, metavar="JSON", help="annotations that the networks were scored with"
    )


def add_scores(parser: argparse.ArgumentParser, what: str) -> None:
    """Declare ``--scores``, any number of files.

    Args:
        parser: Of the command.
        what: Whose they are and what must lie beside them, after "scores.json of each".
    """
    parser.add_argument(
        "--scores", type=Path, nargs="*", default=[], metavar="JSON", help=f"scores.json of each {what}"
    )
