"""The drawn task asks what it says: the cue at the displacement decides, and nothing else in the picture does."""

from __future__ import annotations

import numpy as np
import pytest

from mmpose_ssn.dependency.task import AVERAGING_ACCURACY, CUES, LONGEST, MARKS, SIZE, Task

TASKS = [Task(distance, seed) for distance in (1, 2, 7, 16, LONGEST) for seed in range(4)]
GREEN, BLUE = 1, 2


@pytest.mark.parametrize("task", TASKS, ids=str)
def test_the_colour_at_the_displacement_is_the_marks_class(task):
    batch, (dx, dy) = task.batch("train", 0, 20), task.displacement
    for image, marks, labels in zip(batch.images, batch.marks, batch.labels, strict=True):
        for (x, y), label in zip(marks, labels, strict=True):
            square = image[:, y + dy - 1 : y + dy + 2, x + dx - 1 : x + dx + 2]
            assert square.shape == (3, 3, 3)
            assert (square[GREEN] == label).all() and (square[BLUE] == 1 - label).all()


@pytest.mark.parametrize("task", TASKS, ids=str)
def test_marks_look_alike_and_cues_do_not_touch_each_others_pixels(task):
    batch = task.batch("train", 0, 20)
    assert batch.images.shape == (20, 3, SIZE, SIZE) and set(np.unique(batch.images)) == {0, 1}
    assert (batch.images[:, [GREEN, BLUE]].sum((1, 2, 3)) == 9 * CUES).all()
    cross = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]])
    for image, marks in zip(batch.images, batch.marks, strict=True):
        assert len({tuple(mark) for mark in marks}) == MARKS
        red = np.zeros((SIZE, SIZE))
        for x, y in marks:
            red[y - 1 : y + 2, x - 1 : x + 2] = np.maximum(red[y - 1 : y + 2, x - 1 : x + 2], cross)
        assert np.array_equal(image[0], red)


def test_directions_differ_and_the_longer_component_is_the_distance():
    displacements = {Task(12, seed).displacement for seed in range(40)}
    assert {max(abs(dx), abs(dy)) for dx, dy in displacements} == {12}
    assert {(dx > 0, dy > 0, abs(dx) > abs(dy)) for dx, dy in displacements} == {
        (right, down, flat) for right in (False, True) for down in (False, True) for flat in (False, True)
    }


def test_there_is_room_for_every_direction_at_the_longest_distance():
    for seed in range(60):
        task = Task(LONGEST, seed)
        ends = task.batch("train", 0, 30).marks + task.displacement
        assert ((ends >= 1) & (ends < SIZE - 1)).all()


def test_pictures_are_a_function_of_seed_split_and_number():
    first, again = (Task(8, 5).batch("train", 3, 6) for _ in range(2))
    assert np.array_equal(first.images, again.images) and np.array_equal(first.marks, again.marks)
    others = [Task(8, 6).batch("train", 3, 6), Task(8, 5).batch("test", 3, 6), Task(8, 5).batch("train", 4, 6)]
    assert not any(np.array_equal(first.images, other.images) for other in others)


@pytest.mark.parametrize("place", ["opposite", "turned", "at the mark", "next cell"])
def test_what_stands_elsewhere_says_nothing_about_a_mark(place):
    task = Task(6, 1)
    dx, dy = task.displacement
    x, y = {"opposite": (-dx, -dy), "turned": (-dy, dx), "at the mark": (0, 0), "next cell": (dx + 5, dy)}[place]
    batch = task.batch("train", 0, 5000)
    columns, rows = batch.marks[..., 0] + x, batch.marks[..., 1] + y
    seen = (columns >= 0) & (columns < SIZE) & (rows >= 0) & (rows < SIZE)
    picture = np.broadcast_to(np.arange(len(batch.images))[:, None], seen.shape)[seen]
    colours = batch.images[picture, :, rows[seen], columns[seen]]
    colour, sign = colours[:, GREEN] - colours[:, BLUE], 2 * batch.labels[seen] - 1
    found = colour != 0
    assert found.sum() > 1000
    agreement = (colour[found] * sign[found]).mean()
    assert abs(agreement) < 4 / found.sum() ** 0.5


def test_the_balance_of_colours_allows_what_is_said():
    batch = Task(6, 1).batch("train", 0, 5000)
    greener = batch.images[:, GREEN].sum((1, 2)) - batch.images[:, BLUE].sum((1, 2))
    right = np.where(greener[:, None] == 0, 0.5, (greener[:, None] > 0) == (batch.labels > 0.5))
    assert right.mean() == pytest.approx(AVERAGING_ACCURACY, abs=0.012)
    assert 0.55 < AVERAGING_ACCURACY < 0.6


@pytest.mark.parametrize("distance", [0, LONGEST + 1])
def test_a_distance_without_room_is_refused(distance):
    with pytest.raises(ValueError, match=f"got {distance}"):
        Task(distance, 0)
