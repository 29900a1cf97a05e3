"""The dependency experiment: accuracy against distance, and where the offsets went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from mmpose_ssn.dependency.task import AVERAGING_ACCURACY, CUES, MARKS
from mmpose_ssn.experiment.presets import is_meaningless
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.pages.blocks import NONE, Bullets, Columns, Heading, Notes, Page, Picture, Table
from mmpose_ssn.pages.plots.distance_plot import INTEGER, LEARNED, RANDOM, SOLVED, draw, named, shifting
from mmpose_ssn.pages.results import Results


@dataclass(frozen=True)
class DependencyResults:
    """What the dependency experiment measured.

    Attributes:
        cells: Content of ``dependency.csv``, a line for each training.
        channels: Content of ``dependency-offsets.csv``, a line for each channel of the feature shifting modules.
        planned: Number of cells that the experiment has.
        meaningless: Whether the experiment was too short for its numbers to mean anything.
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


def read_measured(prefix: Path, meaningless: bool = False) -> DependencyResults:
    """Read what was measured under a prefix.

    Raises:
        RefusedInput: If nothing has been measured yet, or nothing at the common budget.
    """
    try:
        cells = pd.read_csv(prefix.with_name(f"{prefix.name}.csv"))
        channels = pd.read_csv(prefix.with_name(f"{prefix.name}-offsets.csv"))
    except (OSError, pd.errors.EmptyDataError) as error:
        raise RefusedInput(f"{prefix}.csv, {prefix}-offsets.csv: cannot be read ({error}); measure first") from error
    if "kind" not in cells or (cells.kind == RANDOM).all():
        raise RefusedInput(f"{prefix}.csv: has nothing but frozen random offsets yet; measure more cells")
    planned = int(cells.planned.max()) if "planned" in cells else len(cells)
    return DependencyResults(cells, channels, planned, meaningless)


def page(results: Results) -> Page:
    """The page of the dependency experiment: its tables, what they say in words, and how to read them.

    For a preset whose numbers mean nothing it shows the smoke form of the experiment.

    Raises:
        RefusedInput: If nothing has been measured yet, or nothing at the common budget.
    """
    meaningless = is_meaningless(results.preset)
    return page_of(read_measured(results.folder / ("dependency-smoke" if meaningless else "dependency"), meaningless))


def page_of(measured: DependencyResults) -> Page:
    """The page of what was measured."""
    return Page(
        title="How far information must travel",
        notices=[_notice(measured)],
        meaningless=measured.meaningless,
        blocks=[
            Picture(
                partial(draw, measured.cells, measured.budgeted, measured.channels),
                "Accuracy against the distance of the cue",
            ),
            Heading("Accuracy against distance, at one budget"),
            Table(_accuracy_columns(measured), _accuracy_notes(measured)),
            Heading("Where learned offsets end, and where frozen ones stay"),
            Table(_offset_columns(measured)),
            Bullets(_findings(measured)),
            Notes(_offset_notes()),
        ],
    )


def _notice(measured: DependencyResults) -> str:
    cells = measured.cells
    missing = measured.planned - len(cells)
    return (
        ("The numbers are meaningless: this was a run of the machinery. " if measured.meaningless else "")
        + f"A drawn task, not pose estimation: {len(cells)} trainings of {_listed(cells.iterations)} iterations"
        + (f"; {missing} of {measured.planned} are missing" if missing else "")
        + ". Chance is 50 %. Task and networks: docs/dependency.md."
    )


def _distances(measured: DependencyResults) -> list[int]:
    return sorted(measured.cells.distance.unique())


def _accuracy_columns(measured: DependencyResults) -> Columns:
    cells = measured.budgeted
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
        ("Limit, px",): [NONE if pd.isna(limit) else f"{limit:.0f}" for limit in limits],
    }
    for distance in _distances(measured):
        columns[f"{distance} px", "accuracy, %"] = [
            _spread(group[group.distance == distance].accuracy) for _, group in groups
        ]
    return columns


def _spread(accuracy: pd.Series) -> str:
    if accuracy.empty:
        return NONE
    low, high = 100 * accuracy.min(), 100 * accuracy.max()
    return f"{100 * accuracy.mean():.0f}" + (f" [{low:.0f}, {high:.0f}]" if len(accuracy) > 1 else "")


def _accuracy_notes(measured: DependencyResults) -> dict[str, str]:
    cells = measured.cells
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
            f"That of a feature shifting module with K = {measured.shift_channels}; in brackets the ratio to it. "
            "Parameters are matched by the width of the alternative. MACs, of convolutions and matrix products, follow "
            "from it; reading between pixels counts nothing."
        ),
        "Made": f"{_listed(cells.commit)}, {_listed(cells.machine)}.",
    }


def _offset_columns(measured: DependencyResults) -> Columns:
    groups = shifting(measured.cells, [LEARNED, RANDOM, INTEGER])
    columns: dict[tuple[str, ...], list[str]] = {
        ("Offsets",): [group.title.iloc[0] for group in groups],
        ("K",): [str(group.shift_channels.iloc[0]) for group in groups],
        ("Spread, px", "at the start"): [f"{group.offset_std.iloc[0]:g}" for group in groups],
    }
    for distance in _distances(measured):
        columns[f"{distance} px", "accuracy; nearest, px; mass, %"] = [
            _offset_cell(group[group.distance == distance]) for group in groups
        ]
    return columns


def _offset_cell(cells: pd.DataFrame) -> str:
    if cells.empty:
        return NONE

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


def _findings(measured: DependencyResults) -> list[str]:
    """What the numbers say, whichever way they went."""
    budgeted = measured.budgeted
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
    for frozen in shifting(measured.cells, [RANDOM]):
        gain = (100 * (learned - frozen.set_index(["distance", "seed"]).accuracy)).dropna()
        if len(gain) > 1:
            found.append(
                f"Learned offsets (K = {measured.shift_channels}) less frozen random ones ({named(frozen)}): "
                f"{gain.mean():+.1f} points over {len(gain)} pairs of equal distance and seed, standard error "
                f"{gain.std() / len(gain) ** 0.5:.1f}; higher by over a point in {int((gain > 1).sum())}, lower in "
                f"{int((gain < -1).sum())}."
            )
    frozen = measured.cells[measured.cells.kind == RANDOM]
    for low, high in ((0, 2), (2, 4), (4, float("inf"))):
        chosen = frozen[(frozen.nearest_before >= low) & (frozen.nearest_before < high)].accuracy
        if len(chosen):
            found.append(
                f"Frozen random offsets, the nearest {low} {'px or more' if high > 4 else f'to {high} px'} from the "
                f"displacement: {100 * chosen.mean():.0f} % on average over {len(chosen)} trainings."
            )
    return found


def _listed(values: Any) -> str:
    unique = list(dict.fromkeys(values)) if isinstance(values, Sequence | pd.Series) else [values]
    return ", ".join(map(str, unique))
