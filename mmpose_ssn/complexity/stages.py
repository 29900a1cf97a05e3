"""What a network costs up to each of its predictors: the network cut off there, counted on the real modules (for
Table 2, AP by stage).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch
from mmengine.config import Config
from torch import Tensor, nn

from mmpose_ssn.complexity.count import Complexity, count


def count_stages(config: Config | Path) -> dict[str, Complexity]:
    """Count a network cut off at each of its predictors, at the config's own size and without weights.

    Cut off at E_i, it is the backbone's first i stages and that predictor. Cut off at P_j, it is the whole backbone,
    the laterals and the top-down path of the pyramid's j coarsest levels, and that predictor; at the last P, the
    network as deployed. Other predictors are no part of it.

    Args:
        config: Config of a network with a backbone in stages and a GlobalNet, or its path.

    Returns:
        Cost up to and with each predictor, by the predictor's name, in the order of their depth.

    Raises:
        ValueError: If the network has another neck, or none.
    """
    import mmpose.models  # noqa: F401  registers the pose estimators
    from mmengine.registry import DefaultScope
    from mmpose.registry import MODELS

    config = config if isinstance(config, Config) else Config.fromfile(config)
    model = config.model
    neck_type = model.neck.type if model.get("neck") else None
    if neck_type != "GlobalNet":
        raise ValueError(
            f"model.neck is {neck_type}, expected GlobalNet: predictors of one map share all of the network"
        )
    blocks, channels = model.backbone.stage_blocks, model.neck.in_channels
    width, height = model.head.decoder.input_size
    counted = {}
    with DefaultScope.overwrite_default_scope("mmpose"), torch.device("meta"):
        for name, predictor in MODELS.build(model.head).stage_predictors.predictors.items():
            depth, early = int(name[1:]), name.startswith("E")
            backbone = MODELS.build({**model.backbone, "stage_blocks": blocks[:depth] if early else blocks})
            neck = None if early else MODELS.build({**model.neck, "in_channels": channels[-depth:]})
            parts = [part for part in (backbone, neck, predictor) if part is not None]
            counted[name] = count(partial(_heatmaps, backbone, neck, predictor), parts, (1, 3, height, width))
    return counted


def _heatmaps(backbone: nn.Module, neck: nn.Module | None, predictor: nn.Module, image: Tensor) -> Tensor:
    stages = backbone(image)
    seen = stages if neck is None else neck(stages[-len(neck.in_channels) :]).pyramid  # type: ignore[arg-type]
    heatmaps: Tensor = predictor(seen[-1], stages[0].shape[2:])
    return heatmaps
