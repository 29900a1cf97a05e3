"""The offsets' own part of the recipe: a learning rate that follows the epochs and not the main schedule (paper,
Section 4, "Training"), and a record of where they went.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.optim import DefaultOptimWrapperConstructor, MultiStepLR, OptimWrapper, StepLR
from mmengine.registry import HOOKS, OPTIM_WRAPPER_CONSTRUCTORS, PARAM_SCHEDULERS
from mmengine.runner import Runner
from torch import Tensor, nn

from mmpose_ssn.files import draft
from mmpose_ssn.models.fsm import GatedResidual

MAIN, OFFSETS = "main", "offsets"
"""Names of the parameter groups: ``group["name"]``."""


def offsets_by_module(model: nn.Module) -> dict[str, Tensor]:
    """The offsets [K, 2] of every feature shifting module, or what is in its place, by name, in pixels of the module's
    map; a module without any is left out.
    """
    return {
        name: module.offsets
        for name, module in model.named_modules()
        if isinstance(module, GatedResidual) and module.offsets is not None
    }


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class OffsetGroupConstructor(DefaultOptimWrapperConstructor):
    """MMEngine's constructor, with the offsets in a parameter group of their own, without weight decay.

    ``optim_wrapper.paramwise_cfg`` takes ``offset_lr``, the offsets' rate (1e-3 pixels of the module's map in the
    paper's setting; by default the optimizer's), beside every key that MMEngine knows.
    """

    def __init__(self, optim_wrapper_cfg: dict[str, Any], paramwise_cfg: dict[str, Any] | None = None) -> None:
        rest = dict(paramwise_cfg or {})
        self.offset_lr: float | None = rest.pop("offset_lr", None)
        super().__init__(optim_wrapper_cfg, rest or None)

    def __call__(self, model: nn.Module) -> OptimWrapper:
        wrapper = super().__call__(model)
        optimizer = wrapper.optimizer
        own = {id(offsets) for offsets in offsets_by_module(model).values()}
        offsets = [p for group in optimizer.param_groups for p in group["params"] if id(p) in own and p.requires_grad]
        for group in optimizer.param_groups:
            group["params"] = [p for p in group["params"] if id(p) not in own]
            group.setdefault("name", MAIN)
        optimizer.param_groups = [group for group in optimizer.param_groups if group["params"]]
        if wrapper.base_param_settings is not None:  # with several groups; MMEngine's log calls its rate base_lr
            wrapper.base_param_settings["name"] = MAIN
        if offsets:
            rate = optimizer.defaults["lr"] if self.offset_lr is None else self.offset_lr
            optimizer.add_param_group({"params": offsets, "lr": rate, "weight_decay": 0.0, "name": OFFSETS})
        return wrapper


class _OfOneGroup:
    """Makes a scheduler leave every parameter group alone but those of one name."""

    def __init__(self, *args: Any, group: str, **kwargs: Any) -> None:
        self.group = group
        super().__init__(*args, **kwargs)

    def _get_value(self) -> list[float]:
        groups = self.optimizer.param_groups  # type: ignore[attr-defined]
        scheduled = super()._get_value()  # type: ignore[misc]
        return [
            value if group.get("name") == self.group else group[self.param_name]  # type: ignore[attr-defined]
            for group, value in zip(groups, scheduled, strict=True)
        ]


@PARAM_SCHEDULERS.register_module()
class GroupMultiStepLR(_OfOneGroup, MultiStepLR):
    """MMEngine's ``MultiStepLR`` for the parameter groups named ``group`` alone."""


@PARAM_SCHEDULERS.register_module()
class GroupStepLR(_OfOneGroup, StepLR):
    """MMEngine's ``StepLR`` for the parameter groups named ``group`` alone."""


@HOOKS.register_module()
class OffsetRecordHook(Hook):
    """Records the learning rates of the parameter groups, and the offsets.

    Every ``interval`` iterations the visualizer gets ``lr/<group>`` and, for each feature shifting module,
    ``offsets/<module>/<figure>``: mean and greatest length and standard deviation in pixels of the module's map, and
    the share of coordinates within 0.1 pixels of a whole number. Every ``snapshot_interval`` iterations, at the start
    and at the end, ``offsets/iter_<n>.npz`` in the work directory gets the offsets themselves, one array [K, 2] a
    module.

    Args:
        interval: Number of iterations between two entries for the visualizer.
        snapshot_interval: Number of iterations between two snapshots.
    """

    priority = "LOW"

    def __init__(self, interval: int = 50, snapshot_interval: int = 10_000) -> None:
        if interval < 1 or snapshot_interval < 1:
            raise ValueError(f"expected intervals of 1 or more, got {interval} and {snapshot_interval}")
        self.interval, self.snapshot_interval = interval, snapshot_interval

    def before_train(self, runner: Runner) -> None:
        if runner.iter == 0:
            self._snapshot(runner, 0)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        done = runner.iter + 1
        if done % self.interval == 0:
            self._report(runner, done)
        if done % self.snapshot_interval == 0 or done == runner.max_iters:
            self._snapshot(runner, done)

    @master_only
    def _report(self, runner: Runner, done: int) -> None:
        rates = {group.get("name", MAIN): group["lr"] for group in runner.optim_wrapper.param_groups}
        scalars = {f"lr/{name}": rate for name, rate in rates.items()}
        for name, offsets in self._offsets(runner).items():
            scalars |= {f"offsets/{name}/{figure}": value for figure, value in offset_figures(offsets).items()}
        runner.visualizer.add_scalars(scalars, step=done)

    @master_only
    def _snapshot(self, runner: Runner, done: int) -> None:
        offsets = self._offsets(runner)
        if offsets:
            file = Path(runner.work_dir) / "offsets" / f"iter_{done}.npz"
            with draft(file) as unfinished, unfinished.open("wb") as stream:
                np.savez(stream, **offsets)

    @staticmethod
    def _offsets(runner: Runner) -> dict[str, np.ndarray]:
        model = getattr(runner.model, "module", runner.model)
        return {name: offsets.detach().cpu().numpy() for name, offsets in offsets_by_module(model).items()}


def offset_figures(offsets: np.ndarray) -> dict[str, float]:
    """The recorded figures of one module's offsets [K, 2]: lengths and deviation in pixels of its map, and a share."""
    lengths = np.linalg.norm(offsets, axis=1)
    return {
        "mean_length": float(lengths.mean()),
        "max_length": float(lengths.max()),
        "std": float(offsets.std()),
        "on_grid": float((np.abs(offsets - np.round(offsets)) < 0.1).mean()),
    }
