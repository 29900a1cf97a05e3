"""Our controls lack what they are meant to lack, and nothing else, in the networks that are built of their configs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.experiment.resolved_config import resolve
from mmpose_ssn.models.fsm import CorrelationAttention, FeatureShiftingModule, GatedResidual
from mmpose_ssn.networks import networks

DEEP = {"smoke": (13, 512 // 16), "figures": (5, 512 // 8)}
"""By preset, how many modules the deep network has, and their K. Each block has a module before it, but for the three
right after a strided block: in the paper 13 of 16, and with two blocks to a stage 5 of 8.
"""
LITE = {"smoke": (256 // 16, 64 // 16), "figures": (256 // 4, 64 // 4)}
"""By preset, the K of the lite network and its base width."""
presets = pytest.mark.parametrize("preset", DEEP)


def built(preset: str, network: str) -> nn.Module:
    """The network as it is built from seed 0."""
    import mmpose.models  # noqa: F401  registers the estimators
    from mmengine.registry import DefaultScope
    from mmpose.registry import MODELS

    import mmpose_ssn.plugin  # noqa: F401  registers SSN

    config = resolve(load_preset(preset), network, 0, Path("data"))
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope("mmpose"):
        return MODELS.build(config.model)


def modules(model: nn.Module, kind: type[nn.Module]) -> list[nn.Module]:
    return [module for module in model.modules() if isinstance(module, kind)]


def params(model: nn.Module, learned_only: bool = False) -> int:
    return sum(one.numel() for one in model.parameters() if one.requires_grad or not learned_only)


@presets
def test_frozen_ssn_has_the_offsets_of_ssn_and_learns_everything_but_them(preset: str) -> None:
    count, width = DEEP[preset]
    frozen, ssn = built(preset, "ssn-frozen"), built(preset, "ssn")
    fsms = modules(frozen, FeatureShiftingModule)
    assert len(fsms) == len(modules(ssn, FeatureShiftingModule)) == count
    assert [tuple(fsm.offsets.shape) for fsm in fsms] == [(width // 2, 2), *[(width, 2)] * (count - 1)]
    assert all(fsm.offsets.std() > 0.3 for fsm in fsms), "random reach, not none"
    held = {name for name, one in frozen.named_parameters() if not one.requires_grad}
    assert held == {name for name, _ in ssn.named_parameters() if name.endswith(".offsets")} and len(held) == count
    assert all(one.requires_grad for one in ssn.parameters())
    assert params(frozen, learned_only=True) == params(ssn) - 2 * (width // 2 + (count - 1) * width)
    states = frozen.state_dict(), ssn.state_dict()
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0]), "a seed starts both alike"


@presets
def test_lite_network_without_shift_keeps_its_modules_and_their_attention(preset: str) -> None:
    width, _ = LITE[preset]
    without, lite = built(preset, "lite-k256-wo-shift"), built(preset, "lite-k256")
    fsms = modules(without, FeatureShiftingModule)
    assert len(fsms) == len(modules(lite, FeatureShiftingModule)) == 3
    for fsm in fsms:
        assert isinstance(fsm.attention, CorrelationAttention) and fsm.attention.normalization == "sigmoid"
        assert fsm.offsets is None
    assert not [name for name in without.state_dict() if "offset" in name]
    assert params(without, learned_only=True) == params(lite) - 3 * 2 * width


@presets
def test_lite_network_without_modules_has_the_same_blocks_and_none_of_the_modules_parameters(preset: str) -> None:
    width, base = LITE[preset]
    without, lite = built(preset, "lite-k256-wo-fsm"), built(preset, "lite-k256")
    assert not modules(without, GatedResidual) and not modules(without, CorrelationAttention)
    shapes = [{name: one.shape for name, one in model.named_parameters()} for model in (without, lite)]
    assert shapes[0] == {name: shape for name, shape in shapes[1].items() if ".fsms." not in name}
    # Each module has 3KC + 2K weights and offsets (Section 3.1), 2K + C biases, and 2C of BN.
    taken = sum(3 * width * c + 4 * width + 3 * c for c in (base, 4 * base, 4 * base))
    assert params(without, learned_only=True) == params(lite) - taken


@pytest.mark.parametrize("preset", [*DEEP, "photos", "photos-smoke"])
def test_attention_is_as_printed_where_ssns_is_times_the_area_and_nothing_else_differs(preset: str) -> None:
    ssn, printed = (resolve(load_preset(preset), name, 0, Path("data")).to_dict() for name in ("ssn", "ssn-eq6"))
    assert ssn["model"]["backbone"]["fsm"].pop("attention") == "softplus-mean"
    assert printed["model"]["backbone"]["fsm"].pop("attention") == "softplus-l1"
    assert ssn["experiment"].pop("network") == "ssn" and printed["experiment"].pop("network") == "ssn-eq6"
    assert ssn == printed


def test_at_full_size_the_attention_as_printed_is_ssns() -> None:
    ssn, printed = (resolve(load_preset("paper"), name, 0, Path("data")).to_dict() for name in ("ssn", "ssn-eq6"))
    assert ssn["model"]["backbone"]["fsm"]["attention"] == "softplus-l1"
    assert (ssn["experiment"].pop("network"), printed["experiment"].pop("network")) == ("ssn", "ssn-eq6")
    assert ssn == printed


def test_no_other_network_is_as_printed() -> None:
    assert [one.id for one in networks().values() if one.as_printed] == ["ssn-eq6"]
