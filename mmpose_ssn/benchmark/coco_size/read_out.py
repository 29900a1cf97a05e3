"""What it costs to read out all predictors of a network instead of its final predictor alone."""

from __future__ import annotations

import time

import numpy as np
import torch
from mmengine.registry import DefaultScope
from mmpose.registry import DATASETS, MODELS
from mmpose.structures import PoseDataSample
from tqdm import tqdm

import mmpose_ssn.plugin  # noqa: F401  registers SSN
from mmpose_ssn.benchmark.coco_size.measurement import Measurement, over_rounds
from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.experiment.resolved_config import resolve
from mmpose_ssn.networks import config_file

_BATCH = 4


def all_predictors(preset: str, rounds: int) -> list[Measurement]:
    """Time SSN from a batch of crops to keypoints, with the config's flip test, for all predictors and the final one.

    It runs on one thread: several would wait for each other where the machine has other work, and so measure that.

    Args:
        preset: Preset that gives the widths; ``paper`` is full size.
        rounds: Number of rounds. Each times both in turn and takes one ratio; one more round goes before them and does
            not count.
    """
    config = resolve(load_preset(preset), "ssn", 0, config_file("ssn").parent, trunk="scratch")
    torch.manual_seed(0)
    torch.set_num_threads(1)
    with DefaultScope.overwrite_default_scope("mmpose"):
        model = MODELS.build(config.model).eval()
        people = DATASETS.build({**config.val_dataloader.dataset, "lazy_init": True}).metainfo
    width, height = config.codec.input_size
    crops = torch.randn(_BATCH, 3, height, width)
    crop = dict(
        input_center=np.array([width / 2, height / 2]),
        input_scale=np.array([width, height], dtype=np.float64),
        input_size=(width, height),
        flip_indices=people["flip_indices"],
    )
    samples = [PoseDataSample(metainfo=crop) for _ in range(_BATCH)]

    @torch.no_grad()
    def seconds(predictors: str) -> float:
        start = time.perf_counter()
        features = [model.extract_feat(crops), model.extract_feat(crops.flip(-1))]
        model.head.predict(features, samples, {**config.model.test_cfg, "predictors": predictors})
        return time.perf_counter() - start

    turns = [
        (seconds("final"), seconds("all"))
        for _ in tqdm(range(1 + rounds), desc="all predictors", unit="round", delay=5, leave=False)
    ][1:]
    figure = f"forward and decode, {_BATCH} crops of {width}x{height}"
    final_alone, alls = zip(*turns, strict=True)
    ratios = [whole / alone for alone, whole in turns]
    return [
        over_rounds(figure, "final predictor", "s", final_alone),
        over_rounds(figure, "all predictors", "s", alls),
        over_rounds(figure, "all predictors / final predictor", "ratio", ratios),
    ]
