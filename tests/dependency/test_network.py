"""The network sees as far as its limit says and no farther, and the analysis knows where an FSM looks."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mmpose_ssn.dependency.network import DependencyNetwork, limit
from mmpose_ssn.dependency.places import mass_within, nearest, places
from mmpose_ssn.dependency.task import CUE_RADIUS, SIZE, Task
from mmpose_ssn.models.alternatives import KINDS

MIDDLE = SIZE // 2


def what_the_middle_sees(network):
    """Pixels [n, 2] (x, y), relative to the middle, that the logit there depends on."""
    image = torch.rand(1, 3, SIZE, SIZE, requires_grad=True)
    network.eval()(image)[0, MIDDLE, MIDDLE].backward()
    y, x = image.grad.abs().sum((0, 1)).nonzero().unbind(1)
    return torch.stack([x, y], dim=1) - MIDDLE


@pytest.mark.parametrize("kind", [kind for kind in KINDS if KINDS[kind].window is not None])
def test_a_cue_beyond_the_limit_cannot_reach_the_mark_and_one_at_it_can(kind):
    torch.manual_seed(0)
    seen = what_the_middle_sees(DependencyNetwork(kind, 64, 4.0)).abs().amax(1).max().item()
    assert limit(kind) == seen + CUE_RADIUS


@pytest.mark.parametrize("kind", ["non-local", "squeeze-excitation"])
def test_what_looks_at_the_whole_map_has_no_limit(kind):
    assert math.isnan(limit(kind))
    assert len(what_the_middle_sees(DependencyNetwork(kind, 64, 4.0))) > 0.9 * SIZE**2


def test_all_kinds_start_from_the_same_stem_and_predictor():
    states = []
    for kind in ("conv3x3", "fsm"):
        torch.manual_seed(7)
        states.append(DependencyNetwork(kind, 64, 4.0).state_dict())
    for name in ("stem.weight", "predictor.weight"):
        assert torch.equal(states[0][name], states[1][name])


@pytest.mark.parametrize("kind", KINDS)
def test_every_module_costs_within_5_percent_of_the_feature_shifting_module(kind):
    with torch.device("meta"):
        match = DependencyNetwork(kind, 64, 4.0).match
    assert match.params_ratio == pytest.approx(1, abs=0.05)


def test_places_are_what_the_network_sees():
    torch.manual_seed(0)
    network = DependencyNetwork("fsm", 3, 0.0)
    with torch.no_grad():
        network.module.offsets.copy_(torch.tensor([[-9.5, 4.5], [6.5, 0.5], [-9.5, 4.5]]))
    where, weights = places(network, Task(2, 0).batch("test", 0, 8))
    assert np.array_equal(where, [[9.5, -4.5], [-6.5, -0.5], [9.5, -4.5]]) and weights.sum() == pytest.approx(1)
    seen = what_the_middle_sees(network)
    # two taps on either side of a half pixel, and the stem's pixel around them
    expected = {(x, y) for x in range(8, 12) for y in range(-6, -2)} | {
        (x, y) for x in range(-8, -4) for y in range(-2, 2)
    }
    local = {(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)}
    assert {tuple(pixel) for pixel in seen.tolist()} - local == expected - local


def test_the_weight_of_a_channel_follows_its_convolutions_and_its_gate():
    torch.manual_seed(0)
    network, batch = DependencyNetwork("fsm", 4, 4.0), Task(2, 0).batch("test", 0, 8)
    _, before = places(network, batch)
    with torch.no_grad():
        network.module.expand.weight[:, 1] *= 3
        network.module.reduce.weight[2] *= 5
        network.module.attention.conv.weight[3] = 0
        network.module.attention.conv.bias[3] = -30
    _, after = places(network, batch)
    assert after[1:3] / after[0] == pytest.approx(before[1:3] / before[0] * [3, 5])
    assert after[3] < 1e-9
    assert places(DependencyNetwork("active", 64, 4.0), batch) is None


def test_mass_and_nearest_by_hand():
    where, weights = np.array([[3.0, 4.0], [3.0, 4.9], [0.0, 0.0]]), np.array([0.5, 0.25, 0.25])
    assert mass_within(where, weights, (3, 4)) == 0.75
    assert mass_within(where, weights, (3, 4), radius=0.5) == 0.5
    assert nearest(where, (0, 3)) == 3
