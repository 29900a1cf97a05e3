"""PCK of a results file against loops over the same files, on joints in any order and with whatever a file may hold."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mmpose_ssn.evaluation.bootstrap import KeypointAnnotations, KeypointMatches, bootstrap_interval, draw_images
from mmpose_ssn.evaluation.pck_matches import PCKMatches

NAMES = ["nose", "right_hip", "left_elbow", "left_shoulder", "right_elbow", "left_hip", "neck", "right_shoulder"]
MIRROR = {"right_hip": "left_hip", "left_elbow": "right_elbow", "left_shoulder": "right_shoulder"}
MIRROR |= {right: left for left, right in MIRROR.items()}
PHOTOS = 60


def flat(places: np.ndarray, third: np.ndarray) -> list[float]:
    return np.c_[places, third].ravel().tolist()


def synthetic() -> tuple[dict, list[dict]]:
    """Photos with ids in no order, one of them without anybody; up to three detections in each, some at the mirror
    image.
    """
    random = np.random.default_rng(0)
    ids = random.permutation(np.arange(7, 7 + 3 * PHOTOS, 3)).tolist()
    people, results = [], []
    mirrored = [NAMES.index(MIRROR.get(name, name)) for name in NAMES]
    for number, photo in enumerate(ids[1:], start=1):
        true = random.uniform(0, 200, (len(NAMES), 2))
        labelled = random.random(len(NAMES)) < 0.85
        box = [0.0, 0.0, 200.0, 200.0]
        people.append(
            {"id": number, "image_id": photo, "category_id": 1, "iscrowd": 0, "area": 20_000.0, "bbox": box}
            | {"num_keypoints": int(labelled.sum()), "keypoints": flat(true, 2 * labelled)}
        )
        for _ in range(random.integers(0, 4)):
            sides = np.where(random.random(len(NAMES)) < 0.3, mirrored, np.arange(len(NAMES)))
            found = flat(true[sides] + random.normal(0, 12, true.shape), random.random(len(NAMES)))
            score = round(float(random.random()), 1)
            results.append({"image_id": photo, "category_id": 1, "keypoints": found, "score": score})
    categories = [{"id": 1, "name": "person", "keypoints": NAMES}]
    images = [{"id": photo} for photo in ids]
    return {"images": images, "categories": categories, "annotations": people}, results


def by_loop(annotated: dict, results: list[dict], wanted: str) -> dict[int, float]:
    """What each photo gives to a figure, read off the files joint by joint."""
    kind, _, joint = wanted.partition(" ")
    of_photos = {}
    for person in annotated["annotations"]:
        true = {n: person["keypoints"][3 * k : 3 * k + 3] for k, n in enumerate(NAMES)}
        ends = true["left_shoulder"], true["right_hip"]
        if not (ends[0][2] and ends[1][2]):
            continue
        reach = float(kind.partition("@")[2]) * math.dist(ends[0][:2], ends[1][:2])
        of_photo = [one for one in results if one["image_id"] == person["image_id"]]
        best = max(of_photo, key=lambda one: one["score"], default=None)  # the first one of equals
        marks = []
        for k, name in enumerate(NAMES):
            if not true[name][2] or joint not in ("", name):
                continue
            near = {
                other: best is not None and math.dist(best["keypoints"][3 * k : 3 * k + 2], true[other][:2]) < reach
                for other in {name, MIRROR.get(name, name)}
            }
            if not kind.startswith("confused"):
                marks.append(near[name])
            elif name in MIRROR and true[MIRROR[name]][2]:
                marks.append(near[MIRROR[name]] and not near[name])
        if marks:
            of_photos[person["image_id"]] = sum(marks) / len(marks)
        elif not joint:
            of_photos[person["image_id"]] = math.nan
    return of_photos


@pytest.fixture
def matches_of(tmp_path: Path) -> Callable[..., PCKMatches]:
    def write_and_match(annotated: dict, results: list[dict]) -> PCKMatches:
        (tmp_path / "annotations.json").write_text(json.dumps(annotated))
        (tmp_path / "results.json").write_text(json.dumps(results))
        read = KeypointAnnotations.from_file(tmp_path / "annotations.json")
        return PCKMatches.from_results(read, tmp_path / "results.json")

    return write_and_match


FIGURES = ["PCK@0.2", "PCK@0.1", "confused@0.2", *(f"PCK@0.2 {name}" for name in NAMES)]


def test_every_figure_is_that_of_a_loop_over_the_files(matches_of) -> None:
    annotated, results = synthetic()
    matches = matches_of(annotated, results)
    assert list(matches.figures) == FIGURES
    for figure in FIGURES:
        expected = by_loop(annotated, results, figure)
        known = [share for share in expected.values() if not math.isnan(share)]
        assert matches.figures[figure] == pytest.approx(sum(known) / len(known))
        assert 0 < matches.figures[figure] < 1
    scored = sorted(by_loop(annotated, results, "PCK@0.2"))
    assert matches.image_ids.tolist() == scored and len(scored) < PHOTOS - 1


@pytest.mark.parametrize("figure", ["PCK@0.2", "confused@0.2", "PCK@0.2 neck"])
def test_a_resample_is_the_figure_of_the_photos_that_were_drawn(matches_of, figure: str) -> None:
    annotated, results = synthetic()
    matches, shares = matches_of(annotated, results), by_loop(annotated, results, figure)
    draws = draw_images(len(matches.image_ids), 20, seed=3)
    for value, drawn in zip(matches.resampled(figure, draws), draws, strict=True):
        of_drawn = [shares.get(photo, math.nan) for photo in matches.image_ids[drawn].tolist()]
        known = [share for share in of_drawn if not math.isnan(share)]
        assert value == pytest.approx(sum(known) / len(known))


def test_interval_is_t_times_the_deviation_over_photos(matches_of) -> None:
    matches = matches_of(*synthetic())
    values = matches.resampled("PCK@0.2", draw_images(len(matches.image_ids), 300, seed=0))
    expected = stats.t.interval(0.95, len(matches.image_ids) - 1, matches.figures["PCK@0.2"], values.std(ddof=1))
    assert bootstrap_interval(matches, "PCK@0.2", resamples=300) == pytest.approx(expected)


def test_no_detections_score_zero_and_a_joint_that_nobody_shows_has_no_figure(matches_of) -> None:
    annotated, _ = synthetic()
    for person in annotated["annotations"]:
        person["keypoints"][:3] = [0, 0, 0]
    matches = matches_of(annotated, [])
    assert math.isnan(matches.figures.pop("PCK@0.2 nose"))
    assert set(matches.figures.values()) == {0.0}
    with pytest.raises(ValueError, match=r"there is no PCK@0\.2 nose to put an interval around"):
        bootstrap_interval(matches_of(annotated, []), "PCK@0.2 nose")


def without(name: str) -> Callable[[dict], None]:
    return lambda annotated: annotated["categories"][0].update(keypoints=[n.replace(name, "tail") for n in NAMES])


def second_person(annotated: dict) -> None:
    annotated["annotations"].append({**annotated["annotations"][3], "id": 1000})


def no_torso(annotated: dict) -> None:
    for person in annotated["annotations"]:
        person["keypoints"][3:6] = [0, 0, 0]


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (without("right_hip"), "names no right_hip, but PCK measures by the torso between left_shoulder and right_hip"),
        (second_person, "more than one person; PCK is defined here for one person a photo"),
        (no_torso, "no photo has both left_shoulder and right_hip labelled"),
    ],
)
def test_annotations_that_have_no_pck_are_refused(matches_of, spoil, complaint: str) -> None:
    annotated, results = synthetic()
    spoil(annotated)
    with pytest.raises(ValueError, match=rf"annotations\.json: .*{complaint}"):
        matches_of(annotated, results)


def test_what_cannot_be_resampled_or_has_no_constants_is_refused(matches_of, tmp_path: Path) -> None:
    annotated, results = synthetic()
    with pytest.raises(ValueError, match=r"there is no figure 'AP'; there are PCK@0\.2, PCK@0\.1"):
        matches_of(annotated, results).resampled("AP", draw_images(3, 2, 0))
    read = KeypointAnnotations.from_file(tmp_path / "annotations.json")
    with pytest.raises(ValueError, match="OKS needs a constant for each of its 8 keypoints"):
        KeypointMatches.from_results(read, tmp_path / "results.json")
    read = KeypointAnnotations.from_file(tmp_path / "annotations.json", [0.1] * 8)
    with pytest.raises(ValueError, match="only AP can be resampled; got AR"):
        KeypointMatches.from_results(read, tmp_path / "results.json").resampled("AR", draw_images(3, 2, 0))
    with pytest.raises(ValueError, match="got 7 OKS constants; expected 8"):
        KeypointAnnotations.from_file(tmp_path / "annotations.json", [0.1] * 7)
