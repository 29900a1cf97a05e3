"""The dependency experiment as a picture: accuracy against distance, and where the offsets went."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mmpose_ssn.dependency.task import AVERAGING_ACCURACY
from mmpose_ssn.plotting import figure, tidy

LEARNED, RANDOM, INTEGER = "fsm", "fsm-random", "fsm-integer"
SOLVED = 0.95
"""Mean accuracy from which a distance counts as solved."""


def shifting(cells: pd.DataFrame, kinds: Sequence[str]) -> list[pd.DataFrame]:
    """The cells with feature shifting modules of some kinds, in groups of one kind, K and spread."""
    chosen = cells[cells.kind.isin(kinds)]
    return [group for _, group in chosen.groupby(["kind", "shift_channels", "offset_std"])]


def named(cells: pd.DataFrame) -> str:
    """K and spread, in pixels, of a group of feature shifting modules."""
    return f"K = {cells.shift_channels.iloc[0]}, spread {cells.offset_std.iloc[0]:g} px"


_COLOURS = {
    "conv3x3": "#bfdbfe",
    "conv5x5": "#60a5fa",
    "conv7x7": "#1d4ed8",
    "dilated3x3": "#0891b2",
    "depthwise31x31": "#15803d",
    "deformable": "#a855f7",
    "active": "#db2777",
    "non-local": "#78716c",
    "squeeze-excitation": "#a8a29e",
    INTEGER: "#eab308",
    RANDOM: "#f59e0b",
    LEARNED: "#c2410c",
}
_DASHED = ("squeeze-excitation", INTEGER)  # they may lie on the line before them


def draw(cells: pd.DataFrame, budgeted: pd.DataFrame, channels: pd.DataFrame, file: Path) -> None:
    """Draw accuracy against distance, one learned module's places before and after, and accuracy against the nearest
    place at the start.

    Args:
        cells: Table with a line for each training.
        budgeted: The lines of ``cells`` at the common budget, with the common spread of offsets.
        channels: Table with a line for each channel of the feature shifting modules.
        file: Path of the picture to write.
    """
    context = ("non-local", "squeeze-excitation", INTEGER, RANDOM, LEARNED)
    with figure(file, 2, 2, figsize=(11, 10.4)) as (_, ((windows, others), (cloud, reach))):
        _draw_accuracy(windows, budgeted[~budgeted.kind.isin(context)])
        _draw_accuracy(others, budgeted[budgeted.kind.isin(context)])
        k = budgeted.shift_channels.iloc[0]
        windows.set_title("convolutions; the bars below end their windows", fontsize=10)
        others.set_title(f"the whole map, and feature shifting modules (K = {k})", fontsize=10)
        _draw_places(cloud, budgeted, channels)
        _draw_nearest(reach, cells)
        for panel in (windows, others, cloud, reach):
            tidy(panel, alpha=0.2)
            if panel.get_legend_handles_labels()[0]:
                panel.legend(frameon=False, fontsize=8, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.13))


def _draw_accuracy(panel: Any, cells: pd.DataFrame) -> None:
    for kind, group in cells.groupby("kind", sort=False):
        accuracy = 100 * group.groupby("distance").accuracy.agg(["mean", "min", "max"])
        colour = _COLOURS[str(kind)]
        style = "--" if kind in _DASHED else "-"
        panel.plot(accuracy.index, accuracy["mean"], style, marker="o", ms=4, color=colour, label=group.title.iloc[0])
        panel.fill_between(accuracy.index, accuracy["min"], accuracy["max"], color=colour, alpha=0.1, linewidth=0)
        if pd.notna(group.limit.iloc[0]):
            panel.plot([group.limit.iloc[0]] * 2, [40, 44], color=colour, linewidth=3)
    panel.axhline(50, color="black", linewidth=0.8)
    panel.axhline(100 * AVERAGING_ACCURACY, color="black", linewidth=0.8, linestyle=":")
    right = panel.get_xlim()[1]
    panel.text(right, 50, "chance", fontsize=7, ha="right", va="bottom")
    panel.text(right, 100 * AVERAGING_ACCURACY, "averaging over the picture", fontsize=7, ha="right", va="bottom")
    panel.set_ylim(40, 102)
    panel.set_xticks(sorted(cells.distance.unique()))
    panel.set_xlabel("distance of the cue, px")
    panel.set_ylabel("marks classified rightly, %")


def _draw_places(panel: Any, budgeted: pd.DataFrame, channels: pd.DataFrame) -> None:
    """The places of one learned module: of the first seed, at the longest distance that it solved."""
    panel.set_xlabel("x, px from the mark")
    panel.set_ylabel("y, px from the mark")
    panel.set_aspect("equal", adjustable="datalim")
    panel.invert_yaxis()
    learned = budgeted[budgeted.kind == LEARNED]
    if learned.empty or channels.empty:
        return
    first = learned[learned.seed == learned.seed.min()]
    solved = first[first.accuracy >= SOLVED]
    cell = (first if solved.empty else solved).sort_values("distance").iloc[-1]
    shown = channels
    for name in ("kind", "shift_channels", "offset_std", "distance", "seed"):
        shown = shown[shown[name] == cell[name]]
    panel.plot(
        [shown.x_before, shown.x_after], [shown.y_before, shown.y_after], color="#d6d3d1", linewidth=0.8, zorder=1
    )
    panel.scatter(shown.x_before, shown.y_before, s=10, color="#a8a29e", label="a channel's place before", zorder=2)
    panel.scatter(
        shown.x_after,
        shown.y_after,
        s=400 * shown.weight_after,
        color=_COLOURS[LEARNED],
        alpha=0.7,
        label="after, area: weight",
        zorder=3,
    )
    panel.scatter([0], [0], marker="P", color="black", s=50, label="mark", zorder=4)
    panel.scatter(
        [cell.dx],
        [cell.dy],
        marker="s",
        s=130,
        facecolor="none",
        edgecolor="#15803d",
        linewidth=2,
        label="cue",
        zorder=4,
    )
    panel.set_title(f"learned offsets, {cell.distance} px, seed {cell.seed}: {100 * cell.accuracy:.0f} %", fontsize=10)


def _draw_nearest(panel: Any, cells: pd.DataFrame) -> None:
    groups = shifting(cells, [LEARNED, RANDOM])
    for marker, group in zip(itertools.cycle("osD^v"), groups, strict=False):
        learned = group.kind.iloc[0] == LEARNED
        colour = _COLOURS[LEARNED if learned else RANDOM]
        panel.scatter(
            group.nearest_before,
            100 * group.accuracy,
            marker=marker,
            s=26,
            facecolor=colour if learned else "none",
            edgecolor=colour,
            label=f"{'learned' if learned else 'frozen'}, {named(group)}",
        )
    panel.axhline(50, color="black", linewidth=0.8)
    panel.set_xlabel("nearest place to the cue at the start, px")
    panel.set_ylabel("marks classified rightly, %")
    panel.set_title("is the nearest random offset enough?", fontsize=10)
