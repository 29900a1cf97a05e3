"""The alternatives to the shift compute what their papers say, stand where the shift stood, and keep to its budget."""

from __future__ import annotations

import math
from inspect import isabstract, isfunction
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck
from torch.utils.flop_counter import FlopCounterMode
from torchvision.ops import deform_conv2d

from mmpose_ssn.engine.insertion import DelayedInsertionHook
from mmpose_ssn.engine.offset_group import OFFSETS, OffsetGroupConstructor, OffsetRecordHook
from mmpose_ssn.models import Bottleneck, FeatureShiftingModule, SSNLite
from mmpose_ssn.models import alternatives as package
from mmpose_ssn.models.alternatives import (
    KINDS,
    OPERATORS,
    Alternative,
    Convolution,
    alternatives,
    cost,
    kind_of,
    matched_width,
)

C, K, H, W = 3, 4, 7, 6
REPLACING = [kind for kind in KINDS if not kind.startswith("fsm")]
FSM = dict(shift_channels=256, attention="sigmoid")


def built(kind, channels=C, width=K, **fsm):
    return KINDS[kind].build(channels, width, fsm).double()


def maps(channels=K, batch=2):
    return torch.randn(batch, channels, H, W, dtype=torch.float64)


def read(x, dx, dy):
    """Each pixel of x from (column + dx, row + dy), zeros outside."""
    moved = torch.zeros_like(x)
    for row in range(x.shape[2]):
        for column in range(x.shape[3]):
            if 0 <= row + dy < x.shape[2] and 0 <= column + dx < x.shape[3]:
                moved[:, :, row, column] = x[:, :, row + dy, column + dx]
    return moved


def window(x, weight, step=1):
    """The convolution with weight [K, K or 1, k, k], tap by tap."""
    reach = weight.shape[-1] // 2
    total = torch.zeros_like(x)
    for row in range(-reach, reach + 1):
        for column in range(-reach, reach + 1):
            tap, moved = weight[:, :, row + reach, column + reach], read(x, step * column, step * row)
            total += moved * tap.view(1, -1, 1, 1) if tap.shape[1] == 1 else torch.einsum("oi,bihw->bohw", tap, moved)
    return total


@pytest.mark.parametrize(
    ("kind", "step"),
    [("conv3x3", 1), ("conv5x5", 1), ("conv7x7", 1), ("dilated3x3", 6), ("depthwise31x31", 1)],
)
@torch.no_grad()
def test_convolutions_read_every_tap_of_their_window(kind, step):
    module, x = built(kind), maps()
    torch.testing.assert_close(module.reach(None, x), window(x, module.conv.weight, step))


@pytest.mark.parametrize("kernel", [13, 31])
@pytest.mark.parametrize("size", [(7, 6), (40, 33)], ids=["smaller than the window", "larger"])
def test_a_large_depthwise_convolution_and_its_gradients_are_torchs(kernel, size):
    module = Convolution(C, K, kernel=kernel, depthwise=True).double()
    x = torch.randn(2, K, *size, dtype=torch.float64, requires_grad=True)
    results = []
    for out in (module.reach(None, x), module.conv(x)):
        gradients = torch.autograd.grad(out.square().sum(), (x, module.conv.weight))
        results.append((out, *gradients))
    torch.testing.assert_close(*results)


@torch.no_grad()
def test_an_active_convolution_at_whole_pixels_is_a_dense_one():
    module, x = built("active"), maps()
    taps = module.weight.reshape(K, 9, K).transpose(1, 2).reshape(K, K, 3, 3)
    torch.testing.assert_close(module.reach(None, x), F.conv2d(x, taps, padding=1))
    module.offsets.mul_(2)
    torch.testing.assert_close(module.reach(None, x), F.conv2d(x, taps, padding=2, dilation=2))


@torch.no_grad()
def test_an_active_convolution_between_pixels_is_a_deformable_one_whose_taps_move_alike_everywhere():
    module, x = built("active"), maps()
    moves = torch.randn(9, 2, dtype=torch.float64) * 2
    module.offsets.sub_(moves)  # a tap reads at minus its offset
    taps = module.weight.reshape(K, 9, K).transpose(1, 2).reshape(K, K, 3, 3)
    everywhere = moves.flip(1).reshape(1, 18, 1, 1).expand(len(x), -1, H, W)  # (dy, dx) of each tap
    torch.testing.assert_close(module.reach(None, x), deform_conv2d(x, everywhere.contiguous(), taps, padding=1))


