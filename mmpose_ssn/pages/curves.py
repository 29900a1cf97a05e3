"""Learning curves: how a preset's networks came to where they were scored, from what each training logged."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from mmpose_ssn.experiment.presets import is_meaningless
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.networks import shown_on
from mmpose_ssn.pages.blocks import Notes, Page, Picture
from mmpose_ssn.pages.plots.curve_plot import draw
from mmpose_ssn.pages.results import Results
from mmpose_ssn.pages.study import MEANINGLESS


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
        meaningless=is_meaningless(results.preset),
        notices=[MEANINGLESS] if is_meaningless(results.preset) else [],
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
        folder: The folder ``<network>/seed<k>`` of the training. Where it was interrupted, each part has logged to a
            folder of its own; the last entry of an iteration counts.

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


def _short(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) else value
