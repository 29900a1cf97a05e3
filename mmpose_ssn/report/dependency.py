"""The dependency experiment as Markdown and as a picture: accuracy against distance, and where the offsets went."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mmpose_ssn.dependency.task import AVERAGING_ACCURACY, CUES, MARKS
from mmpose_ssn.files import draft
from mmpose_ssn.report.inputs import RefusedInput
from mmpose_ssn.report.markup import Columns, escape_markdown, markdown_list, markdown_table

LEARNED, RANDOM, INTEGER = "fsm", "fsm-random", "fsm-integer"
SOLVED = 0.95
"""Mean accuracy from which a distance counts as solved."""


@dataclass(frozen=True)
class Results:
    """What was measured.

    Attributes:
        cells: ``dependency.csv``: a line for each training.
        channels: ``dependency-offsets.csv``: a line for each channel of the feature shifting modules.
        planned: How many cells the experiment has.
        meaningless: Whether it was too short for its numbers to mean anything.
    """

    cells: pd.DataFrame
    channels: pd.DataFrame
    planned: int
    meaningless: bool = False

    @property
    def shift_channels(self) -> int:
        """K at the common budget: the one that every kind was trained at."""
        return int(self._common.shift_channels)

    @property
    def budgeted(self) -> pd.DataFrame:
        """The cells at the common budget, with the common spread of offsets."""
        chosen = self.cells.shift_channels == self._common.shift_channels
        return self.cells[chosen & (self.cells.offset_std == self._common.offset_std)]

    @property
    def _common(self) -> pd.Series:
        return self.cells[self.cells.kind != RANDOM].iloc[0]


def read_results(prefix: Path, planned: int, meaningless: bool = False) -> Results:
    """Read what was measured under a prefix, of a form with so many cells.

    Raises:
        RefusedInput: If there is nothing yet, or nothing at the common budget.
    """
    try:
        cells = pd.read_csv(prefix.with_name(f"{prefix.name}.csv"))
        channels = pd.read_csv(prefix.with_name(f"{prefix.name}-offsets.csv"))
    except (OSError, pd.errors.EmptyDataError) as error:
        raise RefusedInput(f"{prefix}.csv, {prefix}-offsets.csv: cannot be read ({error}); measure first") from error
    if (cells.kind == RANDOM).all():
        raise RefusedInput(f"{prefix}.csv: has nothing but frozen random offsets yet; measure more cells")
    return Results(cells, channels, planned, meaningless)


def to_markdown(results: Results) -> str:
    """The tables, what they say in words, and how to read them."""
    return "\n".join(
        [
            "# How far information must travel",
            "",
            "> [!IMPORTANT]",
            f"> {escape_markdown(_notice(results))}",
            "",
            "![Accuracy against the distance of the cue](dependency.png)",
            "",
            "## Accuracy against distance, at one budget",
            "",
            markdown_table(_accuracy_columns(results)),
            "",
            *markdown_list(_accuracy_notes(results)),
            "",
            "## Does a feature shifting module learn where to look?",
            "",
            markdown_table(_offset_columns(results)),
            "",
            *[f"- {escape_markdown(finding)}" for finding in _findings(results)],
            "",
            *markdown_list(_offset_notes()),
            "",
        ]
    )


def _notice(results: Results) -> str:
    cells = results.cells
    missing = results.planned - len(cells)
    return (
        ("The numbers are meaningless: this was a run of the machinery. " if results.meaningless else "")
        + f"A drawn task, not pose estimation: {len(cells)} trainings of {_listed(cells.iterations)} iterations"
        + (f"; {missing} of {results.planned} are missing" if missing else "")
        + ". Chance is 50 %. Task and networks: docs/dependency.md."
    )


def _distances(results: Results) -> list[int]:
    return sorted(results.cells.distance.unique())


def _accuracy_columns(results: Results) -> Columns:
    cells = results.budgeted
    groups = list(cells.groupby("kind", sort=False))
    limits = [group.limit.iloc[0] for _, group in groups]
    columns: dict[tuple[str, ...], list[str]] = {
        ("Way across the map",): [group.title.iloc[0] for _, group in groups],
        ("Params", "of the module"): [
            f"{group.params.iloc[0]} ({group.params_ratio.iloc[0]:.2f})" for _, group in groups
        ],
        ("MACs, M", "of the module"): [
            f"{group.macs.iloc[0] / 1e6:.1f} ({group.macs_ratio.iloc[0]:.2f})" for _, group in groups
        ],
        ("Limit, px",): ["–" if pd.isna(limit) else f"{limit:.0f}" for limit in limits],
    }
    for distance in _distances(results):
        columns[f"{distance} px", "accuracy, %"] = [
            _spread(group[group.distance == distance].accuracy) for _, group in groups
        ]
    return columns


def _spread(accuracy: pd.Series) -> str:
    if accuracy.empty:
        return "–"
    low, high = 100 * accuracy.min(), 100 * accuracy.max()
    return f"{100 * accuracy.mean():.0f}" + (f" [{low:.0f}, {high:.0f}]" if len(accuracy) > 1 else "")


def _accuracy_notes(results: Results) -> dict[str, str]:
    cells = results.cells
    return {
        "Accuracy": (
            f"Share of the marks of held-out pictures whose class is right: mean over {cells.seed.nunique()} seeds, in "
            "brackets the least and the greatest. A seed is a direction of the displacement, other pictures and other "
            "initial weights; every kind sees the same. Always the last weights."
        ),
        "Distance": "The longer of the displacement's two components, in pixels.",
        "Limit": (
            "The greatest distance at which any part of a mark's cue can reach the mark through the whole network; – "
            "where positions are learned or drawn, or the whole picture is seen. Beyond it accuracy is chance by "
            "construction; a dilated window has gaps below it too."
        ),
        "Averaging": (
            f"Whoever knows only how many of the {CUES} cues of a picture have which colour can be right in "
            f"{100 * AVERAGING_ACCURACY:.1f} % of the cases; each picture has {MARKS} marks."
        ),
        "Budget": (
            f"That of a feature shifting module with K = {results.shift_channels}; in brackets the ratio to it. "
            "Parameters are matched by the width of the alternative. MACs, of convolutions and matrix products, follow "
            "from it; reading between pixels counts nothing."
        ),
        "Made": f"{_listed(cells.commit)}, {_listed(cells.machine)}.",
    }


def _shifting(results: Results, kinds: Sequence[str]) -> list[pd.DataFrame]:
    """The cells with feature shifting modules, by kind, K and spread."""
    cells = results.cells[results.cells.kind.isin(kinds)]
    return [group for _, group in cells.groupby(["kind", "shift_channels", "offset_std"])]


def _offset_columns(results: Results) -> Columns:
    groups = _shifting(results, [LEARNED, RANDOM, INTEGER])
    columns: dict[tuple[str, ...], list[str]] = {
        ("Offsets",): [group.title.iloc[0] for group in groups],
        ("K",): [str(group.shift_channels.iloc[0]) for group in groups],
        ("Spread, px", "at the start"): [f"{group.offset_std.iloc[0]:g}" for group in groups],
    }
    for distance in _distances(results):
        columns[f"{distance} px", "accuracy; nearest, px; mass, %"] = [
            _offset_cell(group[group.distance == distance]) for group in groups
        ]
    return columns


def _offset_cell(cells: pd.DataFrame) -> str:
    if cells.empty:
        return "–"

    def change(before: float, after: float, form: str) -> str:
        return f"{before:{form}} → {after:{form}}"

    mean = cells[["accuracy", "nearest_before", "nearest_after", "mass_before", "mass_after"]].mean()
    return "; ".join(
        [
            f"{100 * mean.accuracy:.0f}",
            change(mean.nearest_before, mean.nearest_after, ".1f"),
            change(100 * mean.mass_before, 100 * mean.mass_after, ".0f"),
        ]
    )


def _offset_notes() -> dict[str, str]:
    return {
        "Nearest": (
            "Distance of the displacement from the nearest place that a channel reads, before → after the training, "
            "mean over seeds. Stem and cue are three pixels wide each, and a channel reads between pixels: less than "
            "three pixels off along either axis still sees some of the cue."
        ),
        "Mass": (
            "Share of the channels' weights within one pixel of the displacement, before → after. A channel's weight "
            "is the product of the norms of its incoming and outgoing 1x1 weights and of its gate's mean at the marks. "
            "Where the offsets are frozen it moves because the weights do."
        ),
    }


def _findings(results: Results) -> list[str]:
    """What the numbers say, whichever way they went."""
    budgeted = results.budgeted
    solvers: dict[int, list[str]] = {}
    for title, group in budgeted.groupby("title", sort=False):
        means = group.groupby("distance").accuracy.mean()
        solved = means[(means >= SOLVED).cummin()].index
        solvers.setdefault(max(solved, default=0), []).append(str(title))
    found = [
        f"{100 * SOLVED:.0f} % or more on average "
        + (f"at every distance up to {distance} px" if distance else "at no distance")
        + f": {'; '.join(solvers[distance])}."
        for distance in sorted(solvers, reverse=True)
    ]
    learned = budgeted[budgeted.kind == LEARNED].set_index(["distance", "seed"]).accuracy
    for frozen in _shifting(results, [RANDOM]):
        gain = (100 * (learned - frozen.set_index(["distance", "seed"]).accuracy)).dropna()
        if len(gain) > 1:
            found.append(
                f"Learned offsets (K = {results.shift_channels}) less frozen random ones ({_named(frozen)}): "
                f"{gain.mean():+.1f} points over {len(gain)} pairs of equal distance and seed, standard error "
                f"{gain.std() / len(gain) ** 0.5:.1f}; higher by over a point in {int((gain > 1).sum())}, lower in "
                f"{int((gain < -1).sum())}."
            )
    frozen = results.cells[results.cells.kind == RANDOM]
    for low, high in ((0, 2), (2, 4), (4, float("inf"))):
        chosen = frozen[(frozen.nearest_before >= low) & (frozen.nearest_before < high)].accuracy
        if len(chosen):
            found.append(
                f"Frozen random offsets, the nearest {low} {'px or more' if high > 4 else f'to {high} px'} from the "
                f"displacement: {100 * chosen.mean():.0f} % on average over {len(chosen)} trainings."
            )
    return found


def _named(cells: pd.DataFrame) -> str:
    """K and spread of a group of feature shifting modules."""
    return f"K = {cells.shift_channels.iloc[0]}, spread {cells.offset_std.iloc[0]:g} px"


def _listed(values: Any) -> str:
    unique = list(dict.fromkeys(values)) if isinstance(values, Sequence | pd.Series) else [values]
    return ", ".join(map(str, unique))


_COLOURS = {
    "conv3x3": "#bfdbfe",
    "conv5x5": "#60a5fa",
    "conv7x7": "#1d4ed8",
    "dilated3x3": "#0891b2",
    "depthwise31x31": "#15803d",
    "deformable": "#a855f7",
    "active": "#db2777",
    "non-local": "#78716c",
    "squeeze-excitation": "#a8a29e",
    INTEGER: "#eab308",
    RANDOM: "#f59e0b",
    LEARNED: "#c2410c",
}
_DASHED = ("squeeze-excitation", INTEGER)  # they may lie on the line before them


def draw(results: Results, file: Path) -> None:
    """Draw accuracy against distance, one learned module's places before and after, and accuracy against the nearest
    place at the start.

    Args:
        results: What was measured.
        file: Picture to write.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, ((windows, others), (cloud, reach)) = plt.subplots(2, 2, figsize=(11, 10.4), layout="constrained")
    context = ("non-local", "squeeze-excitation", INTEGER, RANDOM, LEARNED)
    cells = results.budgeted
    _draw_accuracy(windows, cells[~cells.kind.isin(context)])
    _draw_accuracy(others, cells[cells.kind.isin(context)])
    windows.set_title("convolutions; the bars below end their windows", fontsize=10)
    others.set_title(f"the whole map, and feature shifting modules (K = {results.shift_channels})", fontsize=10)
    _draw_places(cloud, results)
    _draw_nearest(reach, results)
    for panel in (windows, others, cloud, reach):
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(alpha=0.2)
        if panel.get_legend_handles_labels()[0]:
            panel.legend(frameon=False, fontsize=8, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.13))
    with draft(file) as unfinished:
        figure.savefig(unfinished, dpi=130, format=file.suffix.removeprefix("."))
    plt.close(figure)


