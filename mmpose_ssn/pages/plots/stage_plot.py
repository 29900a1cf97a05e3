"""Score by predictor against the multiply-accumulates up to it: how far each network has got for what it has cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmpose_ssn.plotting import figure, headline, tidy

_COLUMNS = 4
_LABEL = (0.1, 0.075)  # width and height of a name, as shares of the axes


@dataclass(frozen=True)
class StageCurve:
    """What one network reached, and what it had cost by then.

    Attributes:
        title: Its name.
        macs: Multiply-accumulates of the network cut off at each predictor, by the predictor's name.
        score: Score of each predictor in percent.
    """

    title: str
    macs: Mapping[str, int]
    score: Mapping[str, float]


def draw(curves: Sequence[StageCurve], title: str, what: str, size: str, file: Path) -> None:
    """Draw curves, each in a panel of its own over the others in pale.

    Args:
        curves: The curves, at least one.
        title: Line above the picture.
        what: Label of the scores, which is to name the data.
        size: What the label of the costs says of the networks' size; may be empty.
        file: Path of the picture to write.
    """
    across = min(_COLUMNS, len(curves))
    down = -(-len(curves) // across)
    costs = [macs for one in curves for macs in one.macs.values()]
    unit, letter = (1e9, "G") if max(costs) >= 1e9 else (1e6, "M")
    right = 1.15 * max(costs) / unit
    top = max(1.2 * max(score for one in curves for score in one.score.values()), 1.0)
    inches = (max(3.2 * across, 6.4), 2.9 * down + 0.8)
    with figure(file, down, across, figsize=inches, sharex=True, sharey=True) as (drawn, grid):
        panels = list(grid.flat)
        _draw(panels, curves, unit, right, top)
        for number, panel in enumerate(panels):
            panel.set_visible(number < len(curves))
            panel.tick_params(labelbottom=number + across >= len(curves))
        drawn.supxlabel(f"multiply-accumulates up to the predictor, {letter}{size}", fontsize=9)
        drawn.supylabel(what, fontsize=9)
        headline(drawn, title)


def _draw(panels: Sequence[Any], curves: Sequence[StageCurve], unit: float, right: float, top: float) -> None:
    for panel, one in zip(panels, curves, strict=False):
        for other in curves:
            if other is not one:
                for _, *line in _branches(other, unit):
                    panel.plot(*line, color="#d4d4d4", linewidth=1, zorder=1)
        for kind, *line in _branches(one, unit):
            face = "white" if kind == "E" else "black"
            panel.plot(*line, color="black", linewidth=1.4, marker="o", markersize=4.5, markerfacecolor=face, zorder=2)
        for name, place in _labels(one, unit, right, top).items():
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
        panel.set_title(one.title, fontsize=9)
        panel.set_xlim(0, right)
        panel.set_ylim(-0.12 * top, top)
        tidy(panel)


def _branches(one: StageCurve, unit: float) -> list[tuple[str, list[float], list[float]]]:
    """The early stage predictors and those of the pyramid: cost and score of each, in the order of their depth."""
    branches = []
    for kind in ("E", "P"):
        names = [name for name in one.score if name.startswith(kind)]
        branches.append((kind, [one.macs[name] / unit for name in names], [one.score[name] for name in names]))
    return branches


def _labels(one: StageCurve, unit: float, right: float, top: float) -> dict[str, tuple[float, float]]:
    """The point that each name stands beside: its marker's, or one above it where another name is in the way."""
    width, height = _LABEL[0] * right, _LABEL[1] * top
    places: dict[str, tuple[float, float]] = {}
    for name in sorted(one.score, key=lambda name: one.score[name]):
        x, y = one.macs[name] / unit, one.score[name]
        for other, (taken_x, taken_y) in places.items():
            if other[0] == name[0] and abs(taken_x - x) < width and y < taken_y + height:
                y = taken_y + height
        places[name] = (x, y)
    return places
