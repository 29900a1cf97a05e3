"""A resolved config is its variant's full-size config made smaller by one rule, says everything, and survives being
written to a file.
"""

from __future__ import annotations

import functools
import random
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from mmpose_ssn.experiment.presets import Preset, load_preset, preset_names
from mmpose_ssn.experiment.resolve import digest, resolve, training_digest, write
from mmpose_ssn.variants import VARIANTS, config_file

ROOT = Path("some/data")


@functools.cache
def full(variant: str) -> Config:
    return Config.fromfile(config_file(variant), import_custom_modules=False)


@functools.cache
def resolved(preset: str, variant: str) -> Config:
    return resolve(load_preset(preset), variant, 5, ROOT)


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Nested settings as path -> value; a list without dicts is one value."""
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
        items = enumerate(value)
    else:
        return {path: list(value) if isinstance(value, tuple) else value}
    return {key: leaf for name, item in items for key, leaf in leaves(item, f"{path}.{name}".lstrip(".")).items()}


def differing(one: Config, other: Config) -> set[str]:
    a, b = leaves(one.to_dict()), leaves(other.to_dict())
    return {key for key in a.keys() | b.keys() if a.get(key, "absent") != b.get(key, "absent")}


every_training = pytest.mark.parametrize(
    ("preset", "variant"), [(preset, variant) for preset in preset_names() for variant in VARIANTS]
)
scaled_training = pytest.mark.parametrize(
    ("preset", "variant"),
    [(preset, variant) for preset in preset_names() if load_preset(preset).get("network") for variant in VARIANTS],
)


@scaled_training
def test_every_width_is_divided_by_the_same_number(preset: str, variant: str) -> None:
    network, small, large = load_preset(preset)["network"], resolved(preset, variant).model, full(variant).model
    divisor = network["width_divisor"]
    assert small.backbone.base_channels * divisor == large.backbone.base_channels
    assert small.head.channels * divisor == large.head.channels
    assert [c * divisor for c in small.head.stage_channels] == list(large.head.stage_channels)
    assert (small.neck is None) == (large.neck is None)
    if large.neck is not None:
        assert [c * divisor for c in small.neck.in_channels] == list(large.neck.in_channels)
        assert small.neck.channels * divisor == large.neck.channels
    assert ("fsm" in small.backbone) == ("fsm" in large.backbone)
    if "fsm" in large.backbone:
        assert small.backbone.fsm.shift_channels * divisor == large.backbone.fsm.shift_channels
    groups = {value for key, value in leaves(small).items() if key.endswith("norm_groups")}
    assert groups == {network["norm_groups"]}


@scaled_training
def test_crops_targets_and_decoder_share_the_presets_sizes(preset: str, variant: str) -> None:
    network, config = load_preset(preset)["network"], resolved(preset, variant)
    width, height = network["input_size"]
    codec = dict(
        type="MSRAHeatmap", input_size=[width, height], heatmap_size=[width // 4, height // 4], sigma=network["sigma"]
    )
    train, val = config.train_dataloader.dataset.dataset.pipeline, config.val_dataloader.dataset.pipeline
    crops = [step.input_size for step in train + val if step.type == "TopdownAffine"]
    targets = [step.encoder for step in train if step.type == "GenerateTarget"]
    assert crops == [[width, height]] * 2
    assert [config.codec, config.model.head.decoder, *targets] == [codec] * 3


@every_training
def test_schedule_is_the_papers_scaled_as_a_whole(preset: str, variant: str) -> None:
    config = resolved(preset, variant)
    iterations = config.train_cfg.max_iters
    assert iterations == load_preset(preset)["training"].get("iterations", 400_000)
    (scheduler,) = config.param_scheduler
    paper = [300_000, 330_000, 360_000, 390_000]
    assert scheduler.gamma == 0.5 and not scheduler.by_epoch
    assert scheduler.milestones == pytest.approx([step * iterations / 400_000 for step in paper], abs=1)
    assert config.train_cfg.val_begin > iterations, "the last weights are scored, none are selected on the way"


@every_training
def test_data_boxes_and_seed_are_the_presets(preset: str, variant: str) -> None:
    settings, config = load_preset(preset), resolved(preset, variant)
    train, val = config.train_dataloader.dataset.dataset, config.val_dataloader.dataset
    of_train, of_val = ("train", "val") if settings["data"] == "drawn" else ("train2017", "val2017")
    for dataset, split in ((train, of_train), (val, of_val)):
        assert dataset.data_root == "some/data/"
        assert dataset.ann_file == f"annotations/person_keypoints_{split}.json"
        assert dataset.data_prefix.img == f"{split}/"
    assert config.val_evaluator.ann_file == f"some/data/annotations/person_keypoints_{of_val}.json"
    detections = "detections/val.json"
    if settings["data"] == "coco":
        detections = "person_detection_results/COCO_val2017_detections_AP_H_56_person.json"
    from_detector = settings["evaluation"]["boxes"] == "detector"
    assert val.bbox_file == ("some/data/" + detections if from_detector else None)
    assert config.test_dataloader == config.val_dataloader and config.test_evaluator == config.val_evaluator
    assert config.randomness.seed == config.experiment.seed == 5


def test_paths_of_a_drawn_set_lead_to_its_files(drawn: Path) -> None:
    config = resolve(load_preset("smoke"), "ssn", 0, drawn)
    for dataset in (config.train_dataloader.dataset.dataset, config.val_dataloader.dataset):
        assert (drawn / dataset.ann_file).is_file() and any((drawn / dataset.data_prefix.img).glob("*.png"))
    assert Path(config.val_dataloader.dataset.bbox_file).is_file() and Path(config.val_evaluator.ann_file).is_file()


@pytest.mark.parametrize("preset", preset_names())
@pytest.mark.parametrize(
    ("one", "other", "switches"),
    [
        ("backbone", "backbone-esp", {"model.head.stage_channels"}),
        ("ssn", "ssn-wo-esp", {"model.head.stage_channels"}),
        ("ssn", "ssn-wo-shift", {"model.backbone.fsm.shift"}),
        ("ssn", "ssn-wo-ca", {"model.backbone.fsm.attention"}),
        ("ssn", "ssn-k256", {"model.backbone.fsm.shift_channels"}),
        ("lite-k256", "lite-k512", {"model.backbone.fsm.shift_channels"}),
    ],
)
def test_variants_differ_in_the_named_switch_alone(preset: str, one: str, other: str, switches: set[str]) -> None:
    assert differing(resolved(preset, one), resolved(preset, other)) == {"experiment.variant"} | switches


@pytest.mark.parametrize("preset", preset_names())
def test_ssn_adds_to_the_backbone_its_modules_alone(preset: str) -> None:
    added = differing(resolved(preset, "backbone-esp"), resolved(preset, "ssn")) - {"experiment.variant"}
    assert added and all(key.startswith("model.backbone.fsm.") for key in added)


def test_larger_input_changes_sizes_alone() -> None:
    changed = differing(resolved("paper", "ssn"), resolved("paper", "ssn-384x288")) - {"experiment.variant"}
    assert changed and {key.rpartition(".")[2] for key in changed} == {"input_size", "heatmap_size", "sigma"}


@pytest.mark.parametrize("preset", preset_names())
def test_seeds_differ_in_the_seed_alone(preset: str) -> None:
    other = resolve(load_preset(preset), "ssn", 6, ROOT)
    assert differing(resolved(preset, "ssn"), other) == {"experiment.seed", "randomness.seed"}


@every_training
def test_written_file_reads_back_as_the_same_config(preset: str, variant: str, tmp_path: Path) -> None:
    config = resolved(preset, variant)
    write(config, tmp_path / "config.py")
    read = Config.fromfile(tmp_path / "config.py", import_custom_modules=False)
    assert read.to_dict() == config.to_dict()
    assert digest(read) == digest(config)


def shuffled(value: Any, generator: random.Random) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(value[key], generator) for key in generator.sample(list(value), len(value))}
    return [shuffled(item, generator) for item in value] if isinstance(value, list) else value


def test_digest_ignores_the_order_of_keys() -> None:
    config = resolved("smoke", "ssn").to_dict()
    other = shuffled(config, random.Random(0))
    assert list(other) != list(config)
    assert digest(Config(other)) == digest(Config(config))


CHANGES_OF_THE_TRAINING = pytest.mark.parametrize(
    "change",
    [
        {"optim_wrapper.optimizer.lr": 1e-4},
        {"randomness.seed": 6},
        {"train_dataloader.batch_size": 7},
        {"model.backbone.fsm.attention": None},
        {"train_dataloader.dataset.dataset.pipeline.2.prob": 0.0},
    ],
    ids=lambda change: next(iter(change)),
)


@CHANGES_OF_THE_TRAINING
@pytest.mark.parametrize("digest", [digest, training_digest])
def test_both_digests_change_with_a_setting_of_the_training(change: dict[str, Any], digest) -> None:
    config = Config(resolved("smoke", "ssn").to_dict())
    config.merge_from_dict(change)
    assert digest(config) != digest(resolved("smoke", "ssn"))


@pytest.mark.parametrize(
    ("settings", "root"),
    [
        ({"evaluation": {"boxes": "ground truth", "batch_size": 3, "resamples": 7}}, ROOT),
        ({"drawn": {**load_preset("smoke")["drawn"], "val": 77, "tune": 33}}, ROOT),
        ({"title": "another title"}, ROOT),
        ({}, Path("/elsewhere")),
    ],
    ids=["evaluation", "validation images", "title", "folder of the data"],
)
def test_training_digest_leaves_out_what_shapes_no_weight(settings: dict[str, Any], root: Path) -> None:
    smoke = load_preset("smoke")
    config = resolve(Preset("smoke", {**smoke.settings, **settings}), "ssn", 5, root)
    assert training_digest(config) == training_digest(resolved("smoke", "ssn"))


@pytest.mark.parametrize("change", [{"train": 49}, {"seed": 1}, {"image_size": [96, 128]}], ids=str)
def test_training_digest_names_the_drawn_training_images(change: dict[str, Any]) -> None:
    smoke = load_preset("smoke")
    config = resolve(Preset("smoke", {**smoke.settings, "drawn": {**smoke["drawn"], **change}}), "ssn", 5, ROOT)
    assert training_digest(config) != training_digest(resolved("smoke", "ssn"))


def test_digests_of_all_trainings_differ() -> None:
    digests = [training_digest(resolved(preset, variant)) for preset in preset_names() for variant in VARIANTS]
    assert len(set(digests)) == len(digests)


def test_unknown_variant_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match=r"unknown variant 'ssn-k999', expected one of: backbone, .*, ssn-384x288"):
        resolve(load_preset("smoke"), "ssn-k999", 0, ROOT)
