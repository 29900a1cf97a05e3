"""One style for all pictures, and files that are written whole or not at all."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmpose_ssn.files import draft

LEFT, RIGHT, PALE = "#0072B2", "#D55E00", "0.72"
"""Colours of a left and a right joint, which are told apart by whoever sees few colours, and of what is not meant."""


@contextmanager
def figure(file: Path, rows: int = 1, columns: int = 1, **options: Any) -> Iterator[tuple[Any, Any]]:
    """A figure and its grid of panels, [rows, columns], written to a file at the end.

    Args:
        file: Path of the picture to write; its ending says in which format.
        rows: Number of rows of panels.
        columns: Number of columns of panels.
        options: What else ``matplotlib.pyplot.subplots`` takes, such as ``figsize`` in inches.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    drawn, grid = plt.subplots(rows, columns, squeeze=False, layout="constrained", **options)
    try:
        yield drawn, grid
        with draft(file) as unfinished:
            form = file.suffix.removeprefix(".")
            undated = {"metadata": {"CreationDate": None}} if form == "pdf" else {}  # equal results, equal files
            drawn.savefig(unfinished, dpi=130, format=form, **undated)
    finally:
        plt.close(drawn)


def headline(drawn: Any, title: str) -> None:
    """A line above all panels, or as many as its words need."""
    drawn.suptitle(textwrap.fill(title, int(13 * drawn.get_figwidth())), fontsize=10)


def tidy(panel: Any, **grid: Any) -> None:
    """A panel without a frame above and to the right, over pale grid lines."""
    panel.grid(**{"alpha": 0.25, **grid})
    panel.spines[["top", "right"]].set_visible(False)
