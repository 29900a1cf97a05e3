"""The drawn task: a cue at a known displacement from a mark decides which of two classes the mark is of.

On a black picture of 32 x 32 pixels stand four red crosses, the marks, and 24 squares of 3 x 3 pixels, green or blue,
the cues. The cue at exactly the displacement v from a mark is green where the mark is of class 1 and blue where it is
of class 0. The other cues are distractors. All colours are drawn independently, each with probability 1/2, so that
nothing in the picture but the cue at v says anything about a mark: a network that does not see that cue is at chance.
One that knows the balance of all colours can do slightly better, see :data:`AVERAGING_ACCURACY`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

SIZE, MARKS, CUES = 32, 4, 24
CUE_RADIUS = 1
LONGEST = 20
"""Greatest distance in pixels at which there is room for four marks with their cues, whatever the direction."""

_PITCH, _SITES = 5, 6  # a cue stands in a cell of its own, moved by 0 to 2 pixels along each axis

AVERAGING_ACCURACY = 0.5 + sum(comb(CUES, k) * abs(CUES - 2 * k) for k in range(CUES + 1)) / 2**CUES / (2 * CUES)
"""Expected accuracy from the number of green cues in the picture alone, where every mark gets the majority's class. It
is 1/2 + E|sum of the signs| / (2 * cues)."""


@dataclass(frozen=True)
class Batch:
    """Pictures and what is asked about them.

    Attributes:
        images: Pictures, [n, 3, 32, 32] float32: red, green and blue, each 0 or 1.
        marks: Centres (x, y) of the marks, [n, 4, 2], in pixels of the picture.
        labels: Classes of the marks, [n, 4] float32: 1 where the mark's cue is green, 0 where it is blue.
    """

    images: np.ndarray
    marks: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Task:
    """One task: how far away its cues are, and in which direction.

    Attributes:
        distance: Distance to the cue: max(|dx|, |dy|) of the displacement in pixels, so that a square window ends at
            the same distance in every direction.
        seed: Seed of the direction and of all pictures.
    """

    distance: int
    seed: int

    def __post_init__(self) -> None:
        if not 1 <= self.distance <= LONGEST:
            raise ValueError(f"expected a distance of 1 to {LONGEST} pixels, got {self.distance}")

    @property
    def displacement(self) -> tuple[int, int]:
        """(dx, dy) from each mark to its cue in pixels, one of the points at this distance."""
        rng = np.random.default_rng([self.seed, self.distance])
        along = int(rng.choice([-1, 1])) * self.distance
        across = int(rng.integers(-self.distance, self.distance + 1))
        return (along, across) if rng.random() < 0.5 else (across, along)

    def batch(self, split: str, index: int, count: int) -> Batch:
        """Draw ``count`` pictures, the same ones for the same arguments.

        Args:
            split: Split of the pictures: ``"train"`` or ``"test"``.
            index: Number of the batch in its split.
            count: n, number of pictures.
        """
        rng = np.random.default_rng([self.seed, self.distance, ("train", "test").index(split), index, count])
        axis = np.arange(_SITES) * _PITCH + CUE_RADIUS
        sites = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        sites = sites + rng.integers(0, 3, (count, 1, 2)) + rng.integers(0, 3, (count, len(sites), 2))
        # the sites from which a mark would be in the picture come first, in random order, then the others
        marks = sites - self.displacement
        outside = ((marks < CUE_RADIUS) | (marks >= SIZE - CUE_RADIUS)).any(axis=-1)
        order = np.argsort(outside + rng.random(outside.shape), axis=1)
        order[:, MARKS:] = rng.permuted(order[:, MARKS:], axis=1)
        chosen = order[:, :CUES, None]
        cues, marks = np.take_along_axis(sites, chosen, 1), np.take_along_axis(marks, chosen[:, :MARKS], 1)
        green = rng.integers(0, 2, (count, CUES))

        images = np.zeros((count, 3, SIZE, SIZE), np.float32)
        picture = np.arange(count)[:, None]
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                if dx == 0 or dy == 0:
                    images[picture, 0, marks[..., 1] + dy, marks[..., 0] + dx] = 1
                images[picture, 2 - green, cues[..., 1] + dy, cues[..., 0] + dx] = 1
        return Batch(images, marks, green[:, :MARKS].astype(np.float32))
