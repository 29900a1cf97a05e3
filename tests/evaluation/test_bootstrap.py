"""Bootstrap scoring against pycocotools: the whole set, and resamples written out as data sets with copied images."""

import contextlib
import dataclasses
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scipy import stats

from mmpose_ssn.evaluation.bootstrap import (
    FIGURES,
    KeypointAnnotations,
    KeypointMatches,
    bootstrap_interval,
    draw_images,
)

N_KEYPOINTS = 17
REPOSITORY = Path(__file__).parents[2]


def coco_figures(annotations, results, sigmas=None):
    """The ten figures by pycocotools alone, from data held in memory."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = json.loads(json.dumps(annotations))
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(json.loads(json.dumps(results))), "keypoints")
        if sigmas is not None:
            evaluation.params.kpt_oks_sigmas = np.asarray(sigmas)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats


def duplicated(annotations, results, images):
    """The data set of the drawn images (positions in ascending image id), each draw a new image with fresh ids."""
    image_ids = sorted(image["id"] for image in annotations["images"])
    drawn = {"images": [], "annotations": [], "categories": annotations["categories"]}
    drawn_results = []
    for fresh_id, position in enumerate(images, start=1):
        drawn["images"].append({"id": fresh_id})
        for person in annotations["annotations"]:
            if person["image_id"] == image_ids[position]:
                fresh = {"id": len(drawn["annotations"]) + 1, "image_id": fresh_id}
                drawn["annotations"].append({**person, **fresh})
        drawn_results += [
            {**result, "image_id": fresh_id} for result in results if result["image_id"] == image_ids[position]
        ]
    return drawn, drawn_results


def person(rng, annotation_id, image_id, n_keypoints=N_KEYPOINTS):
    size = rng.choice([24, 60, 80, 120, 200])  # small, medium and large by COCO's areas
    corner = rng.uniform(0, 300, 2)
    keypoints = np.zeros((n_keypoints, 3))
    keypoints[:, :2] = corner + rng.uniform(0, size, (n_keypoints, 2))
    keypoints[:, 2] = rng.choice([0, 1, 2], n_keypoints, p=[0.2, 0.3, 0.5])
    kind = rng.choice(["counts", "crowd", "unlabelled"], p=[0.8, 0.1, 0.1])
    if kind == "unlabelled":
        keypoints[:] = 0
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": 1,
        "iscrowd": int(kind == "crowd"),
        "num_keypoints": int(np.count_nonzero(keypoints[:, 2])),
        "keypoints": keypoints.ravel().tolist(),
        "bbox": [*corner.tolist(), float(size), float(size)],
        "area": float(size**2) * 0.7,
    }


def detections_of(rng, people, image_id, n_keypoints=N_KEYPOINTS):
    """Jittered copies of the people, some twice, some missed, and false ones; scores in coarse steps, so with ties."""
    detections = []
    for truth in people:
        for _ in range(rng.choice([0, 1, 1, 1, 2])):
            keypoints = np.array(truth["keypoints"], dtype=float).reshape(-1, 3)
            keypoints[:, :2] += rng.normal(0, truth["bbox"][2] * rng.choice([0.01, 0.05, 0.1]), (n_keypoints, 2))
            detections.append(keypoints)
    for _ in range(rng.poisson(1)):
        detections.append(np.c_[rng.uniform(0, 400, (n_keypoints, 2)), np.ones(n_keypoints)])
    return [
        {
            "image_id": image_id,
            "category_id": 1,
            "keypoints": keypoints.ravel().tolist(),
            "score": round(float(rng.uniform()), 1),
        }
        for keypoints in detections
    ]


def synthetic(seed, n_images=25, n_keypoints=N_KEYPOINTS):
    rng = np.random.default_rng(seed)
    image_ids = rng.permutation(np.arange(100, 100 + 3 * n_images, 3)).tolist()
    annotations = {
        "images": [{"id": i} for i in image_ids],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [],
    }
    results = []
    for image_id in image_ids:
        people = [
            person(rng, len(annotations["annotations"]) + 1 + k, image_id, n_keypoints)
            for k in range(rng.integers(0, 5))
        ]
        annotations["annotations"] += people
        results += detections_of(rng, people, image_id, n_keypoints)
    # One image with more detections than COCO counts (20).
    crowded = annotations["annotations"][0]
    for _ in range(25):
        results += detections_of(rng, [crowded], crowded["image_id"], n_keypoints)
    return annotations, results


@pytest.fixture
def matches_of(tmp_path):
    def write_and_match(annotations, results, **options):
        (tmp_path / "annotations.json").write_text(json.dumps(annotations))
        (tmp_path / "results.json").write_text(json.dumps(results))
        read = KeypointAnnotations.from_file(tmp_path / "annotations.json", **options)
        return KeypointMatches.from_results(read, tmp_path / "results.json")

    return write_and_match


@pytest.mark.parametrize("seed", range(5))
def test_whole_set_equals_pycocotools(matches_of, seed):
    annotations, results = synthetic(seed)
    matches = matches_of(annotations, results)
    expected = coco_figures(annotations, results)
    assert 0.05 < expected[0] < 0.95, "a data set that could not tell right from wrong"
    np.testing.assert_allclose([matches.figures[name] for name in FIGURES], expected, rtol=0, atol=1e-12)
    assert matches.average_precision() == pytest.approx(expected[0], abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_resample_equals_pycocotools_on_a_duplicated_data_set(matches_of, seed):
    annotations, results = synthetic(seed)
    matches = matches_of(annotations, results)
    for images in draw_images(len(annotations["images"]), resamples=5, seed=seed):
        assert len(set(images)) < len(images)
        expected = coco_figures(*duplicated(annotations, results, images))[0]
        assert matches.average_precision(images) == pytest.approx(expected, abs=1e-12)


def test_order_of_tied_images_follows_the_draw(matches_of):
    annotations, results = synthetic(seed=2)
    for result in results:
        result["score"] = 0.5
    matches = matches_of(annotations, results)
    forwards = draw_images(len(annotations["images"]), resamples=1, seed=0)[0]
    for images in (forwards, forwards[::-1]):
        expected = coco_figures(*duplicated(annotations, results, images))[0]
        assert matches.average_precision(images) == pytest.approx(expected, abs=1e-12)
    assert matches.average_precision(forwards) != matches.average_precision(forwards[::-1])


def test_other_skeletons_take_their_own_sigmas(matches_of):
    annotations, results = synthetic(seed=3, n_keypoints=5)
    sigmas = [0.03, 0.05, 0.08, 0.05, 0.1]
    matches = matches_of(annotations, results, keypoint_sigmas=sigmas)
    expected = coco_figures(annotations, results, sigmas)
    np.testing.assert_allclose([matches.figures[name] for name in FIGURES], expected, rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match=r"has 15 keypoint numbers, expected 3 x 17"):
        matches_of(annotations, results)


def test_interval_is_t_times_the_deviation_of_the_resamples_about_ap(matches_of):
    matches = matches_of(*synthetic(seed=4, n_images=40))
    ap, resampled = matches.average_precision(), matches.resampled_average_precision(draw_images(40, 300, seed=7))
    for level in (0.5, 0.95):
        low, high = bootstrap_interval(matches, "AP", level, resamples=300, seed=7)
        expected = stats.t.interval(level, df=39, loc=ap, scale=np.std(resampled, ddof=1))
        assert 0 < low < ap < high < 1
        assert (low, high) == pytest.approx(expected, rel=1e-12)
    assert bootstrap_interval(matches, "AP", resamples=300, seed=8) != bootstrap_interval(
        matches, "AP", resamples=300, seed=7
    )


@pytest.mark.parametrize(("ease", "end"), [(-2.0, 0), (4.0, 1)])
def test_interval_ends_where_ap_does(ease, end):
    matches = drawn_matches(np.random.default_rng(2), 10, ease)
    low, high = bootstrap_interval(matches, "AP", level=0.999, resamples=100)
    assert 0 <= low < matches.average_precision() < high <= 1
    assert (low, high)[end] == end, "nearly none, or nearly all, are right"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": 1.0}, r"level must lie between 0 and 1 \(0\.95 is 95 %\), but is 1\.0"),
        ({"level": 0.0}, "level must lie between 0 and 1"),
        ({"resamples": 1}, "resamples must be at least 2, but is 1"),
    ],
)
def test_an_interval_that_there_is_not_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(drawn_matches(np.random.default_rng(0), 4, 0.0), "AP", **options)


def test_draws_are_shared_and_uniform():
    draws = draw_images(n_images=20, resamples=2000, seed=3)
    np.testing.assert_array_equal(draw_images(n_images=20, resamples=50, seed=3), draws[:50])
    share = np.bincount(draws.ravel(), minlength=20) / draws.size
    np.testing.assert_allclose(share, 1 / 20, atol=5 * np.sqrt(0.05 * 0.95 / draws.size))


def drawn_matches(rng, n_images, ease):
    """Images of one or two people, each with one detection. The larger ``ease`` is, the closer detections come; those
    that come closer tend to have better scores, and those of one image are alike.
    """
    people = rng.integers(1, 3, n_images)
    closeness = 0.5 * np.repeat(rng.normal(size=n_images), people) + rng.normal(size=people.sum())
    oks = 1 / (1 + np.exp(-ease - 1.2 * closeness))
    hits = oks > np.linspace(0.5, 0.95, 10)[:, None]
    matches = KeypointMatches(
        image_ids=np.arange(n_images),
        first_detection=np.concatenate([[0], np.cumsum(people)]),
        scores=closeness + rng.normal(size=len(oks)),
        true_positive=hits,
        false_positive=~hits,
        people=people,
        figures={},
    )
    return dataclasses.replace(matches, figures={"AP": matches.average_precision()})


@pytest.mark.parametrize(("ease", "ap"), [(-0.5, 0.11), (0.75, 0.35), (1.5, 0.55)])
def test_the_95_percent_interval_holds_the_populations_ap_about_as_often_as_it_says(ease, ap):
    """In 1000 data sets with 400 resamples each, 95 % of them do at each of these AP, give or take 0.7."""
    rng = np.random.default_rng(0)
    population = drawn_matches(rng, 100_000, ease).average_precision()
    assert population == pytest.approx(ap, abs=0.01)
    covered = []
    for seed in range(100):
        low, high = bootstrap_interval(drawn_matches(rng, 400, ease), "AP", resamples=60, seed=seed)
        covered.append(low <= population <= high)
    assert np.mean(covered) >= 0.88, "three standard errors below 95 %, which are 2.2 each"


def test_no_detections_score_zero(matches_of):
    annotations, _ = synthetic(seed=0)
    matches = matches_of(annotations, [])
    assert matches.average_precision() == 0
    assert matches.figures["AP"] == matches.figures["AR"] == 0
    assert bootstrap_interval(matches, "AP", resamples=20) == (0, 0)


def test_nobody_to_find_has_no_interval(matches_of):
    annotations, results = synthetic(seed=0)
    annotations["annotations"] = [{**person, "iscrowd": 1} for person in annotations["annotations"]]
    matches = matches_of(annotations, results)
    assert matches.average_precision() == matches.figures["AP"] == -1
    with pytest.raises(ValueError, match="no person"):
        bootstrap_interval(matches, "AP", resamples=5)


def test_a_resample_without_people_has_no_ap(matches_of):
    annotations, results = synthetic(seed=0)
    occupied = {person["image_id"] for person in annotations["annotations"]}
    image_ids = sorted(image["id"] for image in annotations["images"])
    empty = next(position for position, image_id in enumerate(image_ids) if image_id not in occupied)
    full = image_ids.index(annotations["annotations"][0]["image_id"])
    values = matches_of(annotations, results).resampled_average_precision(np.array([[empty, empty], [full, empty]]))
    assert np.isnan(values[0])
    assert values[1] >= 0


def change_first(results, **fields):
    return [{**results[0], **fields}, *results[1:]]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda r: change_first(r, image_id=5), r"1 of its images are not in .*annotations\.json \(ids 5\)"),
        (lambda r: change_first(r, category_id=7), r"results\.json: detection 0 has category_id 7"),
        (lambda r: change_first(r, keypoints=[1.0] * 6), r"has 6 keypoint numbers, expected 3 x 17"),
        (lambda r: change_first(r, score=float("nan")), r"detection 0 has a score or keypoint that is not finite"),
        (lambda r: [{"image_id": r[0]["image_id"]}], r"detection 0 lacks category_id, keypoints, score"),
        (lambda r: {"annotations": r}, r"expected a JSON list of detections, got dict"),
    ],
)
def test_results_that_do_not_fit_are_refused(matches_of, spoil, message):
    annotations, results = synthetic(seed=0)
    with pytest.raises(ValueError, match=message):
        matches_of(annotations, spoil(results))


def test_annotations_that_pycocotools_misreads_are_refused(matches_of):
    annotations, results = synthetic(seed=0)
    annotations["annotations"][0]["id"] = 0
    with pytest.raises(ValueError, match="id 0"):
        matches_of(annotations, results)
    annotations["annotations"][0]["id"] = 1
    annotations["categories"].append({"id": 2, "name": "dog"})
    with pytest.raises(ValueError, match=r"expected one category \(person\), got 2"):
        matches_of(annotations, results)


def test_annotations_once_read_serve_any_number_of_results(matches_of, tmp_path):
    annotations, results = synthetic(seed=1)
    several = {"all": results, "few": results[::3], "none": [], "all again": results}
    fresh = {name: matches_of(annotations, found) for name, found in several.items()}
    read = KeypointAnnotations.from_file(tmp_path / "annotations.json")
    for name, found in several.items():
        (tmp_path / "results.json").write_text(json.dumps(found))
        matches = KeypointMatches.from_results(read, tmp_path / "results.json")
        for field in dataclasses.fields(matches):
            np.testing.assert_equal(getattr(matches, field.name), getattr(fresh[name], field.name))
    assert fresh["all"].figures != fresh["few"].figures


def test_scoring_prints_nothing(matches_of, capsys):
    bootstrap_interval(matches_of(*synthetic(seed=1)), "AP", resamples=5)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_scoring_needs_neither_torch_nor_openmmlab():
    program = f"""
