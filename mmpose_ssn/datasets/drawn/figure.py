"""An articulated figure: its random pose, its 17 COCO keypoints, and the strokes that it is made of.

The eight limb segments of a figure are all alike: one colour, one width, one distribution of lengths, and one of bends
for elbows and knees, so that an arm is told from a leg only by the end of the trunk that it hangs on. Nothing but the
head tells left from right: a figure that faces us has its left on the image's right, one that shows its back has it on
the image's left, and which limb passes in front of which, or of the trunk, is random.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from mmpose_ssn.datasets.drawn.random_stream import Stream

Point = tuple[float, float]
Colour = tuple[int, int, int]

KEYPOINTS = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
"""COCO's 17 person keypoints, in COCO's order."""

# fmt: off
SKELETON = (
    (16, 14), (14, 12), (17, 15), (15, 13), (12, 13), (6, 12), (7, 13), (6, 7), (6, 8), (7, 9),
    (8, 10), (9, 11), (2, 3), (1, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 7),
)
# fmt: on
"""COCO's 19 edges between keypoints, counted from 1 as COCO does."""

LIMBS: dict[str, tuple[int, int, int]] = {
    "left_arm": (5, 7, 9),
    "right_arm": (6, 8, 10),
    "left_leg": (11, 13, 15),
    "right_leg": (12, 14, 16),
}
"""The three keypoints of each limb, from the trunk outwards."""

PARTS_OF_KEYPOINT: tuple[frozenset[str], ...] = (
    *(frozenset({"head"}),) * 3,
    *(frozenset({"ear"}),) * 2,
    *(
        frozenset({part for part, chain in LIMBS.items() if index in chain})
        | (frozenset({"trunk"}) if index in (5, 6, 11, 12) else frozenset())
        for index in range(5, 17)
    ),
)
"""The parts of a figure to which each keypoint belongs; it is seen where one of them is on top (see render.py)."""


@dataclass(frozen=True)
class Stroke:
    """The only shape that is drawn: a line through points with round ends and joins, filled when closed; one point
    gives a disc.

    Args:
        points: Points (x, y) in pixels of the image, with pixel centres at integers; multiples of 1/16.
        width: Full width of the line in pixels.
        colour: Fill colour (blue, green, red).
        outline: Width in pixels of the darker rim around it; 0 for none.
        closed: Whether the polygon through the points is filled.
        part: Part of a figure that this is; empty for a stroke that belongs to no figure.
    """

    points: tuple[Point, ...]
    width: float
    colour: Colour
    outline: float = 0.0
    closed: bool = False
    part: str = ""


@dataclass(frozen=True)
class Figure:
    """A posed and coloured figure.

    Args:
        joints: The 17 keypoints (x, y) in pixels of the image, multiples of 1/16.
        up: Unit vector of the head's axis, from chin to crown.
        head: Centre (x, y) of the head in pixels of the image.
        turn: Direction in which the head looks, in degrees: 0 is at us, positive is to the image's right, 180 is away
            from us.
        height: Height in pixels of the figure standing upright.
        limb_width: Width of every limb in pixels.
        order: The four limbs and "body" (trunk and head), from back to front.
        limb_colour: Colour of all limbs.
        trunk_colour: Colour of the trunk.
        skin_colour: Colour of neck, ears and face.
        hair_colour: Colour of the hair, which is all of a head seen from behind.
    """

    joints: tuple[Point, ...]
    up: Point
    head: Point
    turn: float
    height: float
    limb_width: float
    order: tuple[str, ...]
    limb_colour: Colour
    trunk_colour: Colour
    skin_colour: Colour
    hair_colour: Colour

    @property
    def labelled(self) -> tuple[bool, ...]:
        """Which keypoints have a label [17]: all but nose and eyes on the far side of the head, as in COCO."""
        return tuple(index > 2 or _depth(_AZIMUTH[index], self.turn) > _FACE_EDGE for index in range(len(self.joints)))

    def strokes(self) -> list[Stroke]:
        """Strokes to draw, from back to front."""
        strokes: list[Stroke] = []
        for part in self.order:
            strokes += [*self._trunk(), *self._head()] if part == "body" else [self._limb(part)]
        return strokes

    @property
    def rim(self) -> float:
        """Width in pixels of the dark rim of every part."""
        return max(0.75, 0.011 * self.height)

    def _limb(self, part: str) -> Stroke:
        points = tuple(self.joints[index] for index in LIMBS[part])
        return Stroke(points, self.limb_width, self.limb_colour, self.rim, part=part)

    def _trunk(self) -> list[Stroke]:
        # Sorted by place in the image, not by name, so that not even the drawing's rounding tells left from right.
        shoulders, hips = (sorted((self.joints[left], self.joints[left + 1])) for left in (5, 11))
        collar = snap(((shoulders[0][0] + shoulders[1][0]) / 2, (shoulders[0][1] + shoulders[1][1]) / 2))
        corners = (*shoulders, *reversed(hips))
        return [
            Stroke((collar, snap(self.head)), 0.9 * self.limb_width, self.skin_colour, self.rim, part="trunk"),
            Stroke(corners, self.limb_width, self.trunk_colour, self.rim, closed=True, part="trunk"),
        ]

    def _head(self) -> list[Stroke]:
        """The far ears, the hair, the face over it where the head looks at us, the near ears, nose and eyes."""
        radius = HEAD_RADIUS * self.height
        far: list[Stroke] = []
        near: list[Stroke] = []
        for index in (3, 4):
            ear = Stroke((self.joints[index],), 0.55 * radius, self.skin_colour, self.rim, part="ear")
            (near if _depth(_AZIMUTH[index], self.turn) > _EAR_EDGE else far).append(ear)
        strokes = [*far, self._ball(0.0, 0.0, radius, 0.18 * radius, self.hair_colour, self.rim)]
        if _depth(0.0, self.turn) > 0:
            shift = 0.3 * math.sin(math.radians(self.turn))
            strokes.append(self._ball(shift, -0.22, 0.8 * radius, 0.14 * radius, self.skin_colour, 0.0))
        strokes += near
        for index, size in ((0, 0.3), (1, 0.34), (2, 0.34)):
            if self.labelled[index]:
                colour = darker(self.skin_colour, 0.6) if index == 0 else (24, 20, 20)
                strokes.append(Stroke((self.joints[index],), size * radius, colour, part="head"))
        return strokes

    def _ball(self, across: float, along: float, radius: float, stretch: float, colour: Colour, rim: float) -> Stroke:
        """A disc stretched along the head's axis; its centre lies (across, along) head radii from the head's."""
        unit = HEAD_RADIUS * self.height
        ends = [_about(self.head, self.up, across * unit, along * unit + offset) for offset in (-stretch, stretch)]
        return Stroke(tuple(map(snap, ends)), 2 * radius, colour, rim, part="head")


