"""Differences of two networks with their intervals, about zero, beside what the paper prints."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmpose_ssn.plotting import figure, headline, tidy

_PRINTED = "#d95f02"


@dataclass(frozen=True)
class Difference:
    """One line of the picture.

    Attributes:
        label: What is compared.
        estimate: The difference, in points.
        interval: Its interval, in points.
        outcome: What is said of it; long words are wrapped.
        decided: Whether the outcome names a side; what is not decided is pale.
        printed: The paper's difference, in AP points; None where the paper has none.
    """

    label: str
    estimate: float
    interval: tuple[float, float]
    outcome: str
    decided: bool
    printed: float | None = None


def draw(differences: Sequence[Difference], title: str, what: str, printed: str, file: Path) -> None:
    """Draw differences below each other, the first on top.

    Args:
        differences: The differences; where there is none the picture says so.
        title: Line above the picture.
        what: Label of the axis, which is to name unit and data.
        printed: What the legend calls the paper's differences.
        file: Path of the picture to write.
    """
    with figure(file, figsize=(8.4, 0.52 * len(differences) + 1.6)) as (drawn, grid):
        panel = grid[0, 0]
        if not differences:
            panel.text(0.5, 0.5, "no two networks to compare", ha="center", transform=panel.transAxes, fontsize=9)
            panel.set_axis_off()
            headline(drawn, title)
            return
        panel.axvline(0, color="black", linewidth=0.8, zorder=1)
        ticks = [(one.printed, row) for row, one in enumerate(differences) if one.printed is not None]
        if ticks:
            panel.plot(*zip(*ticks, strict=True), "|", color=_PRINTED, markersize=15, markeredgewidth=2, label=printed)
        for row, one in enumerate(differences):
            color = "black" if one.decided else "#8c8c8c"
            panel.plot(one.interval, (row, row), color=color, linewidth=2, solid_capstyle="butt", zorder=2)
            face = color if one.decided else "white"
            panel.plot(one.estimate, row, "o", color=color, markerfacecolor=face, markersize=6.5, zorder=3)
            panel.annotate(
                textwrap.fill(one.outcome, 24),
                (1, row),
                xytext=(8, 0),
                xycoords=panel.get_yaxis_transform(),
                textcoords="offset points",
                va="center",
                fontsize=9,
                color=color,
            )
        panel.set_yticks(range(len(differences)), [one.label for one in differences], fontsize=9)
        panel.set_ylim(len(differences) - 0.4, -0.6)
        panel.set_xlabel(what, fontsize=9)
        panel.tick_params(left=False)
        tidy(panel, axis="x")
        panel.spines["left"].set_visible(False)
        if ticks:
            drawn.legend(loc="outside lower right", frameon=False, fontsize=8.5)
        headline(drawn, title)
