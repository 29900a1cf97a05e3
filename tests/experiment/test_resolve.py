"""A resolved config is its network's full-size config made smaller by one rule, says everything, and survives being
written to a file.
"""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from mmpose_ssn.experiment.presets import Preset, load_preset, preset_names
from mmpose_ssn.experiment.resolved_config import digest, resolve, training_digest, write
from mmpose_ssn.networks import config_file, of_groups

ROOT = Path("some/data")
PAPERS = of_groups("paper")
Leaves = Callable[[Config], dict[str, Any]]
Differing = Callable[[Config, Config], set[str]]


@functools.cache
def full(network: str) -> Config:
    return Config.fromfile(config_file(network), import_custom_modules=False)


@functools.cache
def resolved(preset: str, network: str) -> Config:
    return resolve(load_preset(preset), network, 5, ROOT)


every_training = pytest.mark.parametrize(
    ("preset", "network"), [(preset, network) for preset in preset_names() for network in PAPERS]
)
scaled_training = pytest.mark.parametrize(
    ("preset", "network"),
    [(preset, network) for preset in preset_names() if load_preset(preset).get("network") for network in PAPERS],
)


def width_divisor(preset: str, network: str) -> int:
    scale = load_preset(preset).get("network", {"width_divisor": 1})
    return scale.get("lite_width_divisor" if network.startswith("lite") else "width_divisor", scale["width_divisor"])


@scaled_training
def test_every_width_is_divided_by_the_same_number(preset: str, network: str, leaves: Leaves) -> None:
    scale, small, large = load_preset(preset)["network"], resolved(preset, network).model, full(network).model
    divisor = width_divisor(preset, network)
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
    assert groups == {scale["norm_groups"]}


