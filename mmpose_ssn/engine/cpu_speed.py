"""What makes narrow networks train faster on a CPU, and changes nothing but rounding."""

from __future__ import annotations

import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mmpose_ssn.models.pointwise import as_matrix_products


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Has a training keep channels next to each other in memory, weights and from there maps.

    On a CPU a step of a narrow network with grouped convolutions takes some 0.6 of its time in this order. Rounding
    differs from the other one's.
    """

    def before_train(self, runner: Runner) -> None:
        runner.model.to(memory_format=torch.channels_last)


@HOOKS.register_module()
class MatrixProductHook(Hook):
    """Has the 1x1 convolutions of a training computed as matrix products, see :mod:`mmpose_ssn.models.pointwise`.

    On a CPU this shortens a step of a narrow SSN to some 0.85 of its time. Rounding differs from the convolutions'.
    """

    def before_train(self, runner: Runner) -> None:
        as_matrix_products(runner.model)
