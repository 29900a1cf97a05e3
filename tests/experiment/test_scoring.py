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

from mmpose_ssn.__main__ import main
from mmpose_ssn.evaluation.bootstrap import KeypointMatches
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
    """Stand in for the network: it detects every person as annotated, and the pipeline reports the given AP."""

    def report(reported: float) -> None:
        def from_cfg(config: Config) -> SimpleNamespace:
            def test() -> dict[str, float]:
                people = json.loads(Path(config.test_evaluator.ann_file).read_text())["annotations"]
                keys = ("image_id", "category_id", "keypoints")
                found = [{**{key: person[key] for key in keys}, "score": 1.0} for person in people]
                Path(f"{config.test_evaluator.outfile_prefix}.P.keypoints.json").write_text(json.dumps(found))
                return {"P/AP": reported}

            head = SimpleNamespace(selected=lambda test_cfg: ("P",))
            return SimpleNamespace(test=test, model=SimpleNamespace(head=head))

        monkeypatch.setattr(Runner, "from_cfg", from_cfg)

    return report


def test_perfect_detections_score_one(pipeline, smoke_config, weights: Path, tmp_path: Path) -> None:
    pipeline(1.0)
    content = score(smoke_config(), weights, tmp_path / "scores.json")
    assert content == json.loads((tmp_path / "scores.json").read_text())
    assert content["predictors"]["P"]["AP"] == pytest.approx(1.0)
    assert content["predictors"]["P"]["AP_interval"] == pytest.approx([1.0, 1.0])
    assert content["images"] == 6
    assert {key: content["provenance"][key] for key in MADE} == MADE


@pytest.mark.parametrize("reported", [1.0 - 1e-4, 0.5, -1.0])
def test_pipeline_that_disagrees_with_pycocotools_is_refused(
    pipeline, smoke_config, weights: Path, tmp_path: Path, reported: float
) -> None:
    pipeline(reported)
    with pytest.raises(RuntimeError, match=r"P: the pipeline's AP .* differs from pycocotools' "):
        score(smoke_config(), weights, tmp_path / "scores.json")
    assert not (tmp_path / "scores.json").exists()


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
    schema = resources.files("mmpose_ssn.report").joinpath("scores.schema.yaml").read_text()
    jsonschema.validate(content, yaml.safe_load(schema))
    assert list(content["predictors"]) == ["E1", "E2", "E3", "P1", "P2", "P3", "P4"] and content["final"] == "P4"
    annotations = drawn / "annotations" / "person_keypoints_val.json"
    for name, figures in content["predictors"].items():
        matches = KeypointMatches.from_files(annotations, tmp_path / "predictions" / f"predictor.{name}.keypoints.json")
        assert {key: figures[key] for key in matches.figures} == matches.figures
    assert content["provenance"]["data_digest"] == provenance.file_digest(drawn / "manifest.json")
    assert content["provenance"]["checkpoint_digest"] == provenance.file_digest(Path(weights))
