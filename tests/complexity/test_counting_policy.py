"""Counts are those of the named policy, worked out by hand for one module, and the same whatever computes the shift."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpose_ssn.complexity import UncountedOperation, count
from mmpose_ssn.models import FeatureShiftingModule, Predictor
from mmpose_ssn.ops import available_backends

C, K, H, W = 6, 10, 5, 3


def count_fsm(**arguments):
    fsm = FeatureShiftingModule(C, K, **arguments)
    counted = count(fsm, [fsm], (1, C, H, W))
    return counted.params, counted.macs, counted.ops


def test_one_module_by_hand():
    pixels = H * W
    macs = 3 * K * C * pixels
    biases = (2 * K + C) * pixels
    shift = 7 * K * pixels
    attention = (1 + 1 + 1 + 1) * K * pixels  # softplus, sum, division, product
    output = (1 + 2 + 1) * C * pixels  # the input added, BN, ReLU
    params = 3 * K * C + 2 * K + (2 * K + C) + 2 * C
    assert count_fsm() == (params, macs, macs + biases + shift + attention + output)
    assert count_fsm(shift=False) == (params - 2 * K, macs, macs + biases + attention + output)

    without = macs * 2 // 3
    assert count_fsm(attention=None) == (
        params - K * C - K,
        without,
        without + biases - K * pixels + shift + output,
    )
    sigmoid = (1 + 1) * K * pixels  # sigmoid, product
    assert count_fsm(attention="sigmoid") == (params, macs, macs + biases + shift + sigmoid + output)


def test_the_shift_counts_the_same_on_every_back_end():
    assert len({count_fsm(backend=backend) for backend in available_backends()}) == 1


@pytest.mark.parametrize(
    ("layer", "macs", "others"),
    [
        (nn.Conv2d(6, 4, 3, stride=2, padding=1, bias=False), 4 * 6 * 9 * 3 * 2, 0),
        (nn.Conv2d(6, 4, 1), 4 * 6 * 15, 4 * 15),
        (nn.Conv2d(6, 6, 3, padding=1, groups=3, bias=False), 6 * 2 * 9 * 15, 0),
        (nn.ConvTranspose2d(6, 4, 2, stride=2, bias=False), 6 * 4 * 4 * 15, 0),
        (nn.GroupNorm(2, 6), 0, 2 * 6 * 15),
        (nn.BatchNorm2d(6), 0, 2 * 6 * 15),
        (nn.ReLU(), 0, 6 * 15),
        (nn.ReLU(inplace=True), 0, 6 * 15),
        (nn.Sigmoid(), 0, 6 * 15),
        (nn.Softplus(), 0, 6 * 15),
        (nn.MaxPool2d(3, stride=2, padding=1), 0, 6 * 3 * 2),
        (nn.Upsample(scale_factor=2, mode="bilinear"), 0, 7 * 6 * 60),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else str(value),
)
def test_each_named_operation_by_hand(layer, macs, others):
    counted = count(layer, [layer], (1, 6, 5, 3))
    assert (counted.macs, counted.ops) == (macs, macs + others)


def test_counts_grow_with_the_batch():
    fsm = FeatureShiftingModule(C, K)
    one, three = (count(fsm, [fsm], (batch, C, H, W)) for batch in (1, 3))
    assert (three.params, three.macs, three.ops) == (one.params, 3 * one.macs, 3 * one.ops)


def test_only_trainable_parameters_count_and_shared_ones_once():
    layer = nn.Conv2d(3, 3, 1)
    layer.bias.requires_grad_(False)
    assert count(lambda x: layer(layer(x)), [layer, layer], (1, 3, 2, 2)).params == 9


def test_an_operation_without_a_name_in_the_policy_raises():
    layer = nn.Conv2d(3, 3, 1)
    with pytest.raises(UncountedOperation, match=r"aten\.tanh.*add it to mmpose_ssn\.complexity\.count"):
        count(lambda x: torch.tanh(layer(x)), [layer], (1, 3, 2, 2))


def test_a_predictor_costs_more_where_it_resizes_first():
    def macs(resize_first):
        predictor = Predictor(16, 16, 17, resize_first=resize_first, norm_groups=4)
        return count(lambda x: predictor(x, (16, 12)), [predictor], (1, 16, 8, 6)).macs

    assert macs(True) - macs(False) == 17 * 16 * 9 * (16 * 12 - 8 * 6)
