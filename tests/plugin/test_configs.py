"""Every config that the package ships builds an MMPose estimator, and the model index knows it."""

from __future__ import annotations

from pathlib import Path

import mmpose.models  # noqa: F401  registers the estimators
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpose.apis.inference import dataset_meta_from_config
from mmpose.registry import DATA_SAMPLERS, DATASETS, LOOPS, METRICS, MODELS

from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.experiment.resolved_config import resolve
from mmpose_ssn.networks import configs_folder

CONFIGS = sorted((configs_folder() / "ssn").glob("*.py"))


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
def test_config_builds_an_estimator_whose_heatmaps_fit_its_targets(file: Path) -> None:
    """On the meta device: shapes without weights, so that full-size networks are built in a moment."""
    config = Config.fromfile(file)
    with DefaultScope.overwrite_default_scope("mmpose"), torch.device("meta"):
        model = MODELS.build(config.model)
        width, height = config.codec.input_size
        heatmaps = model(torch.zeros(2, 3, height, width), None, mode="tensor")
    assert type(model).__name__ == "TopdownPoseEstimator"
    columns, rows = config.codec.heatmap_size
    assert heatmaps.shape == (2, 17, rows, columns)
    encoders = [step.encoder for step in config.train_dataloader.dataset.pipeline if "encoder" in step]
    assert encoders == [config.codec] and config.model.head.decoder == config.codec


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
def test_config_tells_mmposes_inferencers_what_its_loaders_say(file: Path) -> None:
    config = Config.fromfile(file)
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        assert (loader.dataset.type, loader.dataset.data_mode) == (config.dataset_type, config.data_mode)


def test_keypoints_of_a_resolved_config_are_found_without_a_checkpoint(tmp_path: Path) -> None:
    """MMPose looks in ``train_dataloader.dataset``, and takes COCO's 17 where it finds nothing."""
    config = resolve(load_preset("photos"), "lite-k256", 0, tmp_path)
    meta = dataset_meta_from_config(config)
    assert meta is not None and (meta["dataset_name"], meta["num_keypoints"]) == ("leeds", 14)


@pytest.mark.parametrize(
    ("registry", "names"),
    [
        (MODELS, ["SSN", "SSNLite", "GlobalNet", "FeatureShiftingNeck", "FeatureShiftingModule"]),
        (MODELS, ["StagePredictorsHead"]),
        (DATASETS, ["SampleStream"]),
        (DATA_SAMPLERS, ["StreamSampler"]),
        (LOOPS, ["StreamTrainLoop"]),
        (METRICS, ["StagePredictorsMetric"]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_plugin_registers_what_configs_name(registry, names: list[str]) -> None:
    import mmpose_ssn.plugin  # noqa: F401

    for name in names:
        assert registry.get(name).__module__.startswith("mmpose_ssn."), name
