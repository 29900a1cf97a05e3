"""Boxes as a person detector would report them for an image: jittered, with scores, duplicates, misses and false
alarms.

They stand in for the detector files that networks are scored with on COCO
(``COCO_val2017_detections_AP_H_56_person.json``).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from mmpose_ssn.datasets.drawn.random_stream import Stream
from mmpose_ssn.datasets.drawn.rendering import Appearance

Box = tuple[float, float, float, float]


def detect(stream: Stream, appearances: Sequence[Appearance], size: tuple[int, int]) -> list[tuple[Box, float]]:
    """Boxes (left, top, width, height in pixels, within the image) with scores in (0, 1), best score first.

    A figure is missed the more often and scored the lower the less of it is seen. About a third of the found ones are
    reported a second time, as a looser box with a lower score. False alarms are boxes anywhere, or one box around two
    figures.

    Args:
        stream: Source of all choices.
        appearances: Appearance of each of the image's figures, as rendered.
        size: Width and height of the image in pixels.
    """
    found: list[tuple[Box, float]] = []
    for appearance in appearances:
        if stream.chance(0.02 + 0.5 * (1.0 - appearance.seen) ** 2):
            continue
        score = 0.99 - 0.5 * (1.0 - appearance.seen) - abs(stream.bell(0.35))
        found.append((_jittered(stream, appearance.box, 0.12), score))
        while stream.chance(0.3):
            found.append((_jittered(stream, appearance.box, 0.3), score * stream.uniform(0.1, 0.8)))
    for first, second in pairwise(appearances):
        if stream.chance(0.12):
            found.append((_jittered(stream, _around(first.box, second.box), 0.1), stream.uniform(0.05, 0.5)))
    while stream.chance(0.5):
        width, height = (length * stream.uniform(0.08, 0.5) for length in size)
        box = (stream.uniform(0.0, size[0] - width), stream.uniform(0.0, size[1] - height), width, height)
        found.append((box, stream.uniform(0.01, 0.35)))
    reported = [(_within(box, size), round(max(score, 0.01), 4)) for box, score in found]
    return sorted(((box, score) for box, score in reported if min(box[2:]) >= 1.0), key=lambda item: -item[1])


def _jittered(stream: Stream, box: Box, reach: float) -> Box:
    """The box with centre and sides off by up to ``reach`` of its sides."""
    left, top, width, height = box
    centre_x = left + width * (0.5 + stream.bell(reach))
    centre_y = top + height * (0.5 + stream.bell(reach))
    width, height = width * (1.0 + stream.bell(reach)), height * (1.0 + stream.bell(reach))
    return (centre_x - width / 2, centre_y - height / 2, width, height)


def _around(first: Box, second: Box) -> Box:
    left, top = min(first[0], second[0]), min(first[1], second[1])
    right, bottom = max(first[0] + first[2], second[0] + second[2]), max(first[1] + first[3], second[1] + second[3])
    return (left, top, right - left, bottom - top)


def _within(box: Box, size: tuple[int, int]) -> Box:
    """The box cut at the image's edges, to 1/100 pixel."""
    left, top = max(box[0], 0.0), max(box[1], 0.0)
    right, bottom = min(box[0] + box[2], float(size[0])), min(box[1] + box[3], float(size[1]))
    return (round(left, 2), round(top, 2), round(right - left, 2), round(bottom - top, 2))
