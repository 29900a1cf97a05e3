"""Trained networks compared from detections on disk: against pycocotools on written-out resamples, what is decided, and
what the bound on AP does and what is refused.
"""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmpose_ssn.evaluation.bootstrap import draw_images
from mmpose_ssn.evaluation.comparison import Basis, Comparison, Outcome, Spread, holm
from mmpose_ssn.evaluation.scores import check_together, read_scores
from mmpose_ssn.evaluation.trained import Contrast, TrainedPredictors, difference, question
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
    ("ssn-wo-ca", 0): {"E1": detections(11.0, 9), "P4": detections(8.0, 2)},
    ("ssn-k256", 0): {"P4": detections(3.2, 3)},
    ("lite-k256", 0): {"E1": detections(8.0, 10), "P4": detections(6.0, 4)},
    ("lite-k256", 1): {"E1": detections(9.0, 11), "P4": detections(7.0, 5)},
    ("lite-k256-frozen", 5): {"P4": detections(7.0, 6)},
    ("lite-k256-frozen", 6): {"P4": detections(5.0, 7)},
    ("lite-k256-frozen", 7): {"P4": detections(9.0, 12)},
}
RESAMPLES = 40


FAMILY = {
    "attention": difference("ssn", "ssn-wo-ca"),
    "channels": difference("ssn", "ssn-k256"),
    "learning": difference("lite-k256", "lite-k256-frozen"),
    "shift": difference("ssn", "ssn-wo-shift"),  # which was not trained
}


@cache
def by_hand(network: str, predictor: str = "P4") -> tuple[np.ndarray, np.ndarray]:
    """AP of each training in percent, [seeds], and on each written-out resample, [seeds, resamples]."""
    found = [own[predictor] for (name, _), own in NETWORKS.items() if name == network]
    draws = draw_images(IMAGES, RESAMPLES, seed=0)
    resampled = [[ap(*written_out(one, images)) for images in draws] for one in found]
    return 100 * np.array([ap(PEOPLE, one) for one in found]), 100 * np.array(resampled)


def mean_ap(network: str, predictor: str = "P4") -> float:
    """In percent, over seeds."""
    return float(by_hand(network, predictor)[0].mean())


def of(network: str) -> list[dict]:
    return NETWORKS[network, 0]["P4"]


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
        "metric": "AP",
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


def trained(study, chosen=tuple(NETWORKS), **options) -> TrainedPredictors:
    return TrainedPredictors("figures", [read_scores(study[key]) for key in chosen], resamples=RESAMPLES, **options)


def one_of(given: TrainedPredictors, contrast: Contrast) -> Comparison:
    return given.compare({"one": contrast})["one"]


def satterthwaite(*shares: tuple[float, float]):
    """Standard error and degrees of freedom of a sum, from each part's variance and degrees of freedom."""
    variance = sum(share for share, _ in shares)
    return pytest.approx((variance**0.5, variance**2 / sum(share**2 / df for share, df in shares)), rel=1e-9)


# Against written-out resamples


def test_of_one_training_each_the_images_alone_tell_the_spread(study) -> None:
    one = one_of(trained(study), FAMILY["attention"])
    (first, first_resampled), (second, second_resampled) = by_hand("ssn"), by_hand("ssn-wo-ca")
    assert one.difference == pytest.approx(float(first[0] - second[0]), abs=1e-9)
    images = np.var(first_resampled[0] - second_resampled[0], ddof=1)
    assert (one.test.error, one.test.freedom) == satterthwaite((images, IMAGES - 1))
    assert one.test.basis is Basis.UNKNOWN


def test_means_over_unpaired_seeds_are_compared_and_their_own_images_count(study) -> None:
    given = trained(study)
    one = one_of(given, FAMILY["learning"])
    (first, first_resampled), (second, second_resampled) = by_hand("lite-k256"), by_hand("lite-k256-frozen")
    assert [training.seed for training in given.of("lite-k256")] == [0, 1]
    assert one.trainings == {"lite-k256": 2, "lite-k256-frozen": 3}
    assert one.difference == pytest.approx(first.mean() - second.mean(), abs=1e-9)
    images = np.var(first_resampled.mean(axis=0) - second_resampled.mean(axis=0), ddof=1)
    of_seeds = (np.var(first, ddof=1) / 2, 1), (np.var(second, ddof=1) / 3, 2)  # each is all there is of its group
    assert (one.test.error, one.test.freedom) == satterthwaite(*of_seeds, (images, IMAGES - 1))
    assert one.test.basis is Basis.POOLED


