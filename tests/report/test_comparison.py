"""Orderings measured from detections on disk: against pycocotools on written-out resamples, and what is refused."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmpose_ssn import paper
from mmpose_ssn.commands import compare as compare_command
from mmpose_ssn.evaluation.bootstrap import draw_images
from mmpose_ssn.report.comparison import compare
from mmpose_ssn.report.inputs import RefusedInput, read_scores
from mmpose_ssn.report.orderings import read_orderings, to_csv

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
    ("ssn", 0): detections(3.0, 1),
    ("ssn-wo-ca", 0): detections(14.0, 2),
    ("ssn-k256", 0): detections(3.2, 3),
    ("lite-k256", 0): detections(6.0, 4),
    ("lite-k256", 1): detections(7.0, 5),
    ("lite-k256-frozen", 0): detections(7.0, 6),
    ("lite-k256-frozen", 1): detections(5.0, 7),
}
RESAMPLES = 60


@pytest.fixture
def study(tmp_path: Path) -> dict[tuple[str, int], Path]:
    """Annotations, and for each network its scores.json with predictions/ beside it."""
    (tmp_path / "annotations.json").write_text(json.dumps(PEOPLE))
    files = {}
    for (variant, seed), found in NETWORKS.items():
        folder = tmp_path / variant / f"seed{seed}"
        (folder / "predictions").mkdir(parents=True)
        (folder / "predictions" / "predictor.P4.keypoints.json").write_text(json.dumps(found))
        content = {
            "variant": variant,
            "preset": "mini",
            "seed": seed,
            "final": "P4",
            "predictors": {"P4": {"AP": ap(PEOPLE, found), "AP_interval": [0, 1]}},
            "images": IMAGES,
            "instances": IMAGES,
            "resamples": RESAMPLES,
            "protocol": {"boxes": "ground truth", "flip_test": True},
            "network": {"params": 1, "macs": 1, "ops": 1},
            "provenance": {
                **dict.fromkeys(
                    ("config_digest", "commit", "checkpoint_digest", "data_digest", "machine", "torch"), "x"
                ),
                "data": "drawn",
                "iterations": 1,
                "wall_time_s": 1,
                "date": "2026-11-22",
            },
        }
        files[variant, seed] = folder / "scores.json"
        files[variant, seed].write_text(json.dumps(content))
    return files


def measure(tmp_path: Path, study, chosen=tuple(NETWORKS), **options):
    found = compare([read_scores(study[key]) for key in chosen], tmp_path / "annotations.json", "c0ffee", **options)
    return {one.ordering.id: one for one in found}


def test_differences_and_intervals_are_those_of_written_out_resamples(tmp_path: Path, study) -> None:
    measured = measure(tmp_path, study)
    for name, higher, lower in (("ssn-over-wo-ca", "ssn", "ssn-wo-ca"), ("ssn-over-k256", "ssn", "ssn-k256")):
        first, second = NETWORKS[higher, 0], NETWORKS[lower, 0]
        differences = [
            100 * (ap(*written_out(first, images)) - ap(*written_out(second, images)))
            for images in draw_images(IMAGES, RESAMPLES, seed=0)
        ]
        one = measured[name]
        assert one.difference == pytest.approx(100 * (ap(PEOPLE, first) - ap(PEOPLE, second)), abs=1e-9)
        assert one.interval == pytest.approx(tuple(np.percentile(differences, [2.5, 97.5])), abs=1e-9)
        rarer = min(sum(d <= 0 for d in differences), sum(d >= 0 for d in differences))
        assert one.p == pytest.approx(min(1, 2 * (1 + rarer) / (1 + RESAMPLES)))
    assert measured["ssn-over-wo-ca"].p < 0.05 < measured["ssn-over-k256"].p


def test_only_what_both_networks_have_is_compared(tmp_path: Path, study) -> None:
    assert list(measure(tmp_path, study)) == ["ssn-over-wo-ca", "ssn-over-k256", "lite-k256-over-frozen"]
    chosen = [("ssn", 0), ("lite-k256", 1), ("lite-k256-frozen", 0)]
    assert measure(tmp_path, study, chosen) == {}, "no two of one seed"


def test_seeds_are_compared_in_pairs(tmp_path: Path, study) -> None:
    one = measure(tmp_path, study)["lite-k256-over-frozen"]
    gaps = [ap(PEOPLE, NETWORKS["lite-k256", k]) - ap(PEOPLE, NETWORKS["lite-k256-frozen", k]) for k in (0, 1)]
    assert one.seeds == (0, 1)
    assert one.difference == pytest.approx(100 * np.mean(gaps), abs=1e-9)


def test_holm_and_the_sign_decide(tmp_path: Path, study) -> None:
    measured = measure(tmp_path, study, resamples=300)
    worst = measured["ssn-over-wo-ca"]
    assert worst.p == pytest.approx(2 / 301) and worst.p_holm == pytest.approx(3 * worst.p)
    assert (worst.outcome, measured["ssn-over-k256"].outcome) == ("higher", "undecided")
    # The other way round, and with too few resamples for Holm's smallest level.
    swapped = {"ssn": NETWORKS["ssn-wo-ca", 0], "ssn-wo-ca": NETWORKS["ssn", 0]}
    for variant, found in swapped.items():
        content = json.loads(study[variant, 0].read_text())
        content["predictors"]["P4"]["AP"] = ap(PEOPLE, found)
        study[variant, 0].write_text(json.dumps(content))
        (study[variant, 0].parent / "predictions" / "predictor.P4.keypoints.json").write_text(json.dumps(found))
    assert measure(tmp_path, study, resamples=300)["ssn-over-wo-ca"].outcome == "lower"
    assert measure(tmp_path, study, resamples=100)["ssn-over-wo-ca"].outcome == "undecided"


def run_command(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    compare_command.add_arguments(parser)
    return compare_command.run(parser.parse_args([str(argument) for argument in arguments]))


def test_command_writes_what_is_read_back(tmp_path: Path, study, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "results" / "orderings.csv"
    common = ["--preset", "mini", "--annotations", tmp_path / "annotations.json"]
    assert run_command(*common, "--scores", *study.values(), "--out", out) == 0
    read = read_orderings(out)
    fresh = measure(tmp_path, study)
    assert read.keys() == fresh.keys()
    for name, one in fresh.items():
        assert read[name].difference == pytest.approx(one.difference, abs=1e-9)
        assert (read[name].outcome, read[name].seeds, read[name].resamples) == (one.outcome, one.seeds, RESAMPLES)
        assert read[name].made["data"] == "drawn" and json.loads(read[name].made["protocol"])["flip_test"] is True
    assert "3 of 10 orderings measured" in capsys.readouterr().out

    assert run_command(*common, "--scores", study["ssn", 0], "--out", out) == 0
    assert read_orderings(out) == {}, "nothing to compare is no error"
    assert run_command("--preset", "smoke", *common[2:], "--scores", study["ssn", 0], "--out", out) == 1
    assert "$.preset: is 'mini', but the table is for 'smoke'" in capsys.readouterr().err


def test_detections_that_are_not_the_scored_ones_are_refused(tmp_path: Path, study) -> None:
    file = study["ssn", 0].parent / "predictions" / "predictor.P4.keypoints.json"
    file.write_text(json.dumps(NETWORKS["ssn-wo-ca", 0]))
    with pytest.raises(RefusedInput, match=r"predictor\.P4\.keypoints\.json: its AP on .* but .*scores\.json says"):
        measure(tmp_path, study)
    file.unlink()
    with pytest.raises(RefusedInput, match=r"cannot be read .* evaluate ssn again"):
        measure(tmp_path, study)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text.replace("p_holm", "p_adjusted"), "lacks the columns p_holm"),
        (lambda text: text.replace("ssn-over-wo-ca,", "ssn-over-all,"), "line 2: 'ssn-over-all' .* is none of the"),
        (
            lambda text: text.replace("ssn,ssn-wo-ca,", "ssn-wo-ca,ssn,"),
            r"line 2: 'ssn-over-wo-ca' \(ssn-wo-ca over ssn\)",
        ),
        (
            lambda text: text.replace(",undecided,", ",perhaps,"),
            "outcome is 'perhaps', expected higher, lower, undecided",
        ),
    ],
)
def test_files_of_another_form_are_refused(tmp_path: Path, study, spoil, message: str) -> None:
    text = to_csv(measure(tmp_path, study).values())
    (tmp_path / "orderings.csv").write_text(spoil(text))
    with pytest.raises(RefusedInput, match=message):
        read_orderings(tmp_path / "orderings.csv")
    with pytest.raises(RefusedInput, match="cannot be read"):
        read_orderings(tmp_path / "absent.csv")


def test_every_ordering_is_of_networks_that_are_trained() -> None:
    from mmpose_ssn.variants import CONTROLS

    printed = paper.table1()
    for one in paper.orderings().values():
        assert one.higher in printed
        assert (CONTROLS[one.lower] == one.higher) if one.ours else (one.lower in printed), one.id
