"""A score is what pycocotools says of the detections on disk, or no score at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
import torch
import yaml
from mmengine.config import Config
from mmengine.runner import Runner
from pycocotools.coco import COCO

from mmpose_ssn.__main__ import main
from mmpose_ssn.evaluation import bootstrap
from mmpose_ssn.evaluation.bootstrap import KeypointAnnotations, KeypointMatches
from mmpose_ssn.experiment import provenance
from mmpose_ssn.experiment.scoring import score

MADE = {
    "config_digest": "sha256:" + 64 * "a",
    "commit": "0" * 12,
    "checkpoint_digest": "sha256:" + 64 * "b",
    "machine": "some machine",
    "torch": torch.__version__,
    "iterations": 4,
    "wall_time_s": 1.0,
}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    file = tmp_path / "weights.pth"
    file.with_suffix(".json").write_text(json.dumps(MADE))
    return file


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Stand in for the network: two predictors detect every person as annotated, and the pipeline reports the given
    AP for both.
    """

    def report(reported: float) -> None:
        def from_cfg(config: Config) -> SimpleNamespace:
            def test() -> dict[str, float]:
                people = json.loads(Path(config.test_evaluator.ann_file).read_text())["annotations"]
                keys = ("image_id", "category_id", "keypoints")
                found = [{**{key: person[key] for key in keys}, "score": 1.0} for person in people]
                for name in ("E", "P"):
                    file = Path(f"{config.test_evaluator.outfile_prefix}.{name}.keypoints.json")
                    file.write_text(json.dumps(found))
                return {"E/AP": reported, "P/AP": reported}

            head = SimpleNamespace(selected=lambda test_cfg: ("E", "P"))
            return SimpleNamespace(test=test, model=SimpleNamespace(head=head))

        monkeypatch.setattr(Runner, "from_cfg", from_cfg)

    return report


def test_perfect_detections_score_one(pipeline, smoke_config, weights: Path, tmp_path: Path) -> None:
    pipeline(1.0)
    content = score(smoke_config(), weights, tmp_path / "scores.json")
    assert content == json.loads((tmp_path / "scores.json").read_text())
    for figures in content["predictors"].values():
        assert figures["AP"] == pytest.approx(1.0) and figures["AP_interval"] == pytest.approx([1.0, 1.0])
    assert list(content["predictors"]) == ["E", "P"] and content["final"] == "P"
    assert content["images"] == 6
    assert {key: content["provenance"][key] for key in MADE} == MADE


@pytest.mark.parametrize("reported", [1.0 - 1e-4, 0.5, -1.0])
def test_pipeline_that_disagrees_with_pycocotools_is_refused(
    pipeline, smoke_config, weights: Path, tmp_path: Path, reported: float
) -> None:
    pipeline(reported)
    with pytest.raises(
        RuntimeError, match=r"predictor\.E\.keypoints\.json: the pipeline's AP .* differs from pycocotools' "
    ):
        score(smoke_config(), weights, tmp_path / "scores.json")
    assert not (tmp_path / "scores.json").exists()


def test_annotations_are_read_once_for_all_predictors(
    pipeline, smoke_config, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    monkeypatch.setattr(bootstrap, "COCO", lambda file: read.append(file) or COCO(file))
    pipeline(1.0)
    config = smoke_config()
    score(config, weights, tmp_path / "scores.json")
    assert read == [config.test_evaluator.ann_file]


def test_old_scores_are_never_half_overwritten(
    pipeline, smoke_config, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline(1.0)
    config, out = smoke_config(), tmp_path / "scores.json"
    out.write_text("old")

    def fail(self: Path, target: Path) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", fail)  # the last step
    with pytest.raises(OSError, match="no space left"):
        score(config, weights, out)
    assert out.read_text() == "old"


@pytest.mark.usefixtures("one_thread")
def test_trained_network_is_scored_by_the_commands(
    smoke_config, drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = smoke_config("ssn", iterations=2, checkpoint_interval=2)
    weights, out = str(tmp_path / "weights.pth"), tmp_path / "scores.json"
    assert main(["train", config.filename, "--work-dir", str(tmp_path / "work"), "--weights", weights]) == 0
    assert main(["evaluate", config.filename, "--weights", weights, "--out", str(out)]) == 0
    assert "smoke/ssn seed 0: AP E1 " in capsys.readouterr().err

    content = json.loads(out.read_text())
    schema = resources.files("mmpose_ssn.evaluation").joinpath("scores.schema.yaml").read_text()
    jsonschema.validate(content, yaml.safe_load(schema))
    assert list(content["predictors"]) == ["E1", "E2", "E3", "P1", "P2", "P3", "P4"] and content["final"] == "P4"
    assert (content["network"], content["recipe"], content["seed"]) == ("ssn", "common", 0)
    assert content["annotations"] == config.test_evaluator.ann_file
    assert list(content["cost"]["up_to"]) == list(content["predictors"])
    assert content["cost"]["up_to"]["P4"] == content["cost"]["deployed"] != content["cost"]["whole"]
    annotations = KeypointAnnotations.from_file(drawn / "annotations" / "person_keypoints_val.json")
    for name, figures in content["predictors"].items():
        found = tmp_path / "predictions" / f"predictor.{name}.keypoints.json"
        matches = KeypointMatches.from_results(annotations, found)
        assert {key: figures[key] for key in matches.figures} == matches.figures
    assert content["provenance"]["data_digest"] == provenance.file_digest(drawn / "manifest.json")
    assert content["provenance"]["checkpoint_digest"] == provenance.file_digest(Path(weights))
