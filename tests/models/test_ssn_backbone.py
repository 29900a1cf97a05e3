"""SSN's backbone: FSMs stand where the paper's text and counts put them, and without them it is a plain ResNet-50 with
GN.
"""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn
from torchvision.models import resnet50

from mmpose_ssn.models import SSN, FeatureShiftingModule, GlobalNet, SSNLite, StagePredictors

SMALL = dict(base_channels=8, norm_groups=4)
# Before every block, except before the one right after a strided block (stage, block).
SITES = [(1, 0), (1, 1), (1, 2), (2, 0), (2, 2), (2, 3), (3, 0), (3, 2), (3, 3), (3, 4), (3, 5), (4, 0), (4, 2)]
CHANNELS = [64, 256, 256, 256, 512, 512, 512, 1024, 1024, 1024, 1024, 1024, 2048]
STRIDES = [4, 4, 4, 4, 8, 8, 8, 16, 16, 16, 16, 16, 32]


def full_size(**arguments):
    with torch.device("meta"):
        return SSN(**arguments)


def calls(network, *kinds):
    """Every call of a module of these kinds in one forward pass: its name and its input's shape, in order."""
    seen = []
    for name, module in network.named_modules():
        if isinstance(module, kinds):
            module.register_forward_pre_hook(lambda _, x, name=name: seen.append((name, tuple(x[0].shape))))
    device = next(network.parameters()).device
    network(torch.zeros(1, 3, 256, 192, device=device))
    return seen


