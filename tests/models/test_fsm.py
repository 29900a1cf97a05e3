"""The FSM as a part for any network: what each argument adds or leaves out, on any map, in any precision."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mmpose_ssn.models import FeatureShiftingModule


def parameters(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(("c", "k"), [(1, 1), (64, 256), (5, 3)])
def test_parameters_follow_the_papers_formula(c, k):
    biases, norm = 2 * k + c, 2 * c
    assert parameters(FeatureShiftingModule(c, k)) == (3 * k * c + 2 * k) + biases + norm
    assert parameters(FeatureShiftingModule(c, k, shift=False)) == 3 * k * c + biases + norm
    assert parameters(FeatureShiftingModule(c, k, attention=None)) == (2 * k * c + 2 * k) + (k + c) + norm


@pytest.mark.parametrize(
    ("ablation", "left_out"),
    [
        (dict(shift=False), {"offsets"}),
        (dict(attention=None), {"attention.conv.weight", "attention.conv.bias"}),
    ],
    ids=["without shift", "without attention"],
)
def test_an_ablation_leaves_out_its_own_parameters_alone(ablation, left_out):
    whole, ablated = FeatureShiftingModule(4, 6).state_dict(), FeatureShiftingModule(4, 6, **ablation).state_dict()
    assert whole.keys() - ablated.keys() == left_out and ablated.keys() <= whole.keys()
    assert all(whole[name].shape == tensor.shape for name, tensor in ablated.items())


@torch.no_grad()
def test_without_shift_is_the_module_with_offsets_of_zero(lived_in):
    whole = lived_in(FeatureShiftingModule(4, 6))
    ablated = FeatureShiftingModule(4, 6, shift=False).eval()
    ablated.load_state_dict({name: t for name, t in whole.state_dict().items() if name != "offsets"})
    x = torch.randn(2, 4, 7, 5)
    assert not torch.allclose(whole(x), ablated(x), atol=1e-2)
    whole.offsets.zero_()
    torch.testing.assert_close(whole(x), ablated(x))


@torch.no_grad()
def test_without_attention_is_the_module_with_an_attention_of_one(lived_in):
    whole = lived_in(FeatureShiftingModule(4, 6, attention="sigmoid"))
    ablated = FeatureShiftingModule(4, 6, attention=None).eval()
    ablated.load_state_dict({name: t for name, t in whole.state_dict().items() if not name.startswith("attention")})
    x = torch.randn(2, 4, 7, 5)
    assert not torch.allclose(whole(x), ablated(x), atol=1e-2)
    nn.init.constant_(whole.attention.conv.bias, 100.0)
    torch.testing.assert_close(whole(x), ablated(x))


@torch.no_grad()
@pytest.mark.parametrize("normalization", ["softplus-l1", "sigmoid"])
def test_attention_from_both_sees_the_maps_before_and_after_the_shift(lived_in, normalization):
    """Against Eq. 1 and 4 written out, the shift by a whole number of pixels."""
    module = lived_in(FeatureShiftingModule(4, 6, attention=normalization, attention_from="both"))
    module.offsets.copy_(torch.tensor([[1.0, 0.0]]).expand(6, 2))
    x = torch.randn(2, 4, 7, 5)
    before = F.conv2d(x, module.reduce.weight, module.reduce.bias)
    after = F.pad(before, (1, 0))[..., :-1]
    attention = module.attention(torch.cat([before, after], dim=1))
    expected = F.relu(module.norm(x + module.expand(attention * after)))
    torch.testing.assert_close(module(x), expected)
    assert module.attention.conv.weight.shape == (6, 12, 1, 1)


def test_an_unknown_source_of_the_attention_is_refused():
    with pytest.raises(ValueError, match="attention_from is 'output', expected 'input' or 'both'"):
        FeatureShiftingModule(4, 6, attention_from="output")


@torch.no_grad()
def test_group_norm_takes_the_place_of_batch_norm_alone(lived_in):
    module = lived_in(FeatureShiftingModule(4, 6, norm_groups=2, norm_shift=1.0))
    x = torch.randn(3, 4, 7, 5)
    whole, alone = module.train()(x), torch.cat([module(one) for one in x.split(1)])
    torch.testing.assert_close(whole, alone)  # no statistics over the batch
    assert whole.shape == x.shape and not any("running" in name for name in module.state_dict())


@torch.no_grad()
def test_mean_one_attention_is_the_l1_form_times_the_size_of_the_map():
    l1, mean = FeatureShiftingModule(4, 6), FeatureShiftingModule(4, 6, attention="softplus-mean")
    mean.load_state_dict(l1.state_dict())
    x = torch.randn(2, 4, 7, 5)
    torch.testing.assert_close(mean.attention(x), 7 * 5 * l1.attention(x))


@pytest.mark.parametrize("norm_shift", [0.0, 1.0])
@torch.no_grad()
def test_zero_init_and_norm_shift_start_the_module_as_they_say(norm_shift):
    fsm = FeatureShiftingModule(4, 6, zero_init=True, norm_shift=norm_shift).eval()
    x = torch.randn(2, 4, 7, 5)
    torch.testing.assert_close(fsm(x), torch.relu(x + norm_shift), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [(1, 1, 1, 1), (2, 4, 1, 1), (3, 4, 1, 9), (2, 4, 13, 7)], ids=str)
def test_any_map_goes_through_and_every_parameter_learns(size):
    channels = size[1]
    fsm = FeatureShiftingModule(channels, 6, attention="softplus-mean", norm_shift=1.0).eval()
    x = torch.randn(size, requires_grad=True)
    output = fsm(x)
    (output * torch.randn_like(output)).sum().backward()
    assert output.shape == x.shape
    assert all(p.grad is not None and p.grad.isfinite().all() for p in (x, *fsm.parameters()))


def test_the_back_ends_give_the_same_module():
    torch_fsm, reference_fsm = (FeatureShiftingModule(4, 6, backend=name) for name in ("torch", "reference"))
    reference_fsm.load_state_dict(torch_fsm.state_dict())
    x = torch.randn(2, 4, 7, 5)
    for fsm in (torch_fsm, reference_fsm):
        fsm(x).square().sum().backward()
    for (name, mine), theirs in zip(torch_fsm.named_parameters(), reference_fsm.parameters(), strict=True):
        torch.testing.assert_close(
            mine.grad, theirs.grad, rtol=1e-3, atol=1e-4, msg=lambda m, name=name: f"{name}: {m}"
        )


def test_bfloat16_autocast_keeps_offsets_and_their_gradients_in_float32():
    fsm, x = FeatureShiftingModule(8, 16).eval(), torch.randn(2, 8, 7, 5)
    exact = fsm(x)
    with torch.autocast("cpu", torch.bfloat16):
        output = fsm(x)
    output.float().sum().backward()
    assert fsm.offsets.dtype == fsm.offsets.grad.dtype == torch.float32
    assert fsm.offsets.grad.isfinite().all()
    torch.testing.assert_close(output.float(), exact, rtol=0.05, atol=0.05)


def test_state_dict_round_trip_gives_the_same_outputs(tmp_path, lived_in):
    fsm, other = lived_in(FeatureShiftingModule(4, 6)), FeatureShiftingModule(4, 6).eval()
    x = torch.randn(2, 4, 7, 5)
    assert not torch.equal(fsm(x), other(x))
    torch.save(fsm.state_dict(), tmp_path / "fsm.pth")
    other.load_state_dict(torch.load(tmp_path / "fsm.pth", weights_only=True))
    assert torch.equal(fsm(x), other(x))


def test_same_seed_same_start():
    def start(seed):
        torch.manual_seed(seed)
        return FeatureShiftingModule(4, 6).state_dict()

    assert all(torch.equal(a, b) for a, b in zip(start(3).values(), start(3).values(), strict=True))
    assert not torch.equal(start(3)["offsets"], start(4)["offsets"])


@pytest.mark.parametrize("std", [0.5, 3.0])
def test_offsets_start_around_zero_with_the_given_spread(std):
    offsets = FeatureShiftingModule(1, 4096, offset_std=std).offsets
    assert offsets.shape == (4096, 2)
    assert offsets.std().item() == pytest.approx(std, rel=0.05)
    assert offsets.mean(0).abs().max() < 0.1 * std


@pytest.mark.parametrize(("channels", "shift_channels"), [(0, 4), (4, 0), (-1, 4)])
def test_a_module_without_channels_is_refused_with_both_numbers(channels, shift_channels):
    with pytest.raises(ValueError, match=f"channels={channels}, shift_channels={shift_channels}"):
        FeatureShiftingModule(channels, shift_channels)


def test_an_input_with_other_channels_is_refused():
    with pytest.raises(RuntimeError, match="4 channels"):
        FeatureShiftingModule(5, 6)(torch.randn(2, 4, 3, 3))


def test_an_unknown_back_end_is_refused_by_name():
    with pytest.raises(ValueError, match="'nowhere'"):
        FeatureShiftingModule(4, 6, backend="nowhere")(torch.randn(1, 4, 3, 3))


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_a_module_that_is_not_inserted_is_an_identity_without_a_trace(mode):
    fsm = FeatureShiftingModule(4, 6)
    getattr(fsm, mode)().inserted = False
    before = {name: tensor.clone() for name, tensor in fsm.state_dict().items()}
    x = torch.randn(2, 4, 7, 5, requires_grad=True)
    assert fsm(x) is x
    fsm(x).sum().backward()
    assert all(p.grad is None for p in fsm.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in fsm.state_dict().items())


@pytest.mark.parametrize("inserted", [True, False])
def test_a_state_dict_keeps_whether_the_module_is_inserted(inserted, tmp_path):
    fsm, other = FeatureShiftingModule(4, 6), FeatureShiftingModule(4, 6)
    fsm.inserted, other.inserted = inserted, not inserted
    torch.save(fsm.state_dict(), tmp_path / "fsm.pth")
    other.load_state_dict(torch.load(tmp_path / "fsm.pth", weights_only=True))
    assert other.inserted is inserted and ("inserted=False" in repr(other)) is not inserted


def test_frozen_offsets_get_no_gradient_and_everything_else_does():
    fsm = FeatureShiftingModule(4, 6, learn_offsets=False)
    fsm(torch.randn(2, 4, 7, 5)).square().sum().backward()
    assert [name for name, p in fsm.named_parameters() if p.grad is None] == ["offsets"]
    assert fsm.offsets.std() > 0.3, "random reach, not none"


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_conversion_to_half_precision_leaves_the_offsets_as_they_are(dtype):
    module = FeatureShiftingModule(4, 6)
    module(torch.randn(1, 4, 5, 3)).sum().backward()
    offsets, gradient = module.offsets.detach().clone(), module.offsets.grad.clone()
    parameter = module.offsets
    torch.nn.Sequential(module).to(dtype)
    assert module.offsets is parameter, "an optimizer holds this parameter"
    assert torch.equal(module.offsets, offsets) and torch.equal(module.offsets.grad, gradient)
    assert {p.dtype for name, p in module.named_parameters() if name != "offsets"} == {dtype}
    assert module.double().offsets.dtype == torch.float64
    assert module.float().offsets.dtype == torch.float32
    assert module.to("meta").offsets.device.type == "meta"


def test_network_in_bfloat16_is_near_the_exact_one():
    module = FeatureShiftingModule(4, 6).eval()
    x = torch.randn(2, 4, 8, 6)
    with torch.no_grad():
        expected, got = module(x), module.to(torch.bfloat16)(x.bfloat16())
    assert got.dtype == torch.bfloat16
    assert (got.float() - expected).norm() <= 0.03 * expected.norm()


@pytest.mark.parametrize("inserted", [True, False])
def test_weights_that_say_nothing_of_an_insertion_load_strictly_and_are_inserted(inserted: bool):
    module = torch.nn.Sequential(FeatureShiftingModule(4, 6))
    state = {name: tensor for name, tensor in module.state_dict().items() if not name.endswith("_extra_state")}
    module[0].inserted = inserted
    module.load_state_dict(state)
    assert module[0].inserted
    assert not any(name.endswith("_extra_state") for name in state), "the caller's weights are left as they are"


def test_weights_without_the_module_leave_it_as_it_is():
    module = torch.nn.ModuleDict({"conv": torch.nn.Conv2d(4, 4, 1), "fsm": FeatureShiftingModule(4, 6)})
    module["fsm"].inserted = False
    state = {name: tensor for name, tensor in module.state_dict().items() if name.startswith("conv.")}
    missing = module.load_state_dict(state, strict=False).missing_keys
    assert "fsm._extra_state" in missing and not module["fsm"].inserted
