"""Score against what it costs, a panel for each cost, with the Pareto front of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmpose_ssn.plotting import figure, headline, tidy

_MARKERS = (("o", "black"), ("s", "white"), ("^", "white"))  # marker of each kind, and the colour of its face
_OWN = "#9a9a9a"
_INCHES = (4.6, 5.2)  # width and height of a panel


@dataclass(frozen=True)
class Point:
    """A network in the picture.

    Attributes:
        name: Its name.
        kind: Where the network comes from, as the legend names it.
        costs: What it costs, by the label of the cost's axis; None where that is not known.
        score: Score in percent.
        own_recipe: Whether it was trained by its own recipe, and not by the common one.
        too_low: Whether it is below the bound under which nothing is compared: it is on no front.
    """

    name: str
    kind: str
    costs: Mapping[str, float | None]
    score: float
    own_recipe: bool = False
    too_low: bool = False


@dataclass(frozen=True)
class _Place:
    """Where a name stands beside its point: its offset in points, and which part of the text is there."""

    offset: tuple[float, float]
    across: str
    upright: str


_PLACES = (
    *(_Place((side * 6, 0), {1: "left", -1: "right"}[side], "center") for side in (1, -1)),
    *(_Place((0, side * 6), "center", {1: "bottom", -1: "top"}[side]) for side in (1, -1)),
    *(
        _Place((x * far, y * far), {1: "left", -1: "right"}[x], {1: "bottom", -1: "top"}[y])
        for far in (4, 10, 16)
        for x in (1, -1)
        for y in (1, -1)
    ),
)


def front(costs: Sequence[float], scores: Sequence[float]) -> list[bool]:
    """Whether each network is on the Pareto front: no other is as good in both, and better in one of them."""
    pairs = list(zip(costs, scores, strict=True))
    return [not any(c <= cost and a >= value and (c, a) != (cost, value) for c, a in pairs) for cost, value in pairs]


def draw(points: Sequence[Point], kinds: Sequence[str], own: str, title: str, what: str, file: Path) -> None:
    """Draw networks by their scores and their costs.

    Args:
        points: The networks.
        kinds: All kinds of networks, in the order of their markers.
        own: Name in the legend of networks under their own recipe.
        title: Line above the picture.
        what: Label of the scores, which is to name the data.
        file: Path of the picture to write.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    styles = dict(zip(kinds, _MARKERS, strict=True))
    names = dict.fromkeys(name for one in points for name, cost in one.costs.items() if cost is not None)
    inches = (_INCHES[0] * max(len(names), 1), _INCHES[1])
    with figure(file, 1, max(len(names), 1), figsize=inches, sharey=True) as (drawn, grid):
        named = []
        for panel, cost in zip(grid[0], names, strict=False):
            placed = [(one, x) for one in points if (x := one.costs.get(cost)) is not None]
            compared = [(one, x) for one, x in placed if not one.too_low]
            on_front = front([x for _, x in compared], [one.score for one, _ in compared])
            line = sorted((x, one.score) for (one, x), on in zip(compared, on_front, strict=True) if on)
            panel.plot(
                [x for x, _ in line],
                [score for _, score in line],
                color="#bbbbbb",
                linewidth=1,
                drawstyle="steps-post",
                zorder=1,
            )
            for one, x in placed:
                marker, face = styles[one.kind]
                face, above = (_OWN, 2) if one.own_recipe else (face, 3)
                edge = "#b0b0b0" if one.too_low else "black"
                panel.plot(x, one.score, marker, color=edge, markersize=6, markerfacecolor=face, zorder=above)
            for network in {one.name for one in points if one.own_recipe}:  # one network, two recipes
                ends = [(x, one.score) for one, x in placed if one.name == network]
                panel.plot(*zip(*ends, strict=True), color="black", linewidth=0.7, linestyle=":", zorder=1.5)
            panel.set_xscale("log")
            panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            panel.xaxis.set_major_formatter("{x:g}")
            panel.xaxis.set_minor_formatter(NullFormatter())
            panel.margins(x=0.2, y=0.06)
            panel.set_xlabel(cost, fontsize=9)
            tidy(panel, which="both")
            named.append((panel, placed))
        grid[0][0].set_ylabel(what, fontsize=9)
        headline(drawn, title)
        legend = {kind: _handle(*styles[kind]) for kind in kinds if any(one.kind == kind for one in points)}
        if any(one.own_recipe for one in points):
            legend[own] = _handle(_MARKERS[1][0], _OWN)
        if legend:
            handles, labels = list(legend.values()), list(legend)
            drawn.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=9)
        for panel, placed in named:  # once nothing moves any more
            _label(panel, placed)


def _handle(marker: str, face: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], marker=marker, color="black", markerfacecolor=face, linestyle="none")


def _label(panel: Any, placed: Sequence[tuple[Point, float]]) -> None:
    """Write each network's name once beside its point, where it hides least of the other names and points."""
    from matplotlib.transforms import Bbox

    panel.figure.draw_without_rendering()  # only then is it known where things are
    half = 4.5 / 72 * panel.figure.dpi
    at = [panel.transData.transform((x, one.score)) for one, x in placed]
    taken = [Bbox.from_extents(x - half, y - half, x + half, y + half) for x, y in at]

    def hidden(name: Any, place: _Place) -> float:
        name.xyann = place.offset
        name.set(ha=place.across, va=place.upright)
        box = name.get_window_extent()
        outside = box.width * box.height - _overlap(box, panel.bbox)
        return sum(_overlap(box, other) for other in taken) + 10 * outside

    common = {one.name for one, _ in placed if not one.own_recipe}
    for one, x in sorted(placed, key=lambda pair: -pair[0].score):
        if one.own_recipe and one.name in common:
            continue
        line = dict(arrowstyle="-", color="#777777", linewidth=0.5, shrinkA=0, shrinkB=0)
        name = panel.annotate(
            one.name, (x, one.score), (0, 0), textcoords="offset points", fontsize=7.5, arrowprops=line, zorder=1.5
        )
        hidden(name, min(_PLACES, key=lambda place: hidden(name, place)))
        taken.append(name.get_window_extent())


def _overlap(box: Any, other: Any) -> float:
    width = min(box.x1, other.x1) - max(box.x0, other.x0)
    height = min(box.y1, other.y1) - max(box.y0, other.y0)
    return max(width, 0.0) * max(height, 0.0)