def test_thirteen_modules_see_the_papers_channels_and_resolutions():
    network = full_size(fsm={})
    expected = [
        (f"fsms.layer{stage}_{block}", (1, channels, 256 // stride, 192 // stride))
        for (stage, block), channels, stride in zip(SITES, CHANNELS, STRIDES, strict=True)
    ]
    assert calls(network, FeatureShiftingModule) == expected


def test_each_module_runs_right_before_its_block():
    network = full_size(fsm={})
    blocks = [type(network.layer1[0])]
    order = [name for name, _ in calls(network, FeatureShiftingModule, *blocks)]
    expected = []
    for stage, count in enumerate((3, 4, 6, 3), start=1):
        for block in range(count):
            expected += [f"fsms.layer{stage}_{block}"] if (stage, block) in SITES else []
            expected.append(f"layer{stage}.{block}")
    assert order == expected


@pytest.mark.parametrize(
    ("arguments", "first", "others"),
    [
        (dict(fsm={}), 256, 512),
        (dict(fsm=dict(shift_channels=256)), 128, 256),
        (dict(fsm=dict(shift_channels=64), first_shift_channels=5), 5, 64),
    ],
)
def test_the_first_module_has_half_of_the_shifting_channels(arguments, first, others):
    modules = full_size(**arguments).fsms.values()
    assert [fsm.reduce.out_channels for fsm in modules] == [first] + [others] * 12
    assert [len(fsm.offsets) for fsm in modules] == [first] + [others] * 12


def test_every_block_of_the_sixteen_can_have_a_module():
    network = full_size(fsm={}, every_block=True)
    assert list(network.fsms) == [f"layer{i + 1}_{j}" for i, blocks in enumerate((3, 4, 6, 3)) for j in range(blocks)]
    after_stride = [network.fsms[f"layer{stage}_1"] for stage in (2, 3, 4)]
    assert [fsm.reduce.in_channels for fsm in after_stride] == [512, 1024, 2048]


@pytest.mark.parametrize(
    ("ablation", "fewer"),
    [
        (dict(shift=False), lambda c, k: 2 * k),
        (dict(attention=None), lambda c, k: k * c + k),
    ],
    ids=["without shift", "without attention"],
)
def test_an_ablation_reaches_every_module_and_nothing_else(ablation, fewer):
    def parameters(network):
        return sum(p.numel() for p in network.parameters())

    whole, ablated = full_size(fsm={}), full_size(fsm=ablation)
    shifting = [256] + [512] * 12
    assert parameters(whole) - parameters(ablated) == sum(map(fewer, CHANNELS, shifting))
    assert ablated.state_dict().keys() < whole.state_dict().keys()


def test_inserting_modules_adds_keys_and_changes_no_other():
    plain, inserted = full_size().state_dict(), full_size(fsm={}).state_dict()
    assert {name for name in inserted if not name.startswith("fsms.")} == set(plain)
    assert all(inserted[name].shape == tensor.shape for name, tensor in plain.items())


def test_modules_take_part_in_the_output():
    plain, inserted = SSN(**SMALL), SSN(fsm=dict(shift_channels=4), **SMALL)
    inserted.load_state_dict(plain.state_dict(), strict=False)
    x = torch.randn(2, 3, 64, 48)
    assert not any(torch.allclose(a, b, atol=1e-3) for a, b in zip(plain(x), inserted(x), strict=True))


@pytest.mark.parametrize(
    ("height", "width"), [(256, 192), (384, 288), (96, 72), (65, 47)], ids=lambda pixels: str(pixels)
)
@torch.no_grad()
def test_one_map_a_stage_at_strides_4_to_32_for_any_input_size(height, width):
    maps = SSN(fsm=dict(shift_channels=4), **SMALL).eval()(torch.randn(1, 3, height, width))
    expected = [(1, 32 * 2**i, -(-height // (4 * 2**i)), -(-width // (4 * 2**i))) for i in range(4)]
    assert [tuple(m.shape) for m in maps] == expected


def test_other_depths_and_image_channels_are_arguments():
    network = SSN(fsm=dict(shift_channels=4), stage_blocks=(1, 2), in_channels=1, **SMALL)
    assert list(network.fsms) == ["layer1_0", "layer2_0"]
    assert [m.shape[1] for m in network(torch.randn(1, 1, 32, 32))] == [32, 64]


def test_same_seed_same_start():
    def start(seed):
        torch.manual_seed(seed)
        return SSN(fsm=dict(shift_channels=4), **SMALL).state_dict()

    first, second, other = start(5), start(5), start(6)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["conv1.weight"], other["conv1.weight"])


@torch.no_grad()
def test_the_trunk_is_torchvisions_resnet50_with_group_norm(lived_in):
    trunk = lived_in(SSN())
    resnet = resnet50(norm_layer=partial(nn.GroupNorm, 32)).eval()
    resnet.fc = nn.Identity()
    downsample_norm = ".downsample.1."
    resnet.load_state_dict(
        {n if downsample_norm in n else n.replace("gn", "bn"): t for n, t in trunk.state_dict().items()}
    )
    expected = {}
    for name in ("maxpool", "layer1", "layer2", "layer3", "layer4"):
        resnet.get_submodule(name).register_forward_hook(lambda _, __, y, name=name: expected.update({name: y}))
    image = torch.randn(2, 3, 128, 96)
    resnet(image)
    for mine, theirs in zip((trunk.stem(image), *trunk(image)), expected.values(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5)


def test_parameters_are_named_and_shaped_as_in_mmposes_resnet():
    import mmpose_ssn  # noqa: F401  lets mmpose import

    backbones = pytest.importorskip("mmpose.models.backbones")
    theirs = backbones.ResNet(50, norm_cfg=dict(type="GN", num_groups=32)).state_dict()
    mine = full_size().state_dict()
    assert {name: t.shape for name, t in mine.items()} == {name: t.shape for name, t in theirs.items()}


@pytest.mark.parametrize(
    "build",
    [
        lambda: SSN(base_channels=8),
        lambda: SSNLite(base_channels=8),
        lambda: GlobalNet((8, 8), channels=8),
        lambda: StagePredictors(17, 1, (), channels=8),
        lambda: FeatureShiftingModule(8, norm_groups=32),
    ],
    ids=["SSN", "SSNLite", "GlobalNet", "StagePredictors", "FeatureShiftingModule"],
)
def test_groups_that_do_not_fit_are_named_with_what_to_set(build) -> None:
    with pytest.raises(ValueError, match=r"norm_groups=32 for a map of 8 channels, expected a divisor of 8: set .* 8"):
        build()
