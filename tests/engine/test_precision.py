"""A training step in half precision keeps the offsets exact, and one over micro-batches is one over their union."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmpose.registry import DATASETS, MODELS
from torch import nn

from mmpose_ssn.datasets.sample_stream import SampleStream
from mmpose_ssn.engine.offset_group import offsets_by_module

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def small(smoke_config: Callable[..., Config], build) -> SimpleNamespace:
    """The smoke preset's SSN with modules that have a say, and eight training samples."""
    config = smoke_config("ssn")
    config.model.backbone.fsm.zero_init = False
    stream = SampleStream(build(DATASETS, config.train_dataloader.dataset))
    torch.manual_seed(0)
    return SimpleNamespace(config=config, model=build(MODELS, config.model), samples=[stream[0, n] for n in range(8)])


def step(model: nn.Module, samples: list[Any]) -> float:
    data = model.data_preprocessor(deepcopy(pseudo_collate(samples)), True)
    loss, _ = model.parse_losses(model(**data, mode="loss"))
    loss.backward()
    return float(loss.detach())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=["fp16", "bf16"])
def test_half_precision_step_keeps_offsets_and_their_gradients_in_float32(
    dtype: torch.dtype, small: SimpleNamespace, record_property
) -> None:
    exact, half = deepcopy(small.model).train(), deepcopy(small.model).train()
    expected = step(exact, small.samples)
    seen: set[torch.dtype] = set()
    half.backbone.layer1[0].conv1.register_forward_hook(lambda module, inputs, output: seen.add(output.dtype))
    with torch.autocast("cpu", dtype):
        loss = step(half, small.samples)
    assert seen == {dtype}, "it did run in half precision"
    record_property("relative difference of the loss", abs(loss - expected) / expected)
    assert loss == pytest.approx(expected, rel=0.01)
    for name, parameter in half.named_parameters():
        assert parameter.dtype == parameter.grad.dtype == torch.float32 and parameter.grad.isfinite().all(), name
    ours, theirs = offsets_by_module(half), offsets_by_module(exact)
    assert len(ours) == 13
    a, b = (torch.cat([offsets.grad.flatten() for offsets in each.values()]) for each in (ours, theirs))
    agreement = float(torch.nn.functional.cosine_similarity(a, b, dim=0))
    record_property("cosine of the offsets' gradients", agreement)  # a network with random weights is all differences
    assert agreement > (0.4 if dtype == torch.bfloat16 else 0.9)


def updated(small: SimpleNamespace, batches: list[list[Any]], statistics: str) -> dict[str, torch.Tensor]:
    """Weights after one update by MMEngine's wrapper, by plain descent: the change is the gradient."""
    model = deepcopy(small.model).train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            getattr(module, statistics)()
    config = deepcopy(small.config.optim_wrapper)
    config.update(optimizer=dict(type="SGD", lr=1.0), paramwise_cfg=None, accumulative_counts=len(batches))
    wrapper = build_optim_wrapper(model, config)
    wrapper.initialize_count_status(model, 0, len(batches))
    for samples in batches:
        before = {name: p.detach().clone() for name, p in model.named_parameters()}
        model.train_step(deepcopy(pseudo_collate(samples)), wrapper)
        unchanged = all(torch.equal(p, before[name]) for name, p in model.named_parameters())
        assert unchanged is (samples is not batches[-1]), "one update, after the last micro-batch"
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def test_two_micro_batches_of_four_equal_a_batch_of_eight(small: SimpleNamespace) -> None:
    start = small.model.state_dict()
    whole, halves = (updated(small, b, "eval") for b in ([small.samples], [small.samples[:4], small.samples[4:]]))
    for name, tensor in whole.items():
        torch.testing.assert_close(halves[name], tensor, rtol=1e-4, atol=1e-6, msg=lambda m, n=name: f"{n}: {m}")
    moved = [name for name, _ in small.model.named_parameters() if not torch.equal(whole[name], start[name])]
    assert any(name.endswith(".offsets") for name in moved)


def test_batch_normalisation_sees_each_micro_batch_alone(small: SimpleNamespace) -> None:
    whole, halves = (updated(small, b, "train") for b in ([small.samples], [small.samples[:4], small.samples[4:]]))
    counts = {name for name in whole if name.endswith("num_batches_tracked")}
    assert {int(whole[name]) for name in counts} == {1} and {int(halves[name]) for name in counts} == {2}
    name = next(name for name in whole if name.endswith("norm.running_var"))
    assert not torch.allclose(whole[name], halves[name], rtol=1e-2)
