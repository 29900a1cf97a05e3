"""A scene: one to four figures that crowd each other, in front of a cluttered ground, with things that occlude them.

The clutter holds bent strokes in the figures' own limb colours and widths, so that not all that looks like a limb is
one.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from mmpose_ssn.datasets.drawn.figure import (
    Figure,
    Point,
    Stroke,
    bright_colour,
    darker,
    extent,
    moved,
    sample_bend,
    sample_figure,
    sample_segment,
    snap,
    towards,
)
from mmpose_ssn.datasets.drawn.random_stream import Stream

SMALLEST, TALLEST = 0.32, 0.88
"""Least and greatest height of a standing figure, in heights of the image (60 to 170 pixels of 192)."""


@dataclass(frozen=True)
class Scene:
    """What one image shows.

    Args:
        size: Width and height of the image in pixels.
        ground: Texture of the background, uint8 [height, width, 3].
        clutter: Strokes behind all figures, from back to front.
        figures: The figures, from back to front.
        occluders: Strokes in front of figures, each as (number of figures behind it, stroke).
    """

    size: tuple[int, int]
    ground: np.ndarray
    clutter: tuple[Stroke, ...]
    figures: tuple[Figure, ...]
    occluders: tuple[tuple[int, Stroke], ...]


def sample_scene(stream: Stream, size: tuple[int, int]) -> Scene:
    """Draws a random scene.

    Args:
        stream: Source of all choices.
        size: Width and height of the image in pixels.
    """
    figures = _crowd(stream, size)
    return Scene(
        size=size,
        ground=_ground(stream, size),
        clutter=tuple(_clutter(stream, size, figures)),
        figures=figures,
        occluders=tuple(_occluders(stream, figures)),
    )


def _crowd(stream: Stream, size: tuple[int, int]) -> tuple[Figure, ...]:
    """Up to four figures; each after the first mostly stands close to an earlier one, but no two overlap too much."""
    placed: list[Figure] = []
    for _ in range(stream.pick((1, 2, 3, 4), (0.2, 0.35, 0.27, 0.18))):
        for _attempt in range(6):
            near = stream.pick(placed) if placed and stream.chance(0.65) else None
            figure = _place(stream, size, near)
            if all(_overlap(extent(figure), extent(other)) < 0.4 for other in placed):
                placed.insert(stream.below(len(placed) + 1), figure)
                break
    return tuple(placed)


def _place(stream: Stream, size: tuple[int, int], near: Figure | None) -> Figure:
    """A figure somewhere in the image, in one case of five cut by its edge, or close to the figure ``near``."""
    if near is None:
        height = size[1] * stream.uniform(SMALLEST, TALLEST)
    else:
        height = min(max(near.height * stream.uniform(0.75, 1.3), size[1] * SMALLEST), size[1] * TALLEST)
    figure = sample_figure(stream, height)
    left, top, right, bottom = extent(figure)
    outside = 0.35 if stream.chance(0.2) else -0.02  # share of the figure that may lie beyond the edge
    centre = []
    for axis, (low, high) in enumerate(((left, right), (top, bottom))):
        reach = (0.5 - outside) * (high - low)
        if near is None:
            centre.append(stream.uniform(reach, size[axis] - reach))
        else:
            spread = (0.55, 0.2)[axis] * near.height
            other = extent(near)
            centre.append((other[axis] + other[axis + 2]) / 2 + stream.uniform(-spread, spread))
            centre[axis] = min(max(centre[axis], min(reach, size[axis] / 2)), max(size[axis] - reach, size[axis] / 2))
    dx, dy = snap((centre[0] - (left + right) / 2, centre[1] - (top + bottom) / 2))
    return moved(figure, dx, dy)


def _overlap(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    """Intersection over union of two boxes (left, top, right, bottom)."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    common = max(width, 0.0) * max(height, 0.0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return common / (sum(areas) - common)


