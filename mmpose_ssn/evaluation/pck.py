"""Person-centric PCK: a joint is right where it lies within a share of the torso of where it is annotated.

PCK, the percentage of correct keypoints, is Yang and Ramanan's (Articulated Human Detection with Flexible Mixtures of
Parts, TPAMI 2013). The torso as its measure, from the left shoulder to the right hip, is usual on Leeds Sports Pose,
also under the name PDJ (``reference_joints_pair`` in demo_eval_lsp.m of https://github.com/bearpaw/eval_pose). Left
and right are the person's. A share is averaged over the labelled joints of a photo, and then over photos, since photos
are what a bootstrap draws.

A photo of which either end of the torso is not labelled is not scored. On Leeds Sports Pose that concerns none of the
1,000 photos of ``test``, 282 of the 1,000 of ``tune``, and 2,539 of the 10,000 of ``train``.

MMPose's ``PCKAccuracy`` measures distances by the longer side of the box, by a head size, or by the distance between
the joints 4 and 5, which are this torso in JHMDB's order and a shin in Leeds'. It averages over the people of each
joint, and then over joints. So by one measure the share of each joint is the same here and there, and so is their mean
where every joint is labelled in every photo that is scored; elsewhere a joint that is seldom labelled weighs more in
MMPose's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Flags = npt.NDArray[np.bool_]


def torso_lengths(true: Floats, labelled: Flags, torso: tuple[int, int]) -> npt.NDArray[np.float64]:
    """The measure of each photo.

    Args:
        true: Annotated joints, [N, M, 2], in pixels of the photo.
        labelled: Whether each joint is labelled, [N, M].
        torso: Positions of the left shoulder and of the right hip among the joints.

    Returns:
        Distance between the two in pixels, [N]; NaN where one of them is not labelled, or both lie in one place.
    """
    first, second = torso
    lengths = np.linalg.norm(true[:, first] - true[:, second], axis=-1)
    return np.where(labelled[:, first] & labelled[:, second] & (lengths > 0), lengths, np.nan)


def right_joints(
    predicted: Floats, true: Floats, labelled: Flags, torso: tuple[int, int], threshold: float
) -> npt.NDArray[np.float64]:
    """Which joints are right: nearer to where they are annotated than ``threshold`` torsos.

    Args:
        predicted: Joints of a network, [N, M, 2], in pixels of the photo; one that is not finite is wrong.
        true: Annotated joints, [N, M, 2], likewise.
        labelled: Whether each joint is labelled, [N, M].
        torso: Positions of the left shoulder and of the right hip among the joints.
        threshold: Greatest distance of a right joint, in torsos; 0.2 and 0.1 are usual.

    Returns:
        1 for right and 0 for wrong, [N, M]; NaN where a joint is not labelled or its photo is not scored.

    Raises:
        ValueError: If the shapes do not fit each other, or if the threshold is not positive.
    """
    _check(predicted, true, labelled, threshold)
    return _within(predicted, true, labelled, threshold * torso_lengths(true, labelled, torso))


def confused_joints(
    predicted: Floats,
    true: Floats,
    labelled: Flags,
    torso: tuple[int, int],
    threshold: float,
    mirrored: Sequence[int],
) -> npt.NDArray[np.float64]:
    """Which joints are found on the wrong side: right if left and right were swapped, and not as they stand.

    It is the error of Figure 1 of the paper, middle, as a number: a left elbow where the right one is.

    Args:
        predicted: Joints of a network, [N, M, 2], in pixels of the photo.
        true: Annotated joints, [N, M, 2], likewise.
        labelled: Whether each joint is labelled, [N, M].
        torso: Positions of the left shoulder and of the right hip among the joints.
        threshold: Greatest distance of a right joint, in torsos.
        mirrored: Position of each joint's mirror image among the joints, [M], as MMPose's ``flip_indices``; its own for
            a joint that has none.

    Returns:
        1 for confused and 0 for not, [N, M]; NaN where a joint or its mirror image is not labelled, where it has none,
        and in a photo that is not scored.

    Raises:
        ValueError: If the shapes do not fit each other, or if the threshold is not positive.
    """
    _check(predicted, true, labelled, threshold)
    reach = threshold * torso_lengths(true, labelled, torso)
    other = np.asarray(mirrored)
    as_it_stands = _within(predicted, true, labelled, reach)
    swapped = _within(predicted, true[:, other], labelled[:, other], reach)
    return np.where(other == np.arange(len(other)), np.nan, swapped * (1 - as_it_stands))


def shares_of_photos(marks: Floats) -> npt.NDArray[np.float64]:
    """The share of each photo's joints that are marked, [N], of marks, [N, M]; NaN for a photo that is not scored.

    PCK is the mean of :func:`right_joints`' over the photos that are scored, or over a resample of them.
    """
    return known_mean(marks, axis=1)


def shares_of_joints(marks: Floats) -> npt.NDArray[np.float64]:
    """The share of photos in which a joint is marked, [M], of marks, [N, M]; NaN for one that is never scored."""
    return known_mean(marks, axis=0)


def known_mean(marks: Floats, axis: int) -> npt.NDArray[np.float64]:
    """Means along an axis of what is not NaN; NaN where there is nothing else, and no warning."""
    scored = ~np.isnan(marks)
    number = scored.sum(axis=axis)
    total = np.where(scored, marks, 0.0).sum(axis=axis)
    return np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0)


def _check(predicted: Floats, true: Floats, labelled: Flags, threshold: float) -> None:
    if predicted.shape != true.shape or true.shape != (*labelled.shape, 2):
        raise ValueError(
            f"got predicted joints of {list(predicted.shape)}, annotated ones of {list(true.shape)}, and labelled of "
            f"{list(labelled.shape)}; expected [N, M, 2] twice, and [N, M]"
        )
    if not threshold > 0:
        raise ValueError(f"got a threshold of {threshold}; expected a positive number of torsos, such as 0.2")


def _within(predicted: Floats, true: Floats, labelled: Flags, reach: Floats) -> npt.NDArray[np.float64]:
    near = np.linalg.norm(predicted - true, axis=-1) < reach[:, None]
    return np.where(labelled & ~np.isnan(reach)[:, None], near, np.nan)
