"""Crops, features and heatmaps of a small SSN with all its predictors, through MMPose's own pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import mmpose_ssn  # noqa: F401  first of all: MMPose imports only once it is repaired


@pytest.fixture(scope="module")
def small(drawn: Path) -> dict[str, Any]:
    """The smoke preset's SSN with random weights, and its training and validation samples."""
    import mmpose.datasets
    import mmpose.models  # noqa: F401  registers the estimators
    from mmengine.registry import DefaultScope
    from mmpose.registry import DATASETS, MODELS

    import mmpose_ssn.plugin  # noqa: F401  registers SSN
    from mmpose_ssn.experiment.presets import load_preset
    from mmpose_ssn.experiment.resolved_config import resolve

    config = resolve(load_preset("smoke"), "ssn", 0, drawn)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope("mmpose"):
        model = MODELS.build(config.model).eval()
        train, val = (
            DATASETS.build(dataset) for dataset in (config.train_dataloader.dataset, config.val_dataloader.dataset)
        )
    for predictor in model.head.stage_predictors.predictors.values():
        torch.nn.init.normal_(predictor.norm.weight)  # so that no two predictors agree by accident
    return {"config": config, "model": model, "train": [train[i] for i in range(3)], "val": [val[i] for i in range(3)]}