@scaled_training
def test_crops_targets_and_decoder_share_the_presets_sizes(preset: str, network: str) -> None:
    scale, config = load_preset(preset)["network"], resolved(preset, network)
    width, height = scale["input_size"]
    codec = dict(
        type="MSRAHeatmap", input_size=[width, height], heatmap_size=[width // 4, height // 4], sigma=scale["sigma"]
    )
    train, val = config.train_dataloader.dataset.pipeline, config.val_dataloader.dataset.pipeline
    crops = [step.input_size for step in train + val if step.type == "TopdownAffine"]
    targets = [step.encoder for step in train if step.type == "GenerateTarget"]
    assert crops == [[width, height]] * 2
    assert [config.codec, config.model.head.decoder, *targets] == [codec] * 3


@every_training
def test_schedule_is_the_papers_scaled_as_a_whole(preset: str, network: str) -> None:
    config, whole = resolved(preset, network), full(network)
    iterations = config.train_cfg.max_iters
    assert iterations == load_preset(preset)["training"].get("iterations", 400_000)

    def share(steps: int) -> int:
        return max(1, round(steps * iterations / 400_000))

    main, offsets = config.param_scheduler
    assert (main.type, main.group, main.by_epoch, main.gamma) == ("GroupMultiStepLR", "main", False, 0.5)
    assert main.milestones == [share(300_000), share(330_000), share(360_000), share(390_000)]
    assert (offsets.type, offsets.group, offsets.gamma) == ("GroupStepLR", "offsets", 0.9)
    insertion, record = hook(config, "DelayedInsertionHook"), hook(config, "OffsetRecordHook")
    assert insertion.iterations == share(6000) and record.snapshot_interval == share(10_000)
    if iterations == 400_000:
        assert offsets == whole.param_scheduler[1] and offsets.by_epoch and offsets.step_size == 1
        assert insertion == hook(whole, "DelayedInsertionHook")
    else:  # an epoch of the paper in proportion, and all iterations before the insertion in its report
        assert offsets == dict(type="GroupStepLR", group="offsets", by_epoch=False, step_size=share(9375), gamma=0.9)
        assert insertion.window == share(6000)
    assert config.train_cfg.val_begin > iterations, "the last weights are scored, none are selected on the way"


def hook(config: Config, kind: str) -> dict[str, Any]:
    (found,) = (hook for hook in config.custom_hooks if hook.type == kind)
    return found


@pytest.mark.parametrize("iterations", [40_000, 4_000])
def test_schedule_of_a_tenth_and_a_hundredth_keeps_every_share(iterations: int) -> None:
    smoke = load_preset("smoke")
    preset = Preset("smoke", {**smoke.settings, "training": {**smoke["training"], "iterations": iterations}})
    config, factor = resolve(preset, "ssn", 0, ROOT), iterations / 400_000
    assert config.param_scheduler[0].milestones == [factor * n for n in (300_000, 330_000, 360_000, 390_000)]
    assert config.param_scheduler[1].step_size == pytest.approx(factor * 9375, abs=1)
    assert hook(config, "DelayedInsertionHook").iterations == factor * 6000
    assert hook(config, "OffsetRecordHook").snapshot_interval == factor * 10_000


@every_training
def test_augmentation_is_the_papers(preset: str, network: str) -> None:
    config = resolved(preset, network)
    steps = {step.type: step for step in config.train_dataloader.dataset.pipeline}
    assert steps["RandomFlip"] == dict(type="RandomFlip", direction="horizontal", prob=0.5)
    assert steps["RandomBBoxTransform"] == dict(
        type="RandomBBoxTransform",
        rotate_factor=30.0,
        rotate_prob=1.0,
        scale_factor=[0.75, 1.25],
        scale_prob=1.0,
        shift_factor=0.05,
        shift_prob=1.0,
    )
    assert not {"RandomFlip", "RandomBBoxTransform"} & {step.type for step in config.val_dataloader.dataset.pipeline}


@every_training
def test_data_boxes_and_seed_are_the_presets(preset: str, network: str) -> None:
    settings, config = load_preset(preset), resolved(preset, network)
    train, val = config.train_dataloader.dataset, config.val_dataloader.dataset
    of_train, of_val = {"drawn": ("train", "val"), "coco": ("train2017", "val2017"), "leeds": ("train", "test")}[
        settings["data"]
    ]
    for dataset, split in ((train, of_train), (val, of_val)):
        assert dataset.data_root == "some/data/"
        assert dataset.ann_file == f"annotations/person_keypoints_{split}.json"
        assert dataset.data_prefix.img == ("" if settings["data"] == "leeds" else f"{split}/")
    assert config.val_evaluator.ann_file == f"some/data/annotations/person_keypoints_{of_val}.json"
    detections = "detections/val.json"
    if settings["data"] == "coco":
        detections = "person_detection_results/COCO_val2017_detections_AP_H_56_person.json"
    from_detector = settings["protocol"]["boxes"] == "detector"
    assert val.bbox_file == ("some/data/" + detections if from_detector else None)
    assert config.test_dataloader == config.val_dataloader and config.test_evaluator == config.val_evaluator
    assert config.randomness.seed == config.experiment.seed == 5


def test_paths_of_a_drawn_set_lead_to_its_files(drawn: Path) -> None:
    config = resolve(load_preset("smoke"), "ssn", 0, drawn)
    for dataset in (config.train_dataloader.dataset, config.val_dataloader.dataset):
        assert (drawn / dataset.ann_file).is_file() and any((drawn / dataset.data_prefix.img).glob("*.png"))
    assert Path(config.val_dataloader.dataset.bbox_file).is_file() and Path(config.val_evaluator.ann_file).is_file()


ESP = {"model.head.stage_channels": "all"}
FSM = {"shift_channels": 512, "attention": "softplus-l1", "shift": "default"}
LITE = {"type": "SSNLite", "blocks": 3, "stage_blocks": None}
"""Of each network what it switches: predictors, arguments of the modules, another backbone without a neck, and the size
of the input. What is not named here is the same in all."""
SWITCHES: dict[str, dict[str, Any]] = {
    "backbone": {},
    "backbone-esp": dict(esp=ESP),
    "ssn": dict(esp=ESP, fsm=FSM),
    "ssn-wo-esp": dict(fsm=FSM),
    "ssn-wo-shift": dict(esp=ESP, fsm={**FSM, "shift": False}),
    "ssn-wo-ca": dict(esp=ESP, fsm={**FSM, "attention": None}),
    "ssn-k256": dict(esp=ESP, fsm={**FSM, "shift_channels": 256}),
    "lite-k256": dict(lite=LITE, fsm={**FSM, "shift_channels": 256, "attention": "sigmoid"}),
    "lite-k512": dict(lite=LITE, fsm={**FSM, "attention": "sigmoid"}),
    "ssn-384x288": dict(esp=ESP, fsm=FSM, size="384x288"),
}


def keys_between(preset: str, one: str, other: str, leaves: Leaves) -> set[str]:
    """Keys that two networks should differ in, from the table above."""
    a, b = SWITCHES[one], SWITCHES[other]
    keys = {"experiment.network"}
    if a.get("esp") != b.get("esp"):
        keys |= ESP.keys()
    mine, yours = a.get("fsm", {}), b.get("fsm", {})
    divisors = [width_divisor(preset, network) for network in (one, other)]
    mine, yours = (
        {name: value / divisor if name == "shift_channels" else value for name, value in fsm.items()}
        for fsm, divisor in zip((mine, yours), divisors, strict=True)
    )
    if len(set(divisors)) > 1:
        keys |= {"model.backbone.base_channels", "model.head.channels"}
    if bool(mine) != bool(yours):  # all arguments, those of the preset's start too
        keys |= {f"model.backbone.fsm.{name}" for name in load_preset(preset).get("network", {}).get("fsm", {})}
    names = {name for name in mine.keys() | yours.keys() if mine.get(name, "absent") != yours.get(name, "absent")}
    if not (mine and yours) and "default" in (mine.get("shift"), yours.get("shift")):
        names.discard("shift")  # not written where it is the default
    keys |= {f"model.backbone.fsm.{name}" for name in names}
    if a.get("lite") != b.get("lite"):
        keys |= {f"model.backbone.{name}" for name in LITE} | {"model.neck", "model.head.pyramid_levels"}
        keys |= {f"model.neck.{name}" for name in ("type", "in_channels", "channels", "norm_groups")}
    if a.get("size") != b.get("size") and preset == "paper":  # a small preset has one size for all
        of_crop = {key for key in leaves(full(one)) if "soft_nms" not in key}
        keys |= {key for key in of_crop if key.split(".")[-1] in ("input_size", "heatmap_size", "sigma")}
    return keys


@pytest.mark.parametrize("preset", preset_names())
@pytest.mark.parametrize(("one", "other"), itertools.combinations(PAPERS, 2))
def test_two_networks_differ_in_their_switches_alone(
    preset: str, one: str, other: str, leaves: Leaves, differing: Differing
) -> None:
    assert differing(resolved(preset, one), resolved(preset, other)) == keys_between(preset, one, other, leaves)


def test_every_network_has_its_switches() -> None:
    assert SWITCHES.keys() == set(PAPERS)


@pytest.mark.parametrize("preset", preset_names())
def test_seeds_differ_in_the_seed_alone(preset: str, differing: Differing) -> None:
    other = resolve(load_preset(preset), "ssn", 6, ROOT)
    assert differing(resolved(preset, "ssn"), other) == {"experiment.seed", "randomness.seed"}


@every_training
def test_written_file_reads_back_as_the_same_config(preset: str, network: str, tmp_path: Path) -> None:
    config = resolved(preset, network)
    write(config, tmp_path / "config.py")
    read = Config.fromfile(tmp_path / "config.py", import_custom_modules=False)
    assert read.to_dict() == config.to_dict()
    assert digest(read) == digest(config)


def shuffled(value: Any, generator: random.Random) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(value[key], generator) for key in generator.sample(list(value), len(value))}
    return [shuffled(item, generator) for item in value] if isinstance(value, list) else value


