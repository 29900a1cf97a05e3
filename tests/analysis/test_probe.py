"""A probe sees the maps of the equations, and leaves the network and its numbers as they are."""

from __future__ import annotations

import copy
import re

import pytest
import torch
from torch import nn

from mmpose_ssn.analysis import Probe, last_module_before, predictor_heatmaps, shifting_modules
from mmpose_ssn.models import SSN, FeatureShiftingModule, FeatureShiftingNeck, GlobalNet, SSNLite, StagePredictors

VARIANTS = [{}, {"shift": False}, {"attention": None}, {"attention": "sigmoid"}, {"attention_from": "both"}]


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@torch.no_grad()
def test_the_intermediate_maps_end_in_the_output_of_the_module(variant, dtype):
    torch.manual_seed(0)
    module = FeatureShiftingModule(4, 6, **variant).eval().to(dtype)
    x = torch.randn(2, 4, 7, 5, dtype=dtype)
    maps = module.intermediates(x)
    torch.testing.assert_close(maps.output, module(x))
    torch.testing.assert_close(maps.output, torch.relu(module.norm(x + maps.nonlocal_maps)))
    assert (maps.attention is None) == (module.attention is None)


def test_the_maps_are_those_of_the_equations(tiny_network, steps):
    network = tiny_network()
    images = torch.randn(2, 2, 12, 10, dtype=torch.float64)
    by_hand = steps(network, images)
    heatmaps, maps = Probe(network, "first").run(images)
    for name, expected in by_hand.maps.items():
        torch.testing.assert_close(getattr(maps, name), expected)
    torch.testing.assert_close(heatmaps, network(images))


@pytest.mark.parametrize("training", [True, False])
def test_a_probe_leaves_no_trace(tiny_network, training):
    network = tiny_network()
    network.conv.weight.requires_grad_(False)
    network.train(training)
    network.second.eval()
    before = copy.deepcopy(network.state_dict())
    images = torch.randn(2, 2, 12, 10, dtype=torch.float64)
    probe = Probe(network, "first")
    heatmaps, maps = probe.run(images)
    torch.autograd.grad(heatmaps.sum(), maps.shifted)
    probe.reach(images.requires_grad_(), hold_attention=True)
    last_module_before(network, images)
    assert network.training == network.first.training == training and not network.second.training
    learned = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert learned == {name for name, _ in network.named_parameters()} - {"conv.weight"}
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


def test_hooks_go_even_if_the_network_fails(tiny_network):
    network = tiny_network()
    with pytest.raises(RuntimeError):
        Probe(network, "second").run(torch.randn(2, 7, 12, 10, dtype=torch.float64))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


def test_a_probe_works_where_gradients_are_off(tiny_network):
    probe = Probe(tiny_network(), "first")
    with torch.no_grad():
        heatmaps, maps = probe.run(torch.randn(1, 2, 12, 10, dtype=torch.float64))
    assert torch.autograd.grad(heatmaps.sum(), maps.shifted)[0].abs().sum() > 0


def test_held_attention_is_a_constant(tiny_network):
    maps = tiny_network().first.intermediates(torch.randn(1, 4, 6, 5, dtype=torch.float64), hold_attention=True)
    assert not maps.attention.requires_grad and maps.shifted.requires_grad


def test_windows_lie_at_minus_the_offsets(tiny_network):
    probe = Probe(tiny_network(), "first")
    assert (probe.windows == -probe.offsets).all() and probe.offsets.shape == (5, 2)
    assert probe.offsets == pytest.approx(probe.fsm.offsets.detach().numpy())
    still = Probe(tiny_network(shift=False), "first")
    assert not still.offsets.any() and still.windows.shape == (5, 2)


