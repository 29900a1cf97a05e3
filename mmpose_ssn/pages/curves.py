"""Learning curves: how a preset's networks came to where they were scored, from what each training logged."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from mmpose_ssn.files import RefusedInput
from mmpose_ssn.networks import networks, shown_on
from mmpose_ssn.pages.blocks import Notes, Page, Picture
from mmpose_ssn.pages.results import Results
from mmpose_ssn.plotting import figure, tidy

_ACCURACY = "keypoints of training crops\nwithin 0.05 of the heatmap, %"


def page(results: Results) -> Page:
    """The learning curves of all trainings of Table 1 that are there.

    Raises:
        RefusedInput: If there is none, or a training has logged nothing.
    """
    folders = results.trainings(shown_on("table1"))
    if not folders:
        raise RefusedInput(f"{results.folder / results.preset}: no training is there; train a network first")
    curves = pd.concat([read_curve(folder) for folder in folders], ignore_index=True)
    title = str(results.settings["title"])
    return Page(
        title=f"Learning curves, {title}",
        blocks=[
            Picture(partial(draw, curves, title), "Accuracy on training crops over the iterations"),
            Notes(
                {
                    "Accuracy": "Share of the final predictor's keypoints within 0.05 of the heatmap (PCK) on "
                    "augmented training crops, the mean over the logger's window. Of several seeds the mean over a "
                    "band from the lowest to the highest."
                }
            ),
        ],
        records={"": curves.map(_short).to_dict("records")},
    )


def read_curve(folder: Path) -> pd.DataFrame:
    """One line for each logged iteration of a training: ``network``, ``seed``, ``iteration``, ``acc_pose`` and losses.

    Figures are means over the logger's window, on augmented training crops. ``acc_pose`` is the share of the final
    predictor's keypoints within 0.05 of the heatmap (PCK).

    Args:
        folder: The folder ``<network>/seed<k>`` of the training. Where it was interrupted, each run has logged to a
            folder of its own; the last word on an iteration counts.

    Raises:
        RefusedInput: If the training has logged nothing.
    """
    entries: dict[int, dict[str, Any]] = {}
    named = {"network": folder.parent.name, "seed": int(folder.name.removeprefix("seed"))}
    for file in sorted(folder.glob("training/*/*/vis_data/scalars.json"), key=lambda file: file.parts[-3]):
        for line in file.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if "loss" in entry:
                kept = {key: value for key, value in entry.items() if key.startswith(("loss", "acc_pose"))}
                entries[entry["step"]] = {**named, "iteration": entry["step"], **kept}
    if not entries:
        raise RefusedInput(f"{folder}: no scalars.json under training/; train it, or leave it out")
    return pd.DataFrame([entries[step] for step in sorted(entries)])


def draw(curves: pd.DataFrame, title: str, file: Path) -> None:
    """Draw ``acc_pose`` over the iterations, the deep networks on the left and the lite ones on the right.

    Of several seeds the mean is drawn, over a band from the lowest to the highest.

    Args:
        curves: Lines of :func:`read_curve`.
        title: Line above the picture; it is to name the data.
        file: The picture to write.
    """
    with figure(file, 1, 2, figsize=(10, 3.8), sharey=True) as (drawn, (panels,)):
        for name, trainings in curves.groupby("network", sort=False):
            panel = panels[int(str(name).startswith("lite"))]
            accuracy = 100 * trainings.groupby("iteration").acc_pose.agg(["mean", "min", "max"])
            label = networks()[str(name)].title
            (line,) = panel.plot(accuracy.index, accuracy["mean"], label=label, linewidth=1.6)
            band = dict(color=line.get_color(), alpha=0.15, linewidth=0)
            panel.fill_between(accuracy.index, accuracy["min"], accuracy["max"], **band)
        for panel, name in zip(panels, ("deep networks", "lite networks"), strict=True):
            panel.set_title(name, fontsize=10)
            panel.set_xlabel("iteration")
            panel.set_ylim(0)
            tidy(panel)
            if panel.lines:
                panel.legend(frameon=False, fontsize=8, loc="lower right")
        panels[0].set_ylabel(_ACCURACY)
        drawn.suptitle(title, fontsize=11)


def _short(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) else value
