"""Trained networks compared from detections on disk: against pycocotools on written-out resamples, what is refused, and
what the bound on AP does.
"""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmpose_ssn.evaluation.bootstrap import draw_images
from mmpose_ssn.evaluation.comparison import Comparison, Outcome, compare, holm
from mmpose_ssn.evaluation.scores import check_together, read_scores
from mmpose_ssn.evaluation.trained import Contrast, TrainedPredictors
from mmpose_ssn.files import RefusedInput

M, IMAGES = 17, 8


def people() -> dict:
    rng = np.random.default_rng(0)
    annotations = []
    for image in range(1, IMAGES + 1):
        keypoints = np.c_[rng.uniform(100, 200, (M, 2)), np.full(M, 2)]
        annotations.append(
            {
                "id": image,
                "image_id": image,
                "category_id": 1,
                "iscrowd": 0,
                "num_keypoints": M,
                "keypoints": keypoints.ravel().tolist(),
                "bbox": [100, 100, 100, 100],
                "area": 7000.0,
            }
        )
    images = [{"id": image} for image in range(1, IMAGES + 1)]
    return {"images": images, "categories": [{"id": 1, "name": "person"}], "annotations": annotations}


PEOPLE = people()


def detections(noise: float, seed: int) -> list[dict]:
    """Every person, with noise in pixels, and a false one in every image."""
    rng = np.random.default_rng(seed)
    found = []
    for one in PEOPLE["annotations"]:
        for scale in (noise, 200.0):
            keypoints = np.reshape(one["keypoints"], (M, 3)) + np.c_[rng.normal(0, scale, (M, 2)), np.zeros(M)]
            score = round(float(rng.uniform()), 2)
            fields = {"keypoints": keypoints.ravel().tolist(), "score": score}
            found.append({"image_id": one["image_id"], "category_id": 1, **fields})
    return found


def ap(annotations: dict, found: list[dict]) -> float:
    """By pycocotools alone."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = json.loads(json.dumps(annotations))
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(json.loads(json.dumps(found))), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


def written_out(found: list[dict], images: np.ndarray) -> tuple[dict, list[dict]]:
    """The data set in which every draw of an image is a new image."""
    fresh: dict = {"images": [], "categories": PEOPLE["categories"], "annotations": []}
    fresh_found = []
    for number, position in enumerate(images, start=1):
        fresh["images"].append({"id": number})
        fresh["annotations"].append({**PEOPLE["annotations"][position], "id": number, "image_id": number})
        fresh_found += [{**one, "image_id": number} for one in found if one["image_id"] == position + 1]
    return fresh, fresh_found


NETWORKS = {
    ("ssn", 0): {"E1": detections(9.0, 8), "P4": detections(3.0, 1)},
    ("ssn-wo-ca", 0): {"E1": detections(16.0, 9), "P4": detections(14.0, 2)},
    ("ssn-k256", 0): {"P4": detections(3.2, 3)},
    ("lite-k256", 0): {"P4": detections(6.0, 4)},
    ("lite-k256", 1): {"P4": detections(7.0, 5)},
    ("lite-k256-frozen", 0): {"P4": detections(7.0, 6)},
    ("lite-k256-frozen", 1): {"P4": detections(5.0, 7)},
}
PAIRS = {
    "attention": ("ssn", "ssn-wo-ca"),
    "channels": ("ssn", "ssn-k256"),
    "learning": ("lite-k256", "lite-k256-frozen"),
}
RESAMPLES = 60


def of(network: str, seed: int = 0, predictor: str = "P4") -> list[dict]:
    return NETWORKS[network, seed][predictor]


def less(first: str, second: str) -> Contrast:
    """One network's final predictor less another's."""
    return {(first, None): 1.0, (second, None): -1.0}


def write_scores(root: Path, network: str, seed: int, predictors: dict[str, list[dict]]) -> Path:
    """A training's scores.json, with predictions/ beside it."""
    folder = root / network / f"seed{seed}"
    (folder / "predictions").mkdir(parents=True, exist_ok=True)
    for name, found in predictors.items():
        (folder / "predictions" / f"predictor.{name}.keypoints.json").write_text(json.dumps(found))
    cost = {"params": 1, "macs": 1, "ops": 1}
    made = ("config_digest", "commit", "checkpoint_digest", "data_digest", "machine", "torch")
    content = {
        "network": network,
        "recipe": "common",
        "preset": "figures",
        "seed": seed,
        "final": "P4",
        "predictors": {name: {"AP": ap(PEOPLE, found), "AP_interval": [0, 1]} for name, found in predictors.items()},
        "images": IMAGES,
        "instances": IMAGES,
        "resamples": RESAMPLES,
        "annotations": str(root / "annotations.json"),
        "protocol": {"boxes": "ground truth", "flip_test": True},
        "cost": {"whole": cost, "deployed": cost, "up_to": {"P4": cost}},
        "provenance": {
            **dict.fromkeys(made, "x"),
            "data": "drawn",
            "iterations": 1,
            "wall_time_s": 1,
            "date": "2026-11-22",
        },
    }
    (folder / "scores.json").write_text(json.dumps(content))
    return folder / "scores.json"


