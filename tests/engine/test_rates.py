"""The rates of the two parameter groups follow the paper's two schedules, neither touching the other's (Section 4)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.hooks import ParamSchedulerHook
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader

import mmpose_ssn.plugin  # noqa: F401  registers the constructor and the schedulers
from mmpose_ssn.datasets.sample_stream import StreamSampler
from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.experiment.resolved_config import resolve
from mmpose_ssn.models import FeatureShiftingModule

COCO_PERSONS = 149_813  # with keypoints, in train2017


class Network(nn.Module):
    def __init__(self, **fsm: Any) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 1)
        self.fsm = FeatureShiftingModule(4, 6, **fsm)
        self.head = nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4))


def config_of(preset: str, tmp_path):
    return resolve(load_preset(preset), "ssn", 0, tmp_path)


class Training:
    """The optimizer and the schedulers of a config, built and stepped by MMEngine's own code, without any data."""

    def __init__(self, config, model: nn.Module, samples: int = COCO_PERSONS, scale: bool = False) -> None:
        batch_size = config.train_dataloader.batch_size
        stream = range(samples)
        runner = SimpleNamespace(
            train_dataloader=DataLoader(stream, batch_size, sampler=StreamSampler(stream, seed=0)),
            _train_dataloader=dict(batch_size=batch_size),
            _train_loop=None,
            world_size=1,
            param_schedulers=config.param_scheduler,
            logger=MMLogger.get_current_instance(),
        )
        self.wrapper = build_optim_wrapper(model, config.optim_wrapper)
        if scale:
            Runner.scale_lr(runner, self.wrapper, {**config.auto_scale_lr, "enable": True})
        runner.param_schedulers = Runner._build_param_scheduler(runner, config.param_scheduler, self.wrapper)
        self.runner, self.epoch = runner, len(runner.train_dataloader)

    def groups(self, name: str) -> list[dict[str, Any]]:
        return [group for group in self.wrapper.param_groups if group["name"] == name]

    def run(self, iterations: int) -> tuple[np.ndarray, np.ndarray]:
        """Rates that each iteration is done at: of the main group, of the offsets."""
        self.wrapper.step()  # else PyTorch warns of the order
        hook, (main,), (offsets,) = ParamSchedulerHook(), self.groups("main"), self.groups("offsets")
        rates = np.empty((iterations, 2))
        for iteration in range(iterations):
            rates[iteration] = main["lr"], offsets["lr"]
            hook.after_train_iter(self.runner, iteration)
        return rates[:, 0], rates[:, 1]


