"""Specification of a drawn set: the generator's version, the splits, and the set's counts, image size and seed."""

from __future__ import annotations

from dataclasses import dataclass

VERSION = "1.0"
"""Version of the generator. Whatever changes a pixel or a label must change it, or else a digest in the tests fails."""

SPLITS = ("train", "tune", "val")
DETECTED_SPLITS = ("tune", "val")
MIN_SIDE, MAX_SIDE = 64, 4096

DESCRIPTION = (
    "Procedurally drawn articulated figures: elbows and knees look alike, only the head tells left from right, figures "
    "crowd and occlude each other. Drawn, not photographed: figures scored on it say nothing about COCO."
)


@dataclass(frozen=True)
class DrawnSpec:
    """Specification of a set to draw.

    Args:
        train: Number of training images.
        tune: Number of images to choose settings with.
        val: Number of images to report on.
        image_size: Width and height of every image in pixels.
        seed: Seed of the set; sets of different seeds share nothing.

    Raises:
        ValueError: If a count is negative, all counts are zero, or a side is not within MIN_SIDE to MAX_SIDE pixels.
    """

    train: int
    tune: int
    val: int
    image_size: tuple[int, int] = (256, 192)
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.counts.values()) < 0 or not any(self.counts.values()):
            raise ValueError(
                f"got {self.counts} images a split; expected no negative count, and at least one image in all"
            )
        if len(self.image_size) != 2 or not all(MIN_SIDE <= side <= MAX_SIDE for side in self.image_size):
            raise ValueError(
                f"got image_size {self.image_size}; expected (width, height), each of {MIN_SIDE} to {MAX_SIDE} pixels"
            )

    @property
    def counts(self) -> dict[str, int]:
        return {split: getattr(self, split) for split in SPLITS}
