"""Take a checkpoint that was trained elsewhere in a training's place, so that it is scored into the same tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner.checkpoint import CheckpointLoader
from mmpose.registry import MODELS

from mmpose_ssn.experiment import provenance
from mmpose_ssn.experiment.resolved_config import digest
from mmpose_ssn.files import draft, write_together

_ELSEWHERE = "not known, trained elsewhere"


def adopt(config: Config, checkpoint: str, weights: Path) -> dict[str, Any]:
    """Write a checkpoint's weights where a training would have written its own, and beside them where they are from.

    Args:
        config: Resolved config of the network that the checkpoint is of.
        checkpoint: Path or URL of a state dict, or of MMEngine's checkpoint with one in it. ``module.`` before the
            names, as data-parallel training leaves it, is taken off.
        weights: Path of the file for the state dict; the JSON file beside it says "not known, trained elsewhere", or
            null for a number, where a training would have known.

    Returns:
        The content of the JSON file.

    Raises:
        ValueError: If the checkpoint does not fill the network, tensor for tensor.
    """
    content = CheckpointLoader.load_checkpoint(checkpoint, map_location="cpu")
    state = content.get("state_dict", content)
    state = {name.removeprefix("module."): value for name, value in state.items()}
    with DefaultScope.overwrite_default_scope("mmpose"):
        model = MODELS.build({**config.model, "init_cfg": None})
    try:
        model.load_state_dict(state)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"{checkpoint} does not fit the config of {config.experiment.network}, preset {config.experiment.preset}: "
            f"{error}"
        ) from error
    with draft(weights) as unfinished:
        torch.save({"state_dict": state}, unfinished)
    meta = content.get("meta") if "state_dict" in content else None
    record = {
        "config_digest": digest(config),
        "commit": _ELSEWHERE,
        "checkpoint_digest": provenance.file_digest(weights),
        "machine": _ELSEWHERE,
        "torch": _ELSEWHERE,
        "iterations": meta.get("iter") if isinstance(meta, dict) else None,
        "wall_time_s": None,
        "external": Path(checkpoint).name,
    }
    write_together({weights.with_suffix(".json"): json.dumps(record, indent=2) + "\n"})
    return record
