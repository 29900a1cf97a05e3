"""A picture of the shift's cost: how many copies of the same map a shift and its gradients take."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mmpose_ssn.files import draft

_FORMS = {
    "deform_conv2d": ("torchvision deform_conv2d", "#cbd5e1"),
    "naive grid_sample": ("grid_sample, one image a channel", "#94a3b8"),
    "torch": ("this project, pure PyTorch", "#60a5fa"),
    "auto": ("this project, Numba", "#c2410c"),
}


def draw(table: pd.DataFrame, file: Path) -> None:
    """Draw forward + backward in copies, for one thread and every shape, as bars on a logarithmic axis.

    Args:
        table: Rows of :class:`~mmpose_ssn.benchmark.shift.Measurement` with their ``instructions``; each of these gets
            a panel of its own.
        file: Picture to write.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    chosen = table[(table.figure == "shift forward + backward / copy_") & (table.threads == table.threads.min())]
    panels = dict(list(chosen.groupby("instructions", sort=False)))
    figure, rows = plt.subplots(len(panels), sharex=True, sharey=True, squeeze=False)
    figure.set_size_inches(9, 0.5 + 2.7 * len(panels))
    figure.set_layout_engine("constrained")
    shown = [form for form in _FORMS if form in set(chosen.form)]
    width = 0.8 / len(shown)
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
    figure.supylabel("forward + backward, in copies of the map", fontsize=9)
    handles = axes.get_legend_handles_labels()
    figure.legend(*handles, frameon=False, fontsize=8, ncols=len(shown), loc="outside upper center")
    with draft(file) as unfinished:
        figure.savefig(unfinished, dpi=130, format=file.suffix.removeprefix("."))
    plt.close(figure)