def _draw_accuracy(panel: Any, cells: pd.DataFrame) -> None:
    for kind, group in cells.groupby("kind", sort=False):
        accuracy = 100 * group.groupby("distance").accuracy.agg(["mean", "min", "max"])
        colour = _COLOURS[str(kind)]
        style = "--" if kind in _DASHED else "-"
        panel.plot(accuracy.index, accuracy["mean"], style, marker="o", ms=4, color=colour, label=group.title.iloc[0])
        panel.fill_between(accuracy.index, accuracy["min"], accuracy["max"], color=colour, alpha=0.1, linewidth=0)
        if pd.notna(group.limit.iloc[0]):
            panel.plot([group.limit.iloc[0]] * 2, [40, 44], color=colour, linewidth=3)
    panel.axhline(50, color="black", linewidth=0.8)
    panel.axhline(100 * AVERAGING_ACCURACY, color="black", linewidth=0.8, linestyle=":")
    right = panel.get_xlim()[1]
    panel.text(right, 50, "chance", fontsize=7, ha="right", va="bottom")
    panel.text(right, 100 * AVERAGING_ACCURACY, "averaging over the picture", fontsize=7, ha="right", va="bottom")
    panel.set_ylim(40, 102)
    panel.set_xticks(sorted(cells.distance.unique()))
    panel.set_xlabel("distance of the cue, px")
    panel.set_ylabel("marks classified rightly, %")