@pytest.fixture
def study(tmp_path: Path) -> dict[tuple[str, int], Path]:
    """The scores.json of each training, and the annotations that they name."""
    (tmp_path / "annotations.json").write_text(json.dumps(PEOPLE))
    return {(network, seed): write_scores(tmp_path, network, seed, own) for (network, seed), own in NETWORKS.items()}


def trained(study, chosen=tuple(NETWORKS), resamples: int = RESAMPLES, **options) -> TrainedPredictors:
    return TrainedPredictors([read_scores(study[key]) for key in chosen], resamples, **options)


def measure(predictors: TrainedPredictors) -> dict[str, Comparison]:
    """Compare each pair of networks that have a seed in common."""
    contrasts = {name: less(*pair) for name, pair in PAIRS.items()}
    return compare(
        "figures",
        {name: predictors.sides(one) for name, one in contrasts.items() if predictors.seeds(one)},
    )


def percentiles(differences: list[float], ends: list[float]):
    return pytest.approx(tuple(np.percentile(differences, ends)), abs=1e-9)


def two_sided(differences: list[float]):
    rarer = min(sum(d <= 0 for d in differences), sum(d >= 0 for d in differences))
    return pytest.approx(min(1, 2 * (1 + rarer) / (1 + len(differences))))


def test_differences_and_intervals_are_those_of_written_out_resamples(study) -> None:
    measured = measure(trained(study))
    for name in ("attention", "channels"):
        first, second = map(of, PAIRS[name])
        differences = [
            100 * (ap(*written_out(first, images)) - ap(*written_out(second, images)))
            for images in draw_images(IMAGES, RESAMPLES, seed=0)
        ]
        one = measured[name]
        assert one.difference == pytest.approx(100 * (ap(PEOPLE, first) - ap(PEOPLE, second)), abs=1e-9)
        assert one.interval95 == percentiles(differences, [2.5, 97.5])
        assert one.interval90 == percentiles(differences, [5, 95])
        assert one.p == two_sided(differences)
        assert one.stability == np.mean([d > 0 for d in differences])
    assert measured["attention"].p < 0.05 < measured["channels"].p


def test_weighted_sums_of_predictors_are_those_of_written_out_resamples(study) -> None:
    """What attention brings E1, less half of what it brings the final predictor."""
    contrast = {("ssn", "E1"): 1.0, ("ssn-wo-ca", "E1"): -1.0, ("ssn", None): -0.5, ("ssn-wo-ca", "P4"): 0.5}
    terms = [(of(network, predictor=predictor or "P4"), weight) for (network, predictor), weight in contrast.items()]
    differences = [
        100 * sum(weight * ap(*written_out(found, images)) for found, weight in terms)
        for images in draw_images(IMAGES, RESAMPLES, seed=3)
    ]
    one = compare("figures", {"one": trained(study, seed=3).sides(contrast)})["one"]
    assert one.difference == pytest.approx(100 * sum(weight * ap(PEOPLE, found) for found, weight in terms), abs=1e-9)
    assert one.interval95 == percentiles(differences, [2.5, 97.5])
    assert one.p == two_sided(differences)


def test_only_what_both_networks_have_is_compared(study) -> None:
    assert list(measure(trained(study))) == list(PAIRS)
    chosen = [("ssn", 0), ("lite-k256", 1), ("lite-k256-frozen", 0)]
    few = trained(study, chosen)
    assert measure(few) == {}, "no two of one seed"
    assert few.missing(less("ssn", "ssn-k256")) == {"ssn-k256"}
    assert few.missing(less("lite-k256", "lite-k256-frozen")) == set(), "there are both, of different seeds"
    assert trained(study).missing({("ssn", "E1"): 1.0, ("ssn-k256", "E1"): -1.0}) == {"ssn-k256"}, "it has no E1"


def test_seeds_are_compared_in_pairs(study) -> None:
    given = trained(study)
    assert [one.seed for one in given.of("lite-k256")] == [0, 1]
    one = measure(given)["learning"]
    gaps = [ap(PEOPLE, of("lite-k256", k)) - ap(PEOPLE, of("lite-k256-frozen", k)) for k in (0, 1)]
    assert one.seeds == (0, 1)
    assert one.difference == pytest.approx(100 * np.mean(gaps), abs=1e-9)
    without = trained(study, [key for key in NETWORKS if key != ("lite-k256-frozen", 0)])
    assert measure(without)["learning"].seeds == (1,)
    assert measure(without)["learning"].difference == pytest.approx(100 * gaps[1], abs=1e-9)


def test_the_mean_pose_is_no_training(study, tmp_path: Path) -> None:
    content = json.loads(study["ssn", 0].read_text())
    content = {key: value for key, value in content.items() if key not in ("seed", "cost")} | {"network": "mean-pose"}
    content["provenance"]["training_annotations_digest"] = "x"
    file = tmp_path / "mean-pose.json"
    file.write_text(json.dumps(content))
    assert list(TrainedPredictors([read_scores(file)], RESAMPLES).scores) == []


