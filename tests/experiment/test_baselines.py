"""MMPose's networks are trained and tested as SSN is: by the common recipe or their own, and as MMPose would do it."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.hub import get_config

from mmpose_ssn.evaluation.protocol import Protocol
from mmpose_ssn.experiment import training
from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.experiment.resolved_config import digest, resolve, write
from mmpose_ssn.experiment.runner import build_runner
from mmpose_ssn.experiment.scoring import score
from mmpose_ssn.networks import config_file, of_groups

SMALL = ["simplebaseline-r50", "hrnet-w32", "vipnas-mbv3", "vipnas-r50", "litehrnet-18", "ipr-r50"]
ROOT = Path("some/data")
Differing = Callable[[Config, Config], set[str]]
ITERATIONS = 8


@functools.cache
def full(name: str) -> Config:
    return Config.fromfile(config_file(name), import_custom_modules=False)


@pytest.mark.parametrize("name", of_groups("baseline"))
def test_full_size_config_is_mmposes_network_under_the_papers_recipe(name: str, differing: Differing) -> None:
    config, ssn = full(name), full("ssn")
    assert config.model == get_config(config.origin).model
    of_the_network = ("model.", "codec.", "origin", "small.", "levels.")
    of_the_crop = ("input_size", "heatmap_size", "sigma", "use_udp", "multilevel")
    for key in differing(config, ssn):
        assert key.startswith(of_the_network) or "encoder" in key or key.endswith(of_the_crop), key


@pytest.mark.parametrize("name", of_groups("baseline"))
def test_crops_and_targets_are_those_that_the_head_decodes(name: str) -> None:
    config = full(name)
    train, val = config.train_dataloader.dataset.pipeline, config.val_dataloader.dataset.pipeline
    decoder = config.model.head.decoder
    crops = [step.input_size for step in (*train, *val) if step.type == "TopdownAffine"]
    (encoder,) = (step.encoder for step in train if step.type == "GenerateTarget")
    assert crops == [decoder.input_size] * 2 and config.codec == decoder
    assert (encoder[-1] if isinstance(encoder, list) else encoder) == decoder


@pytest.mark.parametrize("preset", ["figures", "smoke"])
@pytest.mark.parametrize("name", SMALL)
def test_small_baseline_differs_from_ssn_in_its_network_alone(preset: str, name: str, differing: Differing) -> None:
    settings = load_preset(preset)
    config, ssn = (resolve(settings, network, 3, ROOT) for network in (name, "ssn"))
    size = {"figures": [96, 128], "smoke": [64, 64]}[preset]  # smoke's 48x64, in multiples of 32
    keys = {key for key in differing(config, ssn) if not key.startswith("model.")}
    layout = f"custom_hooks.{len(ssn.custom_hooks) - 1}.type"
    assert config.custom_hooks[-1].type == "ChannelsLastHook" and layout in keys
    assert keys - {"origin", "experiment.network", layout} == {
        key for key in keys if "codec." in key or "encoder." in key or key.endswith(".input_size")
    }
    decoder = config.model.head.decoder
    assert [decoder.input_size, decoder.heatmap_size] == [size, [side // 4 for side in size]]
    assert "init_cfg" not in config.model and "init_cfg" not in config.model.backbone
    expected = Protocol.from_settings(settings["protocol"])
    found = Protocol.of(config)
    assert found.boxes == expected.boxes and found.rescoring == expected.rescoring
    assert found.decoder == ("IntegralRegressionLabel" if name == "ipr-r50" else expected.decoder)


def test_own_recipe_is_mmposes_in_proportion(differing: Differing) -> None:
    figures = load_preset("figures")
    common, own = (resolve(figures, "litehrnet-18", 3, ROOT, recipe=recipe) for recipe in ("common", "own"))
    assert own.experiment.recipe == "own" and digest(own) != digest(common)
    assert own.model == common.model
    warm_up, steps = own.param_scheduler
    # 500 of the 210 * 149813 / 512 iterations, and the epochs 170 and 200 of 210
    assert (warm_up.type, warm_up.begin, warm_up.end, warm_up.by_epoch) == ("LinearLR", 0, 15, False)
    assert (steps.milestones, steps.end, steps.gamma, steps.by_epoch) == ([1457, 1714], 1800, 0.1, False)
    assert own.optim_wrapper.to_dict() == {"type": "OptimWrapper", "optimizer": {"type": "Adam", "lr": 5e-4}}
    augmentation = {step.type: step for step in own.train_dataloader.dataset.pipeline}
    assert "RandomHalfBody" in augmentation and augmentation["LoadImageOnce"]
    assert augmentation["RandomBBoxTransform"] == dict(
        type="RandomBBoxTransform", rotate_factor=60, scale_factor=[0.75, 1.25]
    )
    assert augmentation["TopdownAffine"].input_size == own.codec.input_size
    assert augmentation["GenerateTarget"].encoder == own.codec
    changed = {key.split(".")[0] for key in differing(own, common)}
    assert changed == {"experiment", "optim_wrapper", "param_scheduler", "custom_hooks", "train_dataloader"}


@pytest.mark.parametrize(
    ("preset", "name", "recipe", "said"),
    [
        ("figures", "hourglass52", "common", "hourglass52 has no small form: say in configs/baselines/hourglass52.py"),
        ("figures", "ssn", "own", "ssn has no recipe but the common one"),
        ("figures", "hrnet-w32", "mine", "unknown recipe 'mine', expected common or own"),
        ("paper", "hrnet-w32", "own", "full size, where a baseline's own recipe is MMPose's config itself"),
    ],
)
def test_what_there_is_not_is_refused_with_a_reason(preset: str, name: str, recipe: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        resolve(load_preset(preset), name, 0, ROOT, recipe=recipe)


def test_full_size_baseline_takes_imagenet_weights_of_its_own_or_none() -> None:
    paper = load_preset("paper")
    for trunk in (None, "here/resnet50_gn.pth"):  # a file for SSN's trunk, with other layers
        init = resolve(paper, "simplebaseline-r50", 0, ROOT, trunk=trunk).model.backbone.init_cfg
        assert init == dict(type="Pretrained", checkpoint="torchvision://resnet50")
    scratch = resolve(paper, "simplebaseline-r50", 0, ROOT, trunk="scratch").model
    assert "init_cfg" not in scratch and "init_cfg" not in scratch.backbone


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("name", "recipe"), [*((name, "common") for name in SMALL), ("hrnet-w32", "own"), ("ipr-r50", "own")]
)
def test_small_baseline_trains_and_is_scored(name: str, recipe: Any, drawn: Path, tmp_path: Path) -> None:
    config = resolve(load_preset("smoke"), name, 0, drawn, recipe=recipe)
    config.train_cfg.update(max_iters=2, val_begin=3)
    config.work_dir = str(tmp_path / "work")
    write(config, tmp_path / "config.py")
    runner = build_runner(Config.fromfile(tmp_path / "config.py"))
    before = {key: value.clone() for key, value in runner.model.named_parameters() if value.requires_grad}
    runner.train()
    still = [key for key, value in runner.model.named_parameters() if key in before and torch.equal(value, before[key])]
    # all but biases that a softmax takes out again
    assert len(still) < 0.1 * len(before) and all(value.isfinite().all() for value in runner.model.parameters())
    assert 0 <= runner.test()["final/AP"] <= 1


@pytest.mark.usefixtures("one_thread")
def test_mim_trains_and_tests_simplebaseline_as_the_commands_do(site: Path, drawn: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()

    def mim(*command: str) -> None:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "mim", *command],
            cwd=away,
            env={**os.environ, "PYTHONPATH": str(site), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    config = resolve(load_preset("smoke"), "simplebaseline-r50", 3, drawn)
    config.train_cfg.update(max_iters=ITERATIONS, val_begin=ITERATIONS + 1)
    config.default_hooks.logger.interval = 1
    config.test_evaluator.soft_nms = config.val_evaluator.soft_nms = None  # MMPose's own metric has none
    write(config, away / "config.py")
    mim("train", "mmpose", "config.py", "--work-dir", "work", "--launcher", "none")
    checkpoint = away / "work" / f"iter_{ITERATIONS}.pth"
    config.test_evaluator = dict(type="CocoMetric", ann_file=config.test_evaluator.ann_file)
    write(config, away / "with_cocometric.py")
    mim(
        "test",
        "mmpose",
        "with_cocometric.py",
        "--checkpoint",
        str(checkpoint),
        "--work-dir",
        "test",
        "--out",
        "ap.json",
    )

    weights, work = tmp_path / "own" / "weights.pth", tmp_path / "work"
    training.train(Config.fromfile(away / "config.py"), work, weights)
    theirs, ours = (torch.load(file, weights_only=True)["state_dict"] for file in (checkpoint, weights))
    assert theirs.keys() == ours.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []
    curves = [losses(folder) for folder in (away / "work", work)]
    assert curves[0] == curves[1] and len(curves[0]) == ITERATIONS

    figures = json.loads((away / "ap.json").read_text())
    content = score(Config.fromfile(away / "config.py"), weights, tmp_path / "own" / "scores.json")
    assert content["predictors"].keys() == {"final"} and content["final"] == "final"
    assert content["predictors"]["final"]["AP"] == pytest.approx(figures["coco/AP"], abs=1e-6)


def losses(folder: Path) -> list[float]:
    (file,) = folder.rglob("vis_data/scalars.json")
    return [entry["loss"] for entry in map(json.loads, file.read_text().splitlines()) if "loss" in entry]
