"""`python -m mmpose_ssn analyse` on what a real training left, and the people that it looks at."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmpose_ssn.__main__ import main
from mmpose_ssn.analysis import Probe, keypoint_gradients, keypoint_scores, predictor_heatmaps
from mmpose_ssn.analysis.held_out import evenly_spaced, held_out
from mmpose_ssn.analysis.trained_network import analyse
from mmpose_ssn.experiment.runner import build_runner
from mmpose_ssn.experiment.training import train
from mmpose_ssn.pages import figure5, figure6, figure7
from mmpose_ssn.pages.render import write
from mmpose_ssn.pages.results import Results

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def trained(smoke_config: Callable[..., Config], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training of SSN of two iterations, looked into."""
    folder = tmp_path_factory.mktemp("results") / "smoke" / "ssn" / "seed0"
    config = smoke_config("ssn", iterations=2, checkpoint_interval=2, batch_size=2)
    folder.mkdir(parents=True)
    shutil.copy(config.filename, folder / "config.py")
    train(config, folder / "training", folder / "weights.pth")
    command = ["analyse", str(folder / "config.py"), "--weights", str(folder / "weights.pth"), "--images", "3"]
    assert main([*command, "--out", str(folder / "analysis.json")]) == 0
    return folder


def test_numbers_and_arrays_are_of_the_module_before_e1(trained: Path) -> None:
    content = json.loads((trained / "analysis.json").read_text())
    assert (content["module"], content["predictors"]) == ("backbone.fsms.layer1_2", ["E1", "P4"])
    assert content["chosen_on"]["split"] == "tune" and content["split"] == "val"
    assert content["provenance"]["checkpoint_digest"].startswith("sha256:")
    names = {(line["figure"], line["name"]) for line in content["measurements"]}
    assert {("figure5", "windows-differ"), ("figure6", "share-moved"), ("figure7", "field-of-peak")} <= names
    with np.load(trained / "analysis.npz", allow_pickle=False) as arrays:
        assert sum(name.startswith("offsets start ") for name in arrays) == 13
        assert arrays["scores E1"].shape == (17, 32) and arrays["photos"].dtype == np.uint8


def test_scores_are_those_of_the_network_on_the_pipelines_own_crops(trained: Path) -> None:
    config = Config.fromfile(trained / "config.py")
    config.test_dataloader.dataset.bbox_file = None
    config.load_from, config.work_dir = str(trained / "weights.pth"), str(trained / "elsewhere")
    runner = build_runner(config)
    runner.load_or_resume()
    people = json.loads((trained / "analysis.json").read_text())["people"]
    packed = {one["data_samples"].id: one["inputs"] for one in runner.test_dataloader.dataset}
    estimator = runner.model.eval()
    batch = {"inputs": [packed[person] for person in people]}
    batch["data_samples"] = [one["data_samples"] for one in runner.test_dataloader.dataset][: len(people)]
    images = estimator.data_preprocessor(batch, False)["inputs"]
    probe = Probe(estimator, "backbone.fsms.layer1_2", predictor_heatmaps(estimator, "E1"))
    with np.load(trained / "analysis.npz", allow_pickle=False) as arrays:
        found = arrays["scores E1"]
    expected = keypoint_scores(keypoint_gradients(probe, [images], ["shifted"]))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_joints_are_where_the_crop_shows_them(trained: Path) -> None:
    config = Config.fromfile(trained / "config.py")
    people = held_out(config, "val", 2)
    dataset = config.test_dataloader.dataset
    annotated = json.loads((Path(config.data_root) / dataset.ann_file).read_text())["annotations"]
    for person, places in zip(people.people, people.places, strict=True):
        (one,) = [one for one in annotated if one["id"] == person]
        raw = np.reshape(one["keypoints"], (-1, 3))
        assert (raw[:, 2] > 0).all()
        x, y, width, height = one["bbox"]
        across = 1.25 * max(width, height * 48 / 64)  # the box, widened to the crop's shape and by a quarter
        by_hand = (raw[:, :2] - [x + width / 2, y + height / 2]) * 48 / across + [24, 32]
        np.testing.assert_allclose(places, by_hand, atol=0.6)
    on_map = people.on_map((16, 12))
    np.testing.assert_array_equal(on_map[..., 0], np.clip(np.rint(people.places[..., 0] / 4), 0, 11))


def test_people_are_evenly_spaced() -> None:
    assert evenly_spaced(10, 5) == [1, 3, 5, 7, 9]
    assert evenly_spaced(3, 8) == [0, 1, 2]
    chosen = evenly_spaced(1000, 256)
    assert len(set(chosen)) == 256 and chosen[0] == 1 and chosen[-1] == 998


def test_pages_show_what_was_measured(trained: Path, tmp_path: Path) -> None:
    results = Results("smoke", trained.parents[2])
    content = json.loads((trained / "analysis.json").read_text())
    for module, suffixes in ((figure5, ["", "-joints"]), (figure6, [""]), (figure7, ["", "-more"])):
        page = module.page(results)
        assert page.meaningless and "Figure" in page.title
        assert [picture.suffix for picture in page.pictures] == suffixes
        name = module.__name__.rpartition(".")[2]
        lines = [one for one in content["measurements"] if one["figure"] == name]
        assert len(page.records[""]) == len(lines)
        for ending in (".png", ".pdf") if module is figure6 else (".png",):
            page.pictures[-1].draw(tmp_path / f"{name}{ending}")
            assert (tmp_path / f"{name}{ending}").stat().st_size > 5000
    files = write(figure6.page(results), tmp_path / "figure6")
    assert {file.name for file in files} == {f"figure6.{ending}" for ending in ("md", "csv", "png", "pdf")}


def test_without_modules_there_is_the_field_of_a_peak_alone(smoke_config: Callable[..., Config], tmp_path) -> None:
    from mmpose.registry import MODELS

    config = smoke_config("backbone-esp")
    torch.save({"state_dict": MODELS.build(config.model).state_dict()}, tmp_path / "weights.pth")
    found = analyse(config, tmp_path / "weights.pth", 2)
    assert found.described["module"] is None and not found.arrays
    assert [one.name for one in found.measurements] == ["field-of-peak"]
    assert not math.isnan(found.measurements[0].value)


def test_what_does_not_fit_is_refused_by_name(trained: Path, tmp_path: Path, capsys) -> None:
    def refusal(*changed: str) -> str:
        command = ["analyse", str(trained / "config.py"), "--out", str(tmp_path / "analysis.json"), *changed]
        assert main(command) == 1
        return capsys.readouterr().err

    assert "expected 1 or more" in refusal("--weights", str(trained / "weights.pth"), "--images", "0")
    assert "cannot be read" in refusal("--weights", str(tmp_path / "none.pth"))
    shutil.copy(trained / "weights.pth", tmp_path / "weights.pth")
    record = json.loads((trained / "weights.json").read_text())
    (tmp_path / "weights.json").write_text(json.dumps(record | {"checkpoint_digest": "sha256:0"}))
    assert "is not the file that weights.json beside it tells of" in refusal("--weights", str(tmp_path / "weights.pth"))
    (tmp_path / "weights.json").unlink()
    torch.save({"state_dict": {}}, tmp_path / "weights.pth")
    assert "does not fit ssn" in refusal("--weights", str(tmp_path / "weights.pth"))
    assert "has no split 'none'" in refusal("--weights", str(trained / "weights.pth"), "--split", "none")
