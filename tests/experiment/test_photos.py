"""Leeds Sports Pose from a preset to a score, by the commands: on real photos where there are any."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from mmpose_ssn.__main__ import main
from mmpose_ssn.checked_yaml import validator
from mmpose_ssn.datasets.leeds import KEYPOINTS, annotation_file
from mmpose_ssn.evaluation.scores import read_scores
from mmpose_ssn.experiment.provenance import file_digest
from mmpose_ssn.files import RefusedInput

SHOULDER, HIP = KEYPOINTS.index("left_shoulder"), KEYPOINTS.index("right_hip")


@pytest.fixture(scope="module")
def scored(few_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the smallest SSN, trained for two iterations and scored, and the scored mean pose."""
    folder = tmp_path_factory.mktemp("photos")
    config, weights = str(folder / "config.py"), str(folder / "weights.pth")
    chosen = ["--preset", "photos-smoke", "--network", "ssn", "--data-root", str(few_photos)]
    changes = ["train_cfg.max_iters=2", "train_dataloader.batch_size=2"]
    assert main(["resolve", *chosen, "--cfg-options", *changes, "--out", config]) == 0
    assert main(["train", config, "--work-dir", str(folder / "work"), "--weights", weights]) == 0
    assert main(["evaluate", config, "--weights", weights, "--out", str(folder / "scores.json")]) == 0
    assert main(["evaluate", config, "--mean-pose", "--out", str(folder / "mean-pose" / "scores.json")]) == 0
    return folder


def pck_by_loop(root: Path, results: Path, threshold: float) -> float:
    """PCK of the results on the test photos, joint by joint; each has one detection here."""
    found = {one["image_id"]: one["keypoints"] for one in json.loads(results.read_text())}
    shares = []
    for person in json.loads(annotation_file(root, "test").read_text())["annotations"]:
        true, ours = person["keypoints"], found[person["image_id"]]
        places = [(true[3 * k], true[3 * k + 1]) for k in range(14)]
        torso = math.dist(places[SHOULDER], places[HIP])
        labelled = [k for k in range(14) if true[3 * k + 2] > 0]
        if SHOULDER in labelled and HIP in labelled:
            near = [math.dist(places[k], ours[3 * k : 3 * k + 2]) < threshold * torso for k in labelled]
            shares.append(sum(near) / len(near))
    return sum(shares) / len(shares)


@pytest.mark.usefixtures("one_thread")
def test_every_predictor_is_scored_by_pck_and_by_oks(scored: Path, few_photos: Path) -> None:
    content = json.loads((scored / "scores.json").read_text())
    validator("mmpose_ssn.evaluation", "scores").validate(content)
    assert list(content["predictors"]) == ["E1", "E2", "E3", "P1", "P2", "P3", "P4"]
    assert (content["metric"], content["images"], content["instances"]) == ("PCK@0.2", 5, 5)
    assert content["provenance"]["data"] == "5 photos a split of Leeds Sports Pose, version 1.0, test"
    assert content["provenance"]["data_digest"] == file_digest(few_photos / "manifest.json")
    for name, figures in content["predictors"].items():
        results = scored / "predictions" / f"predictor.{name}.keypoints.json"
        assert len(json.loads(results.read_text())) == 5
        for threshold in (0.1, 0.2):
            expected = pck_by_loop(few_photos, results, threshold)
            assert figures[f"PCK@{threshold}"] == pytest.approx(expected), name
        assert [figures[f"PCK@0.2 {joint}"] is not None for joint in KEYPOINTS] == [True] * 14
        assert 0 <= figures["confused@0.2"] <= 1 and "AP" in figures
        assert np.mean([figures[f"PCK@0.2 {joint}"] for joint in KEYPOINTS]) == pytest.approx(figures["PCK@0.2"])
    read = read_scores(scored / "scores.json")
    assert read.metric == "PCK@0.2" and read.score == content["predictors"]["P4"]["PCK@0.2"]
    assert read.interval[0] <= read.score <= read.interval[1]


def test_mean_pose_is_scored_alike(scored: Path, few_photos: Path) -> None:
    read = read_scores(scored / "mean-pose" / "scores.json")
    results = scored / "mean-pose" / "predictions" / "predictor.mean-pose.keypoints.json"
    assert read.metric == "PCK@0.2" and read.score == pytest.approx(pck_by_loop(few_photos, results, 0.2))


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda content: content.pop("metric"), "'metric' is a required property"),
        (lambda content: content.update(metric="AUC"), "'AUC' is not one of"),
        (lambda content: content["predictors"]["P1"].pop("PCK@0.2"), "'PCK@0.2' is a required property"),
        (lambda content: content["predictors"]["P1"].pop("PCK@0.2_interval"), "'PCK@0.2_interval' is a required"),
        (lambda content: content.update(metric="AP"), "'AP_interval' is a required property"),
    ],
)
def test_scores_without_their_deciding_figure_are_refused(scored: Path, tmp_path: Path, spoil, complaint: str) -> None:
    content = json.loads((scored / "scores.json").read_text())
    spoil(content)
    (tmp_path / "scores.json").write_text(json.dumps(content))
    with pytest.raises(RefusedInput, match=rf"scores\.json: .*{complaint}.*evaluate that network again"):
        read_scores(tmp_path / "scores.json")