def test_rates_of_the_paper_over_400k_iterations(tmp_path) -> None:
    config = config_of("paper", tmp_path)
    assert config.train_cfg.max_iters == 400_000 and config.train_dataloader.batch_size == 16
    training = Training(config, Network())
    assert training.epoch == 9364  # 149,813 / 16, begun epochs counted
    main, offsets = training.run(400_000)
    n = np.arange(400_000)
    halvings = (n >= 300_000).astype(int) + (n >= 330_000) + (n >= 360_000) + (n >= 390_000)
    np.testing.assert_allclose(main, 5e-4 * 0.5**halvings, rtol=1e-9)
    np.testing.assert_allclose(offsets, 1e-3 * 0.9 ** (n // 9364), rtol=1e-9)


@pytest.mark.parametrize("preset", ["smoke", "figures"])
def test_rates_of_a_small_preset_are_the_papers_squeezed(preset: str, tmp_path) -> None:
    config, settings = config_of(preset, tmp_path), load_preset(preset)["training"]
    iterations = settings["iterations"]
    main, offsets = Training(config, Network(), samples=48).run(iterations)
    n, factor = np.arange(iterations), iterations / 400_000
    halvings = sum((n >= max(1, round(k * factor))).astype(int) for k in (300_000, 330_000, 360_000, 390_000))
    epoch = max(1, round(150_000 // 16 * factor))  # of the paper, in proportion: not this set's own
    np.testing.assert_allclose(main, settings["learning_rate"] * 0.5**halvings)
    np.testing.assert_allclose(offsets, settings.get("offset_learning_rate", 1e-3) * 0.9 ** (n // epoch))


def test_offsets_alone_are_in_their_group(tmp_path) -> None:
    config, model = config_of("paper", tmp_path), Network()
    training = Training(config, model)
    (main,), (offsets,) = training.groups("main"), training.groups("offsets")
    assert [id(p) for p in offsets["params"]] == [id(model.fsm.offsets)] and offsets["weight_decay"] == 0
    assert {id(p) for p in main["params"]} == {id(p) for p in model.parameters()} - {id(model.fsm.offsets)}


@pytest.mark.parametrize("fsm", [dict(learn_offsets=False), dict(shift=False)], ids=["frozen", "without shift"])
@pytest.mark.parametrize("others", [{}, dict(bypass_duplicate=True)], ids=["plain", "parameter by parameter"])
def test_offsets_that_do_not_learn_are_in_no_group(fsm: dict[str, Any], others: dict[str, Any], tmp_path) -> None:
    config, model = config_of("paper", tmp_path), Network(**fsm)
    config.optim_wrapper.paramwise_cfg.update(others)
    training = Training(config, model)
    assert training.groups("offsets") == []
    held = {id(p) for group in training.wrapper.optimizer.param_groups for p in group["params"]}
    assert held == {id(p) for p in model.parameters() if p is not model.fsm.offsets}


def test_mmengines_own_keys_still_work_and_leave_the_offsets_alone(tmp_path) -> None:
    config, model = config_of("paper", tmp_path), Network()
    config.optim_wrapper.optimizer.weight_decay = 0.1
    config.optim_wrapper.paramwise_cfg.update(norm_decay_mult=0.0, custom_keys=dict(head=dict(lr_mult=0.1)))
    config.param_scheduler[0].milestones = [2]
    training = Training(config, model)
    training.wrapper.step()
    hook = ParamSchedulerHook()

    def settings() -> dict[str, tuple[float, float]]:
        found = {id(p): (g["lr"], g["weight_decay"]) for g in training.wrapper.param_groups for p in g["params"]}
        return {name: found[id(parameter)] for name, parameter in model.named_parameters()}

    before = settings()
    assert before["stem.weight"] == (5e-4, 0.1) and before["fsm.norm.weight"] == (5e-4, 0.0)
    assert before["head.0.weight"] == pytest.approx((5e-5, 0.1)) and before["fsm.offsets"] == (1e-3, 0.0)
    for iteration in range(2):
        hook.after_train_iter(training.runner, iteration)
    assert training.wrapper.get_lr()["base_lr"] == pytest.approx([2.5e-4]), "what MMEngine's log shows"
    for name, (rate, decay) in settings().items():
        factor = 1 if name == "fsm.offsets" else 0.5
        assert (rate, decay) == pytest.approx((factor * before[name][0], before[name][1])), name


def test_offset_rate_is_the_optimizers_where_none_is_given(tmp_path) -> None:
    config = config_of("paper", tmp_path)
    config.optim_wrapper.paramwise_cfg = None
    assert Training(config, Network()).groups("offsets")[0]["lr"] == 5e-4


def test_auto_scale_lr_scales_both_groups_by_the_batch(tmp_path) -> None:
    """4 images instead of 16 are a quarter of both rates, and the schedules start from there."""
    config = config_of("paper", tmp_path)
    config.train_dataloader.batch_size = 4
    config.param_scheduler[0].milestones, samples = [3], 8  # an epoch of two iterations
    main, offsets = Training(config, Network(), samples, scale=True).run(5)
    np.testing.assert_allclose(main, 5e-4 / 4 * np.array([1, 1, 1, 0.5, 0.5]))
    np.testing.assert_allclose(offsets, 1e-3 / 4 * np.array([1, 1, 0.9, 0.9, 0.81]))
    assert not config.auto_scale_lr.get("enable"), "off unless asked for"


def test_each_group_steps_by_its_own_rate(tmp_path) -> None:
    """Adam's first step is the rate itself."""
    config, model = config_of("paper", tmp_path), Network()
    training = Training(config, model)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    sum(p.sum() for p in model.parameters()).backward()
    training.wrapper.step()
    for name, parameter in model.named_parameters():
        rate = 1e-3 if name == "fsm.offsets" else 5e-4
        torch.testing.assert_close(before[name] - parameter, torch.full_like(parameter, rate), rtol=1e-3, atol=1e-7)
