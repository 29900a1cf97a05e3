"""AP against what it costs, in parameters, multiply-accumulates and time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmpose_ssn.experiment.presets import is_meaningless
from mmpose_ssn.files import draft
from mmpose_ssn.report.baselines import KINDS, PAPERS, Comparison, FullSize, Latency, front
from mmpose_ssn.report.inputs import Cost
from mmpose_ssn.report.table1 import PAPER_DATA

_MARKERS = dict(zip(KINDS, ("o", "s", "^"), strict=True))
_FACES = dict(zip(KINDS, ("black", "white", "white"), strict=True))
_OWN = "#9a9a9a"
_INCHES = (4.6, 5.2)  # of a panel


@dataclass(frozen=True)
class _Place:
    """Where a name stands beside its point: offset in points, and what of the text is there."""

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


@dataclass(frozen=True)
class _Point:
    name: str
    kind: str
    deployed: Cost
    latency: Latency | None
    ap: float
    own_recipe: bool = False

    @property
    def face(self) -> str:
        return _OWN if self.own_recipe else _FACES[self.kind]


_COSTS: dict[str, Callable[[_Point], float | None]] = {
    "parameters, M": lambda one: one.deployed.params / 1e6,
    "multiply-accumulates, G": lambda one: one.deployed.macs / 1e9,
    "time of one image on one thread, ms": lambda one: one.latency.wall_ms.get(1) if one.latency else None,
}


def draw_trained(comparison: Comparison, file: Path) -> None:
    """Draw what was trained: AP measured on the preset's data, whatever the recipe.

    Args:
        comparison: What to show.
        file: Picture to write.
    """
    points = [
        _Point(one.network, one.kind, one.deployed, one.latency, one.ap, one.recipe == "own")
        for one in comparison.entrants
    ]
    size = "small networks, " if comparison.scaled else ""
    meaning = ": numbers mean nothing" if is_meaningless(comparison.preset) else ""
    _draw(points, f"{size}preset {comparison.preset}{meaning}", f"AP, %, on {comparison.data_in_short}", file)


def draw_full_size(networks: Sequence[FullSize], file: Path) -> None:
    """Draw the full-size networks whose AP is printed: MMPose's, and of the paper's :data:`PAPERS`."""
    points = [
        _Point(one.id, one.kind, one.deployed, one.latency, float(one.published))
        for one in networks
        if one.published and (one.kind != KINDS[0] or one.id in PAPERS)
    ]
    _draw(points, "full-size networks, nothing trained here", f"AP, %, as printed, on {PAPER_DATA}", file)


def _draw(points: Sequence[_Point], title: str, what: str, file: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator, NullFormatter

    shown = {name: cost for name, cost in _COSTS.items() if any(cost(one) is not None for one in points)}
    across = max(len(shown), 1)
    figure, grid = plt.subplots(
        1, across, figsize=(_INCHES[0] * across, _INCHES[1]), sharey=True, squeeze=False, layout="constrained"
    )
    named = []
    for panel, (what_it_costs, cost) in zip(grid[0], shown.items(), strict=False):
        placed = [(one, x) for one in points if (x := cost(one)) is not None]
        on_front = front([x for _, x in placed], [one.ap for one, _ in placed])
        line = sorted((x, one.ap) for (one, x), on in zip(placed, on_front, strict=True) if on)
        panel.plot(*zip(*line, strict=True), color="#bbbbbb", linewidth=1, drawstyle="steps-post", zorder=1)
        for one, x in placed:
            above = 2 if one.own_recipe else 3
            panel.plot(
                x, one.ap, _MARKERS[one.kind], color="black", markersize=6, markerfacecolor=one.face, zorder=above
            )
        for network in {one.name for one in points if one.own_recipe}:  # one network, two recipes
            ends = [(x, one.ap) for one, x in placed if one.name == network]
            panel.plot(*zip(*ends, strict=True), color="black", linewidth=0.7, linestyle=":", zorder=1.5)
        panel.set_xscale("log")
        panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.xaxis.set_major_formatter("{x:g}")
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.margins(x=0.2, y=0.06)
        panel.set_xlabel(what_it_costs, fontsize=9)
        panel.grid(alpha=0.25, which="both")
        panel.spines[["top", "right"]].set_visible(False)
        named.append((panel, placed))
    grid[0][0].set_ylabel(what, fontsize=9)
    figure.suptitle(title, fontsize=10)
    kinds = [kind for kind in KINDS if any(one.kind == kind for one in points)]
    handles = [_handle(_MARKERS[kind], _FACES[kind]) for kind in kinds]
    if any(one.own_recipe for one in points):
        handles, kinds = [*handles, _handle(_MARKERS[KINDS[1]], _OWN)], [*kinds, "MMPose's, by its own recipe"]
    if handles:
        figure.legend(handles, kinds, loc="outside lower center", ncols=len(kinds), frameon=False, fontsize=9)
    for panel, placed in named:  # once nothing moves any more
        _label(panel, placed)
    with draft(file) as unfinished:
        figure.savefig(unfinished, dpi=130, format=file.suffix.removeprefix("."))
    plt.close(figure)


def _handle(marker: str, face: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], marker=marker, color="black", markerfacecolor=face, linestyle="none")


def _label(panel: Any, placed: Sequence[tuple[_Point, float]]) -> None:
    """Write each network's name once beside its point, where it hides least of the other names and points."""
    from matplotlib.transforms import Bbox

    panel.figure.draw_without_rendering()  # only then is it known where things are
    half = 4.5 / 72 * panel.figure.dpi
    at = [panel.transData.transform((x, one.ap)) for one, x in placed]
    taken = [Bbox.from_extents(x - half, y - half, x + half, y + half) for x, y in at]

    def hidden(name: Any, place: _Place) -> float:
        name.xyann = place.offset
        name.set(ha=place.across, va=place.upright)
        box = name.get_window_extent()
        outside = box.width * box.height - _overlap(box, panel.bbox)
        return sum(_overlap(box, other) for other in taken) + 10 * outside

    common = {one.name for one, _ in placed if not one.own_recipe}
    for one, x in sorted(placed, key=lambda pair: -pair[0].ap):
        if one.own_recipe and one.name in common:
            continue
        line = dict(arrowstyle="-", color="#777777", linewidth=0.5, shrinkA=0, shrinkB=0)
        name = panel.annotate(
            one.name, (x, one.ap), (0, 0), textcoords="offset points", fontsize=7.5, arrowprops=line, zorder=1.5
        )
        hidden(name, min(_PLACES, key=lambda place: hidden(name, place)))
        taken.append(name.get_window_extent())


def _overlap(box: Any, other: Any) -> float:
    width = min(box.x1, other.x1) - max(box.x0, other.x0)
    height = min(box.y1, other.y1) - max(box.y0, other.y0)
    return max(width, 0.0) * max(height, 0.0)