@torch.no_grad()
def test_a_deformable_convolution_starts_as_half_a_dense_one():
    module, x = built("deformable"), maps()
    torch.testing.assert_close(module.reach(None, x), F.conv2d(x, module.conv.weight, padding=1) / 2)


@torch.no_grad()
def test_a_deformable_convolution_moves_and_weighs_each_tap_at_each_place():
    module, x = built("deformable"), maps(batch=1)
    torch.nn.init.normal_(module.sampling.weight, std=0.5)
    torch.nn.init.normal_(module.sampling.bias)
    sampling = F.conv2d(x, module.sampling.weight, module.sampling.bias, padding=1)[0]
    expected = torch.zeros_like(x)
    for row in range(H):
        for column in range(W):
            for tap in range(9):
                at_y = row + tap // 3 - 1 + float(sampling[2 * tap, row, column])
                at_x = column + tap % 3 - 1 + float(sampling[2 * tap + 1, row, column])
                value = bilinear(x[0], at_x, at_y) / (1 + math.exp(-float(sampling[18 + tap, row, column])))
                expected[0, :, row, column] += module.conv.weight[:, :, tap // 3, tap % 3] @ value
    torch.testing.assert_close(module.reach(None, x), expected)


def bilinear(x, at_x, at_y):
    """[K] of x [K, H, W] between its pixels, zeros outside."""
    value = torch.zeros(len(x), dtype=x.dtype)
    for row in range(H):
        for column in range(W):
            value += max(0, 1 - abs(at_y - row)) * max(0, 1 - abs(at_x - column)) * x[:, row, column]
    return value


@torch.no_grad()
def test_a_non_local_block_sums_over_all_places_by_softmax_of_the_embeddings_products():
    module, x = built("non-local"), maps(C)
    theta, phi, g = (f(x).flatten(2) for f in (module.theta, module.phi, module.reduce))
    expected = torch.zeros_like(g)
    for image in range(len(x)):
        for i in range(H * W):
            weights = [math.exp(float(theta[image, :, i] @ phi[image, :, j])) for j in range(H * W)]
            for j in range(H * W):
                expected[image, :, i] += weights[j] / sum(weights) * g[image, :, j]
    torch.testing.assert_close(module.reach(x, module.reduce(x)).flatten(2), expected)


@torch.no_grad()
def test_squeeze_and_excitation_scales_each_channel_by_what_the_means_say():
    module, x = built("squeeze-excitation", width=160), maps(160)
    assert module.squeeze.out_channels == 10
    for image in range(len(x)):
        means = torch.stack([channel.sum() / (H * W) for channel in x[image]])
        hidden = (module.squeeze.weight.flatten(1) @ means + module.squeeze.bias).clamp_min(0)
        scales = 1 / (1 + torch.exp(-(module.excite.weight.flatten(1) @ hidden + module.excite.bias)))
        torch.testing.assert_close(module.reach(None, x)[image], x[image] * scales[:, None, None])


@pytest.mark.parametrize("kind", REPLACING)
def test_gradients_of_the_operator_are_right(kind):
    module = built(kind, channels=2, width=2)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.4)  # off the grid, and the deformable one's sampling off zero
    x = torch.randn(1, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    own = [p for n, p in module.named_parameters() if not n.startswith(("reduce", "expand", "norm", "attention"))]
    assert own
    assert gradcheck(lambda x, *_: module.reach(x, module.reduce(x)), (x, *own), fast_mode=True)


@pytest.mark.parametrize("kind", REPLACING)
@torch.no_grad()
def test_only_the_operator_differs_from_a_feature_shifting_module(kind, lived_in):
    module, x = lived_in(built(kind, attention="sigmoid")), maps(C)
    gate = torch.sigmoid(F.conv2d(x, module.attention.conv.weight, module.attention.conv.bias))
    branch = module.expand(gate * module.reach(x, module.reduce(x)))
    norm = module.norm
    summed = (x + branch - norm.running_mean[:, None, None]) / (norm.running_var[:, None, None] + norm.eps).sqrt()
    expected = (summed * norm.weight[:, None, None] + norm.bias[:, None, None]).clamp_min(0)
    torch.testing.assert_close(module(x), expected)


def test_an_alternative_is_no_feature_shifting_module_and_overrides_only_what_is_abstract():
    classes = [each for each in vars(package).values() if isinstance(each, type)]
    assert {Alternative, *OPERATORS.values()} <= set(classes)
    assert not [each for each in classes if issubclass(each, FeatureShiftingModule)]
    for each in (FeatureShiftingModule, Alternative, *OPERATORS.values()):
        ours = [c for c in each.__mro__ if c.__module__.startswith("mmpose_ssn.")]
        for base in ours[1:]:
            concrete = {name for name, value in vars(base).items() if isfunction(value)} - base.__abstractmethods__
            overridden = concrete & set().union(*(vars(c) for c in ours[: ours.index(base)]))
            assert isabstract(base) and overridden <= {"__init__"}, f"{each.__name__} overrides {base.__name__}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_settings_of_the_replaced_module_hold(kind):
    module = KINDS[kind].build(8, 4, dict(attention=None, norm_shift=1.0, zero_init=True, norm_groups=2))
    assert module.attention is None
    assert module.norm.bias.unique().item() == 1
    assert module.norm.num_groups == 2
    assert not module.expand.weight.any()


def test_integer_offsets_are_whole_and_frozen_and_random_ones_are_the_same_before_rounding():
    torch.manual_seed(3)
    random = KINDS["fsm-random"].build(C, 50, dict(offset_std=4.0))
    torch.manual_seed(3)
    integer = KINDS["fsm-integer"].build(C, 50, dict(offset_std=4.0))
    assert torch.equal(integer.offsets, random.offsets.round()) and len(integer.offsets.unique()) > 5
    assert not integer.offsets.requires_grad and not random.offsets.requires_grad
    assert KINDS["fsm"].build(C, 50, {}).offsets.requires_grad


@pytest.mark.parametrize(("base_channels", "shift_channels"), [(64, 256), (16, 64)], ids=["full size", "quarter"])
@pytest.mark.parametrize("by", ["params", "macs"])
@pytest.mark.parametrize("kind", KINDS)
def test_alternatives_of_the_lite_network_keep_within_5_percent_of_the_budget(kind, by, base_channels, shift_channels):
    channels, size = [base_channels, 4 * base_channels, 4 * base_channels], (base_channels, 3 * base_channels // 4)
    fsm = dict(shift_channels=shift_channels, attention="sigmoid")
    with torch.device("meta"):
        ours = alternatives(kind, channels, fsm, by, size)
        theirs = [FeatureShiftingModule(c, **fsm) for c in channels]

    def total(modules):
        return sum(getattr(cost(module, size), by) for module in modules)

    assert total(ours) / total(theirs) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_macs_are_half_the_flops_that_torch_counts(kind):
    with torch.device("meta"):  # on a CPU a large depthwise convolution goes by FFT
        module = KINDS[kind].build(8, 16, dict(attention="sigmoid"))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module.eval()(torch.randn(1, 8, H, W, device="meta"))
    uncounted = 16 * 16 * 9 * H * W if kind == "deformable" else 0  # torchvision's own operation
    assert cost(module, (H, W)).macs == counter.get_total_flops() / 2 + uncounted


@pytest.mark.parametrize("kind", REPLACING)
def test_no_other_width_comes_nearer_to_the_budget(kind):
    match = matched_width(kind, 64, 96, (8, 8))

    def missed(width):
        return abs(cost(KINDS[kind].build(64, width, {}), (8, 8)).params - match.budget.params)

    assert missed(match.width) <= min(missed(match.width - 1), missed(match.width + 1))
    assert match.params_ratio == match.cost.params / cost(FeatureShiftingModule(64, 96), (8, 8)).params


@pytest.mark.parametrize("kind", KINDS)
def test_every_alternative_trains_in_a_lite_network(kind):
    network = SSNLite(
        fsm=dict(FSM, shift_channels=64, offset_std=1.3), base_channels=4, norm_groups=2, alternative=dict(kind=kind)
    )
    learned = {name: p for name, p in network.named_parameters() if p.requires_grad}
    before = {name: p.detach().clone() for name, p in learned.items()}
    optimizer = torch.optim.Adam(learned.values(), lr=1e-2)
    image = torch.randn(2, 3, 64, 48)
    for _ in range(2):
        [output] = network(image)
        optimizer.zero_grad()
        (output - 1).square().mean().backward()
        optimizer.step()
    assert output.shape == (2, 16, 16, 12)
    assert all(p.isfinite().all() for p in learned.values())
    assert not [name for name, p in learned.items() if torch.equal(p, before[name])]


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_alternatives_join_a_training_when_feature_shifting_modules_do(kind):
    network = SSNLite(fsm=FSM | dict(shift_channels=8), base_channels=4, norm_groups=2, alternative=dict(kind=kind))
    hook = DelayedInsertionHook(iterations=5)
    x = torch.randn(1, 16, 6, 5)
    runner = SimpleNamespace(model=network, iter=4, max_iters=9, hooks=[])
    hook.before_train(runner)
    assert network.fsms[1](x) is x
    kept = network.state_dict()
    runner.iter = 5
    hook.before_train_iter(runner, 0)
    assert not torch.equal(network.fsms[1](x), x)
    network.load_state_dict(kept)
    assert network.fsms[1](x) is x, "whether it is in is part of the state"


@pytest.mark.parametrize("kind", KINDS)
def test_offsets_are_on_the_record_and_the_learned_ones_in_their_group(kind, tmp_path):
    network = SSNLite(FSM | dict(shift_channels=8), alternative=dict(kind=kind), base_channels=4, norm_groups=2)
    expected = {name: p for name, p in network.named_parameters() if name.endswith(".offsets")}
    assert len(expected) == (3 if kind == "active" or kind.startswith("fsm") else 0)
    wrapper = OffsetGroupConstructor(dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=1e-3)))(network)
    held = [p for group in wrapper.optimizer.param_groups if group["name"] == OFFSETS for p in group["params"]]
    assert [id(p) for p in held] == [id(p) for p in expected.values() if p.requires_grad]
    assert bool(held) == (kind in ("active", "fsm"))
    OffsetRecordHook().before_train(SimpleNamespace(model=network, work_dir=tmp_path, iter=0))
    snapshots = {name: array for file in tmp_path.rglob("*.npz") for name, array in np.load(file).items()}
    assert {f"{name}.offsets": array.tolist() for name, array in snapshots.items()} == {
        name: p.tolist() for name, p in expected.items()
    }


