"""Delayed insertion: the feature shifting modules join a training once the network around them has settled (paper,
Section 4, "Training").
"""

from __future__ import annotations

from typing import Any

import numpy as np
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mmpose_ssn.models.fsm import GatedResidual


@HOOKS.register_module()
class DelayedInsertionHook(Hook):
    """Keeps every feature shifting module, or what stands in its place, out of the first iterations.

    Until then a module is an identity: its parameters get no gradient and Adam no state for them, and its BN counts no
    batch. Whether it is in is decided anew at each iteration from the iteration's number alone, so that a training may
    be resumed on either side. After the insertion the log says what it did to the loss.

    A network without such modules is left alone. Before the insertion the modules' parameters are unused, for which
    DistributedDataParallel needs ``find_unused_parameters=True``.

    Args:
        iterations: Number of iterations without the modules; 6000 in the paper.
        window: Number of iterations on either side over which the loss is averaged for the log.
    """

    priority = "HIGH"

    def __init__(self, iterations: int = 6000, window: int = 50) -> None:
        if iterations < 0 or window < 1:
            raise ValueError(f"expected iterations >= 0 and window >= 1, got {iterations} and {window}")
        self.iterations, self.window = iterations, window
        self._modules: list[GatedResidual] = []

    def before_train(self, runner: Runner) -> None:
        self._modules = [module for module in runner.model.modules() if isinstance(module, GatedResidual)]
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

    def _set(self, iteration: int) -> None:
        for module in self._modules:
            module.inserted = iteration >= self.iterations