HEAD_RADIUS = 0.085
"""Half the width of a head, in heights of a standing figure."""

# The points of the head: azimuth about its axis, seen from above (the nose at 0, the figure's left at +90 degrees),
# elevation above its equator and distance from its axis, both in radii. Nose and eyes that lie less than _FACE_EDGE of
# a radius towards us are hidden, and so are ears that lie less than _EAR_EDGE towards us.
_AZIMUTH = {0: 0.0, 1: 27.0, 2: -27.0, 3: 90.0, 4: -90.0}
_ELEVATION = {0: -0.22, 1: 0.16, 2: 0.16, 3: -0.05, 4: -0.05}
_REACH = {0: 0.9, 1: 0.9, 2: 0.9, 3: 1.05, 4: 1.05}
_FACE_EDGE = 0.2
_EAR_EDGE = -0.3

# Lengths in heights of a standing figure, of which legs (see sample_segment) are 0.46, and neck and head 0.23.
_TRUNK = 0.31
_NECK = 0.135
_SHOULDERS = 0.125
_HIPS = 0.085


def sample_figure(stream: Stream, height: float) -> Figure:
    """Draws a random figure; it stands about the origin until :func:`moved` places it.

    Args:
        stream: Source of all choices.
        height: Height in pixels of the figure standing upright.
    """
    lean = stream.bell(18.0) if stream.chance(0.6) else stream.uniform(-40.0, 40.0)
    faces_us = stream.chance(0.5)
    narrowing = math.cos(math.radians(stream.bell(55.0)))
    side = 1.0 if faces_us else -1.0  # on which side of the figure's axis, in the image, its left is

    hips = (0.0, 0.0)
    chest = towards(hips, 180.0 + lean + stream.bell(10.0), _TRUNK * height * stream.uniform(0.85, 1.0))
    head_tilt = lean + stream.bell(22.0)
    head = towards(chest, 180.0 + head_tilt, _NECK * height)
    up = towards((0.0, 0.0), 180.0 + head_tilt, 1.0)
    turn = stream.bell(60.0) + (0.0 if faces_us else 180.0)

    joints: list[Point] = [(0.0, 0.0)] * len(KEYPOINTS)
    for index, azimuth in _AZIMUTH.items():
        across = _REACH[index] * math.sin(math.radians(azimuth + turn))
        joints[index] = _about(head, up, across * HEAD_RADIUS * height, _ELEVATION[index] * HEAD_RADIUS * height)
    for (left, right_), centre, half, tilt in (((5, 6), chest, _SHOULDERS, 12.0), ((11, 12), hips, _HIPS, 9.0)):
        axis = lean + stream.bell(tilt)
        joints[left] = towards(centre, axis + 90.0, side * half * height * narrowing)
        joints[right_] = towards(centre, axis - 90.0, side * half * height * narrowing)

    stance = stream.pick(("stand", "stride", "sit", "kick"), (0.35, 0.25, 0.2, 0.2))
    sitting_side = stream.pick((-1.0, 1.0))
    for part, (root, middle, end) in LIMBS.items():
        outward = side if part.startswith("left") else -side
        if part.endswith("leg"):
            angle, towards_floor = _thigh(stream, stance, outward, sitting_side)
        else:
            low, high = stream.pick(((5, 40), (45, 115), (115, 170), (-35, 5)), (0.3, 0.3, 0.25, 0.15))
            angle, towards_floor = outward * stream.uniform(low, high), None
        bend = sample_bend(stream)
        clockwise = stream.chance(0.5) if towards_floor is None else towards_floor
        joints[middle] = towards(joints[root], lean + angle, height * sample_segment(stream))
        joints[end] = towards(
            joints[middle], lean + angle + (-bend if clockwise else bend), height * sample_segment(stream)
        )

    return Figure(
        joints=tuple(map(snap, joints)),
        up=up,
        head=head,
        turn=turn,
        height=height,
        limb_width=height * stream.uniform(0.055, 0.08),
        order=stream.shuffled((*LIMBS, "body")),
        limb_colour=bright_colour(stream),
        trunk_colour=bright_colour(stream),
        skin_colour=_skin(stream),
        hair_colour=darker(bright_colour(stream), stream.uniform(0.25, 0.9)),
    )


