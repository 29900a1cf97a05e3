"""Learning curves: accuracy on training crops over the iterations."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mmpose_ssn.networks import networks
from mmpose_ssn.plotting import figure, headline, tidy

_FAMILIES = ("deep", "lite")
_ACCURACY = "keypoints of training crops\nwithin 0.05 of the heatmap, %"


def draw(curves: pd.DataFrame, title: str, file: Path) -> None:
    """Draw ``acc_pose`` over the iterations, the deep networks on the left and the lite ones on the right.

    Of several seeds the mean is drawn, over a band from the lowest to the highest.

    Args:
        curves: Lines of :func:`mmpose_ssn.pages.curves.read_curve`.
        title: Line above the picture, which is to name the data.
        file: Path of the picture to write.
    """
    with figure(file, 1, 2, figsize=(10, 3.8), sharey=True) as (drawn, (panels,)):
        for name, trainings in curves.groupby("network", sort=False):
            panel = panels[_FAMILIES.index(networks()[str(name)].family)]
            accuracy = 100 * trainings.groupby("iteration").acc_pose.agg(["mean", "min", "max"])
            label = networks()[str(name)].title
            (line,) = panel.plot(accuracy.index, accuracy["mean"], label=label, linewidth=1.6)
            band = dict(color=line.get_color(), alpha=0.15, linewidth=0)
            panel.fill_between(accuracy.index, accuracy["min"], accuracy["max"], **band)
        for panel, name in zip(panels, _FAMILIES, strict=True):
            panel.set_title(f"{name} networks", fontsize=10)
            panel.set_xlabel("iteration")
            panel.set_ylim(0)
            tidy(panel)
            if panel.lines:
                panel.legend(frameon=False, fontsize=8, loc="lower right")
        panels[0].set_ylabel(_ACCURACY)
        headline(drawn, title)
