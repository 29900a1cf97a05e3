"""What a page says first: that a run of the machinery means nothing, and that AP on drawn figures is no COCO number."""

from __future__ import annotations

import importlib
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from mmpose_ssn.commands.page import PAGES
from mmpose_ssn.experiment import presets
from mmpose_ssn.networks import configs_folder
from mmpose_ssn.pages.render import to_markdown

PREDICTORS = ("E1", "E2", "E3", "P1", "P2", "P3", "P4")
TRIALS = {"networks": ["ssn"], "rates": [0.004]}
COUNTS = {"params": 100, "macs": 1000, "ops": 2000}
MADE = {"commit": "c0ffee", "machine": "a machine"}

# Whatever the preset, Table 3 has nothing but printed figures, costs, and what COCO's server says of the preset paper.
# Joints are of what PCK scores, Figures 5 to 7 of what was learned: they have tests of their own.
OF_ITS_PRESET = [name for name in PAGES if name not in ("table3", "joints") and not name.startswith("figure")]
# Of these, pages without AP: times, accuracy on a task of its own, and accuracy on training crops.
WITHOUT_AP = ("speed", "dependency", "curves")


def write(file: Path, **columns: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame([columns]).to_csv(file, index=False)


@pytest.fixture
def results(request, made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Files from which every page of a preset can be made: one network, and of all else one line."""
    preset, root = request.param, made.path
    shutil.copytree(configs_folder() / "presets", tmp_path / "configs" / "presets")
    file = tmp_path / "configs" / "presets" / f"{preset}.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"trials": TRIALS}))
    monkeypatch.setattr(presets, "configs_folder", lambda: tmp_path / "configs")

    protocol = {"boxes": "ground truth", "decoder": "quarter offset"}
    found = {name: made.found(12.0 - 1.5 * number, number) for number, name in enumerate(PREDICTORS)}
    for run in ("ssn", "ssn-wo-ca"):
        scores = made.train(run, found, preset=preset, protocol=protocol)
        log = scores.parent / "training" / "0" / "0" / "vis_data" / "scalars.json"
        log.parent.mkdir(parents=True)
        log.write_text(json.dumps({"loss": 0.5, "acc_pose": 0.5, "step": 50}) + "\n")
    tried = root / preset / "trials" / "ssn" / "rate0.004" / "scores.json"
    tried.parent.mkdir(parents=True)
    content = json.loads(scores.read_text()) | {"network": "ssn"}
    content["provenance"]["data"] = made.DATA.replace("val", "tune")
    tried.write_text(json.dumps(content))

    write(root / "cost-claims.csv", id="modules", counted=13, relation="equal to", bound="13", holds=True, how="built")
    published = {f"published_{name}": "" for name in ("params_m", "flops_g", "ap")}
    cost = {**COUNTS, "mmpose_flops": 2000, "policy": "all", **published}
    write(root / "compared-costs.csv", network="hrnet-w32", input_size="256x192", **cost)
    timed = {"network": "ssn", "threads": 1, "wall_ms": 10, "peak_mb": 1, **MADE}
    write(root / "latency.csv", **timed, preset="full size")
    write(root / preset / "latency.csv", **timed, preset=preset)
    settings = dict(boxes="detector", soft_nms="off", flip_test=True, decoder="argmax", rescoring="box", oks_nms=0.9)
    tested = dict(name="all", predictor="P4", ap=40, ap_low=38, ap_high=42, forward_pass=1, data=made.DATA)
    of = dict(network="ssn", seed=0, preset=preset, checkpoint_digest="sha256:w0", commit="c0ffee")
    write(root / "protocols.csv", **settings, **tested, **of)
    cell = dict(kind="fsm", shift_channels=64, offset_std=4.0, distance=2, seed=0, iterations=7, title="FSM")
    cell |= dict(limit=None, accuracy=0.5, nearest_before=1, nearest_after=1, mass_before=0, mass_after=0)
    cell |= dict(params=1, params_ratio=1, macs=1, macs_ratio=1, planned=1, **MADE)
    for form in ("dependency", "dependency-smoke"):
        write(root / f"{form}.csv", **cell)
        write(root / f"{form}-offsets.csv", kind="fsm")
    return made.of(preset)


def notices(results, name: str) -> tuple[str, str]:
    """The block of notices of a page, and all of its text."""
    text = to_markdown(importlib.import_module(f"mmpose_ssn.pages.{PAGES[name]}").page(results), name)
    title, block, *_ = text.split("\n\n")
    assert title.startswith("# ")
    return block, text


@pytest.mark.parametrize("name", OF_ITS_PRESET)
@pytest.mark.parametrize("results", ["smoke"], indirect=True)
def test_every_page_of_a_run_of_the_machinery_says_that_it_means_nothing(results, name: str) -> None:
    block, _ = notices(results, name)
    assert block.startswith("> [!WARNING]\n") and "numbers are meaningless: this was a run of the machinery" in block


@pytest.mark.parametrize("name", OF_ITS_PRESET)
@pytest.mark.parametrize("results", ["figures"], indirect=True)
def test_no_other_page_says_so_and_every_ap_on_drawn_figures_is_said_to_be_on_no_coco(results, name: str) -> None:
    block, text = notices(results, name)
    assert "[!WARNING]" not in text and "meaningless" not in text
    if name not in WITHOUT_AP:
        data = f"drawn figures, version 1.0, {'tune' if name == 'trials' else 'val'}"
        assert block.startswith("> [!IMPORTANT]\n")
        said = f"The measured AP is on {data}, not on COCO val2017: it neither reproduces nor refutes a printed AP."
        assert said in block
    else:
        assert "measured AP" not in text