def test_what_cannot_be_probed_is_refused(tiny_network):
    network = tiny_network()
    images = torch.randn(1, 2, 12, 10, dtype=torch.float64)
    with pytest.raises(ValueError, match=re.escape("unknown module 'third', expected")):
        Probe(network, "third")
    with pytest.raises(ValueError, match="it ran 0 times"):
        Probe(network, "first", network.stem).run(images)
    with pytest.raises(ValueError, match="it ran 2 times"):
        Probe(network, "first", lambda x: network(x) + network(x)).run(images)
    with pytest.raises(ValueError, match="it did not"):
        Probe(network, "first", network.stem).reach(images)
    with pytest.raises(ValueError, match=re.escape("expected heatmaps of shape [B, M, h, w]")):
        Probe(network, "first", lambda x: network(x).sum()).run(images)
    network.first.inserted = False
    with pytest.raises(ValueError, match="unknown module 'first'"):
        Probe(network, "first")
    with pytest.raises(ValueError, match="still an identity"):
        network.first.intermediates(torch.randn(1, 4, 6, 5, dtype=torch.float64))


class SmallSSN(nn.Module):
    """SSN in small, with the parts that an MMPose estimator has under the same names."""

    def __init__(self, stage_blocks):
        super().__init__()
        self.backbone = SSN({"shift_channels": 4}, stage_blocks=stage_blocks, base_channels=2, norm_groups=2)
        self.neck = GlobalNet((8, 16, 32, 64), channels=4, norm_groups=2)
        self.head = nn.Module()
        self.head.stage_predictors = StagePredictors(3, 4, (8, 16, 32), channels=4, norm_groups=2)

    def extract_feat(self, images):
        return self.neck(self.backbone(images))


@pytest.mark.parametrize("stage_blocks", [(3, 4, 6, 3), (2, 2, 2, 2)])
def test_the_module_before_e1_is_the_first_stages_last(stage_blocks, one_thread):
    network = SmallSSN(stage_blocks)
    images = torch.rand(1, 3, 64, 64)
    before = {
        predictor: last_module_before(network, images, predictor_heatmaps(network, predictor))
        for predictor in ("E1", "E2", "P4")
    }
    last = [blocks - 1 for blocks in stage_blocks]
    second = [number for number in range(stage_blocks[1]) if number != 1][-1]
    fourth = [number for number in range(stage_blocks[3]) if number != 1][-1]
    assert before == {
        "E1": f"backbone.fsms.layer1_{last[0]}",
        "E2": f"backbone.fsms.layer2_{second}",
        "P4": f"backbone.fsms.layer4_{fourth}",
    }
    if stage_blocks == (3, 4, 6, 3):  # the paper's FSM3 is the third module
        assert list(shifting_modules(network)).index(before["E1"]) == 2


def test_the_module_of_other_networks(one_thread):
    lite = SSNLite({"shift_channels": 4}, base_channels=2, norm_groups=2)
    images = torch.rand(1, 3, 32, 32)
    assert last_module_before(lite, images, lambda x: lite(x)[0]) == "fsms.2"
    lite.fsms[2].inserted = False
    assert last_module_before(lite, images, lambda x: lite(x)[0]) == "fsms.1"
    neck = FeatureShiftingNeck([3, 3], {"shift_channels": 4})
    assert last_module_before(neck, images, lambda x: neck([x, x])[0]) == "fsms.0"
    with pytest.raises(ValueError, match="depend on no inserted feature shifting module"):
        last_module_before(nn.Conv2d(3, 2, 1), images)


def test_a_predictor_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="unknown predictor 'E4', expected one of E1, E2, E3, P1"):
        predictor_heatmaps(SmallSSN((2, 2, 2, 2)), "E4")


def test_a_network_of_the_registry_is_probed_as_it_is(smoke_config, one_thread):
    from mmengine.registry import init_default_scope
    from mmpose.models import build_pose_estimator

    init_default_scope("mmpose")
    config = smoke_config("ssn")
    estimator = build_pose_estimator(config.model)
    for name, module in estimator.named_modules():
        if name.startswith("backbone.fsms.") and isinstance(module, FeatureShiftingModule):
            module.inserted = True
    width, height = config.codec.input_size
    predict = predictor_heatmaps(estimator, "E1")
    name = last_module_before(estimator, torch.rand(1, 3, height, width), predict)
    heatmaps, maps = Probe(estimator, name, predict).run(torch.rand(2, 3, height, width))
    assert name.startswith("backbone.fsms.layer1_")
    assert heatmaps.shape[:2] == (2, 17) and maps.shifted.shape[2:] == (height // 4, width // 4)
