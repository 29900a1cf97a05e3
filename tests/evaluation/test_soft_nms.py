"""Soft-NMS against another implementation, cases worked out by hand, and what must hold for any boxes."""

import math

import numpy as np
import pytest
from ensemble_boxes.ensemble_boxes_nms import cpu_soft_nms_float
from hypothesis import given
from hypothesis import strategies as st

from mmpose_ssn.evaluation.soft_nms import soft_nms

METHODS = ("gaussian", "linear")


def crowd(seed, n):
    """Boxes that overlap a lot, in pixels, and scores of which no two are equal."""
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 150, (n, 2))
    return np.concatenate([corners, corners + rng.uniform(20, 200, (n, 2))], axis=1), rng.uniform(size=n)


def others(boxes, scores, method, sigma=0.5, iou_threshold=0.3, min_score=0.001):
    """ensemble-boxes' loop, which decays the array of scores that it is given and reorders it as it goes."""
    if len(boxes) == 0:
        return np.zeros(0)
    decayed, number = scores.copy(), {"linear": 1, "gaussian": 2}[method]
    kept = cpu_soft_nms_float(boxes.copy(), decayed, Nt=iou_threshold, sigma=sigma, thresh=min_score, method=number)
    expected = np.zeros(len(scores))
    expected[kept] = decayed[decayed > min_score]
    return expected


@pytest.mark.parametrize("options", [{}, dict(sigma=0.1, iou_threshold=0.6), dict(min_score=0.2)], ids=str)
@pytest.mark.parametrize("method", METHODS)
def test_scores_are_those_of_another_implementation(method, options):
    suppressed = 0
    for seed in range(40):
        boxes, scores = crowd(seed, n=seed)
        found = soft_nms(boxes, scores, method, **options)
        np.testing.assert_allclose(found, others(boxes, scores, method, **options), rtol=1e-12, atol=0)
        suppressed += np.count_nonzero(found == 0)
    assert suppressed > 0, "boxes among which nothing is suppressed could not tell"


# Two 10 x 10 boxes, 5 apart, share 50 of 150 pixels: IoU 1/3. The third overlaps neither.
PAIR = [[0, 0, 10, 10], [5, 0, 15, 10], [100, 100, 130, 160]]


@pytest.mark.parametrize(
    ("options", "second"),
    [
        (dict(method="gaussian"), 0.8 * math.exp(-1 / 9 / 0.5)),
        (dict(method="gaussian", sigma=0.2), 0.8 * math.exp(-1 / 9 / 0.2)),
        (dict(method="linear"), 0.8 * 2 / 3),
        (dict(method="linear", iou_threshold=1 / 3), 0.8 * 2 / 3),  # at the threshold it counts
        (dict(method="linear", iou_threshold=0.34), 0.8),
        (dict(method="linear", min_score=0.55), 0.0),
    ],
    ids=str,
)
def test_two_overlapping_boxes_by_hand(options, second):
    np.testing.assert_allclose(soft_nms(PAIR, [0.9, 0.8, 0.7], **options), [0.9, second, 0.7], rtol=1e-14)


def test_the_next_box_is_the_best_by_its_current_score():
    """The second loses to the first and falls behind the third, which therefore takes from it, and not the reverse."""
    boxes = [[0, 0, 10, 10], [4, 0, 14, 10], [10, 0, 20, 10]]  # IoU: 6/14, 0, and 4/16 of the last two
    found = soft_nms(boxes, [0.9, 0.8, 0.75], "linear", iou_threshold=0.2)
    np.testing.assert_allclose(found, [0.9, 0.8 * (1 - 6 / 14) * (1 - 4 / 16), 0.75], rtol=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_of_equal_scores_the_first_box_is_taken_first(method):
    same = [[0, 0, 10, 20]] * 3
    first, second, third = soft_nms(same, [0.5, 0.5, 0.5], method)
    assert first == 0.5
    if method == "linear":
        assert second == third == 0
    else:
        np.testing.assert_allclose([second, third], [0.5 * math.exp(-2), 0.5 * math.exp(-4)], rtol=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_disjoint_boxes_keep_their_scores(method):
    corners = np.stack(np.meshgrid(np.arange(5), np.arange(4)), axis=-1).reshape(-1, 2) * 10.0
    boxes, scores = np.concatenate([corners, corners + 10], axis=1), np.linspace(0.01, 1, 20)  # neighbours touch
    np.testing.assert_array_equal(soft_nms(boxes, scores, method), scores)


@pytest.mark.parametrize("method", METHODS)
def test_one_image_without_boxes_has_no_scores(method):
    for boxes in ([], np.zeros((0, 4))):
        found = soft_nms(boxes, [], method)
        assert found.shape == (0,)
        assert found.dtype == np.float64


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.sampled_from(METHODS))
def test_order_of_the_boxes_does_not_matter(seed, n, method):
    boxes, scores = crowd(seed, n)
    order = np.random.default_rng(seed).permutation(n)
    np.testing.assert_array_equal(soft_nms(boxes[order], scores[order], method), soft_nms(boxes, scores, method)[order])


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.sampled_from(METHODS))
def test_scores_never_grow_and_the_best_stays(seed, n, method):
    boxes, scores = crowd(seed, n)
    found = soft_nms(boxes, scores, method, min_score=0.05)
    assert (found <= scores).all()
    assert ((found == 0) | (found >= 0.05)).all()
    if scores.max() >= 0.05:
        assert found[scores.argmax()] == scores.max()


