"""Channels last is another order of the same numbers: it changes no result but in its rounding."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import torch
from torch import nn

from mmpose_ssn.engine.memory_format import ChannelsLastHook


def test_gradients_are_those_of_the_other_order() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, groups=4),
        nn.ConvTranspose2d(8, 4, 2),
    ).double()
    other, images = copy.deepcopy(network), torch.randn(2, 3, 10, 8, dtype=torch.float64)
    parameters = list(other.parameters())
    ChannelsLastHook().before_train(SimpleNamespace(model=other))
    outs = [one(images) for one in (network, other)]
    assert outs[1].is_contiguous(memory_format=torch.channels_last) and not outs[0].is_contiguous(
        memory_format=torch.channels_last
    )
    torch.testing.assert_close(*outs)
    for out in outs:
        out.square().mean().backward()
    for mine, theirs, before in zip(other.parameters(), network.parameters(), parameters, strict=True):
        assert mine is before  # as the optimizer knows it
        torch.testing.assert_close(mine.grad, theirs.grad)
