"""Hooks that make narrow networks train faster on a CPU and change nothing but rounding."""

from __future__ import annotations

import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mmpose_ssn.models.pointwise import as_matrix_products


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Keeps channels next to each other in memory during a training, in the weights and therefore in the maps.

    On a CPU a step of a narrow network with grouped convolutions takes some 0.6 of its time in this order. Rounding
    differs from that in the usual order.
    """

    def before_train(self, runner: Runner) -> None:
        runner.model.to(memory_format=torch.channels_last)


@HOOKS.register_module()
class MatrixProductHook(Hook):
    """Computes the 1x1 convolutions of a training as matrix products, see :mod:`mmpose_ssn.models.pointwise`.

    On a CPU this shortens a step of a narrow SSN to some 0.85 of its time. Rounding differs from the convolutions'.
    """

    def before_train(self, runner: Runner) -> None:
        as_matrix_products(runner.model)