import sys, types
class Absent:
    def find_spec(name, *_):
        if name in ("torch", "mmengine", "mmcv", "mmdet", "mmpose"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent)  # None in sys.modules would mislead SciPy, which looks for torch there
package = types.ModuleType("mmpose_ssn")  # without its own start, which mends OpenMMLab packages
package.__path__ = [{str(REPOSITORY / "mmpose_ssn")!r}]
sys.modules["mmpose_ssn"] = package
import mmpose_ssn.evaluation.trained, mmpose_ssn.paper, mmpose_ssn.pages.table1
"""
    subprocess.run([sys.executable, "-c", program], check=True)


SAMPLE = os.environ.get("SSN_COCO_SAMPLE")


@pytest.mark.skipif(not SAMPLE, reason="SSN_COCO_SAMPLE does not name a folder with test_coco.json")
def test_real_annotations(matches_of):
    annotations = json.loads((Path(SAMPLE) / "test_coco.json").read_text())
    rng = np.random.default_rng(0)
    results = []
    for truth in annotations["annotations"]:
        results += detections_of(rng, [truth], truth["image_id"])
    matches = matches_of(annotations, results)
    expected = coco_figures(annotations, results)
    np.testing.assert_allclose([matches.figures[name] for name in FIGURES], expected, rtol=0, atol=1e-12)
    for images in draw_images(len(annotations["images"]), resamples=20, seed=0):
        expected = coco_figures(*duplicated(annotations, results, images))[0]
        assert matches.average_precision(images) == pytest.approx(expected, abs=1e-12)
