"""What networks reach joint by joint, as groups of bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from mmpose_ssn.plotting import figure, headline, tidy


def draw(reached: Mapping[str, Mapping[str, Sequence[float]]], title: str, what: str, file: Path) -> None:
    """Draw a group of bars for each joint, one bar a network, with a line from the lowest to the highest training.

    Args:
        reached: Figures of each joint in each training in percent, by network and joint; all networks have the same
            joints.
        title: Line above the picture.
        what: Label of the figures, which is to name the data.
        file: Path of the picture to write.
    """
    import matplotlib

    joints = list(next(iter(reached.values())))
    width = 0.8 / len(reached)
    colors = matplotlib.colormaps["viridis"]
    inches = max(8.4, 1.15 * len(joints))
    across = int(inches / (0.7 + 0.075 * max(map(len, reached))))  # as many names as fit beside each other
    with figure(file, figsize=(inches, 4.2)) as (drawn, grid):
        panel = grid[0, 0]
        for place, (network, figures) in enumerate(reached.items()):
            x = [number + (place - (len(reached) - 1) / 2) * width for number in range(len(joints))]
            color = colors(0.05 + 0.9 * place / max(len(reached) - 1, 1))
            panel.bar(x, [fmean(figures[joint]) for joint in joints], 0.92 * width, color=color, label=network)
            lowest, highest = ([end(figures[joint]) for joint in joints] for end in (min, max))
            panel.vlines(x, lowest, highest, color="black", linewidth=0.8)
        panel.set_xticks(range(len(joints)), joints, fontsize=9)
        panel.tick_params(bottom=False)
        panel.set_ylabel(what, fontsize=9)
        tidy(panel, axis="y")
        panel.set_axisbelow(True)
        drawn.legend(loc="outside lower center", ncols=max(1, min(across, len(reached))), frameon=False, fontsize=8.5)
        headline(drawn, title)
