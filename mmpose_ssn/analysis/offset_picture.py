"""The windows of SSN's modules side by side, one network a row, from shallow to deep (after the paper's Figure 5)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmpose_ssn.analysis.trained_offsets import TrainedOffsets
from mmpose_ssn.networks import networks
from mmpose_ssn.plotting import figure, headline


def draw(trainings: Sequence[TrainedOffsets], title: str, file: Path) -> None:
    """Draw each module's window positions, which are *minus* its offsets: where a channel looks, x to the right and y
    downwards, in pixels of the module's map.

    Grid lines are at whole pixels, or at every second, fourth, ... where a window is so wide that they would run
    together. A column has one scale for all networks.

    Args:
        trainings: The trainings, at least one; each gets a row.
        title: Line above the picture, which is to name the data.
        file: Path of the picture to write.
    """
    sites = sorted({site for one in trainings for site in one.end})
    size = (0.6 + 1.9 * len(sites), 0.7 + 1.9 * len(trainings))
    with figure(file, len(trainings), len(sites), figsize=size) as (drawn, panels):
        for column, site in enumerate(sites):
            offsets = [one.end[site] for one in trainings if site in one.end]
            reach = math.ceil(max(float(np.abs(one).max()) for one in offsets) + 0.5)
            step = 2 ** max(0, math.ceil(math.log2(reach / 12)))
            for panel, training in zip(panels[:, column], trainings, strict=True):
                if site not in training.end:
                    panel.set_axis_off()
                    continue
                window = -training.end[site]
                panel.scatter(window[:, 0], window[:, 1], s=5, linewidths=0, alpha=0.7, color="tab:blue", zorder=3)
                panel.plot(0, 0, "+", color="black", markersize=7, zorder=2)
                panel.set(xlim=(-reach, reach), ylim=(reach, -reach), aspect="equal")
                lines = np.arange(-(reach // step) * step, reach + 1, step)
                panel.set_xticks(lines, minor=True)
                panel.set_yticks(lines, minor=True)
                labelled = [-(reach // step) * step, 0, (reach // step) * step]
                panel.set_xticks(labelled)
                panel.set_yticks(labelled)
                panel.tick_params(which="minor", length=0)
                panel.tick_params(labelsize=7, length=0)
                panel.grid(which="both", color="0.85", linewidth=0.5)
            panels[0, column].set_title(
                f"stage {site.stage}, block {site.block + 1}\nK = {len(offsets[0])}", fontsize=8
            )
        for panel, training in zip(panels[:, 0], trainings, strict=True):
            panel.set_ylabel(f"{networks()[training.network].title}\nseed {training.seed}", fontsize=9)
        headline(drawn, title)