def test_predictors_of_one_network_are_summed_in_each_training(study) -> None:
    """E1 less half the final predictor, which move together, less half of a frozen network's."""
    contrast = {("lite-k256", "E1"): 1.0, ("lite-k256", None): -0.5, ("lite-k256-frozen", "P4"): -0.5}
    one = one_of(trained(study), contrast)
    (e1, e1_resampled), (p4, p4_resampled) = by_hand("lite-k256", "E1"), by_hand("lite-k256")
    frozen, frozen_resampled = by_hand("lite-k256-frozen")
    sums, resampled = e1 - 0.5 * p4, e1_resampled - 0.5 * p4_resampled
    assert one.difference == pytest.approx(sums.mean() - 0.5 * frozen.mean(), abs=1e-9)
    images = np.var(resampled.mean(axis=0) - 0.5 * frozen_resampled.mean(axis=0), ddof=1)
    of_seeds = (np.var(sums, ddof=1) / 2, 1), (0.25 * np.var(frozen, ddof=1) / 3, 2)
    assert (one.test.error, one.test.freedom) == satterthwaite(*of_seeds, (images, IMAGES - 1))
    assert one.test.basis is Basis.WELCH, "other predictors than final ones"


# The pool, and given spreads


def others(study, ap: dict[str, list[float]]):
    """Scores of more networks, whose detections nobody asks for; AP in percent."""
    like = read_scores(study["ssn", 0])
    p4 = like.predictors["P4"]

    def with_ap(share: float):
        return {"P4": replace(p4, score=share, figures={**p4.figures, "AP": share})}

    return [
        replace(like, network=run, seed=seed, predictors=with_ap(percent / 100))
        for run, trainings in ap.items()
        for seed, percent in enumerate(trainings)
    ]


def test_spreads_are_those_of_the_pool(study) -> None:
    deep = {"backbone": [40.0, 42.0, 41.0], "ssn-wo-esp": [50.0, 53.0, 51.0], "ssn-frozen": [30.0, 39.0, 20.0]}
    pool = others(study, deep | {"lite-k512": [60.0, 60.5]})
    expected = {
        "deep": Spread.pooled([deep["backbone"], deep["ssn-wo-esp"]]),
        "ssn-frozen": Spread.pooled([deep["ssn-frozen"]]),
        "lite": Spread.pooled([[60.0, 60.5]]),
        "lite-k256-frozen": Spread.pooled([by_hand("lite-k256-frozen")[0].tolist()]),  # a group of its own wherever
    }
    given = trained(study, pool=pool)
    assert given.spreads.keys() == expected.keys()
    for group, spread in given.spreads.items():
        assert (spread.sd, spread.freedom) == pytest.approx((expected[group].sd, expected[group].freedom))
    assert one_of(given, FAMILY["channels"]).test.basis is Basis.POOLED
    assert given.missing(difference("backbone", "ssn")) == set(), "they are taken in"
    assert trained(study).spreads.keys() == {"lite", "lite-k256-frozen"}, "without a pool, what is compared"


def test_a_runs_spread_is_that_of_its_group_or_the_one_that_is_given(study) -> None:
    given = trained(study, given={"deep": Spread(2.0, 14), "lite": Spread(9.0, 9)})
    assert given.spread("ssn") == Spread(2.0, 14)
    assert given.spread("lite-k512") == given.spreads["lite"] == Spread.pooled([by_hand("lite-k256")[0].tolist()])
    with pytest.raises(ValueError, match="ssn was trained once, and the preset figures gives no spread for deep"):
        trained(study).spread("ssn")