def _lattice(
    stream: Stream, size: tuple[int, int], cells: tuple[int, int], channels: int, low: float, high: float
) -> np.ndarray:
    """Smooth noise, uint8 [height, width(, channels)]: random values on a lattice, interpolated bit-exactly."""
    columns, rows = max(cells[0], 2), max(cells[1], 2)
    values = [int(stream.uniform(low, high)) for _ in range(columns * rows * channels)]
    lattice = np.array(values, np.uint8).reshape(rows, columns, channels)
    return cv2.resize(lattice, size, interpolation=cv2.INTER_LINEAR_EXACT)


def _ground(stream: Stream, size: tuple[int, int]) -> np.ndarray:
    """Coarse patches of muted colour with a finer grey pattern over them."""
    light = stream.uniform(40.0, 150.0)
    colour = _lattice(stream, size, (5, 4), 3, light - 35.0, light + 35.0)
    pattern = _lattice(stream, size, (size[0] // 12, size[1] // 12), 1, 0.0, stream.uniform(10.0, 70.0))
    return cv2.add(colour, cv2.merge((pattern, pattern, pattern)))


def _clutter(stream: Stream, size: tuple[int, int], figures: tuple[Figure, ...]) -> list[Stroke]:
    """Boxes, discs and bars of any colour, then strokes that are drawn just as limbs are."""
    things = [
        _thing(stream, _anywhere(stream, size), size[1] * stream.uniform(0.03, 0.25))
        for _ in range(4 + stream.below(9))
    ]
    return things + [
        _stray_limb(stream, _anywhere(stream, size), stream.pick(figures)) for _ in range(2 + stream.below(6))
    ]


def _stray_limb(stream: Stream, start: Point, model: Figure) -> Stroke:
    """A limb that belongs to nobody, with the bends, lengths, colour and width of a figure's."""
    middle = towards(start, angle := stream.uniform(0.0, 360.0), model.height * sample_segment(stream))
    end = towards(middle, angle + stream.pick((-1.0, 1.0)) * sample_bend(stream), model.height * sample_segment(stream))
    return Stroke(tuple(map(snap, (start, middle, end))), model.limb_width, model.limb_colour, model.rim)


def _occluders(stream: Stream, figures: tuple[Figure, ...]) -> list[tuple[int, Stroke]]:
    """Things in front of the figures, each around a joint below the head."""
    things = []
    for _ in range(stream.pick((0, 1, 2, 3), (0.25, 0.35, 0.25, 0.15))):
        index = stream.below(len(figures))
        figure = figures[index]
        thing = _thing(stream, stream.pick(figure.joints[5:]), figure.height * stream.uniform(0.06, 0.22))
        things.append((index + 1 + stream.below(len(figures) - index), thing))
    return things


def _anywhere(stream: Stream, size: tuple[int, int]) -> Point:
    return (stream.uniform(0.0, size[0]), stream.uniform(0.0, size[1]))


def _thing(stream: Stream, at: Point, reach: float) -> Stroke:
    """A box, a disc or a bar around a point, reaching about ``reach`` pixels from it."""
    x, y = at
    colour = darker(bright_colour(stream), stream.uniform(0.3, 1.0))
    rim = stream.pick((0.0, 1.0))
    kind = stream.pick(("box", "disc", "bar"))
    if kind == "disc":
        return Stroke((snap(at),), 1.5 * reach, colour, rim)
    if kind == "bar":
        dx, dy = stream.uniform(-1.5, 1.5) * reach, stream.uniform(-1.5, 1.5) * reach
        return Stroke((snap((x - dx, y - dy)), snap((x + dx, y + dy))), max(0.3 * reach, 2.0), colour, rim)
    across, down, skew = (stream.uniform(0.3, 1.0) * reach for _ in range(3))
    corners = (
        (x - across, y - down),
        (x + across, y - down + skew / 3),
        (x + across, y + down),
        (x - across, y + down - skew / 3),
    )
    return Stroke(tuple(map(snap, corners)), 1.0, colour, rim, closed=True)
