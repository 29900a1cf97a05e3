"""Windows of all modules at the start and the end of a training, and of joints in one of them (Figure 5)."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mmpose_ssn.plotting import LEFT, PALE, RIGHT, figure, headline

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ModulesRow:
    """A row of modules.

    Attributes:
        words: What it is.
        windows: Window positions (x, y) [K, 2] in pixels of each module's map, by the module's name in words.
        color: Colour of the points.
    """

    words: str
    windows: Mapping[str, Points]
    color: str = LEFT


def draw_modules(rows: Sequence[ModulesRow], marked: str, title: str, file: Path) -> None:
    """Draw a column for each module, from shallow to deep, with one scale for all rows.

    Args:
        rows: The rows.
        marked: The module that the other pictures are of; its title is bold.
        title: Line above the picture.
        file: Path of the picture to write.
    """
    modules = list(dict.fromkeys(name for row in rows for name in row.windows))
    with figure(file, len(rows), len(modules), figsize=(0.7 + 1.15 * len(modules), 0.65 + 1.22 * len(rows))) as (
        drawn,
        grid,
    ):
        for column, module in enumerate(modules):
            of_rows = [row.windows[module] for row in rows if module in row.windows]
            reach = reach_of(of_rows)
            for panel, row in zip(grid[:, column], rows, strict=True):
                if module not in row.windows:
                    panel.set_axis_off()
                    continue
                lattice(panel, reach, labels=row is rows[-1])
                dots(panel, row.windows[module], row.color, size=3.5)
            grid[0, column].set_title(module, fontsize=8, fontweight="bold" if module == marked else "normal")
        for panel, row in zip(grid[:, 0], rows, strict=True):
            panel.set_ylabel(row.words, fontsize=7.5)
        headline(drawn, title)


@dataclass(frozen=True, eq=False)
class JointsRow:
    """A row of joints' windows in one module.

    Attributes:
        words: What it is.
        windows: Window positions of all channels, [K, 2].
        sides: Whether each channel is of the joint of one side, [K], by kind of joint; left and right, or one alone.
    """

    words: str
    windows: Points
    sides: Mapping[str, Sequence[npt.NDArray[np.bool_]]]


def draw_joints(rows: Sequence[JointsRow], title: str, file: Path) -> None:
    """Draw a column for each kind of joints: all channels pale, those of the left joint as dots, those of the right
    one as open triangles, those of a joint without a side as squares.

    Args:
        rows: The rows; all have the same kinds of joints.
        title: Line above the picture.
        file: Path of the picture to write.
    """
    joints = list(rows[0].sides)
    reach = reach_of([row.windows for row in rows])
    with figure(file, len(rows), len(joints), figsize=(0.7 + 1.5 * len(joints), 0.95 + 1.58 * len(rows))) as (
        drawn,
        grid,
    ):
        for (line, row), (column, joint) in [(r, j) for r in enumerate(rows) for j in enumerate(joints)]:
            panel = grid[line, column]
            lattice(panel, reach, labels=line == len(rows) - 1)
            panel.scatter(row.windows[:, 0], row.windows[:, 1], s=3, color=PALE, linewidths=0, zorder=2)
            sides = row.sides[joint]
            marks = _MARKS if len(sides) == 2 else _MIDDLE
            for chosen, mark in zip(sides, marks, strict=True):
                panel.scatter(row.windows[chosen, 0], row.windows[chosen, 1], zorder=3, **mark)
            counts = "+".join(str(int(chosen.sum())) for chosen in sides)
            panel.text(0.03, 0.97, counts, transform=panel.transAxes, fontsize=6.5, va="top", color="0.25")
            if line == 0:
                panel.set_title(joint, fontsize=9)
            if column == 0:
                panel.set_ylabel(textwrap.fill(row.words, 20), fontsize=8)
        legend(drawn)
        headline(drawn, title)


_MARKS: tuple[dict[str, Any], ...] = (
    {"s": 14, "marker": "o", "color": LEFT, "linewidths": 0, "alpha": 0.9, "label": "left"},
    {"s": 20, "marker": "^", "facecolors": "none", "edgecolors": RIGHT, "linewidths": 0.9, "label": "right"},
)
_MIDDLE: tuple[dict[str, Any], ...] = (
    {"s": 13, "marker": "s", "color": "black", "linewidths": 0, "alpha": 0.8, "label": "without a side"},
)


def legend(drawn: Any) -> None:
    """What the marks of the joints mean, below all panels."""
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], marker="o", color=LEFT, linestyle="", markersize=4, label="left joint"),
        Line2D(
            [], [], marker="^", markerfacecolor="none", color=RIGHT, linestyle="", markersize=5, label="right joint"
        ),
        Line2D([], [], marker="s", color="black", linestyle="", markersize=4, label="joint without a side"),
        Line2D([], [], marker="o", color=PALE, linestyle="", markersize=2.5, label="all channels"),
    ]
    drawn.legend(handles=marks, loc="outside lower center", ncols=4, frameon=False, fontsize=8)


def reach_of(windows: Sequence[Points]) -> int:
    """How far a panel goes to each side, so that it holds all these windows."""
    return math.ceil(max(float(np.abs(one).max(initial=0)) for one in windows) + 0.5)


def dots(panel: Any, points: Points, color: str, size: float) -> None:
    """Points of a window."""
    panel.scatter(points[:, 0], points[:, 1], s=size, linewidths=0, alpha=0.75, color=color, zorder=3)


def lattice(panel: Any, reach: int, labels: bool = True) -> None:
    """A square panel about the place that a channel writes to, y downwards, over lines at whole pixels, or at every
    second, fourth, ... where they would run together.
    """
    step = 2 ** max(0, math.ceil(math.log2(reach / 10)))
    end = reach // step * step
    lines = np.arange(-end, reach + 1, step)
    panel.set(xlim=(-reach, reach), ylim=(reach, -reach), aspect="equal")
    panel.set_xticks([-end, 0, end], labels=None if labels else ["", "", ""])
    panel.set_yticks([-end, 0, end], labels=["", "", ""])  # those of the square's other side
    panel.set_xticks(lines, minor=True)
    panel.set_yticks(lines, minor=True)
    panel.tick_params(which="both", length=0, labelsize=6, pad=1.5)
    panel.grid(which="both", color="0.9", linewidth=0.4)
    panel.axhline(0, color="0.6", linewidth=0.6, zorder=1)
    panel.axvline(0, color="0.6", linewidth=0.6, zorder=1)
    panel.spines[:].set(color="0.6", linewidth=0.6)