def test_a_given_spread_stands_in_for_that_of_single_trainings(study) -> None:
    one = one_of(trained(study, given={"deep": Spread(2.0, 14)}), FAMILY["channels"])
    images = np.var(by_hand("ssn")[1][0] - by_hand("ssn-k256")[1][0], ddof=1)
    assert (one.test.error, one.test.freedom) == satterthwaite((8.0, 14), (images, IMAGES - 1))
    assert one.test.basis is Basis.GIVEN


# What is decided


def test_only_what_was_trained_is_compared(study) -> None:
    assert list(trained(study).compare(FAMILY)) == ["attention", "channels", "learning"]
    few = trained(study, [("ssn", 0), ("lite-k256", 1), ("lite-k256-frozen", 5)])
    assert list(few.compare(FAMILY)) == ["learning"], "of different seeds"
    assert few.missing(FAMILY["channels"]) == {"ssn-k256"}
    assert trained(study).missing({("ssn", "E1"): 1.0, ("ssn-k256", "E1"): -1.0}) == {"ssn-k256"}, "it has no E1"


def test_a_family_is_decided_over_all_of_it_and_the_rest_is_described(study) -> None:
    given = trained(study, families=[[FAMILY[name] for name in ("attention", "learning", "shift")]])
    found = given.compare(FAMILY)
    assert {name: one.family for name, one in found.items()} == {"attention": 3, "channels": None, "learning": 3}
    free = trained(study).compare(FAMILY)
    assert {one.outcome for one in free.values()} == {Outcome.DESCRIPTIVE}, "without families nothing is decided"
    assert found["channels"] == free["channels"]
    # Of attention nothing but the images is known, so that it is undecided beside another of which more is.
    assert (found["attention"].outcome, found["attention"].test.p_holm) == (Outcome.UNDECIDED, None)
    assert found["learning"].test.p_holm == holm([free["learning"].test.p], size=3)[0]


def test_families_are_decided_each_by_itself(study) -> None:
    given = trained(study, families=[[FAMILY["attention"], FAMILY["channels"]], [FAMILY["learning"]]])
    found = given.compare(FAMILY)
    assert [one.family for one in found.values()] == [2, 2, 1]
    together = [found[name].test for name in ("attention", "channels")]
    assert [test.p_holm for test in together] == holm([test.p for test in together])
    assert found["learning"].test.p_holm == found["learning"].test.p
    assert found["attention"].outcome is Outcome.HIGHER and found["channels"].outcome is Outcome.UNDECIDED
    turned = trained(study, families=[[difference("ssn-wo-ca", "ssn")]])
    assert one_of(turned, difference("ssn-wo-ca", "ssn")).outcome is Outcome.LOWER


def test_a_question_is_known_by_what_it_asks_not_by_its_words(study) -> None:
    given = trained(study, families=[[FAMILY["attention"], FAMILY["channels"]]])
    reworded = {("ssn-wo-ca", "P4"): -1.0, ("ssn", "P4"): 1.0}
    assert question(reworded) == question(FAMILY["attention"]) == question(difference("ssn", "ssn-wo-ca", "P4"))
    assert one_of(given, reworded) == given.compare(FAMILY)["attention"], "though alone on its page"
    assert one_of(given, difference("ssn", "ssn-wo-ca", "E1")).outcome is Outcome.DESCRIPTIVE
    assert given.compare({}) == {}


def test_one_question_has_one_answer_on_every_page(study) -> None:
    pool = [read_scores(file) for file in study.values()]
    options = {"pool": pool, "families": [[FAMILY["attention"], FAMILY["channels"]]], "least_score": 1.0}
    pages = [trained(study, chosen, **options) for chosen in ([("ssn", 0)], [], list(NETWORKS))]
    answers = [page.compare(FAMILY) for page in pages]
    assert answers[0] == answers[1] == answers[2] != {}


def test_the_mean_pose_is_no_training(study, tmp_path: Path) -> None:
    content = json.loads(study["ssn", 0].read_text())
    content = {key: value for key, value in content.items() if key not in ("seed", "cost")} | {"network": "mean-pose"}
    content["provenance"]["training_annotations_digest"] = "x"
    file = tmp_path / "mean-pose.json"
    file.write_text(json.dumps(content))
    assert TrainedPredictors("figures", [read_scores(file)], pool=[read_scores(file)]).scores == {}


