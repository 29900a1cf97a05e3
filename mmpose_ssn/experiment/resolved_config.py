"""From a network's full-size config to the resolved config of one training: one file that says everything and that
``mim train`` accepts.
"""

from __future__ import annotations

import hashlib
import json
import pprint
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from mmengine.config import Config

from mmpose_ssn.engine.stream_config import streamed
from mmpose_ssn.evaluation.protocol import Protocol
from mmpose_ssn.experiment import mmpose_networks
from mmpose_ssn.experiment.data_sets import DATA_SETS
from mmpose_ssn.experiment.presets import Preset
from mmpose_ssn.files import write_together
from mmpose_ssn.networks import config_file, network, networks, of_groups

_PAPER_ITERATIONS = 400_000
_PAPER_EPOCH = 150_000 // 16  # iterations


def resolve(
    preset: Preset,
    name: str,
    seed: int,
    data_root: Path,
    split: str | None = None,
    trunk: str | None = None,
    recipe: Literal["common", "own"] = "common",
) -> Config:
    """The config of one training.

    Args:
        preset: Sizes of data, network and training.
        name: Short id of the network.
        seed: Seed of initial weights, training order and augmentation.
        data_root: Folder of the data set.
        split: Split to score on, such as ``"tune"``, on which settings are chosen; by default the data set's own.
        trunk: Where a full-size network's ImageNet weights come from, a name that MMEngine knows, a URL or a file;
            ``"scratch"`` for none; by default the config's own. A baseline has other layers, and keeps its own weights
            unless this is ``"scratch"``.
        recipe: Recipe of the training: ``"common"``, the paper's, for any network, or ``"own"``, a baseline's own,
            under a preset that makes the baseline small.

    Returns:
        The config, whose ``custom_imports`` have not been imported: read it back from its file to run it.

    Raises:
        ValueError: If there is no such network, recipe or split, or none of that size.
    """
    _check_recipe(recipe, name, preset)
    config = Config.fromfile(config_file(name), import_custom_modules=False)
    config.randomness = dict(seed=seed)
    config.experiment = dict(
        preset=preset.name,
        network=name,
        recipe=recipe,
        seed=seed,
        data=preset["data"],
        evaluation=dict(preset["evaluation"]),
    )
    data_set = DATA_SETS[preset["data"]]
    if data_set.version is not None:
        config.experiment[data_set.name] = dict(version=data_set.version, **preset.get(data_set.name, {}))
    is_baseline = name in of_groups("baseline")
    if is_baseline:
        mmpose_networks.shape(config, preset.get("network"), from_scratch=trunk == "scratch")
    else:
        if trunk is not None:
            config.model.init_cfg = None if trunk == "scratch" else dict(type="PretrainedTrunk", checkpoint=trunk)
        if preset.get("network"):
            _scale_network(config, preset)
    _set_data(config, preset, data_root, split or data_set.scored)
    _set_training(config, preset["training"])
    if recipe == "own":
        mmpose_networks.take_own_recipe(config)
    if preset.get("network"):
        _set_codec(config)
        # The shift wants its maps in the usual order, where SSN is quicker with 1x1 convolutions as matrix products.
        faster = "ChannelsLastHook" if is_baseline else "MatrixProductHook"
        config.custom_hooks.append(dict(type=faster))
    return Config(_plain(config.to_dict()))


def digest(config: Config) -> str:
    """SHA-256 of everything in a config but its layout: comments and the order of keys change nothing, nor does what it
    says for MMPose's tools alone.
    """
    return _sha256(_content(config))


def training_digest(config: Config) -> str:
    """SHA-256 of what shapes the weights: not how they are scored, and not in which folder the data lies."""
    content = {key: value for key, value in _content(config).items() if not key.startswith(("val_", "test_"))}
    content["model"].pop("test_cfg", None)
    content["model"]["head"].pop("decoder", None)
    content["experiment"].pop("evaluation")
    for split in ("tune", "val"):
        content["experiment"].get("drawn", {}).pop(split, None)
    for holder in (content, content["train_dataloader"]["dataset"]["dataset"]):
        holder.pop("data_root")
    return _sha256(content)