def test_a_wide_gaussian_lowers_nothing_and_a_narrow_one_is_the_strictest_nms():
    """With sigma -> 0, what overlaps a kept box at all is suppressed: hard NMS at IoU 0."""
    boxes, scores = crowd(seed=5, n=25)
    np.testing.assert_allclose(soft_nms(boxes, scores, sigma=1e12, min_score=1e-9), scores, rtol=1e-9)
    kept = []
    for best in np.argsort(-scores):
        apart = [
            max(boxes[best, 0], boxes[k, 0]) >= min(boxes[best, 2], boxes[k, 2])
            or max(boxes[best, 1], boxes[k, 1]) >= min(boxes[best, 3], boxes[k, 3])
            for k in kept
        ]
        if all(apart):
            kept.append(best)
    assert 1 < len(kept) < len(boxes)
    expected = np.zeros(len(boxes))
    expected[kept] = scores[kept]
    np.testing.assert_array_equal(soft_nms(boxes, scores, sigma=1e-12), expected)


def test_a_box_without_area_overlaps_nothing():
    boxes = [[0, 0, 10, 10], [5, 5, 5, 8], [5, 5, 5, 8]]
    np.testing.assert_array_equal(soft_nms(boxes, [0.9, 0.8, 0.7]), [0.9, 0.8, 0.7])


def test_arguments_stay_as_they_are():
    boxes, scores = crowd(seed=0, n=10)
    before = boxes.copy(), scores.copy()
    soft_nms(boxes, scores)
    np.testing.assert_array_equal(boxes, before[0])
    np.testing.assert_array_equal(scores, before[1])


BOX = [[0.0, 0.0, 10.0, 20.0], [1.0, 1.0, 5.0, 5.0]]


@pytest.mark.parametrize(
    ("boxes", "scores", "options", "message"),
    [
        (BOX, [0.5], {}, r"boxes have the shape \(2, 4\), expected \[1, 4\]"),
        ([[0, 0, 1]], [0.5], {}, r"boxes have the shape \(1, 3\), expected \[1, 4\]"),
        ([], [0.5], {}, r"boxes have the shape \(0, 4\), expected \[1, 4\]"),
        (BOX, [[0.5], [0.5]], {}, r"scores have the shape \(2, 1\), expected \[N\]"),
        ([BOX[0], [0, 0, math.inf, 1]], [0.5, 0.5], {}, r"box 1 is not finite"),
        (BOX, [0.5, math.nan], {}, r"score 1 is nan"),
        (BOX, [-0.1, 0.5], {}, r"score 0 is -0\.1, expected .* not negative"),
        ([BOX[0], [50, 50, 10, 60]], [0.5, 0.5], {}, r"box 1 has a negative size: .* x1, y1, x2, y2"),
        (BOX, [0.5, 0.5], dict(method="hard"), r"method is 'hard', expected one of gaussian, linear"),
        (BOX, [0.5, 0.5], dict(sigma=0), r"sigma is 0"),
        (BOX, [0.5, 0.5], dict(iou_threshold=30), r"iou_threshold is 30"),
        (BOX, [0.5, 0.5], dict(min_score=0), r"min_score is 0"),
    ],
)
def test_what_cannot_be_meant_is_refused(boxes, scores, options, message):
    with pytest.raises(ValueError, match=message):
        soft_nms(boxes, scores, **options)