# The bound below which nothing is compared


def test_a_network_below_the_bound_is_not_compared_and_helps_nobody(study) -> None:
    bound = mean_ap("ssn-wo-ca") + 0.01
    assert all(bound < mean_ap(name) for name, _ in NETWORKS if name != "ssn-wo-ca")
    families = [[FAMILY["attention"], FAMILY["channels"]]]
    before, after = (trained(study, families=families, least_score=least).compare(FAMILY) for least in (0.0, bound))
    low, other = after["attention"], after["channels"]
    assert (low.outcome, low.too_low, low.test.p_holm) == (Outcome.NOT_COMPARED, ("ssn-wo-ca",), None)
    assert replace(low.test, p_holm=before["attention"].test.p_holm) == before["attention"].test
    assert (other.too_low, other.test.p_holm) == ((), min(2 * other.test.p, 1.0))


def test_the_bound_may_be_reached_and_is_on_the_mean_over_seeds_of_final_predictors(study) -> None:
    low = mean_ap("lite-k256-frozen")
    assert by_hand("lite-k256-frozen")[0].min() < low - 1, "one training is lower"
    runs = ["ssn", "lite-k256-frozen"]
    assert trained(study, least_score=low - 1e-9).too_low(runs) == ()
    assert trained(study, least_score=low + 1e-9).too_low(runs) == ("lite-k256-frozen",)
    assert trained(study, least_score=100.1).too_low(runs) == tuple(runs)
    assert trained(study, pool=others(study, {"backbone": [50.0]}), least_score=50.0).too_low(["backbone"]) == ()
    e1 = mean_ap("ssn", "E1") + 1
    assert e1 < min(mean_ap("ssn"), mean_ap("ssn-k256")), "E1 may be low where the network is not"
    assert one_of(trained(study, least_score=e1), {("ssn", "E1"): 1.0, ("ssn-k256", None): -1.0}).too_low == ()


def test_a_decisive_network_below_the_bound_voids_every_comparison(study) -> None:
    pool = others(study, {"backbone": [1.0, 5.1], "ssn-wo-esp": [1.0]})
    given = trained(study, pool=pool, least_score=5.0, decisive=["backbone", "ssn-wo-shift", "ssn"])
    found = given.compare(FAMILY)
    assert [one.too_low for one in found.values()] == [("backbone",)] * 3, "it is asked though no page shows it"
    assert {one.outcome for one in found.values()} == {Outcome.NOT_COMPARED}


# What is refused


def test_detections_that_are_not_the_scored_ones_are_refused(study) -> None:
    file = study["ssn", 0].parent / "predictions" / "predictor.P4.keypoints.json"
    for spoil, message in [
        (
            lambda: file.write_text(json.dumps(of("ssn-wo-ca"))),
            r"P4\.keypoints\.json: its AP on .* but .*scores\.json says",
        ),
        (lambda: file.write_text("{}"), r"P4\.keypoints\.json: expected a JSON list of detections, got dict"),
        (file.unlink, r"P4\.keypoints\.json: cannot be read .* evaluate ssn again"),
    ]:
        spoil()
        with pytest.raises(RefusedInput, match=message):
            trained(study).compare(FAMILY)


def test_annotations_that_are_gone_are_named(study, tmp_path: Path) -> None:
    (tmp_path / "annotations.json").unlink()
    with pytest.raises(RefusedInput, match=r"annotations\.json: cannot be read .* evaluate ssn again"):
        trained(study).compare(FAMILY)


def test_scores_of_another_preset_do_not_stand_with_them(study) -> None:
    scores = [read_scores(file) for file in study.values()]
    runs = {one.run for one in scores}
    check_together("figures", scores, runs)
    with pytest.raises(RefusedInput, match=r"\$\.preset: is 'figures', but the page is for 'smoke'"):
        check_together("smoke", scores, runs)