def _content(config: Config) -> dict[str, Any]:
    """What a config says of a training and its scores.

    What MMPose's inferencers want to be told a second time is left out, and the training data set is in a
    ``SampleStream``, where every training has it and configs once had it: so configs from before have their digests
    still, and with them their weights and scores.
    """
    content = _plain(config.to_dict())
    for key in ("dataset_type", "data_mode"):
        content.pop(key, None)
    content["train_dataloader"]["dataset"] = streamed(content["train_dataloader"]["dataset"])
    return content


def write(config: Config, file: Path) -> None:
    """Write a config as a Python file that MMEngine reads."""
    experiment = config.experiment
    title = f"{experiment.network}, {experiment.recipe} recipe, preset {experiment.preset}, seed {experiment.seed}"
    lines = [f"# {title}: written by python -m mmpose_ssn resolve"]
    lines += [
        f"{key} = {pprint.pformat(value, width=120, sort_dicts=False)}" for key, value in config.to_dict().items()
    ]
    write_together({file: "\n\n".join(lines) + "\n"})


def _check_recipe(recipe: str, name: str, preset: Preset) -> None:
    if recipe not in ("common", "own"):
        raise ValueError(f"unknown recipe {recipe!r}, expected common or own")
    if recipe not in network(name).recipes:
        own = (one.id for one in networks().values() if "own" in one.recipes)
        raise ValueError(f"{name} has no recipe but the common one; of their own have it: {', '.join(own)}")
    if recipe == "own" and not preset.get("network"):
        raise ValueError(
            f"the preset {preset.name} trains at full size, where a baseline's own recipe is MMPose's config itself: "
            f"`mim train mmpose` with the `origin` of {config_file(name)}"
        )