def _draw_places(panel: Any, results: Results) -> None:
    """The places of one learned module: of the first seed, at the longest distance that it solved."""
    panel.set_xlabel("x, px from the mark")
    panel.set_ylabel("y, px from the mark")
    panel.set_aspect("equal", adjustable="datalim")
    panel.invert_yaxis()
    learned = results.budgeted[results.budgeted.kind == LEARNED]
    if learned.empty or results.channels.empty:
        return
    first = learned[learned.seed == learned.seed.min()]
    solved = first[first.accuracy >= SOLVED]
    cell = (first if solved.empty else solved).sort_values("distance").iloc[-1]
    shown = results.channels
    for name in ("kind", "shift_channels", "offset_std", "distance", "seed"):
        shown = shown[shown[name] == cell[name]]
    panel.plot(
        [shown.x_before, shown.x_after], [shown.y_before, shown.y_after], color="#d6d3d1", linewidth=0.8, zorder=1
    )
    panel.scatter(shown.x_before, shown.y_before, s=10, color="#a8a29e", label="a channel's place before", zorder=2)
    panel.scatter(
        shown.x_after,
        shown.y_after,
        s=400 * shown.weight_after,
        color=_COLOURS[LEARNED],
        alpha=0.7,
        label="after, area: weight",
        zorder=3,
    )
    panel.scatter([0], [0], marker="P", color="black", s=50, label="mark", zorder=4)
    panel.scatter(
        [cell.dx],
        [cell.dy],
        marker="s",
        s=130,
        facecolor="none",
        edgecolor="#15803d",
        linewidth=2,
        label="cue",
        zorder=4,
    )
    panel.set_title(f"learned offsets, {cell.distance} px, seed {cell.seed}: {100 * cell.accuracy:.0f} %", fontsize=10)


def _draw_nearest(panel: Any, results: Results) -> None:
    groups = _shifting(results, [LEARNED, RANDOM])
    for marker, group in zip(itertools.cycle("osD^v"), groups, strict=False):
        learned = group.kind.iloc[0] == LEARNED
        colour = _COLOURS[LEARNED if learned else RANDOM]
        panel.scatter(
            group.nearest_before,
            100 * group.accuracy,
            marker=marker,
            s=26,
            facecolor=colour if learned else "none",
            edgecolor=colour,
            label=f"{'learned' if learned else 'frozen'}, {_named(group)}",
        )
    panel.axhline(50, color="black", linewidth=0.8)
    panel.set_xlabel("nearest place to the cue at the start, px")
    panel.set_ylabel("marks classified rightly, %")
    panel.set_title("is the nearest random offset enough?", fontsize=10)
