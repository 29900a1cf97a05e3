"""Initialisation of the trunk, without its feature shifting modules, from an ImageNet ResNet-50 with group
normalisation (paper, Section 4, "Training").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from mmengine.logging import print_log
from mmengine.registry import WEIGHT_INITIALIZERS
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor, nn


@dataclass(frozen=True)
class Preprocessing:
    """Preprocessing of an image that weights expect.

    Attributes:
        channels: Order of the channels, ``"RGB"`` or ``"BGR"``.
        mean: Mean of each channel, in that order, on the scale 0 to 255.
        std: Standard deviation of each channel, in that order and on that scale.
    """

    channels: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __str__(self) -> str:
        return f"{self.channels}, mean {list(self.mean)}, std {list(self.std)}"


PREPROCESSING = {
    "torchvision": Preprocessing("RGB", (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    "detectron": Preprocessing("BGR", (102.9801, 115.9465, 122.7717), (1.0, 1.0, 1.0)),
}
"""Preprocessing by the name that :class:`PretrainedTrunk` takes: that of torchvision and timm, and that of Detectron
(https://github.com/facebookresearch/Detectron/blob/main/detectron/core/config.py, ``PIXEL_MEANS``)."""

_KNOWN = {"open-mmlab://contrib/resnet50_gn": "torchvision", "open-mmlab://detectron/resnet50_gn": "detectron"}
_MEAN_TOLERANCE = 1.0  # OpenMMLab's own configs round Detectron's means by 0.6


class PretrainedTrunkError(RuntimeError):
    """The weights do not fill the trunk, or do not fit the preprocessing."""


@WEIGHT_INITIALIZERS.register_module()
class PretrainedTrunk:
    """Initialises ``model.backbone`` of a pose estimator from ImageNet weights, as a config's ``model.init_cfg``.

    Every parameter of the trunk must be in the file with its shape: nothing is loaded otherwise. Feature shifting
    modules are not expected there. The log says what was loaded, what the file lacks (feature shifting modules alone)
    and what in it was left out (the classifier; deeper stages than a lite network has).

    Three layouts are read: that of OpenMMLab (``layer1.0.gn1.weight``), that of torchvision and timm
    (``layer1.0.bn1.weight``) and that of Detectron2 (``res2.0.conv1.norm.weight``).

    Args:
        checkpoint: Place of the weights: a name that MMEngine knows, such as ``open-mmlab://contrib/resnet50_gn``, a
            URL or a local path.
        preprocessing: Preprocessing that the weights were trained with, a name of :data:`PREPROCESSING`; it is known
            for OpenMMLab's names. The estimator's ``data_preprocessor`` must do the same. This is not checked where the
            argument is None and the weights are from elsewhere.

    Raises:
        PretrainedTrunkError: If the file cannot be read, if it is not such a ResNet, or if the preprocessing is another
            one.
    """

    def __init__(self, checkpoint: str, preprocessing: str | None = None) -> None:
        if preprocessing is not None and preprocessing not in PREPROCESSING:
            raise ValueError(f"unknown preprocessing {preprocessing!r}, expected one of {sorted(PREPROCESSING)}")
        self.checkpoint = checkpoint
        self.preprocessing = preprocessing or _KNOWN.get(checkpoint)

    def __call__(self, module: nn.Module) -> None:
        self._check_preprocessing(module.data_preprocessor)  # type: ignore[arg-type]
        trunk: nn.Module = module.backbone  # type: ignore[assignment]
        found = in_openmmlab_layout(self._read())
        wanted = {name: tensor for name, tensor in trunk.state_dict().items() if not name.startswith("fsms.")}
        if any(name.endswith("running_mean") for name in found):
            raise self._error("it holds batch normalisation, the trunk has group normalisation", wanted, found)
        missing = [name for name in wanted if name not in found]
        other = [name for name in wanted if name in found and found[name].shape != wanted[name].shape]
        if missing or other:
            raise self._error(
                f"it lacks {_some(missing)}"
                if missing
                else f"the shape of {_some(other)} differs: got {list(found[other[0]].shape)}, expected "
                f"{list(wanted[other[0]].shape)}",
                wanted,
                found,
            )
        trunk.load_state_dict({name: found[name] for name in wanted}, strict=False)
        left_out = sorted({_place(name) for name in found if name not in wanted})
        modules = sorted({_place(name) for name in trunk.state_dict() if name.startswith("fsms.")})
        print_log(
            f"trunk: {len(wanted)} of {len(wanted)} tensors loaded from {self.checkpoint}; missing: "
            f"{', '.join(modules) or 'none'} (feature shifting modules start from their own initial values); "
            f"unexpected: {', '.join(left_out) or 'none'}; preprocessing: "
            f"{PREPROCESSING[self.preprocessing] if self.preprocessing else 'not known, not checked'}",
            logger="current",
        )

    def _read(self) -> Mapping[str, Tensor]:
        try:
            content = CheckpointLoader.load_checkpoint(self.checkpoint, map_location="cpu", logger=None)
        except Exception as error:  # a missing file, no network, a torn file, a pickle that is refused: all end here
            raise PretrainedTrunkError(
                f"cannot read the trunk's weights from {self.checkpoint} ({type(error).__name__}: {error}). Give the "
                "file itself (model.init_cfg.checkpoint=PATH), or train from scratch (model.init_cfg=None)"
            ) from error
        for key in ("state_dict", "model"):
            if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
                content = content[key]
        if not isinstance(content, Mapping) or not all(isinstance(t, Tensor) for t in content.values()):
            raise PretrainedTrunkError(f"{self.checkpoint} holds no state dict of tensors")
        return content

    def _check_preprocessing(self, preprocessor: nn.Module) -> None:
        if self.preprocessing is None:
            return
        expected = PREPROCESSING[self.preprocessing]
        converted = getattr(preprocessor, "_channel_conversion", False)  # images are read as BGR
        values = []
        for name, absent in (("mean", 0.0), ("std", 1.0)):
            given = getattr(preprocessor, name, torch.full((3,), absent))  # MMEngine has none without normalisation
            values.append(tuple(round(value, 4) for value in given.flatten().float().tolist()))
        got = Preprocessing("RGB" if converted else "BGR", *values)
        near = len(got.mean) == 3 and all(
            abs(a - b) <= _MEAN_TOLERANCE for a, b in zip(got.mean, expected.mean, strict=True)
        )
        if got.channels != expected.channels or got.std != expected.std or not near:
            raise PretrainedTrunkError(
                f"the weights {self.checkpoint} were trained on images of {expected}, but model.data_preprocessor "
                f"gives {got}: wrong colours degrade silently, so set the one that fits"
            )

    def _error(self, why: str, wanted: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> PretrainedTrunkError:
        return PretrainedTrunkError(
            f"{self.checkpoint} does not fit the trunk, nothing was loaded: {why}. Expected a ResNet-50 with GN, "
            f"{len(wanted)} tensors such as {next(iter(wanted))}, got {len(found)} such as {next(iter(found), 'none')}"
        )


def in_openmmlab_layout(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A ResNet's tensors under OpenMMLab's names, from any of the layouts that :class:`PretrainedTrunk` reads."""
    renamed = {}
    for name, tensor in state.items():
        name = re.sub(r"^(module\.)?(backbone\.)?(bottom_up\.)?", "", name)
        name = re.sub(r"^stem\.", "", name)
        name = re.sub(r"^res(\d)\.", lambda match: f"layer{int(match[1]) - 1}.", name)
        name = re.sub(r"\bconv(\d)\.norm\.", r"gn\1.", name)
        name = re.sub(r"\bshortcut\.norm\.", "downsample.1.", name)
        name = re.sub(r"\bshortcut\.", "downsample.0.", name)
        name = re.sub(r"\bbn(\d)\.", r"gn\1.", name)
        renamed[name] = tensor
    return renamed


def _place(name: str) -> str:
    """Part of the network that a tensor belongs to, as the log names it: ``layer3``, ``fc``, ``fsms.layer1_0``."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] == "fsms" else parts[0]


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
