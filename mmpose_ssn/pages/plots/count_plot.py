"""How many channels serve each joint, as groups of bars over what chance would give (Figure 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from mmpose_ssn.plotting import LEFT, RIGHT, figure, headline, tidy


@dataclass(frozen=True)
class CountPanel:
    """A panel of bars.

    Attributes:
        title: What is counted.
        counts: Counts of each joint in each training, [trainings][joints], by what the bars are called; at most two.
        chance: Between which counts a joint lies in 95 of 100 permutations, likewise.
    """

    title: str
    counts: Mapping[str, Sequence[Sequence[float]]]
    chance: Mapping[str, tuple[float, float]]


def draw(panels: Sequence[Sequence[CountPanel]], joints: Sequence[str], title: str, file: Path) -> None:
    """Draw panels of bars, with a line from the lowest to the highest training, and the ends of chance as dashed lines.

    Args:
        panels: Rows of panels.
        joints: Words for the joints.
        title: Line above the picture.
        file: Path of the picture to write.
    """
    rows, columns = len(panels), len(panels[0])
    size = ((0.9 + 0.33 * len(joints)) * columns, 0.9 + 2.5 * rows)
    with figure(file, rows, columns, figsize=size) as (drawn, grid):
        for row, of_row in zip(grid, panels, strict=True):
            for panel, one in zip(row, of_row, strict=True):
                for place, ((words, counts), color) in enumerate(zip(one.counts.items(), (LEFT, RIGHT), strict=False)):
                    for end in one.chance[words]:
                        panel.axhline(end, color=color, linewidth=0.9, dashes=(4, 3) if place else (1.5, 1.5))
                    x = [number + (place - (len(one.counts) - 1) / 2) * 0.4 for number in range(len(joints))]
                    by_joint = list(zip(*counts, strict=True))
                    hatch = "////" if place else None
                    face = "white" if place else color
                    panel.bar(
                        x, [fmean(c) for c in by_joint], 0.36, color=face, edgecolor=color, hatch=hatch, label=words
                    )
                    panel.vlines(
                        x, [min(c) for c in by_joint], [max(c) for c in by_joint], color="black", linewidth=0.9
                    )
                panel.set_xticks(
                    range(len(joints)), joints, fontsize=7.5, rotation=55, ha="right", rotation_mode="anchor"
                )
                panel.tick_params(axis="y", labelsize=7.5)
                panel.tick_params(axis="x", length=0, pad=2)
                panel.set_title(one.title, fontsize=9, loc="left")
                panel.legend(loc="lower right", bbox_to_anchor=(1, 0.99), ncols=2, frameon=False, fontsize=7.5)
                tidy(panel, axis="y")
                panel.set_axisbelow(True)
                panel.yaxis.get_major_locator().set_params(integer=True)
            row[0].set_ylabel("channels with a score above 0.5", fontsize=8)
        headline(drawn, title)
