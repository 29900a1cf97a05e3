"""From a scene to its pixels and to what of each figure can be seen in them.

A scene is painted once, from back to front, into a map of labels at ``SCALE`` times the image's size; the picture, the
figures' masks and the visibility of every keypoint are all read from that map. Each pixel of the picture is the exact
mean of the colours of SCALE x SCALE labels. All drawing is in integers (fixed-point coordinates, no anti-aliasing), so
that a picture does not depend on the build.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from mmpose_ssn.datasets.drawn.figure import PARTS_OF_KEYPOINT, Colour, Figure, Stroke, darker
from mmpose_ssn.datasets.drawn.scene import Scene

SCALE = 2
_FRACTION_BITS = 4  # of OpenCV's fixed-point coordinates: 1/16 pixel
_NOBODY = -1


@dataclass(frozen=True)
class Appearance:
    """How a figure appears in the image.

    Args:
        visibility: COCO's visibility flag of each keypoint [17]: 2 where a part of this figure that the keypoint
            belongs to is on top at the keypoint's pixel, 1 where anything else is (another figure, an occluder, another
            part of the figure itself), 0 where the keypoint lies outside of the image, or, for nose and eyes, on the
            far side of the head.
        box: Left, top, width and height, in pixels of the image (edge to edge, as in pycocotools' ``toBbox``), of the
            figure's silhouette within the image, covered parts included.
        silhouette: Area of that silhouette in square pixels.
        seen: Share of the silhouette that nothing covers.
    """

    visibility: tuple[int, ...]
    box: tuple[float, float, float, float]
    silhouette: float
    seen: float


def render(scene: Scene) -> tuple[np.ndarray, list[Appearance]]:
    """Paints a scene.

    Returns:
        The image, uint8 [height, width, 3] in OpenCV's order of channels, and the appearance of each of the scene's
        figures.
    """
    canvas = _Canvas(scene.size)
    for stroke in scene.clutter:
        canvas.paint(stroke, _NOBODY)
    outlines = []
    for index, figure in enumerate(scene.figures):
        first = canvas.used
        for stroke in figure.strokes():
            canvas.paint(stroke, index)
        outlines.append(_outline(canvas.labels >= first))  # of the whole figure: nothing covers it yet
        for behind, stroke in scene.occluders:
            if behind == index + 1:
                canvas.paint(stroke, _NOBODY)
    shown = [0.0] * len(scene.figures)
    for owner, count in zip(canvas.owner, np.bincount(canvas.labels.ravel(), minlength=canvas.used), strict=True):
        if owner != _NOBODY:
            shown[owner] += int(count) / SCALE**2
    appearances = [
        Appearance(_visibility(canvas, index, figure), box, area, shown[index] / area if area else 0.0)
        for index, (figure, (box, area)) in enumerate(zip(scene.figures, outlines, strict=True))
    ]
    return canvas.picture(scene.ground), appearances


class _Canvas:
    """A map of labels, each label with a colour, the index of the figure that owns it, and that figure's part."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.labels = np.zeros((size[1] * SCALE, size[0] * SCALE), np.uint8)
        self.colours: list[Colour] = [(0, 0, 0)]
        self.owner = [_NOBODY]
        self.part = [""]

    @property
    def used(self) -> int:
        return len(self.owner)

    def paint(self, stroke: Stroke, owner: int) -> None:
        points = np.array([[_fixed(x), _fixed(y)] for x, y in stroke.points], np.int32)
        layers = [(0.0, stroke.colour)]
        if stroke.outline:
            layers.insert(0, (2 * stroke.outline, darker(stroke.colour, 0.35)))
        for extra, colour in layers:
            label = self.used
            self.colours.append(colour)
            self.owner.append(owner)
            self.part.append(stroke.part)
            width = max(int(SCALE * (stroke.width + extra) + 0.5), 1)
            if stroke.closed:
                cv2.fillPoly(self.labels, [points], (label,), cv2.LINE_8, _FRACTION_BITS)
            if len(points) == 1:
                radius = int((stroke.width + extra) * SCALE * 2**_FRACTION_BITS / 2 + 0.5)
                cv2.circle(self.labels, points[0].tolist(), radius, (label,), cv2.FILLED, cv2.LINE_8, _FRACTION_BITS)
            else:
                cv2.polylines(self.labels, [points], stroke.closed, (label,), width, cv2.LINE_8, _FRACTION_BITS)

    def picture(self, ground: np.ndarray) -> np.ndarray:
        """The mean colour of each SCALE x SCALE block of labels; the ground shows where there is no label."""
        height, width = self.labels.shape
        palette = np.zeros((256, 4), np.uint8)
        palette[: self.used, :3] = self.colours
        # One 32-bit word for each pixel is four times as fast as three bytes.
        fine = np.take(palette.view(np.uint32)[:, 0], self.labels)
        backdrop = cv2.cvtColor(ground, cv2.COLOR_BGR2BGRA).view(np.uint32)[..., 0].repeat(SCALE, 0).repeat(SCALE, 1)
        np.copyto(fine, backdrop, where=self.labels == 0)
        pixels = fine.view(np.uint8).reshape(height, width, 4)
        coarse = cv2.resize(pixels, (width // SCALE, height // SCALE), interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(coarse[..., :3])


def _fixed(coordinate: float) -> int:
    """An image coordinate (a multiple of 1/16, pixel centres at integers) as OpenCV's fixed-point of the fine map."""
    return int((SCALE * coordinate + (SCALE - 1) / 2) * 2**_FRACTION_BITS)


def _outline(silhouette: np.ndarray) -> tuple[tuple[float, float, float, float], float]:
    """Box (left, top, width, height) and area, in pixels of the image, of a mask of the fine map."""
    mask = silhouette.view(np.uint8)
    left, top, width, height = cv2.boundingRect(mask)
    return (left / SCALE, top / SCALE, width / SCALE, height / SCALE), cv2.countNonZero(mask) / SCALE**2


def _visibility(canvas: _Canvas, index: int, figure: Figure) -> tuple[int, ...]:
    height, width = canvas.labels.shape
    flags = []
    for (x, y), labelled, parts in zip(figure.joints, figure.labelled, PARTS_OF_KEYPOINT, strict=True):
        column, row = (math.floor(SCALE * (value + 0.5)) for value in (x, y))
        if not labelled or not (0 <= column < width and 0 <= row < height):
            flags.append(0)
            continue
        top = int(canvas.labels[row, column])
        flags.append(2 if canvas.owner[top] == index and canvas.part[top] in parts else 1)
    return tuple(flags)
