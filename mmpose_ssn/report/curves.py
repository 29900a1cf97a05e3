"""Learning curves: how the networks of one preset came to where they were scored, from the scalars that each training
logged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from mmpose_ssn import paper
from mmpose_ssn.files import draft
from mmpose_ssn.report.inputs import RefusedInput
from mmpose_ssn.report.references import REFERENCES


def read_curves(trainings: Mapping[str, Path]) -> pd.DataFrame:
    """One line for each logged iteration of each training: ``training``, ``iteration``, ``acc_pose`` and the losses.

    Figures are means over the logger's window, on augmented training crops. ``acc_pose`` is the share of the answer's
    keypoints within 0.05 of the heatmap (PCK).

    Args:
        trainings: The folder of each training, by the name to give it. Where it was interrupted, each run has logged
            to a folder of its own; the last word on an iteration counts.

    Raises:
        RefusedInput: If a training has logged nothing.
    """
    tables = []
    for name, folder in trainings.items():
        entries: dict[int, dict[str, Any]] = {}
        for file in sorted(folder.glob("training/*/*/vis_data/scalars.json"), key=lambda file: file.parts[-3]):
            for line in file.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                if "loss" in entry:
                    kept = {key: value for key, value in entry.items() if key.startswith(("loss", "acc_pose"))}
                    entries[entry["step"]] = {"training": name, "iteration": entry["step"], **kept}
        if not entries:
            raise RefusedInput(f"{folder}: no scalars.json under training/; train it, or leave it out")
        tables.append(pd.DataFrame([entries[step] for step in sorted(entries)]))
    return pd.concat(tables, ignore_index=True)


def draw(curves: pd.DataFrame, title: str, file: Path) -> None:
    """Draw ``acc_pose`` over the iterations, the deep networks on the left and the lite ones on the right.

    Of several seeds the mean is drawn, over a band from the lowest to the highest.

    Args:
        curves: What :func:`read_curves` returned, trainings named ``<variant>`` or ``<variant> seed<k>``.
        title: Line above the picture; it is to name the data.
        file: Picture to write.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = {variant: row.method for variant, row in paper.table1().items()} | REFERENCES
    figure, panels = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True, layout="constrained")
    for variant, trainings in curves.groupby(curves.training.str.partition(" ")[0], sort=False):
        panel = panels[int(str(variant).startswith("lite"))]
        accuracy = 100 * trainings.groupby("iteration").acc_pose.agg(["mean", "min", "max"])
        (line,) = panel.plot(accuracy.index, accuracy["mean"], label=names.get(str(variant), variant), linewidth=1.6)
        panel.fill_between(
            accuracy.index, accuracy["min"], accuracy["max"], color=line.get_color(), alpha=0.15, linewidth=0
        )
    for panel, name in zip(panels, ("deep networks", "lite networks"), strict=True):
        panel.set_title(name, fontsize=10)
        panel.set_xlabel("iteration")
        panel.set_ylim(0)
        panel.grid(alpha=0.25)
        panel.spines[["top", "right"]].set_visible(False)
        if panel.lines:
            panel.legend(frameon=False, fontsize=8, loc="lower right")
    panels[0].set_ylabel("keypoints of training crops\nwithin 0.05 of the heatmap, %")
    figure.suptitle(title, fontsize=11)
    with draft(file) as unfinished:
        figure.savefig(unfinished, dpi=130, format=file.suffix.removeprefix("."))
    plt.close(figure)
