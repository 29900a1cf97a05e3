"""Three iterations of a training at rate 0, and the gradients that its optimizer was given in each: before the
insertion and after it with BN in eval mode, and after it with BN in train mode. Run by torchrun in several processes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

import mmpose_ssn.plugin  # noqa: F401  MMPose imports only once it is repaired


class Gradients(Hook):
    priority = "LOWEST"

    def __init__(self) -> None:
        self.kept: list[dict[str, torch.Tensor]] = []
        self.samples: list[list[int]] = []

    def before_train(self, runner: Any) -> None:
        self.wrapped = type(runner.model).__name__
        model = getattr(runner.model, "module", runner.model)
        runner.optim_wrapper.optimizer.register_step_pre_hook(
            lambda *_: self.kept.append(
                {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
            )
        )

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        self.samples.append([sample.metainfo["id"] for sample in data_batch["data_samples"]])
        for module in runner.model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.train(batch_idx == 2)


def gradients(config: Config, folder: Path) -> Gradients:
    config.work_dir = str(folder)
    runner, hook = Runner.from_cfg(config), Gradients()
    runner.register_hook(hook)
    runner.train()
    return hook


if __name__ == "__main__":
    torch.set_num_threads(1)
    Config.pretty_text = property(lambda config: repr(config.to_dict()))  # MMEngine's formatting takes seconds
    config, folder = Config.fromfile(sys.argv[1]), Path(sys.argv[2])
    torch.distributed.init_process_group("gloo")  # MMEngine asks for a GPU, here and when it wraps the model
    config.launcher = "pytorch"
    config.model_wrapper_cfg = dict(
        type="MMDistributedDataParallel",
        device_ids=None,
        broadcast_buffers=False,
        find_unused_parameters=config.find_unused_parameters,
    )
    found = gradients(config, folder / "work")
    torch.save(vars(found), folder / f"rank{get_rank()}.pth")
