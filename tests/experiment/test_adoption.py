"""A checkpoint from elsewhere is scored as a training's own weights are, or refused by what does not fit."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import torch
import yaml
from mmengine.config import Config

from mmpose_ssn.__main__ import main

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def trained(smoke_config, tmp_path_factory: pytest.TempPathFactory) -> tuple[Config, Path, dict]:
    """A network's config, its weights, and their scores."""
    folder = tmp_path_factory.mktemp("trained")
    config = smoke_config("lite-k256", iterations=2, checkpoint_interval=2)
    weights, out = folder / "weights.pth", folder / "scores.json"
    assert main(["train", config.filename, "--work-dir", str(folder / "work"), "--weights", str(weights)]) == 0
    assert main(["evaluate", config.filename, "--weights", str(weights), "--out", str(out)]) == 0
    return config, weights, json.loads(out.read_text())


def bare(state: dict) -> dict:
    return state


def with_meta(state: dict) -> dict:
    return {"state_dict": state, "meta": {"iter": 1234}}


def data_parallel(state: dict) -> dict:
    return {"state_dict": {f"module.{name}": value for name, value in state.items()}}


@pytest.mark.parametrize(("form", "iterations"), [(bare, None), (with_meta, 1234), (data_parallel, None)])
def test_every_form_of_a_checkpoint_scores_as_the_weights_do(trained, tmp_path: Path, form, iterations) -> None:
    config, weights, scores = trained
    state = torch.load(weights, weights_only=True)["state_dict"]
    theirs, ours, out = tmp_path / "theirs.pth", tmp_path / "ours" / "weights.pth", tmp_path / "ours" / "scores.json"
    torch.save(form(state), theirs)
    assert main(["adopt", config.filename, "--checkpoint", str(theirs), "--weights", str(ours)]) == 0
    assert main(["evaluate", config.filename, "--weights", str(ours), "--out", str(out)]) == 0

    content = json.loads(out.read_text())
    assert content["predictors"] == scores["predictors"]
    schema = resources.files("mmpose_ssn.evaluation").joinpath("scores.schema.yaml").read_text()
    jsonschema.validate(content, yaml.safe_load(schema), cls=jsonschema.Draft202012Validator)
    made = content["provenance"]
    assert (made["external"], made["iterations"], made["wall_time_s"]) == ("theirs.pth", iterations, None)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda state: state.pop(next(name for name in state if name.endswith("conv1.weight"))), "Missing key"),
        (lambda state: state.update(stranger=torch.zeros(1)), "Unexpected key.*stranger"),
        (lambda state: state.update({k: torch.zeros(3) for k in list(state)[:1]}), "size mismatch"),
    ],
)
def test_checkpoint_that_does_not_fill_the_network_is_refused(trained, tmp_path: Path, change, named: str) -> None:
    config, weights, _ = trained
    state = dict(torch.load(weights, weights_only=True)["state_dict"])
    change(state)
    torch.save(state, tmp_path / "theirs.pth")
    with pytest.raises(ValueError, match=rf"(?s)theirs\.pth does not fit the config of lite-k256.*{named}"):
        main(["adopt", config.filename, "--checkpoint", str(tmp_path / "theirs.pth"), "--weights", str(tmp_path / "w")])
    assert not (tmp_path / "w").exists()