def test_a_seed_gives_the_lite_network_the_weights_it_always_gave():
    """Module and block in turn, from the stem on."""
    torch.manual_seed(1)
    network = SSNLite(fsm=dict(shift_channels=5), base_channels=4, norm_groups=2)
    torch.manual_seed(1)
    SSNLite(base_channels=4, norm_groups=2, blocks=0)  # the stem
    first = FeatureShiftingModule(4, 5)
    assert torch.equal(network.fsms[0].expand.weight, first.expand.weight)
    assert torch.equal(network.layer1[0].conv3.weight, Bottleneck(4, 4, norm_groups=2).conv3.weight)


def test_an_alternative_of_ones_own_is_an_operator_and_its_arguments():
    described, named = kind_of(dict(operator="Convolution", kernel=7)), KINDS["conv7x7"]
    one, other = (kind.build(8, 4, dict(attention="sigmoid", zero_init=True)) for kind in (described, named))
    assert repr(one) == repr(other) and described.title == "Convolution(kernel=7)"
    assert matched_width(dict(operator="Convolution", kernel=7), 64, 96) == matched_width("conv7x7", 64, 96)


def test_what_does_not_exist_is_refused_by_name():
    with pytest.raises(ValueError, match=r"'conv9x9'.*conv3x3.*fsm"):
        kind_of("conv9x9")
    with pytest.raises(ValueError, match=r"'Conv2d'.*ActiveConvolution.*SqueezeExcitation"):
        kind_of(dict(operator="Conv2d", kernel=9))
    with pytest.raises(ValueError, match=r"'flops'.*'params' or 'macs'"):
        matched_width("conv3x3", 8, 8, by="flops")
    with pytest.raises(ValueError, match=r"expected fsm.*got None"):
        SSNLite(alternative=dict(kind="conv3x3"))
    with pytest.raises(ValueError, match=r"odd kernel.*got 4 and 1"):
        Convolution(8, 8, kernel=4)