SIDES = [5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 6, 12, 13]
"""The mirror image of each of Leeds' joints."""
OUTPUTS = {"num_keypoints", "out_channels", "num_joints"}


@pytest.mark.parametrize("network", ["ssn", "lite-k256", *load_preset("figures")["compared"]])
def test_heads_and_flips_are_those_of_the_data_sets_keypoints(network: str) -> None:
    on_figures, on_photos = (resolved(preset, network) for preset in ("figures", "photos"))
    for config, number in ((on_figures, 17), (on_photos, 14)):
        head = config.model.head
        assert [head[key] for key in OUTPUTS & head.keys()] == [number]
    for dataset in (on_photos.train_dataloader.dataset, on_photos.test_dataloader.dataset):
        info = parse_pose_metainfo(dataset.metainfo)
        assert info["num_keypoints"] == 14 and info["flip_indices"] == SIDES
        assert "metainfo" not in on_figures.test_dataloader.dataset


@pytest.mark.parametrize(("split", "file"), [(None, "test"), ("test", "test"), ("tune", "tune"), ("train", "train")])
def test_split_is_the_data_sets_own_unless_another_is_asked_for(split: str | None, file: str) -> None:
    config = resolve(load_preset("photos"), "lite-k256", 5, ROOT, split)
    assert config.test_evaluator.ann_file == f"some/data/annotations/person_keypoints_{file}.json"
    assert training_digest(config) == training_digest(resolved("photos", "lite-k256"))


