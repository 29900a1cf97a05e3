"""Every config that the package ships builds an MMPose estimator, and the model index knows it."""

from __future__ import annotations

from pathlib import Path

import mmpose.models  # noqa: F401  registers the estimators
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpose.registry import DATA_SAMPLERS, DATASETS, LOOPS, METRICS, MODELS

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
    encoders = [step.encoder for step in config.train_dataloader.dataset.dataset.pipeline if "encoder" in step]
    assert encoders == [config.codec] and config.model.head.decoder == config.codec


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
