"""Delayed insertion: the feature shifting modules join a training once the network around them has settled (paper,
Section 4, "Training").
"""

from __future__ import annotations

from typing import Any

import numpy as np
from mmengine.hooks import EMAHook, Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mmpose_ssn.models.fsm import GatedResidual

_PAPER_ITERATIONS = 6000


@HOOKS.register_module()
class DelayedInsertionHook(Hook):
    """Keeps every feature shifting module, or what stands in its place, out of the first iterations.

    Until then a module is an identity: its parameters get no gradient and Adam no state for them, and its BN counts no
    batch. Whether it is in is decided anew at each iteration from the iteration's number alone, so that a training may
    be resumed on either side. After the insertion the log says what it did to the loss.

    The averaged network of MMEngine's ``EMAHook`` has its modules inserted at the same time, as the hook averages
    parameters only. A network without such modules is left alone. Before the insertion the modules' parameters are
    unused, for which DistributedDataParallel needs ``find_unused_parameters=True``.

    A training that is over before the insertion would never have the modules. With the paper's 6000 iterations, which
    a config has by default, it is refused before it begins; with another number, which somebody chose, the log warns.

    Args:
        iterations: Number of iterations without the modules; 6000 in the paper.
        window: Number of iterations on either side over which the loss is averaged for the log.

    Raises:
        ValueError: If a number is too small; before a training, if it ends before the insertion or if
            DistributedDataParallel would fail on unused parameters.
    """

    priority = "HIGH"

    def __init__(self, iterations: int = _PAPER_ITERATIONS, window: int = 50) -> None:
        if iterations < 0 or window < 1:
            raise ValueError(f"expected iterations >= 0 and window >= 1, got {iterations} and {window}")
        self.iterations, self.window = iterations, window
        self._modules: list[GatedResidual] = []
        self._copies: list[GatedResidual] = []

    def before_train(self, runner: Runner) -> None:
        self._modules, self._copies = _modules_of(runner.model), []
        for hook in runner.hooks:
            if isinstance(hook, EMAHook):
                self._copies += _modules_of(hook.ema_model)
        if self._modules and self.iterations > runner.iter:
            self._check_length(runner)
            self._check_wrapper(runner.model)
        self._set(runner.iter)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        self._set(runner.iter)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        done = runner.iter + 1
        reported = min(self.iterations + self.window, runner.max_iters)
        if not self._modules or not 0 < self.iterations < done or done != reported:
            return
        history, _ = runner.message_hub.get_scalar("train/loss").data  # reaches back before a resume too
        loss = np.asarray(history)
        before, after = loss[max(0, self.iterations - self.window) : self.iterations], loss[self.iterations : done]
        runner.logger.info(
            f"{len(self._modules)} feature shifting modules inserted after iteration {self.iterations}: mean loss "
            f"{before.mean():.4g} over the {len(before)} iterations before, {after[0]:.4g} in the first with them, "
            f"{after.mean():.4g} over the first {len(after)}"
        )

    def _check_length(self, runner: Runner) -> None:
        if self.iterations < runner.max_iters:
            return
        text = (
            f"the feature shifting modules would be inserted after iteration {self.iterations}, and the training has "
            f"{runner.max_iters}: it would train, save and score a network without them"
        )
        if self.iterations == _PAPER_ITERATIONS:
            raise ValueError(
                f"{text}. Set iterations of the DelayedInsertionHook in custom_hooks: 0 inserts them from the start, "
                f"{round(runner.max_iters * _PAPER_ITERATIONS / 400_000)} is the paper's share of this training"
            )
        runner.logger.warning(f"{text}. Set iterations of the DelayedInsertionHook if that is not what you want")

    @staticmethod
    def _check_wrapper(model: nn.Module) -> None:
        if isinstance(model, DistributedDataParallel) and not model.find_unused_parameters:
            raise ValueError(
                "until their insertion the feature shifting modules' parameters are unused, for which "
                "DistributedDataParallel fails in its second iteration: set find_unused_parameters=True in the config "
                "(in model_wrapper_cfg where there is one), or iterations=0 of the DelayedInsertionHook"
            )

    def _set(self, iteration: int) -> None:
        for module in (*self._modules, *self._copies):
            module.inserted = iteration >= self.iterations


def _modules_of(model: nn.Module) -> list[GatedResidual]:
    return [module for module in model.modules() if isinstance(module, GatedResidual)]
