"""AP by predictor against the multiply-accumulates up to it: how far each network has got for what it has cost."""

from __future__ import annotations

from pathlib import Path

from mmpose_ssn.files import draft
from mmpose_ssn.report.table2 import StageRow, Table2

_COLUMNS = 4
_LABEL = (0.1, 0.075)  # width and height of a name, as shares of the axes


def draw(table: Table2, file: Path) -> None:
    """Draw the networks of Table 2 that were run, each in a panel of its own over the others in pale.

    Args:
        table: what was measured, and the cost up to each predictor of the network that was trained.
        file: picture to write; drawn with a line of text alone where nothing was run.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = [row for row in table.rows if row.measured]
    across = min(_COLUMNS, max(len(rows), 1))
    down = max(1, -(-len(rows) // across))
    figure, grid = plt.subplots(
        down,
        across,
        figsize=(max(3.2 * across, 6.4), 2.9 * down + 0.8),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    costs = [macs for row in rows for macs in row.macs.values()]
    unit, letter = (1e9, "G") if costs and max(costs) >= 1e9 else (1e6, "M")
    right = 1.15 * max(costs, default=0) / unit
    top = max(1.2 * max((row.ap(name) for row in rows for name in row.predictors), default=0.0), 1.0)
    panels = list(grid.flat)
    for panel, row in zip(panels, rows, strict=False):
        for other in rows:
            if other is not row:
                for _, *line in _branches(other, unit):
                    panel.plot(*line, color="#d4d4d4", linewidth=1, zorder=1)
        for kind, *line in _branches(row, unit):
            face = "white" if kind == "E" else "black"
            panel.plot(*line, color="black", linewidth=1.4, marker="o", markersize=4.5, markerfacecolor=face, zorder=2)
        for name, place in _labels(row, unit, right, top).items():
            left = name.startswith("E")
            panel.annotate(
                name,
                place,
                xytext=(-3, 4) if left else (5, -4),
                textcoords="offset points",
                ha="right" if left else "left",
                va="bottom" if left else "top",
                fontsize=8,
            )
        panel.set_title(row.method, fontsize=9)
        panel.set_xlim(0, right)
        panel.set_ylim(-0.12 * top, top)
        panel.grid(alpha=0.25)
        panel.spines[["top", "right"]].set_visible(False)
    for number, panel in enumerate(panels):
        panel.set_visible(number < len(rows))
        panel.tick_params(labelbottom=number + across >= len(rows))
    size = ", networks not full size" if table.networks.scaled else ""
    figure.supxlabel(f"multiply-accumulates up to the predictor, {letter}{size}", fontsize=9)
    figure.supylabel(f"AP, %, on {table.data_in_short}", fontsize=9)
    figure.suptitle(table.title, fontsize=10)
    with draft(file) as unfinished:
        figure.savefig(unfinished, dpi=130, format=file.suffix.removeprefix("."))
    plt.close(figure)


def _branches(row: StageRow, unit: float) -> list[tuple[str, list[float], list[float]]]:
    """The early stage predictors and those of the pyramid: cost and AP of each, in the order of their depth."""
    branches = []
    for kind in ("E", "P"):
        names = [name for name in row.predictors if name.startswith(kind)]
        branches.append((kind, [row.macs[name] / unit for name in names], [row.ap(name) for name in names]))
    return branches


def _labels(row: StageRow, unit: float, right: float, top: float) -> dict[str, tuple[float, float]]:
    """The point that each name stands beside: its marker's, or one above it where another name is in the way."""
    width, height = _LABEL[0] * right, _LABEL[1] * top
    places: dict[str, tuple[float, float]] = {}
    for name in sorted(row.predictors, key=row.ap):
        x, y = row.macs[name] / unit, row.ap(name)
        for other, (taken_x, taken_y) in places.items():
            if other[0] == name[0] and abs(taken_x - x) < width and y < taken_y + height:
                y = taken_y + height
        places[name] = (x, y)
    return places
