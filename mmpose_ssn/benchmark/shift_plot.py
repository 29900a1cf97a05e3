"""A picture of the shift's cost: the time of a shift and its gradients, in copies of the same map."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mmpose_ssn.plotting import figure

_FORMS = {
    "deform_conv2d": ("torchvision deform_conv2d", "#cbd5e1"),
    "naive grid_sample": ("grid_sample, one image a channel", "#94a3b8"),
    "torch": ("this project, pure PyTorch", "#60a5fa"),
    "auto": ("this project, Numba", "#c2410c"),
}


def draw(table: pd.DataFrame, file: Path) -> None:
    """Draw the time of forward + backward in copies, for one thread and every shape, as bars on a logarithmic axis.

    Args:
        table: Rows of :class:`~mmpose_ssn.benchmark.shift_cost.ShiftTiming` with their ``instructions``; each of these
            sets gets a panel of its own.
        file: Path of the picture to write.
    """
    chosen = table[(table.figure == "shift forward + backward / copy_") & (table.threads == table.threads.min())]
    panels = dict(list(chosen.groupby("instructions", sort=False)))
    shown = [form for form in _FORMS if form in set(chosen.form)]
    width = 0.8 / len(shown)
    inches = (9, 0.5 + 2.7 * len(panels))
    with figure(file, len(panels), figsize=inches, sharex=True, sharey=True) as (drawn, rows):
        for (instructions, panel), axes in zip(panels.items(), rows[:, 0], strict=True):
            ratios = panel.pivot(index="case", columns="form", values="ratio").loc[list(dict.fromkeys(panel.case))]
            for place, form in enumerate(shown):
                label, colour = _FORMS[form]
                left = [x + (place - (len(shown) - 1) / 2) * width for x in range(len(ratios))]
                bars = axes.bar(left, ratios[form], width, label=label, color=colour)
                axes.bar_label(bars, fmt=lambda value: f"{value:.0f}" if value >= 10 else f"{value:.1f}", fontsize=8)
            axes.set_title(instructions, loc="left", fontsize=9)
            axes.set_xticks(range(len(ratios)), [case.replace("x", "×") for case in ratios.index])
            axes.spines[["top", "right"]].set_visible(False)
        axes.set_yscale("log")
        axes.set_ylim(1, 2 * float(chosen[chosen.form.isin(shown)].ratio.max()))
        axes.set_xlabel("batch × channels × height × width")
        drawn.supylabel("forward + backward, in copies of the map", fontsize=9)
        handles = axes.get_legend_handles_labels()
        drawn.legend(*handles, frameon=False, fontsize=8, ncols=len(shown), loc="outside upper center")