def test_version_and_number_of_the_photos_are_the_trainings() -> None:
    photos = load_preset("photos")
    assert resolved("photos", "lite-k256").experiment.leeds == {"version": "1.0"}
    few = resolve(Preset("photos", {**photos.settings, "leeds": {"limit": 9}}), "lite-k256", 5, ROOT)
    assert few.experiment.leeds == {"version": "1.0", "limit": 9}
    assert training_digest(few) != training_digest(resolved("photos", "lite-k256"))


def test_detector_is_refused_where_nobody_ran_one() -> None:
    photos = load_preset("photos")
    asked = Preset("photos", {**photos.settings, "protocol": {**photos["protocol"], "boxes": "detector"}})
    with pytest.raises(ValueError, match="boxes are a detector's, but there are none of this data set"):
        resolve(asked, "lite-k256", 0, ROOT)


def test_digest_ignores_the_order_of_keys() -> None:
    config = resolved("smoke", "ssn").to_dict()
    other = shuffled(config, random.Random(0))
    assert list(other) != list(config)
    assert digest(Config(other)) == digest(Config(config))


def test_digests_are_those_of_a_config_from_before_the_loop_made_the_stream() -> None:
    """Weights and scores of such a config are kept, as nothing of the training has changed."""
    config = resolved("smoke", "ssn")
    before = config.to_dict()
    for key in ("dataset_type", "data_mode"):
        del before[key]
    loader = before["train_dataloader"]
    loader["dataset"] = dict(type="SampleStream", dataset=loader["dataset"])
    for of in (digest, training_digest):
        assert of(Config(before)) == of(config)


CHANGES_OF_THE_TRAINING = pytest.mark.parametrize(
    "change",
    [
        {"optim_wrapper.optimizer.lr": 1e-4},
        {"randomness.seed": 6},
        {"train_dataloader.batch_size": 7},
        {"model.backbone.fsm.attention": None},
        {"train_dataloader.dataset.pipeline.2.prob": 0.0},
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
        ({"evaluation": {"batch_size": 3, "resamples": 7}}, ROOT),
        ({"protocol": {**load_preset("figures")["protocol"], "decoder": "DARK", "flip_test": False}}, ROOT),
        ({"drawn": {**load_preset("smoke")["drawn"], "val": 77, "tune": 33}}, ROOT),
        ({"title": "another title"}, ROOT),
        ({}, Path("/elsewhere")),
    ],
    ids=["evaluation", "protocol", "validation images", "title", "folder of the data"],
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
    digests = [training_digest(resolved(preset, network)) for preset in preset_names() for network in PAPERS]
    assert len(set(digests)) == len(digests)


def test_unknown_network_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match=r"unknown network 'ssn-k999', expected one of: backbone, .*, ssn-384x288"):
        resolve(load_preset("smoke"), "ssn-k999", 0, ROOT)


def test_trunk_comes_from_where_it_is_said_and_small_networks_have_none() -> None:
    paper = load_preset("paper")
    usual = resolve(paper, "ssn", 0, ROOT).model.init_cfg
    assert usual.type == "PretrainedTrunk" and usual.checkpoint.startswith("open-mmlab://")
    assert (
        resolve(paper, "ssn", 0, ROOT, trunk="here/resnet50_gn.pth").model.init_cfg.checkpoint == "here/resnet50_gn.pth"
    )
    assert resolve(paper, "ssn", 0, ROOT, trunk="scratch").model.init_cfg is None
    assert resolve(load_preset("figures"), "ssn", 0, ROOT, trunk="here/resnet50_gn.pth").model.init_cfg is None
