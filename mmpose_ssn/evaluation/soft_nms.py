"""Soft-NMS of one image's person boxes: an overlapped box loses score instead of being thrown away.

Bodla et al., Soft-NMS: Improving Object Detection With One Line of Code (https://arxiv.org/abs/1704.04503), Figure 2.
The SSN paper names it for its person boxes.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

Method = Literal["gaussian", "linear"]


def soft_nms(
    boxes: npt.ArrayLike,
    scores: npt.ArrayLike,
    method: Method = "gaussian",
    sigma: float = 0.5,
    iou_threshold: float = 0.3,
    min_score: float = 0.001,
) -> npt.NDArray[np.float64]:
    """Lower the scores of boxes that overlap better ones.

    The box with the highest *current* score is taken; each box that is not taken yet then has its score multiplied by
    exp(-IoU^2 / sigma) (``"gaussian"``), or by 1 - IoU where the IoU with the taken box is at least ``iou_threshold``
    (``"linear"``). This goes on until no box has ``min_score``. Of equal scores the first box is taken first.

    Boxes are continuous: one from 10 to 20 is 10 pixels wide. The authors' code counts pixels and says 11 (as do the
    implementations that descend from it), so its scores differ a little, the more the smaller the boxes are.

    Args:
        boxes: Corners x1, y1, x2, y2 of the boxes in pixels of the image, [N, 4]; N may be 0. A box without area
            overlaps nothing.
        scores: Scores of the boxes, [N], not negative.
        method: How overlap lowers a score.
        sigma: Sigma of the Gaussian, in units of IoU squared, above 0; ``"linear"`` does not use it.
        iou_threshold: Least IoU that lowers a score, between 0 and 1; ``"gaussian"`` does not use it.
        min_score: Least score of a box that is kept, above 0; boxes that fall below it are suppressed.

    Returns:
        The new scores, [N] in the order of ``boxes``: at least ``min_score``, or exactly 0 where a box is suppressed.

    Raises:
        ValueError: If an argument is not as said above.
    """
    boxes, scores = np.asarray(boxes, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    if boxes.size == 0:
        boxes = boxes.reshape(0, 4)  # so that an empty list will do
    _check(boxes, scores, method, sigma, iou_threshold, min_score)
    iou = _pairwise_iou(boxes)
    decay = np.exp(-(iou**2) / sigma) if method == "gaussian" else np.where(iou >= iou_threshold, 1 - iou, 1.0)

    current, final = scores.copy(), np.zeros(len(scores))
    for _ in range(len(scores)):
        best = int(current.argmax())
        if current[best] < min_score:
            break
        final[best] = current[best]
        current *= decay[best]
        current[best] = 0.0  # below min_score, so it is not taken again
    return final


def _pairwise_iou(boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Intersection over union of all pairs, [N, N]; 0 where the union is empty."""
    size = boxes[:, 2:] - boxes[:, :2]
    overlap = np.minimum(boxes[:, None, 2:], boxes[:, 2:]) - np.maximum(boxes[:, None, :2], boxes[:, :2])
    intersection = overlap.clip(min=0).prod(axis=2)
    area = size.prod(axis=1)
    union = area[:, None] + area - intersection
    return np.divide(intersection, union, out=np.zeros_like(union), where=union > 0)


def _check(
    boxes: npt.NDArray[np.float64],
    scores: npt.NDArray[np.float64],
    method: str,
    sigma: float,
    iou_threshold: float,
    min_score: float,
) -> None:
    if scores.ndim != 1:
        raise ValueError(f"scores have the shape {scores.shape}, expected [N], one score a box")
    if boxes.shape != (len(scores), 4):
        raise ValueError(f"boxes have the shape {boxes.shape}, expected [{len(scores)}, 4], one box a score")
    if len(wrong := np.flatnonzero(~np.isfinite(boxes).all(axis=1))):
        raise ValueError(f"box {wrong[0]} is not finite: {boxes[wrong[0]].tolist()}")
    if len(wrong := np.flatnonzero(~(np.isfinite(scores) & (scores >= 0)))):
        raise ValueError(f"score {wrong[0]} is {scores[wrong[0]]}, expected a finite number that is not negative")
    if len(wrong := np.flatnonzero((boxes[:, 2:] < boxes[:, :2]).any(axis=1))):
        raise ValueError(
            f"box {wrong[0]} has a negative size: {boxes[wrong[0]].tolist()}; expected corners x1, y1, x2, y2 with "
            "x1 <= x2 and y1 <= y2 (COCO's files have x, y, width, height)"
        )
    if method not in get_args(Method):
        raise ValueError(f"method is {method!r}, expected one of {', '.join(get_args(Method))}")
    if not (np.isfinite(sigma) and sigma > 0):
        raise ValueError(f"sigma is {sigma}, expected a finite number above 0")
    if not 0 <= iou_threshold <= 1:
        raise ValueError(f"iou_threshold is {iou_threshold}, expected a number between 0 and 1")
    if not (np.isfinite(min_score) and min_score > 0):
        raise ValueError(f"min_score is {min_score}, expected a finite number above 0, so that 0 says 'suppressed'")
