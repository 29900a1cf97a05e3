"""The 14 joints of Leeds Sports Pose, and how its two MATLAB files are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from mmpose_ssn.datasets.leeds.matlab_array import matlab_array

KEYPOINTS = (
    "right_ankle",
    "right_knee",
    "right_hip",
    "left_hip",
    "left_knee",
    "left_ankle",
    "right_wrist",
    "right_elbow",
    "right_shoulder",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "neck",
    "top_head",
)
"""The joints in Leeds' own order, under CrowdPose's names: its 14 are the same. Left and right are the person's."""

LIMBS = (
    ("right_ankle", "right_knee"),
    ("right_knee", "right_hip"),
    ("left_ankle", "left_knee"),
    ("left_knee", "left_hip"),
    ("right_hip", "left_hip"),
    ("right_shoulder", "right_hip"),
    ("left_shoulder", "left_hip"),
    ("right_shoulder", "left_shoulder"),
    ("right_shoulder", "right_elbow"),
    ("right_elbow", "right_wrist"),
    ("left_shoulder", "left_elbow"),
    ("left_elbow", "left_wrist"),
    ("right_shoulder", "neck"),
    ("left_shoulder", "neck"),
    ("neck", "top_head"),
)
"""The pairs of joints that a skeleton joins, as MMPose's CrowdPose has them."""


def read_joints(file: Path, photos: int, extended: bool) -> npt.NDArray[np.float64]:
    """Read a ``joints.mat`` in the layout and with the meaning of its set.

    LSP's array is [3, 14, photos], and its third number is 1 where a joint is occluded, but placed all the same.
    LSPET's is [14, 3, photos], and its third number is 1 where a joint is visible; else its place means nothing.

    Args:
        file: Path of the file.
        photos: Number of photos in the set.
        extended: Whether it is LSPET's.

    Returns:
        The joints, [photos, 14, 3]: x and y as published, in pixels of the photo, and COCO's visibility, which is 0 for
        not labelled, 1 for occluded, and 2 for visible.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no MATLAB file with such an array, or if a labelled joint has no finite place or a third
            number is neither 0 nor 1.
    """
    expected = (14, 3, photos) if extended else (3, 14, photos)
    joints = matlab_array(file, "joints")
    if joints.shape != expected:
        raise ValueError(f"{file}: got 'joints' of {list(joints.shape)}; expected {list(expected)}, as published")
    joints = joints.transpose(2, 0, 1) if extended else joints.transpose(2, 1, 0)
    places, third = joints[..., :2], joints[..., 2]
    visibility = 2 * third if extended else 2 - third
    if not (np.isin(third, (0, 1)).all() and np.isfinite(places[visibility > 0]).all()):
        raise ValueError(
            f"{file}: expected finite places and third numbers of 0 or 1, as published; it is another file"
        )
    return np.concatenate([places, visibility[..., None]], axis=-1)
