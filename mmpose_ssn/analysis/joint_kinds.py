"""Joints by kind, left and right in one, and the groups of them that the paper speaks of."""

from __future__ import annotations

from collections.abc import Sequence

_FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
_STAND_IN = ("top_head",)
_UPPER_LIMBS = ("left_elbow", "right_elbow", "left_wrist", "right_wrist")


def kind(joint: str) -> str:
    """A joint's name without its side, in words: ``"left_hip"`` is of the kind ``"hip"``."""
    return joint.removeprefix("left_").removeprefix("right_").replace("_", " ")


def kinds(joints: Sequence[str]) -> dict[str, list[int]]:
    """The numbers of the joints of each kind, in the order of the joints."""
    found: dict[str, list[int]] = {}
    for number, joint in enumerate(joints):
        found.setdefault(kind(joint), []).append(number)
    return found


def groups(joints: Sequence[str]) -> dict[str, list[int]]:
    """The numbers of the joints of the head and of the upper limbs (Figure 6).

    The head is the five keypoints of COCO's faces; where there is none of them, the top of the head stands in.
    """
    head = [number for number, joint in enumerate(joints) if joint in _FACE]
    head = head or [number for number, joint in enumerate(joints) if joint in _STAND_IN]
    return {"head": head, "upper limbs": [n for n, joint in enumerate(joints) if joint in _UPPER_LIMBS]}
