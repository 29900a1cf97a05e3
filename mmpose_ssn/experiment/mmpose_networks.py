"""What only the configs of MMPose's networks need: a small form by the sizes that their files give, and their own
recipe in place of the common one.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

from mmengine.config import Config, ConfigDict

_STRIDE = (
    32  # of these networks' deepest maps; where the crop is no multiple of it, maps do not fit when they meet again
)
_COCO_SAMPLES = 149_813  # an epoch of MMPose's configs: the people of train2017 with a labelled keypoint
_COCO_PROCESSES = 8  # the "8x" in their names


def shape(config: Config, network: dict[str, Any] | None, from_scratch: bool) -> None:
    """Give a baseline's network its size: its own, or the one that its file names as ``small``.

    The crop of a small one is the preset's, each side rounded up to a multiple of 32.

    Args:
        config: Full-size config of the baseline, changed in place.
        network: The preset's ``network`` block; None for full size.
        from_scratch: Whether to take no ImageNet weights; a small network never takes any, as none have its widths.

    Raises:
        ValueError: If there is no small form and ``network`` asks for one.
    """
    small = config.pop("small", None)
    if from_scratch or network is not None:
        for part in (config.model, config.model.backbone):
            part.pop("init_cfg", None)
    if network is None:
        return
    if small is None:
        name = config.experiment.network
        raise ValueError(
            f"{name} has no small form: say in configs/baselines/{name}.py, as `small`, which widths and depths it is "
            "to have in a preset with a `network` block"
        )
    if "heatmap_size" not in config.codec:
        raise ValueError(f"a small form needs a codec with heatmaps; that of {config.experiment.network} has none")
    config.merge_from_dict({"model": small})
    model = config.model
    full = model.head.decoder.input_size
    size = [math.ceil(side / _STRIDE) * _STRIDE for side in network["input_size"]]

    def resized(sizes: Sequence[int]) -> list[int]:
        return [side * new // old for side, new, old in zip(sizes, size, full, strict=True)]

    codec = ConfigDict({**model.head.decoder, "input_size": size, "sigma": network["sigma"]})
    codec.heatmap_size = resized(codec.heatmap_size)
    model.head.decoder = config.codec = codec
    if "in_featuremap_size" in model.head:
        model.head.in_featuremap_size = resized(model.head.in_featuremap_size)


def take_own_recipe(config: Config) -> None:
    """Train a baseline as MMPose's config of it does, where that differs from the common recipe: augmentation,
    optimizer, and the schedule as shares of the whole training.

    Batch and length stay; the rate is MMPose's as it is, though it belongs to a batch of hundreds. The loss comes with
    the network's head in either recipe.

    Args:
        config: Resolved config of the baseline under the common recipe, changed in place.

    Raises:
        ValueError: If the recipe has a part that a training of this package cannot have.
    """
    from mmengine.hub import get_config

    own, name = get_config(config.origin), config.experiment.network
    dataset = config.train_dataloader.dataset
    dataset.pipeline = [dataset.pipeline[0], *own.train_dataloader.dataset.pipeline[1:]]
    config.optim_wrapper = ConfigDict({"type": "OptimWrapper", **own.optim_wrapper})
    of_mmpose = own.train_cfg.max_epochs * _COCO_SAMPLES / (_COCO_PROCESSES * own.train_dataloader.batch_size)
    of_epochs = config.train_cfg.max_iters / own.train_cfg.max_epochs
    of_iterations = config.train_cfg.max_iters / of_mmpose
    schedulers = [
        _scaled(scheduler, of_epochs if scheduler.by_epoch else of_iterations, name)
        for scheduler in own.param_scheduler
    ]
    # a warm-up that is over in its first iteration would never leave its first rate
    config.param_scheduler = [one for one in schedulers if one.type != "LinearLR" or one.end > 1]
    strangers = [hook.type for hook in own.custom_hooks if hook.type != "SyncBuffersHook"]
    if strangers:
        raise ValueError(
            f"{name}: its own recipe has {', '.join(strangers)}, made for training by epochs; "
            f"`mim train mmpose` with MMPose's own config has all of it"
        )
    config.custom_hooks = own.custom_hooks


def _scaled(scheduler: ConfigDict, factor: float, name: str) -> ConfigDict:
    """A scheduler that counts iterations, with its every step times ``factor``."""
    if scheduler.type not in ("LinearLR", "MultiStepLR"):
        raise ValueError(f"{name}: its own recipe has the scheduler {scheduler.type}, expected LinearLR or MultiStepLR")
    scaled = copy.deepcopy(scheduler)
    scaled.update(by_epoch=False, begin=round(scheduler.begin * factor), end=round(scheduler.end * factor))
    if scheduler.type == "MultiStepLR":
        scaled.milestones = [round(step * factor) for step in scheduler.milestones]
    return scaled