def moved(figure: Figure, dx: float, dy: float) -> Figure:
    """The figure shifted by (dx, dy) pixels, both of them multiples of 1/16."""
    joints = tuple((x + dx, y + dy) for x, y in figure.joints)
    return replace(figure, joints=joints, head=(figure.head[0] + dx, figure.head[1] + dy))


def extent(figure: Figure) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of joints and head, in pixels of the image."""
    radius = HEAD_RADIUS * figure.height
    xs = [x for x, _ in figure.joints] + [figure.head[0] - radius, figure.head[0] + radius]
    ys = [y for _, y in figure.joints] + [figure.head[1] - radius, figure.head[1] + radius]
    return min(xs), min(ys), max(xs), max(ys)


def snap(point: Point) -> Point:
    """The nearest point in multiples of 1/16 pixel, which hides that platforms compute sines differently."""
    return (math.floor(point[0] * 16.0 + 0.5) / 16.0, math.floor(point[1] * 16.0 + 0.5) / 16.0)


def towards(start: Point, degrees: float, length: float) -> Point:
    """The point at distance ``length`` from ``start``, at an angle from straight down, positive to the right."""
    angle = math.radians(degrees)
    return (start[0] + length * math.sin(angle), start[1] + length * math.cos(angle))


def bright_colour(stream: Stream) -> Colour:
    """A random colour of any hue and saturation that is not too dark: a dark rim must show on it."""
    hue, saturation, value = stream.uniform(0.0, 6.0), stream.uniform(0.15, 0.95), stream.uniform(110.0, 255.0)
    ramp = [min(max(abs((hue + shift) % 6.0 - 3.0) - 1.0, 0.0), 1.0) for shift in (0.0, 4.0, 2.0)]
    red, green, blue = (int(value * (1.0 - saturation * (1.0 - part))) for part in ramp)
    return (blue, green, red)


def darker(colour: Colour, factor: float) -> Colour:
    """The colour with every channel times ``factor``."""
    blue, green, red = (int(channel * factor) for channel in colour)
    return (blue, green, red)


def _skin(stream: Stream) -> Colour:
    return darker((stream.below(60) + 140, stream.below(40) + 180, 245), stream.uniform(0.5, 1.0))


def sample_segment(stream: Stream) -> float:
    """The length of a limb's segment in heights of a standing figure: one distribution for arms and legs."""
    return stream.uniform(0.165, 0.23)


def sample_bend(stream: Stream) -> float:
    """The angle in degrees by which an elbow or a knee is bent: one distribution for both."""
    low, high = stream.pick(((0.0, 25.0), (25.0, 80.0), (80.0, 125.0)), (0.4, 0.4, 0.2))
    return stream.uniform(low, high)


def _thigh(stream: Stream, stance: str, outward: float, sitting_side: float) -> tuple[float, bool | None]:
    """The thigh's angle in degrees from straight down, and which way the knee bends to bring the foot to the floor."""
    if stance == "sit":
        return sitting_side * stream.uniform(50.0, 95.0), sitting_side > 0
    low, high = {"stand": (2.0, 24.0), "stride": (12.0, 50.0), "kick": (10.0, 100.0)}[stance]
    return outward * stream.uniform(low, high), (outward > 0 if stance == "kick" else None)


def _depth(azimuth: float, turn: float) -> float:
    """How far towards us a point of the head lies, in head radii."""
    return math.cos(math.radians(azimuth + turn))


def _about(centre: Point, up: Point, across: float, along: float) -> Point:
    """The point ``across`` pixels to the right of ``centre`` and ``along`` pixels along ``up``, a unit vector."""
    return (centre[0] - across * up[1] + along * up[0], centre[1] + across * up[0] + along * up[1])