def test_holm_and_the_sign_decide(study, tmp_path: Path) -> None:
    measured = measure(trained(study, resamples=300))
    worst = measured["attention"]
    assert worst.p == pytest.approx(2 / 301) and worst.p_holm == pytest.approx(3 * worst.p)
    assert (worst.outcome, measured["channels"].outcome) == (Outcome.HIGHER, Outcome.UNDECIDED)
    # The other way round, and with too few resamples for Holm's smallest level.
    write_scores(tmp_path, "ssn", 0, NETWORKS["ssn-wo-ca", 0])
    write_scores(tmp_path, "ssn-wo-ca", 0, NETWORKS["ssn", 0])
    assert measure(trained(study, resamples=300))["attention"].outcome is Outcome.LOWER
    assert measure(trained(study, resamples=100))["attention"].outcome is Outcome.UNDECIDED


# The bound below which nothing is compared


def mean_ap(network: str) -> float:
    """In percent, over seeds."""
    return float(np.mean([100 * ap(PEOPLE, own["P4"]) for (name, _), own in NETWORKS.items() if name == network]))


def test_a_network_below_the_bound_is_not_compared_and_not_counted(study) -> None:
    free = measure(trained(study, resamples=300))
    bound = mean_ap("ssn-wo-ca") + 0.01
    assert all(bound < mean_ap(name) for name, _ in NETWORKS if name != "ssn-wo-ca")
    measured = measure(trained(study, resamples=300, least_ap=bound))
    low, before = measured["attention"], free["attention"]
    assert (before.outcome, low.outcome) == (Outcome.HIGHER, Outcome.NOT_COMPARED)
    assert (low.too_low, low.p_holm) == (("ssn-wo-ca",), None)
    for kept in ("difference", "interval90", "interval95", "p", "stability", "seeds"):
        assert getattr(low, kept) == getattr(before, kept)
    others = [measured[name] for name in ("channels", "learning")]
    assert [one.p_holm for one in others] == holm([one.p for one in others]), "a family of two"
    assert not any(one.too_low for one in others)


def test_the_bound_may_be_reached(study) -> None:
    contrast = less("ssn", "ssn-wo-ca")
    at, above = mean_ap("ssn-wo-ca"), mean_ap("ssn-wo-ca") + 1e-9
    assert trained(study, least_ap=at).sides(contrast).too_low == ()
    assert trained(study, least_ap=above).sides(contrast).too_low == ("ssn-wo-ca",)
    assert trained(study, least_ap=100.1).sides(contrast).too_low == ("ssn", "ssn-wo-ca")


def test_the_bound_is_on_the_mean_over_seeds_of_the_final_predictor(study) -> None:
    contrast = less("ssn", "lite-k256-frozen")
    each = [100 * ap(PEOPLE, of("lite-k256-frozen", k)) for k in (0, 1)]
    assert min(each) < np.mean(each) - 1, "one of the two is lower"
    assert np.mean(each) + 1 < mean_ap("ssn")
    assert trained(study, least_ap=np.mean(each) - 0.01).sides(contrast).too_low == ()
    assert trained(study, least_ap=np.mean(each) + 0.01).sides(contrast).too_low == ("lite-k256-frozen",)
    early = {("ssn", "E1"): 1.0, ("ssn-k256", None): -1.0}
    e1 = 100 * ap(PEOPLE, of("ssn", predictor="E1"))
    assert e1 + 1 < min(mean_ap("ssn"), mean_ap("ssn-k256"))
    assert trained(study, least_ap=e1 + 1).sides(early).too_low == (), "E1 may be low where the network is not"


# What is refused


def test_detections_that_are_not_the_scored_ones_are_refused(study) -> None:
    file = study["ssn", 0].parent / "predictions" / "predictor.P4.keypoints.json"
    file.write_text(json.dumps(of("ssn-wo-ca")))
    with pytest.raises(RefusedInput, match=r"predictor\.P4\.keypoints\.json: its AP on .* but .*scores\.json says"):
        measure(trained(study))
    file.unlink()
    with pytest.raises(RefusedInput, match=r"P4\.keypoints\.json: cannot be read .* evaluate ssn again"):
        measure(trained(study))


def test_annotations_that_are_gone_are_named(study, tmp_path: Path) -> None:
    (tmp_path / "annotations.json").unlink()
    with pytest.raises(RefusedInput, match=r"annotations\.json: cannot be read .* evaluate ssn again"):
        measure(trained(study))


def test_detections_that_are_no_detections_are_refused(study) -> None:
    file = study["ssn", 0].parent / "predictions" / "predictor.P4.keypoints.json"
    file.write_text("{}")
    with pytest.raises(RefusedInput, match=r"P4\.keypoints\.json: expected a JSON list of detections, got dict"):
        measure(trained(study))


def test_scores_of_another_preset_do_not_stand_with_them(study) -> None:
    scores = [read_scores(file) for file in study.values()]
    runs = {one.run for one in scores}
    check_together("figures", scores, runs)
    with pytest.raises(RefusedInput, match=r"\$\.preset: is 'figures', but the page is for 'smoke'"):
        check_together("smoke", scores, runs)