def _scale_network(config: Config, preset: Preset) -> None:
    """Make a network smaller: divide its widths by one divisor, and take the preset's input size and initial values."""
    scale, model, one = preset["network"], config.model, network(config.experiment.network)
    divisor, groups = preset.width_divisor(one.id), scale["norm_groups"]
    for part in (model.backbone, model.head, model.neck):
        if part is not None:
            part.norm_groups = groups
    model.init_cfg = None  # no ImageNet weights have these widths
    model.backbone.base_channels //= divisor
    if model.neck is not None:
        model.backbone.stage_blocks = scale.get("stage_blocks", model.backbone.stage_blocks)
        model.neck.in_channels = [channels // divisor for channels in model.neck.in_channels]
        model.neck.channels //= divisor
    model.head.stage_channels = [channels // divisor for channels in model.head.stage_channels]
    model.head.channels //= divisor
    model.head.update(scale.get("head", {}))
    fsm = model.backbone.get("fsm")
    if fsm is not None:
        fsm.shift_channels //= divisor
        times_area = scale.get("softplus_scale", "sum") == "mean" and not one.as_printed
        if times_area and fsm.attention == "softplus-l1":
            fsm.attention = "softplus-mean"
        fsm.update(scale.get("fsm", {}))
        if fsm.get("norm_groups") is not None:
            fsm.norm_groups = groups

    width, height = scale["input_size"]
    config.codec.update(input_size=[width, height], heatmap_size=[width // 4, height // 4], sigma=scale["sigma"])
    model.head.decoder = config.codec


def _set_codec(config: Config) -> None:
    """Make crops and targets those of the config's codec."""
    val, test = config.val_dataloader.dataset, config.test_dataloader.dataset
    train = config.train_dataloader.dataset
    for transform in (*train.pipeline, *val.pipeline, *test.pipeline):
        if transform.type == "TopdownAffine":
            transform.input_size = config.codec.input_size
        elif transform.type == "GenerateTarget":
            transform.encoder = config.codec
    for key in ("train_pipeline", "val_pipeline"):  # the loaders' copies are what counts
        config.pop(key, None)


def _set_data(config: Config, preset: Preset, data_root: Path, split: str) -> None:
    root, data_set = data_root.as_posix().rstrip("/") + "/", DATA_SETS[preset["data"]]
    config.data_root = root
    train, val = config.train_dataloader.dataset, config.val_dataloader.dataset
    metainfo = data_set.metainfo()
    for dataset, name in ((train, "train"), (val, split)):
        annotations, images = data_set.files(name)
        dataset.update(data_root=root, ann_file=annotations, data_prefix=dict(img=images))
        if metainfo is not None:
            dataset.metainfo = metainfo
    if metainfo is not None:
        _set_keypoints(config, len(metainfo["keypoint_info"]))
    if data_set.kept_in_memory:
        for transform in train.pipeline:
            if transform.type == "LoadImage":
                transform.type = "LoadImageOnce"
    config.val_evaluator.ann_file = root + val.ann_file
    config.val_dataloader.batch_size = preset["evaluation"]["batch_size"]
    config.test_dataloader, config.test_evaluator = config.val_dataloader, config.val_evaluator
    protocol, codec = Protocol.from_settings(preset["protocol"]), config.model.head.decoder
    if codec.type != "MSRAHeatmap":  # it has no heatmaps, or others, which only its own codec reads
        protocol = replace(protocol, decoder=codec.type)
    protocol.apply(config, data_set.detections_file(root, split))


def _set_keypoints(config: Config, number: int) -> None:
    """Make a head predict so many keypoints; heads of MMPose have other words for it."""
    head, known = config.model.head, ("num_keypoints", "out_channels", "num_joints")
    keys = [key for key in known if key in head]
    if len(keys) != 1:
        raise ValueError(
            f"{head.type} has {', '.join(keys) or 'no number of keypoints'}; expected one of {', '.join(known)}"
        )
    head[keys[0]] = number


def _set_training(config: Config, training: dict[str, Any]) -> None:
    """Scale the paper's schedule as a whole: halvings, insertion and epochs stay at their share of the training."""
    iterations = training.get("iterations", _PAPER_ITERATIONS)
    config.train_cfg.max_iters = iterations
    # the last checkpoint is scored, by `evaluate`: none is selected on the way
    config.train_cfg.val_begin = iterations + 1
    if iterations != _PAPER_ITERATIONS:
        _scale_schedule(config, iterations / _PAPER_ITERATIONS)
    if "learning_rate" in training:
        config.optim_wrapper.optimizer.lr = training["learning_rate"]
    if "offset_learning_rate" in training:
        config.optim_wrapper.paramwise_cfg.offset_lr = training["offset_learning_rate"]
    if "batch_size" in training:
        config.train_dataloader.batch_size = training["batch_size"]
    if "checkpoint_interval" in training:
        config.default_hooks.checkpoint.interval = training["checkpoint_interval"]
    if "workers" in training:
        for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
            loader.update(num_workers=training["workers"], persistent_workers=training["workers"] > 0)


def _scale_schedule(config: Config, factor: float) -> None:
    def scaled(iterations: int) -> int:
        return max(1, round(iterations * factor))

    main, offsets = config.param_scheduler
    main.milestones = [scaled(milestone) for milestone in main.milestones]
    for key in ("convert_to_iter_based", "end"):
        offsets.pop(key)
    offsets.update(by_epoch=False, step_size=scaled(_PAPER_EPOCH))
    for hook in config.custom_hooks:
        if hook.type == "DelayedInsertionHook":
            hook.update(iterations=scaled(hook.iterations), window=scaled(hook.iterations))
        elif hook.type == "OffsetRecordHook":
            hook.snapshot_interval = scaled(hook.snapshot_interval)


def _sha256(content: Any) -> str:
    return "sha256:" + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Dicts, lists and scalars only, so that a written config equals the one that was resolved."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
