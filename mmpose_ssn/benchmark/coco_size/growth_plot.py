"""A picture of what grows with the size of the data, and what does not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mmpose_ssn.plotting import figure, tidy

_PANELS = (
    ("start-up", "CPU s", "Building the training data set: time", "CPU seconds", "training people"),
    (
        "start-up",
        "MB",
        "Building the training data set: memory",
        "peak memory beyond the imports, MB",
        "training people",
    ),
    ("loading", "crops/s", "Loading", "crops per second", "training people"),
    ("evaluation", "CPU s", "Evaluation", "CPU seconds", "detections"),
)
_COLOURS = ("#c2410c", "#2563eb", "#15803d", "#7c3aed")


def draw(table: pd.DataFrame, file: Path) -> None:
    """Draw cost over size, one panel for each kind of cost; dashed lines show what would be proportional to the size.

    Args:
        table: Table that :func:`~mmpose_ssn.benchmark.coco_size.growth.measure` returned.
        file: Path of the picture to write.
    """
    with figure(file, 2, 2, figsize=(10, 6.6)) as (_, panels):
        for panel, (name, unit, title, y_label, x_label) in zip(panels.flat, _PANELS, strict=True):
            chosen = table[table.figure.str.startswith(name) & (table.unit == unit)]
            series = chosen.groupby(["figure", "form"], sort=False)
            for colour, ((loaded, form), line) in zip(_COLOURS, series, strict=False):
                label = f"{form}, {loaded.partition(', ')[2]}" if ", " in loaded else form
                panel.plot(line["size"], line.value, "o-", color=colour, label=label, linewidth=1.6, markersize=4)
                if unit == "crops/s":
                    panel.fill_between(line["size"], line.low, line.high, color=colour, alpha=0.12, linewidth=0)
                else:
                    last = line.iloc[-1]
                    panel.plot([0, last["size"]], [0, last.value], "--", color=colour, alpha=0.4, linewidth=1)
            panel.set_title(title, fontsize=10)
            panel.set_xlabel(x_label, fontsize=9)
            panel.set_ylabel(y_label, fontsize=9)
            panel.set_xlim(0)
            panel.set_ylim(0)
            panel.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
            panel.tick_params(labelsize=8)
            tidy(panel)
            panel.legend(frameon=False, fontsize=8)
