"""The trainings of the experiment: one cell for each kind of module, distance and seed."""

from __future__ import annotations

from dataclasses import dataclass

from mmpose_ssn.models.alternatives import KINDS

SHIFT_CHANNELS, OFFSET_STD = 64, 4.0
"""K of the feature shifting module that sets the budget, and the standard deviation of its offsets at the start in
pixels: an eighth of the picture, as in the preset ``figures``."""
OTHER_REACH = ((32, 4.0), (128, 4.0), (64, 12.0))
"""K and standard deviation in pixels of other frozen random offsets: fewer, more (neither at the common budget) and
farther ones."""


@dataclass(frozen=True)
class Cell:
    """One training, and everything that decides its outcome.

    Attributes:
        kind: Kind of the module, one of :data:`mmpose_ssn.models.alternatives.KINDS`.
        shift_channels: K of the feature shifting module whose budget holds.
        offset_std: Standard deviation of its offsets at the start, in pixels; without effect on modules that have none.
        distance: Distance to the cue, in pixels along the longer axis.
        seed: Seed of the task's direction and pictures, and of the initial weights.
        iterations: Number of iterations of the training.
    """

    kind: str
    shift_channels: int
    offset_std: float
    distance: int
    seed: int
    iterations: int


@dataclass(frozen=True)
class Form:
    """A size of the experiment.

    Attributes:
        name: Name of the form, as the command's option has it.
        distances: Distances to the cue, in pixels along the longer axis.
        seeds: Number of seeds.
        iterations: Number of iterations of each training.
        meaningless: Whether it trains too little for its numbers to mean anything.
    """

    name: str
    distances: tuple[int, ...]
    seeds: int
    iterations: int
    meaningless: bool = False


SHORT = Form("short", (3, 5, 10, 16), 3, 150)
FULL = Form("full", (3, 4, 5, 6, 8, 10, 12, 14, 16, 20), 5, 400)
SMOKE = Form("smoke", (5,), 1, 2, meaningless=True)
FORMS = {form.name: form for form in (SHORT, FULL, SMOKE)}


def plan(form: Form) -> list[Cell]:
    """All cells of a form, seed by seed, so that an unfinished run has all distances and kinds of the first seeds."""
    networks = [(kind, SHIFT_CHANNELS, OFFSET_STD) for kind in KINDS]
    networks += [("fsm-random", *other) for other in OTHER_REACH]
    return [
        Cell(kind, shift_channels, offset_std, distance, seed, form.iterations)
        for seed in range(form.seeds)
        for distance in form.distances
        for kind, shift_channels, offset_std in networks
    ]
